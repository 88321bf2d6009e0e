"""Which dispatches were killed, and which of those may be judged again.

A killed dispatch decided nothing, so its document can be judged anew; but not without end, and not
where an agent was at work: what it did can't be undone, and must not be done twice unasked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from benson_execution.events import DispatchStatus, Event, EventType
from benson_execution.own_events import OwnEventType
from benson_execution.trail.port import Archived, DispatchRef, Trail

MOST_AGAIN: Final = 2
"""How many times a document is judged again after its first dispatch was killed."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest dispatch of a run, and what is recorded of it."""

    ref: DispatchRef
    events: Sequence[Event]
    archived: Archived | None = None
    """What its receipt says, when it was archived: then `events` is empty."""

    @property
    def status(self) -> DispatchStatus | None:
        """How it ended; None while it is open."""
        if self.archived is not None:
            return DispatchStatus(self.archived.summary["status"])
        return _status(self.events)

    @property
    def was_killed(self) -> bool:
        """Whether it was closed before it was judged to its end."""
        if self.archived is not None:
            return self.archived.was_killed
        return self.status is DispatchStatus.FAILED and not self._has(EventType.WRAP_GENERATION)

    @property
    def closed_at(self) -> datetime:
        """When its newest event was recorded: its end, once it is closed."""
        if self.archived is not None:
            return datetime.fromisoformat(self.archived.summary["ended_at"])
        return datetime.fromisoformat(self.events[-1].timestamp)

    def _has(self, event_type: str) -> bool:
        return any(event.event_type == event_type for event in self.events)


def latest_dispatch(trail: Trail, run_id: str) -> Latest | None:
    """The newest dispatch of a run; None when it never began one."""
    stored = list(trail.events(run_id=run_id))
    archived = {one.dispatch: one for one in trail.archived(run_id=run_id)}
    ref = max({*archived, *(s.dispatch for s in stored)}, key=lambda r: r.number, default=None)
    if ref is None:
        return None
    events = [s.event for s in stored if s.dispatch == ref]
    return Latest(ref, () if ref in archived else events, archived.get(ref))


def why_not_again(trail: Trail, latest: Latest) -> str | None:
    """Why a dispatch's document is not to be judged again; None when it is.

    Raises `TrailUnavailable`.
    """
    ref = latest.ref
    if latest.status is None:
        return "it is not closed"
    if not latest.was_killed:
        return "it was judged to its end"
    if _agent_was_run(trail, ref):
        return "an agent had been started on it"
    wrap_id = trail.wrap_of(ref.pac_id)
    if wrap_id is not None:
        return f"its PAC is closed by {wrap_id}"
    if ref.document_sha256 is None or trail.document(ref.document_sha256) is None:
        return "the trail does not have its document"
    killed = _times_killed(trail, ref)
    if killed > MOST_AGAIN:
        return f"its document was killed {killed} times"
    return None


def _agent_was_run(trail: Trail, ref: DispatchRef) -> bool:
    """Whether an agent was started in any dispatch of this run, or of this PAC and document.

    One that was killed meanwhile may lie behind the newest.
    """
    of_pac = trail.events(pac_id=ref.pac_id, event_type=OwnEventType.AGENT_RUN_START)
    if any(one.dispatch.document_sha256 == ref.document_sha256 for one in of_pac):
        return True
    of_run = trail.events(run_id=ref.run_id, event_type=OwnEventType.AGENT_RUN_START)
    if any(True for _ in of_run):
        return True
    archived = trail.archived(pac_id=ref.pac_id)
    of_document = [a for a in archived if a.dispatch.document_sha256 == ref.document_sha256]
    return any(one.agent_was_run for one in of_document + trail.archived(run_id=ref.run_id))


def _times_killed(trail: Trail, ref: DispatchRef) -> int:
    """How many dispatches of this PAC with this document were killed, whoever began them."""
    events: dict[str, list[Event]] = {}
    for stored in trail.events(pac_id=ref.pac_id):
        if stored.dispatch.document_sha256 == ref.document_sha256:
            events.setdefault(stored.dispatch.dispatch_id, []).append(stored.event)
    killed = {name for name, one in events.items() if Latest(ref, one).was_killed}
    for archived in trail.archived(pac_id=ref.pac_id):
        if archived.was_killed and archived.dispatch.document_sha256 == ref.document_sha256:
            killed.add(archived.dispatch.dispatch_id)
    return len(killed)


def _status(events: Sequence[Event]) -> DispatchStatus | None:
    for event in reversed(events):
        if event.event_type == EventType.PAC_DISPATCH_END:
            return DispatchStatus(event.data.status)
    return None
