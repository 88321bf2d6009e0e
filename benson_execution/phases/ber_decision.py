"""The BER decision: made from the trail as it was read back, never from what ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benson_execution.errors import TrailIncomplete
from benson_execution.events import CHECKPOINT_NAMES, Event, EventType
from benson_execution.phases.verdict import MAX_DETAILS, reason_of
from benson_execution.review_rule import NO_REVIEW, ReviewRule
from benson_execution.telemetry import event_key
from benson_execution.text import shorten

BEFORE_DECISION: Final = (
    EventType.PAC_DISPATCH_START,
    EventType.AGENT_EXECUTION_START,
    *(f"{EventType.CHECKPOINT}:{checkpoint_id}" for checkpoint_id in CHECKPOINT_NAMES),
    EventType.SCHEMA_VALIDATION,
    EventType.AGENT_EXECUTION_END,
)
"""The keys of the events that must be in a dispatch before anything is decided, in order."""
CANONICAL: Final = (
    *BEFORE_DECISION,
    EventType.BER_GENERATION_DECISION,
    EventType.WRAP_GENERATION,
    EventType.PAC_DISPATCH_END,
)
"""The keys of the eleven events of a dispatch that was judged to its end, in order."""


@dataclass(frozen=True, slots=True)
class BerDecision:
    """Whether there is to be a report; `reason` names every failure where there is not."""

    eligible: bool
    reason: str
    human_review_required: bool = False
    error: str | None = None


def judge(
    events: Sequence[Event], prior_wrap_id: str | None = None, review: ReviewRule = NO_REVIEW
) -> BerDecision:
    """Decide from the dispatch's events; `prior_wrap_id` is the WRAP that the PAC already has.

    `review` says whether a person must approve what is eligible.
    Raises `TrailIncomplete` when an event is missing: that is never an ineligible verdict.
    """
    require(events, BEFORE_DECISION)
    failures = [
        f"{event.data.checkpoint_id} {event.data.checkpoint_name}: {event.data.details}"
        for event in events
        if event.event_type == EventType.CHECKPOINT and event.data.status != "PASS"
    ]
    failures += [
        f"SCHEMA_VALIDATION: {event.data.error_code}"
        for event in events
        if event.event_type == EventType.SCHEMA_VALIDATION and event.data.valid is not True
    ]
    if prior_wrap_id is not None:
        failures.append(f"the PAC is closed already by {prior_wrap_id}")
    if failures:
        return BerDecision(False, shorten("; ".join(failures), 4 * MAX_DETAILS))
    start = next(e for e in events if e.event_type == EventType.PAC_DISPATCH_START)
    end = next(e for e in events if e.event_type == EventType.AGENT_EXECUTION_END)
    required = review.applies(start.data.agent_gid, end.data.quality_score)
    return BerDecision(True, "All checkpoints passed", human_review_required=required)


def not_judged(error: BaseException | str) -> BerDecision:
    """A decision that raised: not eligible, and the execution failed."""
    return BerDecision(False, f"not judged: {reason_of(error)}", error=reason_of(error))


def require(events: Sequence[Event], keys: Sequence[str]) -> None:
    """Raise `TrailIncomplete`, naming them, when events with these keys are missing."""
    present = {event_key(event, None) for event in events}
    missing = [str(key) for key in keys if key not in present]
    if missing:
        raise TrailIncomplete(f"missing from the trail: {', '.join(missing)}")
