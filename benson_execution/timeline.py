"""Events in words: what each says, and when, for people who read a dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

from benson_execution.events import Event, EventType


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
            return f"{'eligible' if said.eligible else 'not eligible'}: {said.reason}"
        case EventType.WRAP_GENERATION:
            return str(said.wrap_id or said.status)
        case EventType.PAC_DISPATCH_END:
            return f"{said.status} after {said.duration_ms} ms"
        case _:
            return ""


def milliseconds(events: Sequence[Event]) -> list[float]:
    """Milliseconds from the first event to each, by their timestamps.

    The order is the sequence's: a clock that was set back makes no event earlier than its
    predecessor.
    """
    times = [datetime.fromisoformat(event.timestamp) for event in events]
    return list(accumulate(((at - times[0]).total_seconds() * 1000 for at in times), max))
