"""Judged again where a person was asked: their answer, and the policy of the moment it came."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benson_execution import MemoryTrail
from benson_execution.dispatch import Dispatch
from benson_execution.events import DispatchStatus
from benson_execution.phases import human_review, wrap
from benson_execution.phases.human_review import ReviewAnswer
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.rejudgement import Found

from .helpers import CANONICAL, engine, law, result, text
from .judged_again import again, altered, differing, found
from .walks import APPROVAL, REVIEWED, answer, registry, review_policy, reviewed, waiting

REJECTION: Final = ReviewAnswer(False, "Ada", "no tests")
INTRUSION: Final = ReviewAnswer(True, "Mallory", "trust me")
CLOSING: Final = ["WRAP_GENERATION", "PAC_DISPATCH_END"]


@pytest.mark.parametrize(
    ("given", "in_force"),
    [
        (APPROVAL, None),
        (REJECTION, None),
        (INTRUSION, None),
        (ReviewAnswer(False, "Mallory", ""), None),
        (ReviewAnswer(True, " gid-07 ", ""), None),
        (APPROVAL, review_policy(threshold=1.0)),
        (APPROVAL, review_policy("never", 0.0)),
        (APPROVAL, review_policy(reviewers=())),
        (ReviewAnswer(True, "Eve", ""), review_policy(reviewers=("Eve",))),
    ],
)
def test_a_review_that_nobody_changed_is_judged_the_same(
    given: ReviewAnswer, in_force: Any
) -> None:
    """By the policy in force when the answer came, whichever the dispatch began under."""
    trail = MemoryTrail()
    answer(waiting(trail, text(execution_result=result(quality_score=0.9))), given, in_force)
    (judged,) = again(trail)
    assert judged.holds, judged.to_dict()
    assert found(judged, Found.SAME) == REVIEWED


@settings(law, max_examples=60)
@given(st.text(max_size=300), st.text(max_size=40), st.booleans())
def test_whatever_a_person_writes_is_judged_the_same(name: str, notes: str, approved: bool) -> None:
    """Also a name that the record has to write in other letters, or shorten."""
    given = ReviewAnswer(approved, name, notes)
    for reviewers in ((), (name or "Ada",)):
        trail = reviewed(given, review_policy(reviewers=reviewers))
        (judged,) = again(trail)
        assert judged.holds, judged.to_dict()


def test_what_still_waits_is_judged_as_far_as_it_came() -> None:
    trail = MemoryTrail()
    waiting(trail)
    (judged,) = again(trail)
    assert (judged.holds, judged.is_open) == (True, True)
    assert found(judged, Found.SAME) == CANONICAL[:9]
    assert found(judged, Found.NOT_RECORDED) == CANONICAL[9:]


@pytest.mark.parametrize("status", [DispatchStatus.BLOCKED, DispatchStatus.FAILED])
def test_what_nobody_answered_is_judged_the_same(status: DispatchStatus) -> None:
    """Blocked where nobody could be asked, failed where nobody came in time."""
    trail = MemoryTrail()
    Dispatch.close(waiting(trail), WrapVerdict(False, status))
    (judged,) = again(trail)
    assert judged.holds, judged.to_dict()
    assert found(judged, Found.SAME) == CANONICAL


def test_what_nobody_answered_was_not_completed() -> None:
    """Whoever wrote so."""
    trail = MemoryTrail()
    Dispatch.close(waiting(trail), WrapVerdict(True, DispatchStatus.COMPLETED))
    (judged,) = again(trail)
    assert list(differing(judged)) == CLOSING


def test_a_wrap_that_came_before_the_answer_is_seen_by_it() -> None:
    """A day may lie between the question and the answer."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    engine(trail).execute_pac(text())
    assert answer(dispatch)[-1].data.status == "BLOCKED"
    assert [one.holds for one in again(trail)] == [True, True]


def test_a_wrap_that_came_while_the_answer_was_judged_was_not_seen() -> None:
    """Nobody knows when it was looked for; the WRAP itself was refused."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    verdict = human_review.judge(APPROVAL, dispatch.document, dispatch.policy, None)
    engine(trail).execute_pac(text())
    dispatch.record_review(verdict)
    Dispatch.close(dispatch, wrap.judge(dispatch.events()))
    assert dispatch.events()[-1].data.status == "BLOCKED"
    judged = again(trail)
    assert all(one.holds for one in judged), [one.to_dict() for one in judged]


def test_a_wrap_that_came_after_the_answer_changes_nothing() -> None:
    """Between the answer and the closing: it was eligible, and is not closed twice."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    verdict = human_review.judge(APPROVAL, dispatch.document, dispatch.policy, None)
    dispatch.record_review(verdict)
    engine(trail).execute_pac(text())
    Dispatch.close(dispatch, wrap.judge(dispatch.events()))
    assert [one.holds for one in again(trail)] == [True, True]


def test_a_review_that_names_a_wrap_of_which_there_is_none_is_found() -> None:
    trail = MemoryTrail()
    dispatch = waiting(trail)
    verdict = human_review.judge(APPROVAL, dispatch.document, dispatch.policy, "WRAP-DAN-P44-X")
    dispatch.record_review(verdict)
    Dispatch.close(dispatch, wrap.judge(dispatch.events()))
    (judged,) = again(trail)
    assert list(differing(judged)) == ["POLICY_RECHECK", *CLOSING]


@pytest.mark.parametrize(
    ("given", "key", "changes", "told"),
    [
        (
            APPROVAL,
            "BER_GENERATION_DECISION",
            {"human_review_required": False},
            ["BER_GENERATION_DECISION"],
        ),
        (APPROVAL, "HUMAN_REVIEW", {"decision": "REJECTED"}, CLOSING),
        (APPROVAL, "HUMAN_REVIEW", {"decision": "INVALID"}, ["HUMAN_REVIEW"]),
        (APPROVAL, "HUMAN_REVIEW", {"reviewer": "Mallory"}, ["HUMAN_REVIEW", *CLOSING]),
        (APPROVAL, "HUMAN_REVIEW", {"reviewer": "Dan"}, ["HUMAN_REVIEW", *CLOSING]),
        (APPROVAL, "HUMAN_REVIEW", {"reviewer": " Ada"}, ["HUMAN_REVIEW"]),
        (APPROVAL, "POLICY_RECHECK", {"eligible": False}, ["POLICY_RECHECK"]),
        (APPROVAL, "POLICY_RECHECK", {"reason": "fine"}, ["POLICY_RECHECK"]),
        (APPROVAL, "WRAP_GENERATION", {"wrap_id": "WRAP-SAM-P44-20251226"}, ["WRAP_GENERATION"]),
        (APPROVAL, "PAC_DISPATCH_END", {"status": "FAILED"}, ["PAC_DISPATCH_END"]),
        (REJECTION, "HUMAN_REVIEW", {"decision": "APPROVED"}, CLOSING),
        (REJECTION, "PAC_DISPATCH_END", {"status": "FAILED"}, ["PAC_DISPATCH_END"]),
        (INTRUSION, "HUMAN_REVIEW", {"decision": "APPROVED"}, ["HUMAN_REVIEW"]),
        (INTRUSION, "HUMAN_REVIEW", {"decision": "REJECTED"}, ["HUMAN_REVIEW"]),
        (INTRUSION, "HUMAN_REVIEW", {"reviewer": "Ada"}, ["HUMAN_REVIEW", *CLOSING]),
    ],
)
def test_each_change_to_a_review_is_told(
    given: ReviewAnswer, key: str, changes: dict[str, Any], told: list[str]
) -> None:
    """And what should have come of it; exactly that, and nothing else."""
    (judged,) = again(altered(reviewed(given), key, **changes))
    assert list(differing(judged)) == told
    assert not judged.holds


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ({"HUMAN_REVIEW"}, ["POLICY_RECHECK", *CLOSING]),
        ({"POLICY_RECHECK"}, ["HUMAN_REVIEW", *CLOSING]),
        ({"HUMAN_REVIEW", "POLICY_RECHECK"}, CLOSING),
    ],
)
def test_a_wrap_without_its_review_is_told(gone: set[str], told: list[str]) -> None:
    """Whatever is left of the answer approves nothing."""
    (judged,) = again(altered(reviewed(), without=gone))
    assert list(differing(judged)) == told


def test_what_a_person_noted_is_no_verdict() -> None:
    """That it is what was recorded, the trail's chain proves."""
    (judged,) = again(altered(reviewed(), "HUMAN_REVIEW", notes="another word"))
    assert judged.holds


def test_a_review_by_another_policy_is_told() -> None:
    """One that the trail keeps, and under which the document is not eligible."""
    stricter = review_policy(threshold=1.0)
    trail = MemoryTrail()
    answer(waiting(trail, text(execution_result=result(quality_score=0.9))))
    changed = altered(
        trail, "POLICY_RECHECK", documents=stricter.documents, policy_sha256=stricter.sha256
    )
    (judged,) = again(changed)
    assert list(differing(judged)) == ["POLICY_RECHECK", *CLOSING]
    assert {name for name, *_ in differing(judged)["POLICY_RECHECK"]} == {"eligible", "reason"}


@pytest.mark.parametrize("what", ["policy_sha256", "agent_registry_sha256"])
def test_a_policy_of_a_review_that_is_not_there_is_no_pass(what: str) -> None:
    """It is named, with its digest; and so is one that was changed."""
    in_force = review_policy(reviewers=("Ada", "Eve"))
    name = {"policy_sha256": "policy", "agent_registry_sha256": "registry"}[what]
    digest = {"policy_sha256": in_force.sha256, "agent_registry_sha256": in_force.registry.sha256}
    trail = reviewed(APPROVAL, in_force)
    trail._documents[digest[what]] += b" "
    (judged,) = again(trail)
    assert judged.obstacle == (
        f"its review's {name} {digest[what]} was changed: it does not have its digest"
    )
    del trail._documents[digest[what]]
    (judged,) = again(trail)
    assert judged.obstacle == f"its review's {name} {digest[what]} is missing from the trail"
    assert not judged.holds


def test_a_review_by_a_registry_that_its_policy_does_not_name_is_no_pass() -> None:
    """Nobody is made a reviewer afterwards."""
    other = registry("Ada", "Mallory")
    changed = altered(
        reviewed(),
        "POLICY_RECHECK",
        documents=[(other.sha256, other.content)],
        agent_registry_sha256=other.sha256,
    )
    (judged,) = again(changed)
    assert judged.obstacle is not None
    assert judged.obstacle.endswith("is not what this program reads")
