"""A recorded dispatch, to be walked once more: in a trail of its own, it meets what it met then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benson_execution.dispatch import Dispatch
from benson_execution.document import Document
from benson_execution.events import DispatchStatus, Event, EventType
from benson_execution.phases import human_review
from benson_execution.phases.ber_decision import BerDecision
from benson_execution.phases.human_review import ReviewAnswer, waits_for_review
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.policy import Policy
from benson_execution.telemetry import event_key
from benson_execution.trail.memory import MemoryTrail
from benson_execution.trail.port import MAX_POSITION, Batch, NewEvent, StoredEvent, WrapClaim


class Review(NamedTuple):
    """What a person answered, and the policy by which the document was judged again with it."""

    answer: ReviewAnswer
    policy: Policy


class RecordedDispatch(Dispatch):
    """A recorded dispatch in a trail of its own, where it meets what it met then.

    Events that were not recorded then are not read back now either: what is missing from the
    trail has not happened, and the decisions say so again.
    """

    __slots__ = (
        "_keys",
        "_review",
        "_unanswered",
        "_wrapped_at_review",
        "_wrapped_before",
        "_wrapped_meanwhile",
    )

    def __init__(
        self,
        recorded: Sequence[StoredEvent],
        document: Document,
        policy: Policy,
        other_wrap: StoredEvent | None,
        review: Review | None,
        *,
        wrapped_before: bool,
        wrapped_at_review: bool,
    ) -> None:
        super().__init__(recorded[0].dispatch, document, policy, MemoryTrail())
        self._review = review
        self._keys = {event_key(s.event, None) for s in recorded}
        closed = position_of(recorded, EventType.WRAP_GENERATION, MAX_POSITION)
        in_time = other_wrap is not None and other_wrap.position < closed
        self._wrapped_before = other_wrap if wrapped_before else None
        self._wrapped_at_review = other_wrap if wrapped_at_review else None
        failed = any(_has_failed(s.event) for s in recorded)
        asked = [s.event for s in recorded if s.event.event_type != EventType.WRAP_GENERATION]
        self._unanswered = failed and waits_for_review(asked)
        self._wrapped_meanwhile = other_wrap if in_time else None

    def begin(self) -> None:
        """`PAC_DISPATCH_START`; no lease is taken and no clock started, as nobody works on it."""
        pac = self.document.pac
        self.telemetry.pac_dispatch_start(pac.pac_id, pac.agent_gid, pac.agent_name)
        self._wrap(self._wrapped_before)

    def record_checkpoint(self, verdict: CheckpointVerdict) -> None:
        """`CHECKPOINT`; an activation that was not recorded has activated nobody."""
        if f"{EventType.CHECKPOINT}:{verdict.checkpoint_id}" in self._keys:
            super().record_checkpoint(verdict)

    def events(self) -> list[Event]:
        """Those of its events that had been recorded then."""
        return [event for event in super().events() if event_key(event, None) in self._keys]

    def record_decision(self, decision: BerDecision) -> None:
        """`BER_GENERATION_DECISION`, and what a person answered to it."""
        super().record_decision(decision)
        if self._review is None:
            return
        self._wrap(self._wrapped_at_review)
        answer, policy = self._review
        verdict = human_review.judge(answer, self.document, policy, self.prior_wrap_id())
        self.record_review(verdict)

    def close(self, verdict: WrapVerdict) -> None:
        """As it was closed: with its WRAP's event, or by whoever found it interrupted."""
        if EventType.WRAP_GENERATION not in self._keys:
            self.fail()  # the two are recorded together, so an end alone is this one
            return
        self._wrap(self._wrapped_meanwhile)
        if self._unanswered and not verdict.generate:
            verdict = WrapVerdict(False, DispatchStatus.FAILED)  # nobody came in time
        super().close(verdict)

    def _wrap(self, wrap: StoredEvent | None) -> None:
        """Let the other dispatch have its WRAP."""
        if wrap is not None:
            wrap_id = wrap.event.data.wrap_id
            claim = WrapClaim(self.document.pac.pac_id, wrap_id, wrap_id, 1)
            event = NewEvent(EventType.WRAP_GENERATION, wrap.event)
            self.trail.append(Batch(wrap.dispatch, (event,), claim=claim))


def position_of(recorded: Sequence[StoredEvent], event_type: str, default: int) -> int:
    """Where the dispatch's first event of this type stands; `default` when it has none."""
    found = (s.position for s in recorded if s.event.event_type == event_type)
    return min(found, default=default)


def _has_failed(event: Event) -> bool:
    ended = event.event_type == EventType.PAC_DISPATCH_END
    return ended and event.data.status == DispatchStatus.FAILED
