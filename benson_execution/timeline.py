"""Events in words: what each says, and when, for people who read a dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

from benson_execution.events import Event, EventType
from benson_execution.own_events import OwnEventType


def gist(event: Event) -> str:
    """What an event says besides its type and its ids; it quotes foreign text as it is."""
    said = event.data
    match event.event_type:
        case EventType.PAC_DISPATCH_START:
            return f"{said.agent_name} ({said.agent_gid})"
        case EventType.CHECKPOINT:
            return f"{said.checkpoint_id} {said.status}: {said.details}"
        case EventType.SCHEMA_VALIDATION:
            return "valid" if said.valid else f"invalid: {said.error_code}"
        case EventType.AGENT_EXECUTION_END:
            return f"{said.status}, {said.tasks_completed} tasks, quality {said.quality_score}"
        case EventType.BER_GENERATION_DECISION:
            required = "; a person must approve" if said.human_review_required else ""
            return f"{_eligible(said.eligible)}: {said.reason}{required}"
        case EventType.WRAP_GENERATION:
            return str(said.wrap_id or said.status)
        case EventType.PAC_DISPATCH_END:
            return f"{said.status} after {said.duration_ms} ms"
        case _:
            return _gist_of_own(event)


def _gist_of_own(event: Event) -> str:
    said = event.data
    match event.event_type:
        case OwnEventType.AGENT_RUN_START:
            return str(said.runner)
        case OwnEventType.AGENT_RUN_END:
            return "answered" if said.answered else f"no answer: {said.cause}"
        case OwnEventType.HUMAN_REVIEW:
            return f"{said.decision} by {said.reviewer} (self-declared): {said.notes}"
        case OwnEventType.POLICY_RECHECK:
            return f"{_eligible(said.eligible)} now: {said.reason}"
        case _:
            return ""


def _eligible(eligible: bool) -> str:
    return "eligible" if eligible else "not eligible"


def milliseconds(events: Sequence[Event]) -> list[float]:
    """Milliseconds from the first event to each, by their timestamps.

    The order is the sequence's: a clock that was set back makes no event earlier than its
    predecessor.
    """
    times = [datetime.fromisoformat(event.timestamp) for event in events]
    return list(accumulate(((at - times[0]).total_seconds() * 1000 for at in times), max))
