"""The trail: the ordered, append-only record of the telemetry events of all dispatches.

port.py     what every store does: `append`, `events`, `document`
memory.py   the store in memory
sql.py      the store in a database; tables.py are its tables

`open_trail` chooses the store by its URL.
"""

from __future__ import annotations

import os
import threading
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from benson_execution.errors import InvalidSettings
from benson_execution.text import plain
from benson_execution.trail.memory import MemoryTrail
from benson_execution.trail.port import (
    Batch,
    DispatchRef,
    NewEvent,
    StoredEvent,
    Trail,
    WrapClaim,
    open_dispatch,
)
from benson_execution.trail.sql import SqlTrail

__all__ = [
    "Batch",
    "DispatchRef",
    "MemoryTrail",
    "NewEvent",
    "SqlTrail",
    "StoredEvent",
    "Trail",
    "WrapClaim",
    "open_dispatch",
    "open_trail",
]


_open: Final[dict[tuple[int, str | URL], Trail]] = {}
"""The stores that are open, by process and URL; a database connection must not cross a fork."""
_opening: Final = threading.Lock()
"""Two threads that open one URL must get one store: a trail in memory would be two."""


def open_trail(url: str | URL) -> Trail:
    """The trail at `sqlite:///PATH` or `memory://`; one store per URL and process.

    Raises `InvalidSettings` for a URL that names no store, and `TrailUnavailable`.
    """
    with _opening:
        known = _open.get((os.getpid(), url))
        if known is None:
            known = _open[os.getpid(), url] = _make(url)
        return known


def _make(url: str | URL) -> Trail:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise InvalidSettings("BENSON_TRAIL_URL is not a URL", _KNOWN) from None
    shown = parsed.render_as_string(hide_password=True)
    if parsed.drivername == "memory":
        return MemoryTrail()
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        path = parsed.database or ""
        if not path or path.startswith((":memory:", "file:")) or "\0" in path or parsed.host:
            raise InvalidSettings(f"BENSON_TRAIL_URL names no file: {plain(shown)}", _KNOWN)
        return SqlTrail(parsed)
    raise InvalidSettings(f"BENSON_TRAIL_URL names no store that there is: {plain(shown)}", _KNOWN)


_KNOWN: Final = "use sqlite:///PATH or memory://"
