"""What became of a dispatch, read from its events: the answer to whoever asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benson_execution.document import Document
from benson_execution.events import DispatchStatus, Event, EventType
from benson_execution.frozen import FrozenObject
from benson_execution.own_events import OwnEventType, ReviewDecision
from benson_execution.phases import schema_validation
from benson_execution.schema import Violation

EXIT_CODES: Final[Mapping[str, int]] = {
    DispatchStatus.COMPLETED: 0,
    DispatchStatus.BLOCKED: 1,
    DispatchStatus.FAILED: 3,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A dispatch as its events tell it; an open one counts as FAILED, since nothing has passed."""

    dispatch_id: str
    pac_id: str
    status: DispatchStatus
    error_code: str | None
    wrap_id: str | None
    artifact_path: Path | None
    checkpoints: tuple[Mapping[str, str], ...]
    """Each `checkpoint_id`, `status`, `details`, in order."""
    reason: str | None
    """Why it is closed or not: the BER decision's reason, or the review's; None without one."""
    violations: tuple[Violation, ...] = ()
    """What is wrong with the result, each with its path in the document."""

    @property
    def exit_code(self) -> int:
        """0 completed, 1 blocked, 3 failed."""
        return EXIT_CODES[self.status]

    @classmethod
    def of(
        cls,
        dispatch_id: str,
        pac_id: str,
        events: Sequence[Event],
        artifact_path: Path | None = None,
        document: Document | None = None,
    ) -> Outcome:
        """The outcome that these events tell.

        Events name a violated schema by its code; `document` adds where it is violated.
        """
        data = {event.event_type: event.data for event in events}
        end = data.get(EventType.PAC_DISPATCH_END)
        validation = data.get(EventType.SCHEMA_VALIDATION)
        wrap = data.get(EventType.WRAP_GENERATION)
        return cls(
            dispatch_id=dispatch_id,
            pac_id=pac_id,
            status=DispatchStatus(end.status) if end else DispatchStatus.FAILED,
            error_code=validation.error_code if validation else None,
            wrap_id=wrap.wrap_id if wrap else None,
            artifact_path=artifact_path,
            checkpoints=tuple(
                {
                    "checkpoint_id": event.data.checkpoint_id,
                    "status": event.data.status,
                    "details": event.data.details,
                }
                for event in events
                if event.event_type == EventType.CHECKPOINT
            ),
            reason=_reason(data),
            violations=() if document is None else violations_of(document, events),
        )

    def to_dict(self) -> dict[str, Any]:
        """The members that `--json` prints."""
        return {
            "dispatch_id": self.dispatch_id,
            "pac_id": self.pac_id,
            "status": self.status.value,
            "error_code": self.error_code,
            "wrap_id": self.wrap_id,
            "artifact_path": None if self.artifact_path is None else str(self.artifact_path),
            "checkpoints": [dict(checkpoint) for checkpoint in self.checkpoints],
        }


def _reason(data: Mapping[str, FrozenObject]) -> str | None:
    decision, wrap = (
        data.get(EventType.BER_GENERATION_DECISION),
        data.get(EventType.WRAP_GENERATION),
    )
    if decision is None or (decision.eligible and wrap is None):
        return None  # it was interrupted
    if decision.eligible and wrap is not None and wrap.blocked:
        if decision.human_review_required:
            return _review_reason(data)
        return f"eligible, but {_not_closed(data)}"
    return str(decision.reason)


def _review_reason(data: Mapping[str, FrozenObject]) -> str:
    """Why a dispatch that a person had to approve has no WRAP."""
    review, recheck = data.get(OwnEventType.HUMAN_REVIEW), data.get(OwnEventType.POLICY_RECHECK)
    end = data.get(EventType.PAC_DISPATCH_END)
    if review is None or recheck is None:
        if end is not None and end.status == DispatchStatus.FAILED:
            return "review required, and nobody answered in time"
        return "review required: submit it to a deployment"
    said = f"by {review.reviewer} (self-declared)"
    notes = f": {review.notes}" if review.notes else ""
    if review.decision == ReviewDecision.REJECTED:
        return f"rejected {said}{notes}"
    if review.decision == ReviewDecision.INVALID:
        return f"the answer {said} approves nothing{notes}"
    if not recheck.eligible:
        return f"approved {said}, but no longer eligible: {recheck.reason}"
    return f"approved {said}, but {_not_closed(data)}"


def _not_closed(data: Mapping[str, FrozenObject]) -> str:
    """Why there is no WRAP of what nobody refused."""
    end = data.get(EventType.PAC_DISPATCH_END)
    if end is not None and end.status == DispatchStatus.FAILED:
        return "whether to close it could not be judged"
    return "the PAC was closed by another dispatch first"


def violations_of(document: Document, events: Sequence[Event]) -> tuple[Violation, ...]:
    """What is wrong with the result of a dispatch whose schema validation refused it.

    The event names a code only; the phase is a pure function, so the document tells the rest.
    """
    refused = any(
        event.event_type == EventType.SCHEMA_VALIDATION and not event.data.valid for event in events
    )
    with suppress(Exception):  # it raised when the dispatch was judged, and the event says so
        return schema_validation.judge(document).violations if refused else ()
    return ()
