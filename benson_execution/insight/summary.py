"""A dispatch in the numbers that are counted, folded from its events as they were recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

import orjson

from benson_execution.errors import TrailUnavailable
from benson_execution.events import DispatchStatus, EventType
from benson_execution.own_events import OwnEventType, ReviewDecision
from benson_execution.trail.port import Trail
from benson_execution.trail.rows import ReceiptRow


class Cause(StrEnum):
    """Why a dispatch was refused, where neither a checkpoint nor an error code says it."""

    HUMAN_REVIEW = "HUMAN_REVIEW"
    """A person had to approve, and nobody who may did."""
    POLICY_RECHECK = "POLICY_RECHECK"
    """Approved, but the policy had become stricter meanwhile."""
    ALREADY_WRAPPED = "ALREADY_WRAPPED"
    """The PAC has its WRAP from another dispatch."""
    INTERRUPTED = "INTERRUPTED"
    """It was not judged to its end."""


@dataclass(slots=True)
class DispatchSummary:
    """What became of one dispatch. A member is None while no event has said it.

    Times are the trail's timestamps (UTC, RFC 3339); `duration_ms` is in milliseconds; the score
    lies in [0, 1]. `agent_gid` and `agent_name` are those of the PAC, not of the result.
    """

    dispatch_id: str
    pac_id: str | None = None
    agent_gid: str | None = None
    agent_name: str | None = None
    started_at: str | None = None
    """Of its first event, whichever that is."""
    ended_at: str | None = None
    status: str | None = None
    """`COMPLETED`, `BLOCKED` or `FAILED`; None while it is open."""
    duration_ms: int | None = None
    quality_score: float | None = None
    tasks_completed: int | None = None
    checkpoints: dict[str, str] = field(default_factory=dict)
    """Each judged checkpoint's id with `PASS` or `FAIL`."""
    schema_valid: bool | None = None
    error_code: str | None = None
    eligible: bool | None = None
    review_required: bool | None = None
    review: str | None = None
    """A person's decision: `APPROVED`, `REJECTED` or `INVALID`."""
    still_eligible: bool | None = None
    """What the policy said when the person had answered."""
    wrap_id: str | None = None

    @property
    def causes(self) -> list[str]:
        """Why it was refused, every cause once: checkpoints, the error code, or a `Cause`."""
        if self.status is None or self.status == DispatchStatus.COMPLETED:
            return []
        found = sorted(name for name, verdict in self.checkpoints.items() if verdict != "PASS")
        if self.schema_valid is False:
            found.append(str(self.error_code))
        if found:
            return found
        if self.eligible is False:
            return [Cause.ALREADY_WRAPPED.value]
        if self.still_eligible is False:
            return [Cause.POLICY_RECHECK.value]
        if self.review_required and self.review != ReviewDecision.APPROVED:
            return [Cause.HUMAN_REVIEW.value]
        is_judged = self.eligible is True and self.status == DispatchStatus.BLOCKED
        return [(Cause.ALREADY_WRAPPED if is_judged else Cause.INTERRUPTED).value]

    def to_dict(self) -> dict[str, Any]:
        """The members, as JSON has them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> DispatchSummary:
        """The summary with these members; `TypeError` when they are others."""
        return cls(**members)


class SummaryFold:
    """Folds events, in the order of the trail, into summaries; it holds the open ones only."""

    def __init__(self) -> None:
        self.open: dict[str, DispatchSummary] = {}
        """The dispatches that have no end yet, in the order of their first events."""

    def add(self, dispatch_id: str, event: bytes) -> DispatchSummary | None:
        """Take one recorded event; the dispatch's summary when this event closes it.

        Raises `TrailUnavailable` for bytes that hold no event.
        """
        try:
            members = orjson.loads(event)
            summary = self.open.get(dispatch_id)
            if summary is None:
                summary = DispatchSummary(dispatch_id, started_at=members["timestamp"])
                self.open[dispatch_id] = summary
            _take(summary, members["event_type"], members["timestamp"], members["data"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TrailUnavailable(
                f"an event of the dispatch {dispatch_id!r} can't be read",
                "`benson verify` says what was changed",
            ) from None
        return None if summary.status is None else self.open.pop(dispatch_id)


def summaries(trail: Trail) -> Iterator[DispatchSummary]:
    """Every dispatch of the trail at one moment: closed ones as they closed, then the open ones.

    What was archived is told by its receipts.
    """
    fold = SummaryFold()
    with trail.rows() as rows:
        receipts = rows.receipts()
        receipt = next(receipts, None)
        for position, dispatch_id, _, _, _, event, _ in rows.events():
            while receipt is not None and receipt.last_position < position:
                yield summary_of_receipt(receipt)
                receipt = next(receipts, None)
            closed = fold.add(dispatch_id, event)
            if closed is not None:
                yield closed
        while receipt is not None:
            yield summary_of_receipt(receipt)
            receipt = next(receipts, None)
    yield from fold.open.values()


def summary_of_receipt(receipt: ReceiptRow) -> DispatchSummary:
    """What is counted of an archived dispatch; `TrailUnavailable` for a changed receipt."""
    try:
        return DispatchSummary.from_dict(orjson.loads(receipt.summary))
    except (ValueError, TypeError):
        raise TrailUnavailable(
            f"the receipt of the archived dispatch {receipt.dispatch_id!r} can't be read",
            "`benson verify` says what was changed",
        ) from None


def _take(
    summary: DispatchSummary, event_type: str, timestamp: str, said: Mapping[str, Any]
) -> None:
    if summary.pac_id is None:
        summary.pac_id = said.get("pac_id")
    if event_type == EventType.CHECKPOINT:
        summary.checkpoints[said["checkpoint_id"]] = said["status"]
        return
    for member, name in _MEMBERS.get(event_type, ()):
        setattr(summary, member, said[name])
    if event_type == EventType.PAC_DISPATCH_END:
        summary.ended_at = timestamp


_MEMBERS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    EventType.PAC_DISPATCH_START: (("agent_gid", "agent_gid"), ("agent_name", "agent_name")),
    EventType.AGENT_EXECUTION_END: (
        ("tasks_completed", "tasks_completed"),
        ("quality_score", "quality_score"),
    ),
    EventType.SCHEMA_VALIDATION: (("schema_valid", "valid"), ("error_code", "error_code")),
    EventType.BER_GENERATION_DECISION: (
        ("eligible", "eligible"),
        ("review_required", "human_review_required"),
    ),
    OwnEventType.HUMAN_REVIEW: (("review", "decision"),),
    OwnEventType.POLICY_RECHECK: (("still_eligible", "eligible"),),
    EventType.WRAP_GENERATION: (("wrap_id", "wrap_id"),),
    EventType.PAC_DISPATCH_END: (("status", "status"), ("duration_ms", "duration_ms")),
}
"""Which member of the summary each event says, and by which member of its payload."""
