"""The trail's port: what every store of the audit trail does, and nothing more.

A trail is append-only. Everything enters through `append`, one transaction each, and is
durable (as far as the store can be) when the call returns. Nothing is ever changed or removed;
only leases, which say who is at work on what, come and go, and what is closed for long may be
moved into archives (`benson_execution.archive`), where it can be proved as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from benson_execution.events import Event, EventType
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import SigningKey
from benson_execution.proof.leaf import Header, Provenance
from benson_execution.proof.refusal import Refusal
from benson_execution.trail.lease import Holder
from benson_execution.trail.rows import Rows

MAX_POSITION: Final = (1 << 63) - 1
"""What every store can count to."""

Recorder = Callable[[Sequence[Event]], None]
"""Called with the new events before their transaction commits; when it raises, none is kept."""


@dataclass(frozen=True, slots=True)
class DispatchRef:
    """One attempt to execute one PAC: the `number`-th (from 1) of the run `run_id`."""

    run_id: str
    number: int
    pac_id: str
    document_sha256: str | None = None
    provenance: Provenance | None = field(default=None, compare=False, repr=False)
    """What the dispatch's header says beside the ids; None when it was read from a store."""
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

    `position` orders the whole trail, `sequence` (1, 2, 3, …) its dispatch. `chain` is the
    event's hash in the chain of its dispatch.
    """

    position: int
    dispatch: DispatchRef
    sequence: int
    key: str | None
    event: Event
    chain: bytes


class WrapClaim(NamedTuple):
    """A PAC's claim to its WRAP. In one trail, each PAC has at most one, and each id one PAC."""

    pac_id: str
    wrap_id: str
    family: str
    """The id without its counter: `WRAP-DAN-P53-20251226`."""
    number: int
    """The counter, from 1, unique within the family."""


class Lease(NamedTuple):
    """A dispatch that is not finished, and who is at work on it.

    It is finished when it is closed and its artifact is written: then its lease is released.
    """

    dispatch: DispatchRef
    closed: bool
    holder: Holder | None
    """None when nobody ever took the lease."""
    expired: bool


class Seizure(NamedTuple):
    """Append only while the dispatch's lease is still held by this one (None: by nobody)."""

    holder: Holder | None


class Batch(NamedTuple):
    """What one transaction appends: all of it, or nothing."""

    dispatch: DispatchRef | None = None
    events: Sequence[NewEvent] = ()
    documents: Sequence[tuple[str, bytes]] = ()
    """Documents as received, each with its SHA-256 in lower-case hexadecimal."""
    claim: WrapClaim | None = None
    lease: Holder | None = None
    """Who takes the lease of the dispatch with this transaction, from whoever had it."""
    seizure: Seizure | None = None


class FileClaim(NamedTuple):
    """A file of an inbox that somebody took: this content under this path, once in one trail."""

    claim_id: str
    path: str
    sha256: str
    """Of the file's bytes, in lower-case hexadecimal."""
    claimed_at: str
    leaf_index: int | None
    """Where in the log its refusal stands, when it holds nothing to judge; None otherwise."""


class FileMove(NamedTuple):
    """Where a claimed file was moved when it was done with."""

    claim_id: str
    run_id: str | None
    """The run that judged it; None when there was none."""
    target: str | None
    """None when the file was gone, and nobody knows where to."""
    moved_at: str


class Claimed(NamedTuple):
    """The claim to a file, whoever made it."""

    claim: FileClaim
    won: bool
    """Whether this very call made it."""
    head: Head | None
    """What was signed with its refusal, when this call recorded one."""


class Archived(NamedTuple):
    """A dispatch whose events were moved into an archive; it was closed before, and finished.

    `archive_id` is the SHA-256 of the archive's `file`.
    """

    dispatch: DispatchRef
    archive_id: str
    file: str
    was_killed: bool
    """Whether it was closed before it was judged to its end."""
    agent_was_run: bool
    summary: Mapping[str, Any]
    """What is counted of it: the members of a `DispatchSummary`."""


class Proof(NamedTuple):
    """Why a closed dispatch is in the log: entry, index and path lead to the head's root."""

    leaf_index: int
    """From 0; the head is of the size `leaf_index + 1`."""
    entry: bytes
    path: Sequence[bytes]
    head: Head
    rotations: Sequence[Rotation]
    """All of the trail's, oldest first: the head may be signed by a key that another one named."""


class Trail(Protocol):
    """The append-only record. Safe to use from many threads at once."""

    @property
    def where(self) -> str:
        """Where it is kept, for people: a URL without its password."""
        ...

    def append(self, batch: Batch, *, before_commit: Recorder | None = None) -> list[StoredEvent]:
        """Append in one transaction, and return the batch's events as they are stored now.

        A key that the dispatch already has keeps its first event, and that one is returned.
        With `PAC_DISPATCH_END` goes the dispatch's leaf in the log, and a signed head.

        Raises `EventRefused` for a text that no store can keep, `DispatchClosed` for a new
        event after `PAC_DISPATCH_END`, `StatusConflict` for a second one with another status,
        `WrapIdTaken` or `PacAlreadyWrapped` for a claim that can't be had, `StillHeld` for a
        seizure that came too late, `TrailUnavailable` when the store can't be written; then
        nothing of the batch is kept.
        """
        ...

    def refuse(self, refusal: Refusal) -> Head:
        """Append a refusal to the log, and return the head that was signed with it.

        Raises `TrailUnavailable`; then nothing is kept.
        """
        ...

    def claim_file(self, path: str, sha256: str, refusal: Refusal | None = None) -> Claimed:
        """Claim a file of an inbox, or say who has: of all who ask, one wins.

        With the claim that wins, and only with that, goes the refusal in one transaction: a file
        is refused once. Raises `EventRefused` for a text that no store can keep, and
        `TrailUnavailable`; then nothing is kept.
        """
        ...

    def record_move(self, claim_id: str, run_id: str | None, target: str | None) -> bool:
        """Record that a claimed file was moved; False when somebody recorded that before."""
        ...

    def move_of(self, claim_id: str) -> FileMove | None:
        """Where a claimed file was moved; None while it was not."""
        ...

    def open_claims(self) -> list[FileClaim]:
        """The claims to files that were not moved yet, oldest first."""
        ...

    def refusals(self) -> Iterator[Refusal]:
        """What was refused without a dispatch, oldest first."""
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

    def archived(
        self,
        *,
        run_id: str | None = None,
        dispatch_id: str | None = None,
        pac_id: str | None = None,
    ) -> list[Archived]:
        """The dispatches with all of these ids that were archived, oldest first.

        At least one id is to be given: of all together there may be many.
        """
        ...

    def wrap_of(self, pac_id: str) -> str | None:
        """The WRAP that a PAC has, or None."""
        ...

    def last_position(self) -> int:
        """The position of the newest event of all; 0 when there is none."""
        ...

    def document(self, sha256: str) -> bytes | None:
        """The document with this SHA-256, or None."""
        ...

    def header(self, dispatch_id: str) -> Header | None:
        """What a dispatch was opened with; None when nothing of it is recorded."""
        ...

    def head(self) -> Head | None:
        """The newest signed head; None when the trail was never opened to be written."""
        ...

    def proof(self, dispatch_id: str) -> Proof | None:
        """Why a dispatch is in the log, or None while it is open."""
        ...

    def key_id(self) -> str:
        """The id of the key that signs from now on."""
        ...

    def rotate(self, new_key: SigningKey) -> Rotation:
        """Hand the trail over to another signing key; the one in force signs that."""
        ...

    def leases(self) -> list[Lease]:
        """The dispatches that are not finished, oldest first."""
        ...

    def renew(self, holder: Holder) -> int:
        """Prolong the leases of this holder, and say how many it has."""
        ...

    def release(self, dispatch_id: str) -> None:
        """Give up the lease of a closed dispatch: its artifact is written."""
        ...

    def rows(self) -> AbstractContextManager[Rows]:
        """All that is stored, at one moment, as it is stored: for verification."""
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
    for archived in trail.archived(run_id=run_id):  # last: what is archived meanwhile is seen
        if latest is None or archived.dispatch.number >= latest.number:
            latest, closed = archived.dispatch, True
    if latest is None:
        return None, 1
    return (None if closed else latest), latest.number + 1
