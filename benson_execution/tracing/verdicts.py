"""What a single event says to a trace: of which phase it is, whether that passed, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

from benson_execution.events import DispatchStatus, Event, EventType
from benson_execution.own_events import OwnEventType, ReviewDecision
from benson_execution.text import plain, quote
from benson_execution.tracing.names import Attribute, SpanName

Value = str | bool | int | float
"""What an attribute may be here."""
MAX_TEXT: Final = 1000
"""How many characters of a text an attribute has at most."""
_MAX_BITS: Final = 63


class Severity(IntEnum):
    """How bad it is that something was recorded, in OpenTelemetry's numbers."""

    INFO = 9
    WARN = 13
    """A gate refused, or a person."""
    ERROR = 17
    """The execution itself failed."""


def phase_of(event: Event) -> SpanName | None:
    """The phase that an event begins or ends; None when it tells of the whole dispatch."""
    if event.event_type == EventType.CHECKPOINT:
        return _GATES.get(event.data.checkpoint_id)
    return OPENS.get(event.event_type) or _ENDS.get(event.event_type)


def attributes_of(event: Event) -> dict[str, Value]:
    """What an event adds to the attributes of its span; a member that is null adds nothing."""
    found: dict[str, Value] = {}
    for member, attribute in _MEMBERS.get(event.event_type, {}).items():
        value = event.data[member]
        if value is not None:
            found[attribute] = bounded(value)
    if event.event_type in _JUDGED:
        found[Attribute.VERDICT] = "PASS" if error_of(event) is None else "FAIL"
    return found


def bounded(value: Value) -> Value:
    """The same as an attribute may have it: text of one line, an integer of 64 bits."""
    if isinstance(value, str):
        return plain(value, MAX_TEXT)
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return quote(value)
    return value


def error_of(event: Event) -> str | None:
    """Why the phase that an event ends did not pass; None when it did, or does not judge."""
    why = _REFUSED.get(event.event_type)
    found = None if why is None else why(event.data)
    return None if found is None else plain(found, MAX_TEXT)


def severity_of(event: Event) -> Severity:
    """The severity of an event's record."""
    if event.event_type in _STATES and event.data.status != DispatchStatus.COMPLETED:
        failed = event.data.status == DispatchStatus.FAILED
        return Severity.ERROR if failed else Severity.WARN
    return Severity.INFO if error_of(event) is None else Severity.WARN


def _reviewed(said: Any) -> str | None:
    if said.decision == ReviewDecision.APPROVED:
        return None
    return f"{said.decision} by {said.reviewer} (self-declared): {said.notes}"


_REFUSED: Final[Mapping[str, Any]] = {
    EventType.CHECKPOINT: lambda said: None if said.status == "PASS" else said.details,
    EventType.SCHEMA_VALIDATION: lambda said: None if said.valid else f"{said.error_code}",
    EventType.BER_GENERATION_DECISION: lambda said: None if said.eligible else said.reason,
    EventType.WRAP_GENERATION: lambda said: said.status if said.blocked else None,
    OwnEventType.AGENT_RUN_END: lambda said: said.cause,
    OwnEventType.HUMAN_REVIEW: _reviewed,
    OwnEventType.POLICY_RECHECK: lambda said: None if said.eligible else said.reason,
}
_JUDGED: Final = frozenset(_REFUSED) - {OwnEventType.AGENT_RUN_END}
_STATES: Final = frozenset({EventType.AGENT_EXECUTION_END, EventType.PAC_DISPATCH_END})

OPENS: Final[Mapping[str, SpanName]] = {
    EventType.AGENT_EXECUTION_START: SpanName.ACTIVATION,
    OwnEventType.AGENT_RUN_START: SpanName.AGENT_RUN,
}
"""The phases whose beginning is an event of its own."""
_ENDS: Final[Mapping[str, SpanName]] = {
    OwnEventType.AGENT_RUN_END: SpanName.AGENT_RUN,
    EventType.SCHEMA_VALIDATION: SpanName.SCHEMA_VALIDATION,
    EventType.BER_GENERATION_DECISION: SpanName.BER_DECISION,
    OwnEventType.HUMAN_REVIEW: SpanName.REVIEW,
    OwnEventType.POLICY_RECHECK: SpanName.REVIEW,
    EventType.WRAP_GENERATION: SpanName.WRAP,
}
_GATES: Final[Mapping[str, SpanName]] = {
    "CP-01": SpanName.ACTIVATION,
    "CP-02": SpanName.SCOPE,
    "CP-03": SpanName.QUALITY,
    "CP-04": SpanName.COMPLETION,
}
_MEMBERS: Final[Mapping[str, Mapping[str, Attribute]]] = {
    EventType.PAC_DISPATCH_START: {
        "agent_gid": Attribute.AGENT_GID,
        "agent_name": Attribute.AGENT_NAME,
    },
    EventType.CHECKPOINT: {
        "checkpoint_id": Attribute.CHECKPOINT_ID,
        "checkpoint_name": Attribute.CHECKPOINT_NAME,
        "details": Attribute.DETAILS,
    },
    EventType.SCHEMA_VALIDATION: {
        "schema_type": Attribute.SCHEMA_TYPE,
        "error_code": Attribute.ERROR_CODE,
    },
    EventType.AGENT_EXECUTION_END: {
        "quality_score": Attribute.QUALITY_SCORE,
        "tasks_completed": Attribute.TASKS_COMPLETED,
    },
    EventType.BER_GENERATION_DECISION: {
        "eligible": Attribute.ELIGIBLE,
        "reason": Attribute.REASON,
        "human_review_required": Attribute.REVIEW_REQUIRED,
    },
    EventType.WRAP_GENERATION: {
        "wrap_id": Attribute.WRAP_ID,
        "status": Attribute.WRAP_STATUS,
        "blocked": Attribute.BLOCKED,
    },
    EventType.PAC_DISPATCH_END: {
        "status": Attribute.STATUS,
        "duration_ms": Attribute.DURATION_MS,
    },
    OwnEventType.AGENT_RUN_START: {"runner": Attribute.RUNNER},
    OwnEventType.AGENT_RUN_END: {
        "answered": Attribute.ANSWERED,
        "cause": Attribute.CAUSE,
        "result_sha256": Attribute.RESULT_SHA256,
    },
    OwnEventType.HUMAN_REVIEW: {
        "decision": Attribute.REVIEW_DECISION,
        "reviewer": Attribute.REVIEWER,
        "notes": Attribute.NOTES,
    },
    OwnEventType.POLICY_RECHECK: {
        "eligible": Attribute.STILL_ELIGIBLE,
        "reason": Attribute.REASON,
    },
}
"""Which members of an event's payload become attributes, of its phase or of the dispatch."""
