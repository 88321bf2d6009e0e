"""The stores, and short ways to say what is appended to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from benson_execution.events import Event
from benson_execution.trail import (
    Batch,
    DispatchRef,
    MemoryTrail,
    NewEvent,
    SqlTrail,
    StoredEvent,
    Trail,
    WrapClaim,
)

Answer = TypeVar("Answer")

THREADS: Final = 16
PAC: Final = "PAC-DAN-P53-TEST-01"
FAMILY: Final = "WRAP-DAN-P53-20251226"


def sqlite_url(folder: Path) -> str:
    """A SQLite trail in this folder."""
    return f"sqlite:///{folder / 'trail.db'}"


STORES: Final[dict[str, Callable[[Path], Trail]]] = {
    "memory": lambda _folder: MemoryTrail(),
    "sqlite": lambda folder: SqlTrail(sqlite_url(folder)),
}
"""How each store is opened, empty; the folder is the test's own."""


def dispatch(run_id: str = "run", number: int = 1, pac_id: str = PAC) -> DispatchRef:
    """A dispatch that nothing is known of yet."""
    return DispatchRef(run_id, number, pac_id, "ab" * 32)


def event(content: Any = None, event_type: str = "NOTE") -> Event:
    """An event of a type that is not the contract's, which takes any content."""
    return Event.create(event_type, {"content": content})


def note(content: Any = None, key: str | None = None) -> NewEvent:
    """A new event with this content; without a key it is always new."""
    return NewEvent(key, event(content))


def end(status: str = "COMPLETED", pac_id: str = PAC) -> NewEvent:
    """The event that closes a dispatch."""
    data = {"pac_id": pac_id, "status": status, "duration_ms": 1, "phase": "DISPATCH_COMPLETE"}
    return NewEvent("PAC_DISPATCH_END", Event.create("PAC_DISPATCH_END", data))


def claim(pac_id: str = PAC, number: int = 1, family: str = FAMILY) -> WrapClaim:
    """A claim to the family's WRAP with this number."""
    suffix = "" if number == 1 else f"-{number:02d}"
    return WrapClaim(pac_id, family + suffix, family, number)


def append(
    trail: Trail,
    ref: DispatchRef,
    *events: NewEvent,
    documents: Sequence[tuple[str, bytes]] = (),
    claim: WrapClaim | None = None,
) -> list[StoredEvent]:
    """Append these in one transaction."""
    return trail.append(Batch(ref, events, documents, claim))


def contents(stored: Iterable[StoredEvent]) -> list[Any]:
    """What the events say."""
    return [s.event.data["content"] for s in stored]


def sequences(stored: Iterable[StoredEvent]) -> list[int]:
    """Where the events stand in their dispatches."""
    return [s.sequence for s in stored]


def assert_in_order(stored: Sequence[StoredEvent]) -> None:
    """Positions only ever rise, and every dispatch counts 1, 2, 3, … without a gap."""
    positions = [s.position for s in stored]
    assert positions == sorted(set(positions))
    counts: dict[str, list[int]] = {}
    for one in stored:
        counts.setdefault(one.dispatch.dispatch_id, []).append(one.sequence)
    for found in counts.values():
        assert found == list(range(1, len(found) + 1))


def at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer | Exception]:
    """Make all calls at the same moment, each in a thread; what each returned or raised."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer | Exception:
        start.wait(timeout=60)
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def answers(outcomes: Iterable[Answer | Exception]) -> list[Answer]:
    """What was returned; the first that raised instead fails the test."""
    returned = []
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        returned.append(outcome)
    return returned


def wait_until(predicate: Callable[[], object], *, timeout: float = 60, description: str) -> None:
    """Wait until the predicate is true; a time-out says what did not happen."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {description}")
        time.sleep(0.01)
