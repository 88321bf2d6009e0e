"""The trail's port: what every store of the audit trail does, and nothing more.

A trail is append-only. Everything enters through `append`, one transaction each, and is
durable (as far as the store can be) when the call returns. Nothing is ever changed or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from benson_execution.errors import (
    DispatchClosed,
    PacAlreadyWrapped,
    TrailUnavailable,
    WrapIdTaken,
)
from benson_execution.events import Event, EventType

Recorder = Callable[[Sequence[Event]], None]
"""Called with the new events before their transaction commits; when it raises, none is kept."""


@dataclass(frozen=True, slots=True)
class DispatchRef:
    """One attempt to execute one PAC: the `number`-th (from 1) of the run `run_id`."""

    run_id: str
    number: int
    pac_id: str
    document_sha256: str | None = None
    dispatch_id: str = field(init=False)
    """`<run_id>-<number>`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "dispatch_id", f"{self.run_id}-{self.number}")


class NewEvent(NamedTuple):
    """An event to append. Its key is unique within its dispatch; None means always new."""

    key: str | None
    event: Event


class StoredEvent(NamedTuple):
    """An event of the trail.

    `position` orders the whole trail, `sequence` (1, 2, 3, …) its dispatch.
    """

    position: int
    dispatch: DispatchRef
    sequence: int
    key: str | None
    event: Event


class WrapClaim(NamedTuple):
    """A PAC's claim to its WRAP. In one trail, each PAC has at most one, and each id one PAC."""

    pac_id: str
    wrap_id: str
    family: str
    """The id without its counter: `WRAP-DAN-P53-20251226`."""
    number: int
    """The counter, from 1, unique within the family."""


class Batch(NamedTuple):
    """What one transaction appends: all of it, or nothing."""

    dispatch: DispatchRef | None = None
    events: Sequence[NewEvent] = ()
    documents: Sequence[tuple[str, bytes]] = ()
    """Documents as received, each with its SHA-256 in lower-case hexadecimal."""
    claim: WrapClaim | None = None


class Trail(Protocol):
    """The append-only record. Safe to use from many threads at once."""

    def append(self, batch: Batch, *, before_commit: Recorder | None = None) -> list[StoredEvent]:
        """Append in one transaction, and return the batch's events as they are stored now.

        A key that the dispatch already has keeps its first event, and that one is returned.
        Raises `DispatchClosed` for a new event after `PAC_DISPATCH_END`, `WrapIdTaken` or
        `PacAlreadyWrapped` for a claim that can't be had, `TrailUnavailable` when the store
        can't be written; then nothing of the batch is kept.
        """
        ...

    def events(
        self,
        *,
        run_id: str | None = None,
        dispatch_id: str | None = None,
        pac_id: str | None = None,
        event_type: str | None = None,
        after: int = 0,
    ) -> Iterator[StoredEvent]:
        """The events that match every argument given, with a position above `after`, in order."""
        ...

    def document(self, sha256: str) -> bytes | None:
        """The document with this SHA-256, or None."""
        ...

    def close(self) -> None:
        """Release what the store holds open."""
        ...


def open_dispatch(trail: Trail, run_id: str) -> tuple[DispatchRef | None, int]:
    """The run's open dispatch, and the number that its next one gets.

    The trail decides this, not an orchestrator's count of attempts: a run that starts again
    continues the dispatch that it left open, and opens the next when that one is closed.
    """
    latest: DispatchRef | None = None
    closed = False
    for stored in trail.events(run_id=run_id):
        if latest is None or stored.dispatch.number > latest.number:
            latest, closed = stored.dispatch, False
        if stored.dispatch == latest and stored.key == EventType.PAC_DISPATCH_END:
            closed = True
    if latest is None:
        return None, 1
    return (None if closed else latest), latest.number + 1


def refuse_wrapped(pac_id: str, wrap_id: str) -> PacAlreadyWrapped:
    """The error of every store for a second WRAP of a PAC."""
    return PacAlreadyWrapped(f"{pac_id} is closed by {wrap_id}", wrap_id=wrap_id)


def refuse_taken(claim: WrapClaim, next_number: int) -> WrapIdTaken:
    """The error of every store for a WRAP id that another PAC has."""
    return WrapIdTaken(f"{claim.wrap_id} is taken", next_number=next_number)


def refuse_closed(dispatch_id: str) -> DispatchClosed:
    """The error of every store for an append to a closed dispatch."""
    return DispatchClosed(f"dispatch {dispatch_id} is closed and takes no more events")


def unavailable(where: str, error: BaseException) -> TrailUnavailable:
    """The error of every store that can't be read or written, with the cause in one line."""
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    return TrailUnavailable(
        f"the trail at {where} is not available: {cause[0] if cause else type(error).__name__}",
        "nothing was decided; check that the place exists, is writable and has room",
    )
