"""What spans, records and attributes are called; nothing else in the program names any."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SCOPE: Final = "benson"
"""The instrumentation scope, and the service where `OTEL_SERVICE_NAME` names none."""
EVENT: Final = "benson.telemetry."
"""What the name of each record begins with; the event's type follows."""
RECORD_UID: Final = "log.record.uid"
"""The same for the same event whenever it is exported, so that a receiver can drop a second one."""


class SpanName(StrEnum):
    """The spans of a trace: the dispatch, and below it one for each phase that was recorded."""

    DISPATCH = "benson.dispatch"
    ACTIVATION = "benson.activation"
    AGENT_RUN = "benson.agent_run"
    SCOPE = "benson.scope"
    QUALITY = "benson.quality"
    COMPLETION = "benson.completion"
    SCHEMA_VALIDATION = "benson.schema_validation"
    BER_DECISION = "benson.ber_decision"
    REVIEW = "benson.review"
    WRAP = "benson.wrap"


class Attribute(StrEnum):
    """The attributes of spans and records."""

    TRAIL_ID = "benson.trail_id"
    DISPATCH_ID = "benson.dispatch_id"
    RUN_ID = "benson.run_id"
    NUMBER = "benson.number"
    PAC_ID = "benson.pac_id"
    DOCUMENT_SHA256 = "benson.document_sha256"
    AGENT_GID = "benson.agent_gid"
    AGENT_NAME = "benson.agent_name"
    STATUS = "benson.status"
    REASON = "benson.reason"
    DURATION_MS = "benson.duration_ms"
    QUALITY_SCORE = "benson.quality_score"
    TASKS_COMPLETED = "benson.tasks_completed"
    WRAP_ID = "benson.wrap_id"
    VERDICT = "benson.verdict"
    """`PASS` or `FAIL`, of every phase that judges."""
    CHECKPOINT_ID = "benson.checkpoint_id"
    CHECKPOINT_NAME = "benson.checkpoint_name"
    DETAILS = "benson.details"
    SCHEMA_TYPE = "benson.schema_type"
    ERROR_CODE = "benson.error_code"
    ELIGIBLE = "benson.eligible"
    REVIEW_REQUIRED = "benson.human_review_required"
    REVIEW_DECISION = "benson.review_decision"
    REVIEWER = "benson.reviewer"
    NOTES = "benson.notes"
    STILL_ELIGIBLE = "benson.still_eligible"
    RUNNER = "benson.runner"
    ANSWERED = "benson.answered"
    CAUSE = "benson.cause"
    RESULT_SHA256 = "benson.result_sha256"
    WRAP_STATUS = "benson.wrap_status"
    BLOCKED = "benson.blocked"
    EVENT_TYPE = "benson.event_type"
    SEQUENCE = "benson.sequence"
    """The event's place in its dispatch, from 1."""
    POSITION = "benson.position"
    """The event's place in the trail, from 1."""
