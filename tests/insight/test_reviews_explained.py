"""Dispatches that a person did not approve, or approved too late: told with the fix."""

from __future__ import annotations

import pytest

from benson_execution import MemoryTrail
from benson_execution.dispatch import Dispatch
from benson_execution.events import DispatchStatus
from benson_execution.phases.human_review import ReviewAnswer
from benson_execution.phases.wrap import WrapVerdict
from tests.library.helpers import engine, result, text
from tests.library.walks import APPROVAL, answer, review_policy, waiting

from .explaining import explained, told


@pytest.mark.parametrize(
    ("given", "reviewers", "what", "fix"),
    [
        (
            ReviewAnswer(False, "Ada", "no tests"),
            ("Ada",),
            "'Ada' rejected it: no tests",
            "do what the reviewer asks for, then submit the new result",
        ),
        (
            ReviewAnswer(True, "Mallory", ""),
            ("Ada", "Eve"),
            "the answer of 'Mallory' approves nothing: the registry has no reviewer 'Mallory'",
            "have a reviewer of the registry ('Ada', 'Eve') answer who is not the executing agent",
        ),
        (
            ReviewAnswer(True, "Dan", ""),
            ("Ada", "Dan"),
            "the executing agent does not review itself",
            "answer who is not the executing agent",
        ),
        (
            APPROVAL,
            (),
            "the registry names no reviewers, so nobody may approve",
            'name reviewers in the registry ("reviewers" in the file of BENSON_REGISTRY)',
        ),
    ],
)
def test_a_person_who_did_not_approve(
    given: ReviewAnswer, reviewers: tuple[str, ...], what: str, fix: str
) -> None:
    """Rejected, or by somebody whose answer counts for nothing."""
    trail = MemoryTrail()
    answer(waiting(trail), given, review_policy(reviewers=reviewers))
    one = explained(trail)
    assert one.status == "BLOCKED"
    cause, found, advice = told(one)
    assert cause == "HUMAN_REVIEW"
    assert what in found
    assert fix in advice


def test_a_person_who_could_not_be_asked_here() -> None:
    trail = MemoryTrail()
    Dispatch.close(waiting(trail), WrapVerdict(False, DispatchStatus.BLOCKED))
    cause, what, fix = told(explained(trail))
    assert (cause, what) == ("HUMAN_REVIEW", "a person must approve, and could not be asked here")
    assert "submit it to a deployment" in fix
    assert "BENSON_HUMAN_REVIEW" in fix


def test_a_person_who_did_not_answer_in_time() -> None:
    trail = MemoryTrail()
    Dispatch.close(waiting(trail), WrapVerdict(False, DispatchStatus.FAILED))
    one = explained(trail)
    assert one.status == "FAILED"
    cause, what, fix = told(one)
    assert (cause, what) == (
        "HUMAN_REVIEW",
        "a person had to approve, and nobody answered in time",
    )
    assert "BENSON_REVIEW_TIMEOUT_SECONDS" in fix


def test_what_waits_for_a_person_says_so() -> None:
    trail = MemoryTrail()
    waiting(trail)
    one = explained(trail)
    assert (one.status, one.waits_for_review, one.findings) == (None, True, [])


def test_a_policy_that_became_stricter() -> None:
    """Approved, and judged again by the policy of that moment: its values are named."""
    trail = MemoryTrail()
    dispatch = waiting(trail, text(execution_result=result(quality_score=0.9)))
    answer(dispatch, APPROVAL, review_policy(threshold=0.95))
    cause, what, fix = told(explained(trail))
    assert cause == "POLICY_RECHECK"
    assert what == (
        "'Ada' approved, but by the policy of that moment quality_score 0.90 is below 0.95"
    )
    assert fix.startswith("raise quality_score from 0.90 to at least 0.95 by improving the work")
    assert explained(trail).checks[2].expected == "at least 0.70", "as it was when it was judged"


def test_a_pac_that_was_closed_while_a_person_was_asked() -> None:
    trail = MemoryTrail()
    dispatch = waiting(trail)
    closing = engine(trail).execute_pac(text())
    answer(dispatch)
    cause, what, _ = told(explained(trail, 0))
    assert (cause, what) == ("ALREADY_WRAPPED", f"the PAC is closed by {closing.wrap_id} already")
