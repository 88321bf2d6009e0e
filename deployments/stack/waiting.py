"""Waiting for what a server does, and a port for it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final

_LOWEST_PORT: Final = 20_000
_PORTS: Final = 10_000


def wait_until(
    predicate: Callable[[], object], *, timeout: float = 60, description: str = "it happened"
) -> None:
    """Wait until the predicate is true; `TimeoutError` says what did not happen in time (s)."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {description}")
        time.sleep(0.05)


def draw_port() -> int:
    """A port that may be free: that is known only to who gets it, a look would be a race.

    Below the ephemeral ports, for one of those might serve somebody's outgoing connection while
    its server is stopped; even one to this very port, to itself.
    """
    return _LOWEST_PORT + secrets.randbelow(_PORTS)
