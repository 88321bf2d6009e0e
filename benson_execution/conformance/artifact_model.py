"""The BER telemetry artifact as a model, and the contract's telemetry block inside it.

The engine makes artifacts without it, out of the evidence; this says to others what they get.
Whether an artifact is true is another question, which `benson verify` answers.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from benson_execution.conformance.patterns import DISPATCH_ID, SHA256, TRACE_ID
from benson_execution.pac import Pac
from benson_execution.result import TestResults
from benson_execution.schema import AgentGid, JsonArray, NonEmpty, PacId, Strict
from benson_execution.timestamps import is_timestamp

_Count = Annotated[int, Field(ge=0)]
_Sha256 = Annotated[str, Field(pattern=SHA256)]
_Status = Literal["COMPLETED", "BLOCKED", "FAILED"]


class TelemetrySummary(Strict):
    """How many events there are, their types in order of first occurrence, and their times."""

    total_events: _Count
    event_types: Annotated[tuple[NonEmpty, ...], JsonArray]
    first_event: str | None
    last_event: str | None


class Telemetry(Strict):
    """The contract's telemetry block: exactly the events of one dispatch, and their summary."""

    telemetry_version: Literal["1.0.0"]
    summary: TelemetrySummary
    events: Annotated[tuple[Any, ...], JsonArray]


class ResultViolation(Strict):
    """What is wrong with the agent's result: a JSON Pointer in the document, and what."""

    path: str
    message: str


class AgentRun(Strict):
    """How the agent was run by Benson, and what came of it; empty where it was not run."""

    runner: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    answered: bool | None = None
    cause: str | None = None
    result_sha256: _Sha256 | None = None


class ReviewRule(Strict):
    """When a person had to approve."""

    mode: Literal["never", "below", "agents", "always"]
    score: Annotated[float, Field(ge=0, le=1)] | None
    agents: Annotated[tuple[AgentGid, ...], JsonArray]


class Policy(Strict):
    """What the dispatch was judged by, besides its PAC."""

    quality_threshold: Annotated[float, Field(ge=0, le=1)] | None
    policy_sha256: _Sha256 | None
    agent_registry_sha256: _Sha256 | None
    benson_version: str | None
    human_review: ReviewRule | None = None


class DispatchRecord(Strict):
    """Who executed what, when, and how it ended.

    What is null was not recorded: such a dispatch was interrupted. `no_report_because` is null
    exactly when there is a report. `document_sha256` is of the document as received, and
    `pac_sha256` and `execution_result_sha256` of the bytes that it has for its members.
    `trace_id` is of the OpenTelemetry trace that it is part of, where it was traced.
    """

    trail_id: NonEmpty
    dispatch_id: Annotated[str, Field(pattern=DISPATCH_ID)]
    run_id: NonEmpty
    number: _Count
    pac_id: PacId
    agent_gid: AgentGid | None
    agent_name: NonEmpty | None
    started_at: str | None
    ended_at: str | None
    status: _Status | None
    duration_ms: _Count | None
    duration_estimated: bool
    document_sha256: _Sha256 | None
    document_bytes: _Count | None
    pac: Pac | None
    pac_sha256: _Sha256 | None
    execution_result: Any
    execution_result_sha256: _Sha256 | None
    violations: Annotated[tuple[ResultViolation, ...], JsonArray]
    policy: Policy
    agent_run: AgentRun | None = None
    trace_id: Annotated[str, Field(pattern=TRACE_ID)] | None = None
    no_report_because: str | None

    @model_validator(mode="after")
    def _times(self) -> Self:
        for name in ("started_at", "ended_at"):
            value = getattr(self, name)
            if value is not None and not is_timestamp(value):
                raise ValueError(f"{name} must be UTC with microseconds")
        return self


class ReportCheckpoint(Strict):
    """A gate that passed."""

    checkpoint_id: Literal["CP-01", "CP-02", "CP-03", "CP-04"]
    checkpoint_name: str
    status: Literal["PASS"]
    details: str


class ReportValidation(Strict):
    """The schema validation that passed."""

    schema_type: str
    valid: Literal[True]
    error_code: None


class ReportDecision(Strict):
    """The decision that there is to be a report."""

    eligible: Literal[True]
    reason: str
    human_review_required: bool


class ReportReview(Strict):
    """What a person answered: nobody checked who it was. It was judged again in that moment."""

    decision: Literal["APPROVED", "REJECTED", "INVALID"]
    reviewer: str
    reviewer_identity: Literal["self-declared"]
    notes: str
    still_eligible: bool
    reason: str
    policy_sha256: _Sha256
    agent_registry_sha256: _Sha256


class ReportWrap(Strict):
    """The WRAP; a blocked one has no id. `document_sha256` is of the document that it closes."""

    wrap_id: str | None
    status: Literal["WRAP_GENERATED", "WRAP_BLOCKED"]
    blocked: bool
    document_sha256: _Sha256

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if not (self.blocked is (self.status == "WRAP_BLOCKED") is (self.wrap_id is None)):
            raise ValueError("wrap_id, status and blocked contradict one another")
        return self


class SelfReported(Strict):
    """The agent's own word: judged where a gate judges it, and proved nowhere."""

    execution_timestamp: str
    execution_time_ms: _Count
    tasks_completed: Annotated[tuple[NonEmpty, ...], JsonArray]
    tasks_total: _Count
    files_modified: Annotated[tuple[str, ...], JsonArray]
    files_created: Annotated[tuple[str, ...], JsonArray] = ()
    quality_score: Annotated[float, Field(ge=0, le=1)]
    scope_compliance: bool
    notes: str | None = None
    artifacts: dict[str, Any] | None = None
    warnings: Annotated[tuple[Any, ...], JsonArray] = ()
    test_results: TestResults | None = None


class BensonExecutionReport(Strict):
    """The BER: what an eligible dispatch has earned."""

    pac_id: PacId
    agent_gid: AgentGid
    agent_name: NonEmpty
    checkpoints: Annotated[
        tuple[ReportCheckpoint, ReportCheckpoint, ReportCheckpoint, ReportCheckpoint], JsonArray
    ]
    schema_validation: ReportValidation
    decision: ReportDecision
    human_review: ReportReview | None = None
    wrap: ReportWrap
    self_reported: SelfReported


class ProofEvent(Strict):
    """An event's exact bytes as text, and where they stand in the trail."""

    position: Annotated[int, Field(ge=1)]
    key: str | None
    text: Annotated[str, Field(alias="json")]


class ProofMember(Strict):
    """The evidence that the rest of the artifact is made of; `benson verify` makes it again."""

    leaf: NonEmpty
    leaf_index: _Count
    inclusion_path: Annotated[tuple[_Sha256, ...], JsonArray]
    head: NonEmpty
    rotations: Annotated[tuple[NonEmpty, ...], JsonArray]
    events: Annotated[tuple[ProofEvent, ...], JsonArray]
    document: str | None
    policy: str | None
    agent_result: str | None = None


class BerTelemetryArtifact(Strict):
    """What every judged dispatch leaves: the dispatch, its report, its telemetry, its proof."""

    dispatch: DispatchRecord
    report: BensonExecutionReport | None
    telemetry: Telemetry
    proof: ProofMember

    @model_validator(mode="after")
    def _reported(self) -> Self:
        if (self.report is None) is (self.dispatch.no_report_because is None):
            raise ValueError("there is a report exactly when no_report_because is null")
        return self
