"""Human review: whose answer counts, and whether the document would still pass."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import Document, MemoryTrail
from benson_execution.dispatch import Dispatch
from benson_execution.events import DispatchStatus
from benson_execution.own_events import ReviewDecision
from benson_execution.phases import human_review
from benson_execution.phases.human_review import (
    MAX_NOTES,
    ReviewAnswer,
    ReviewVerdict,
    waits_for_review,
)
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.policy import Policy

from .helpers import engine, law, pac, result, text
from .walks import APPROVAL, answer, registry, review_policy, waiting

ITSELF = "the executing agent does not review itself"


def judge(
    given: ReviewAnswer = APPROVAL,
    policy: Policy | None = None,
    content: bytes = text(),
    prior: str | None = None,
) -> ReviewVerdict:
    return human_review.judge(given, Document.read(content), policy or review_policy(), prior)


def by(reviewer: str, notes: str = "", approved: bool = True) -> ReviewAnswer:
    return ReviewAnswer(approved, reviewer, notes)


def test_a_reviewer_approves_what_is_still_eligible() -> None:
    """The verdict has all that is recorded, and the policy by which it was judged again."""
    policy = review_policy()
    verdict = judge(policy=policy)
    assert verdict.approved
    assert (verdict.decision, verdict.reviewer, verdict.notes) == ("APPROVED", "Ada", "read it all")
    assert (verdict.eligible, verdict.reason) == (True, "All checkpoints passed")
    assert (verdict.policy, verdict.error) == (policy, None)


def test_a_reviewer_rejects() -> None:
    """However eligible it is."""
    verdict = judge(by("Ada", "no tests", approved=False))
    assert (verdict.decision, verdict.notes, verdict.eligible) == ("REJECTED", "no tests", True)
    assert not verdict.approved


@pytest.mark.parametrize("name", ["Ada", "ADA", "ada", "  Ada ", "\tada\n"])
def test_a_reviewer_is_known_in_any_case_and_with_blanks_around(name: str) -> None:
    verdict = judge(by(name))
    assert verdict.approved
    assert verdict.reviewer == name.strip()


@pytest.mark.parametrize("listed", [" Ada", "ADA ", "Ada\u00a0Lovelace", "\u0646\u200c\u0627"])
def test_a_reviewer_is_known_however_the_registry_writes_the_name(listed: str) -> None:
    """Also by what is not printable in it, and so stands in the record in other letters."""
    policy = review_policy(reviewers=(listed,))
    verdict = judge(by(listed), policy)
    assert verdict.approved
    assert verdict.reviewer.isprintable()
    assert judge(by(verdict.reviewer), policy).approved, "judged again it is somebody else"


@pytest.mark.parametrize("name", ["Dan", "dan", " DAN ", "GID-07", "gid-07", "\nGid-07\t"])
@pytest.mark.parametrize("approved", [True, False])
def test_no_agent_reviews_itself(name: str, approved: bool) -> None:
    """Under none of its names, though the registry lists it as a reviewer; not even to reject."""
    policy = review_policy(reviewers=("Ada", "Dan", "GID-07"))
    verdict = judge(by(name, approved=approved), policy)
    assert (verdict.decision, verdict.notes) == ("INVALID", ITSELF)
    assert not verdict.approved


def test_an_agent_with_blanks_around_its_name_is_still_itself() -> None:
    """The PAC's name is compared as the reviewer's is."""
    verdict = judge(by("Dan"), content=text(pac=pac(agent_name=" Dan ")))
    assert (verdict.decision, verdict.notes) == ("INVALID", ITSELF)


@pytest.mark.parametrize(
    ("agent", "listed"),
    [
        ("Jos\u00e9", "Jose\u0301"),
        ("Jose\u0301", "JOS\u00c9"),
        ("Jos\u00e9", "Jose"),
        ("Dan", "D\u0430n"),
        ("Dan", "D\u200ban"),
        ("Dan", "\ue000Dan"),
        ("Dan", "\U000e0001Dan"),
        ("Dan", "\uff24\uff41\uff4e"),
        ("Dan", "D a n"),
        ("\u0414\u0430\u043d", "\u0414an".replace("n", "\u043d")),
        ("Dan", "GID-07 (Dan)"),
        ("Dan", "the one with gid 07"),
        ("Dan", "[G\u0406D-O7]"),
        ("Dan", "\uff27ID\u201107"),
        ("Dan", "GID-\u200b07"),
    ],
)
def test_no_agent_reviews_itself_under_another_spelling(agent: str, listed: str) -> None:
    """Though the registry lists just that; and so it is judged again from what was recorded."""
    policy = review_policy(reviewers=("Ada", listed))
    content = text(pac=pac(agent_name=agent))
    verdict = judge(by(listed), policy, content)
    assert (verdict.decision, verdict.notes) == ("INVALID", ITSELF)
    assert judge(by(verdict.reviewer), policy, content).notes == ITSELF


@pytest.mark.parametrize("listed", ["Dana", "Dan Brown", "D\u0430na", "GID-08", "GID-070", "Nad"])
def test_who_is_called_nearly_as_the_agent_may_review(listed: str) -> None:
    """A person is not taken for an agent that has a part of their name."""
    assert judge(by(listed), review_policy(reviewers=(listed,))).approved


@pytest.mark.parametrize("name", ["Ren\u00e9e", "Rene\u0301e", "REN\u00c9E", "\uff32en\u00e9e"])
@pytest.mark.parametrize("listed", ["Ren\u00e9e", "Rene\u0301e"])
def test_a_reviewer_is_known_however_an_accent_is_typed(name: str, listed: str) -> None:
    """Unicode has the same name in several codes."""
    assert judge(by(name), review_policy(reviewers=(listed,))).approved
    assert not judge(by("Renee"), review_policy(reviewers=(listed,))).approved


def test_an_agent_may_review_another() -> None:
    """Where the registry lists it."""
    content = text(pac=pac(agent_gid="GID-08", agent_name="Alex"))
    assert judge(by("Dan"), content=content).decision == "APPROVED"


@pytest.mark.parametrize("name", ["Mallory", "Ad", "Ada Lovelace", "A da", "\u0410da", "*", "None"])
def test_who_is_no_reviewer_approves_nothing(name: str) -> None:
    """Nobody is found by resemblance; the notes say why, and keep what was noted."""
    verdict = judge(by(name, "trust me"))
    assert verdict.decision == "INVALID"
    assert verdict.notes == f"the registry has no reviewer '{name}'; trust me"
    assert (verdict.approved, verdict.eligible) == (False, True)


@pytest.mark.parametrize("listed", [("Ada",), (" ",), ("\t", "Ada")])
@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_who_has_no_name_is_no_reviewer(listed: tuple[str, ...], name: str) -> None:
    """Not even where the registry lists a blank."""
    verdict = judge(by(name), review_policy(reviewers=listed))
    assert (verdict.decision, verdict.notes) == ("INVALID", "the registry has no reviewer ''")


def test_without_reviewers_nobody_may_approve() -> None:
    verdict = judge(by("Ada"), review_policy(reviewers=()))
    assert verdict.decision == "INVALID"
    assert verdict.notes == "the registry names no reviewers, so nobody may approve"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (
            review_policy(threshold=1.0),
            "CP-03 QUALITY_SCORE_VALIDATION: Quality score 0.90 is below the threshold 1.00",
        ),
        (
            Policy(
                0.7,
                type(registry())(b'{"agents": [], "reviewers": ["Ada"]}', "empty"),
                review_policy().human_review,
            ),
            "CP-01 AGENT_ACTIVATION_VALIDATION: ",
        ),
    ],
)
def test_a_policy_that_became_stricter_is_asked(policy: Policy, reason: str) -> None:
    """The person approved, and it is not eligible any more; both are recorded."""
    verdict = judge(policy=policy, content=text(execution_result=result(quality_score=0.9)))
    assert verdict.decision == "APPROVED"
    assert (verdict.eligible, verdict.approved) == (False, False)
    assert verdict.reason.startswith(reason)


def test_everything_that_stands_against_it_is_named() -> None:
    """Gates, schema, and the WRAP of another dispatch, in the order of the phases."""
    content = text(execution_result=result(quality_score=0.5, scope_compliance=False, wrap_id="W"))
    verdict = judge(content=content, prior="WRAP-DAN-P44-20251226")
    told = verdict.reason.split("; ")
    assert [one.split(":")[0] for one in told] == [
        "CP-02 SCOPE_COMPLIANCE_VALIDATION",
        "CP-03 QUALITY_SCORE_VALIDATION",
        "SCHEMA_VALIDATION",
        "the PAC is closed already by WRAP-DAN-P44-20251226",
    ]
    assert told[2] == "SCHEMA_VALIDATION: GS_131"
    assert not verdict.eligible


def test_a_pac_that_was_closed_meanwhile_is_not_closed_again() -> None:
    verdict = judge(prior="WRAP-DAN-P44-20251226")
    assert verdict.reason == "the PAC is closed already by WRAP-DAN-P44-20251226"
    assert (verdict.eligible, verdict.approved) == (False, False)


def test_what_a_person_writes_is_bounded() -> None:
    """Name and notes, also where each character is written as six."""
    for character in ("x", "\x1b", "\U000e0001"):
        verdict = judge(by(character * 9000, character * 9000))
        assert len(verdict.reviewer) == 200
        assert len(verdict.notes.partition("; ")[2]) == MAX_NOTES
    assert judge(by("Ada", "n" * MAX_NOTES)).notes == "n" * MAX_NOTES
    assert judge(by("Ada", "n" * (MAX_NOTES + 1))).notes == "n" * (MAX_NOTES - 1) + "…"


def test_the_reason_is_bounded() -> None:
    """Whatever the document's paths are called, and whatever the trail says of a WRAP."""
    paths = [f"x{'y' * 2000}{n}" for n in range(50)]
    content = text(execution_result=result(files_modified=paths, tasks_completed=["z" * 9000]))
    assert len(judge(content=content).reason) < 8000
    reason = judge(content=content, prior="W" * 9000).reason
    assert (len(reason), reason[-2:]) == (8000, "W…")


@law
@given(st.text(), st.text(), st.booleans())
def test_what_is_recorded_is_printable_and_judged_the_same_again(
    name: str, notes: str, approved: bool
) -> None:
    """So that judging again finds neither another person nor another decision."""
    first = judge(by(name, notes, approved))
    assert first.reviewer.isprintable()
    assert first.notes.isprintable()
    again = judge(by(first.reviewer, first.notes, first.decision != "REJECTED"))
    assert (again.decision, again.reviewer) == (first.decision, first.reviewer)
    assert (again.eligible, again.reason) == (first.eligible, first.reason)


def test_an_answer_that_could_not_be_judged_approves_nothing() -> None:
    """Whoever gave it: it is INVALID, and says so twice."""
    policy = review_policy()
    verdict = human_review.not_judged(by(" Ada\x1b "), policy, RuntimeError("boom"))
    assert verdict == ReviewVerdict(
        ReviewDecision.INVALID,
        "Ada\\u001b",
        "not judged: RuntimeError: boom",
        policy,
        False,
        "not judged: RuntimeError: boom",
        error="RuntimeError: boom",
    )
    assert not verdict.approved


@pytest.mark.parametrize("changes", [{"decision": "REJECTED"}, {"decision": "INVALID"}])
def test_only_an_approval_approves(changes: dict[str, Any]) -> None:
    """And only of what is eligible."""
    decision = ReviewDecision(changes["decision"])
    assert not dataclasses.replace(judge(), decision=decision).approved
    assert not dataclasses.replace(judge(), eligible=False).approved


def test_a_verdict_can_not_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        judge().eligible = False  # type: ignore[misc]  # that it is refused is the claim


def test_a_dispatch_waits_from_its_decision_to_the_answer() -> None:
    """Not before it was decided, and not after somebody answered, whatever they answered."""
    for approved in (True, False):
        trail = MemoryTrail()
        dispatch = waiting(trail)
        events = dispatch.events()
        assert [waits_for_review(events[:n]) for n in range(10)] == [False] * 9 + [True]
        after = answer(dispatch, by("Ada", approved=approved))
        assert [waits_for_review(after[:n]) for n in range(10, 14)] == [False] * 4


def test_a_wrap_without_an_answer_ends_the_waiting() -> None:
    """Where nobody could be asked, or nobody came."""
    dispatch = waiting(MemoryTrail())
    Dispatch.close(dispatch, WrapVerdict(False, DispatchStatus.BLOCKED))
    assert not waits_for_review(dispatch.events())


@pytest.mark.parametrize("rule", ["never", "agents:GID-08", "below:0.5"])
def test_what_nobody_is_asked_about_waits_for_nobody(rule: str) -> None:
    dispatch = waiting(MemoryTrail(), in_force=review_policy(rule))
    assert dispatch.events()[-1].data.status == "COMPLETED"
    assert not waits_for_review(dispatch.events()[:9])


def test_what_is_not_eligible_waits_for_nobody() -> None:
    """No person may approve what a gate refused."""
    dispatch = waiting(MemoryTrail(), text(execution_result=result(quality_score=0.1)))
    assert dispatch.events()[-1].data.status == "BLOCKED"
    assert not any(waits_for_review(dispatch.events()[:n]) for n in range(12))


def test_the_engine_asks_nobody_and_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no way to wait: the dispatch is blocked, and says what to do."""
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "always")
    outcome = engine().execute_pac(text())
    assert (outcome.status, outcome.wrap_id) == ("BLOCKED", None)
    assert outcome.reason == "review required: submit it to a deployment"
