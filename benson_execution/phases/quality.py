"""CP-03: the quality score is a number in [0, 1], and at least the threshold."""

from __future__ import annotations

from benson_execution.document import Document
from benson_execution.events import CheckpointName
from benson_execution.phases.verdict import (
    CheckpointVerdict,
    passed,
    refused,
    result_or_refusal,
)
from benson_execution.policy import Policy
from benson_execution.text import number, quote


def judge(document: Document, policy: Policy) -> CheckpointVerdict:
    """Judge the agent's own score against the threshold of the policy."""
    result, refusal = result_or_refusal(CheckpointName.CP_03, document)
    if refusal is not None:
        return refusal
    if "quality_score" not in result:
        return refused(CheckpointName.CP_03, "quality_score is missing")
    given = result["quality_score"]
    score = usable_score(given)
    if score is None:
        return refused(
            CheckpointName.CP_03, f"quality_score must be a number in [0, 1], found {quote(given)}"
        )
    found, wanted = number(score), number(policy.quality_threshold)
    if score < policy.quality_threshold:
        details = f"Quality score {found} is below the threshold {wanted}"
        return refused(CheckpointName.CP_03, details)
    return passed(CheckpointName.CP_03, f"Quality score {found} meets the threshold {wanted}")


def usable_score(value: object) -> float | None:
    """The score as a float, or None where it is no finite number in [0, 1]. True is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None  # NaN compares false
