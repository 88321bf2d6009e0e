"""Renewing this process's leases for as long as it works on something.

One thread for each trail, which ends by itself when nothing is left to renew. A process that is
stopped for longer than a lease lasts may lose it; what it writes then is refused by the trail.
"""

from __future__ import annotations

import os
import threading
from typing import Final

from benson_execution.trail.lease import LEASE_SECONDS, this_process
from benson_execution.trail.memory import MemoryTrail
from benson_execution.trail.port import Trail

_INTERVAL_SECONDS: Final = LEASE_SECONDS / 4

_renewed: Final[dict[tuple[int, int], int]] = {}
"""The trails that have their thread, by process and identity, and how often a dispatch began."""
_lock: Final = threading.Lock()
"""Two threads that begin a dispatch at once must not both start one for its trail."""


def renew_leases(trail: Trail, interval_seconds: float = _INTERVAL_SECONDS) -> None:
    """Keep this process's leases in a trail from expiring, until it has none left."""
    if isinstance(trail, MemoryTrail):
        return  # nobody else sees it
    name = (os.getpid(), id(trail))
    with _lock:
        begun = _renewed.get(name, 0)
        _renewed[name] = begun + 1
    if begun:
        return
    threading.Thread(
        target=_renew, args=(trail, name, interval_seconds), name="benson-leases", daemon=True
    ).start()


def _renew(trail: Trail, name: tuple[int, int], interval_seconds: float) -> None:
    holder = this_process()
    waiting = threading.Event()
    while True:
        waiting.wait(interval_seconds)
        begun = _renewed[name]
        try:
            held = trail.renew(holder)
        except Exception:  # noqa: S112  # the trail is away: whoever writes to it next says so
            continue
        with _lock:
            # A dispatch that began after the look has a lease that the look did not see.
            if not held and _renewed[name] == begun:
                del _renewed[name]
                return
