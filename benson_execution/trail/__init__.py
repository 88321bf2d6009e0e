"""The trail: the ordered, append-only record of the telemetry events of all dispatches.

port.py     what every store does: `append`, `events`, `document`
memory.py   the store in memory
sql.py      the store in a database; tables.py are its tables

`open_trail` chooses the store by its URL.
"""

from __future__ import annotations

import functools
import os

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from benson_execution.errors import InvalidSettings
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


def open_trail(url: str) -> Trail:
    """The trail at `sqlite:///PATH` or `memory://`; one store per URL and process."""
    return _open(url, os.getpid())  # a database connection must not cross a fork


@functools.lru_cache(maxsize=16)
def _open(url: str, _process: int) -> Trail:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidSettings(f"BENSON_TRAIL_URL is not a URL: {url!r}") from None
    if parsed.drivername == "memory":
        return MemoryTrail()
    if parsed.drivername in ("sqlite", "sqlite+pysqlite") and parsed.database:
        return SqlTrail(parsed)
    raise InvalidSettings(
        f"BENSON_TRAIL_URL names no store that there is: {url!r}",
        "use sqlite:///PATH or memory://",
    )
