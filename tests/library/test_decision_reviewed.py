"""Decision, WRAP and outcome where a person is asked: what follows from the events, fail closed."""

from __future__ import annotations

import itertools

import pytest

from benson_execution import Event, MemoryTrail, Outcome, TelemetryLogger
from benson_execution.dispatch import Dispatch
from benson_execution.errors import TrailIncomplete
from benson_execution.events import DispatchStatus
from benson_execution.phases import ber_decision, human_review, wrap
from benson_execution.phases.human_review import ReviewAnswer, not_judged
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.policy import Policy
from benson_execution.review_rule import NO_REVIEW, ReviewMode, ReviewRule

from .helpers import engine, result, text
from .test_decision import decided, events
from .walks import APPROVAL, answer, review_policy, waiting

SHA = "ab" * 32
NOTHING = "(self-declared) approves nothing"


def review(decision: str) -> Event:
    data = {"pac_id": "PAC-TEST-01", "decision": decision, "reviewer": "Ada", "notes": ""}
    return Event.create("HUMAN_REVIEW", {**data, "phase": "REVIEW"})


def recheck(eligible: bool) -> Event:
    digests = {"policy_sha256": SHA, "agent_registry_sha256": SHA}
    data = {"pac_id": "PAC-TEST-01", "eligible": eligible, "reason": "", **digests}
    return Event.create("POLICY_RECHECK", {**data, "phase": "REVIEW"})


def scored(score: float, gid: str = "GID-07") -> list[Event]:
    """The events up to the decision, of an agent with this score."""
    logger = TelemetryLogger(enable_stdout=False)
    logger.pac_dispatch_start("PAC-TEST-01", gid, "Dan")
    logger.agent_execution_end("PAC-TEST-01", gid, "COMPLETED", 5, score)
    kept = events("PAC_DISPATCH_START", "AGENT_EXECUTION_END")
    return kept + logger.get_all_events()


@pytest.mark.parametrize(
    ("rule", "score", "gid", "asked"),
    [
        (NO_REVIEW, 0.0, "GID-07", False),
        (ReviewRule(ReviewMode.ALWAYS), 1.0, "GID-07", True),
        (ReviewRule(ReviewMode.BELOW, 0.9), 0.9, "GID-07", False),
        (ReviewRule(ReviewMode.BELOW, 0.9), 0.89, "GID-07", True),
        (ReviewRule(ReviewMode.AGENTS, agents=("GID-07",)), 1.0, "GID-07", True),
        (ReviewRule(ReviewMode.AGENTS, agents=("GID-07",)), 1.0, "GID-08", False),
    ],
)
def test_a_decision_says_whether_a_person_is_asked(
    rule: ReviewRule, score: float, gid: str, asked: bool
) -> None:
    """By the agent and the score that the trail has; nothing else about it changes."""
    decision = ber_decision.judge(scored(score, gid), None, rule)
    assert decision.human_review_required is asked
    assert (decision.eligible, decision.reason) == (True, "All checkpoints passed")


@pytest.mark.parametrize("rule", [NO_REVIEW, ReviewRule(ReviewMode.ALWAYS)])
def test_nobody_is_asked_about_what_is_not_eligible(rule: ReviewRule) -> None:
    """A person can't approve what a gate refused, what is closed, or what was not judged."""
    for found in (
        ber_decision.judge(events(CP_03="why"), None, rule),
        ber_decision.judge(events(), "WRAP-DAN-P53-20251226", rule),
        ber_decision.not_judged("boom"),
    ):
        assert (found.eligible, found.human_review_required) == (False, False)


def test_without_a_rule_nobody_is_asked() -> None:
    assert ber_decision.judge(events()).human_review_required is False


@pytest.mark.parametrize("said", [review("APPROVED"), review("REJECTED"), review("INVALID")])
def test_an_answer_after_which_nobody_judged_again_decides_nothing(said: Event) -> None:
    """The trail is incomplete, which is never a verdict."""
    with pytest.raises(TrailIncomplete, match="POLICY_RECHECK"):
        wrap.judge([*decided(True, review=True), said])


EVENTS = {
    "approved": review("APPROVED"),
    "rejected": review("REJECTED"),
    "invalid": review("INVALID"),
    "eligible": recheck(True),
    "not eligible": recheck(False),
}


@pytest.mark.parametrize(
    "names", [c for n in (0, 1, 2, 3) for c in itertools.permutations(EVENTS, n)]
)
def test_only_one_combination_gets_a_wrap(names: tuple[str, ...]) -> None:
    """Approved and judged again; whatever contradicts it blocks, whichever came last."""
    found = [*decided(True, review=True), *(EVENTS[name] for name in names)]
    asked = {"approved", "rejected", "invalid"} & set(names)
    if asked and not {"eligible", "not eligible"} & set(names):
        with pytest.raises(TrailIncomplete):
            wrap.judge(found)
        return
    verdict = wrap.judge(found)
    assert verdict.generate is (set(names) == {"approved", "eligible"})
    assert verdict.status == ("COMPLETED" if verdict.generate else "BLOCKED")
    assert verdict.error is None


@pytest.mark.parametrize("said", ["approved", "rejected", "invalid"])
def test_an_approval_helps_nothing_that_is_not_eligible(said: str) -> None:
    """The decision stands, whoever says what."""
    for asked in (True, False):
        found = [*decided(False, review=asked, CP_03="why"), EVENTS[said], EVENTS["eligible"]]
        assert wrap.judge(found) == WrapVerdict(False, DispatchStatus.BLOCKED)


def test_what_could_not_be_judged_outranks_an_approval() -> None:
    """An answer whose judgement raised, or an execution that failed: FAILED."""
    approval = [EVENTS["approved"], EVENTS["eligible"]]
    failed = wrap.judge([*decided(True, review=True), *approval], ["RuntimeError: boom"])
    assert failed == WrapVerdict(False, DispatchStatus.FAILED, "RuntimeError: boom")
    ended = wrap.judge([*decided(True, review=True, end="FAILED"), *approval])
    assert ended == WrapVerdict(False, DispatchStatus.FAILED)


def outcome(given: ReviewAnswer | None, in_force: Policy | None = None) -> Outcome:
    """What became of a dispatch that was answered like this; None is nobody."""
    dispatch = waiting(MemoryTrail())
    if given is not None:
        answer(dispatch, given, in_force)
    return Outcome.of(dispatch.ref.dispatch_id, dispatch.ref.pac_id, dispatch.events())


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        (APPROVAL, "COMPLETED", "All checkpoints passed"),
        (
            ReviewAnswer(False, "Ada", "no tests"),
            "BLOCKED",
            "rejected by Ada (self-declared): no tests",
        ),
        (ReviewAnswer(False, "Ada", ""), "BLOCKED", "rejected by Ada (self-declared)"),
        (
            ReviewAnswer(True, "Mallory", "trust me"),
            "BLOCKED",
            f"the answer by Mallory {NOTHING}: the registry has no reviewer 'Mallory'; trust me",
        ),
        (
            ReviewAnswer(True, "Dan", ""),
            "BLOCKED",
            f"the answer by Dan {NOTHING}: the executing agent does not review itself",
        ),
    ],
)
def test_an_outcome_says_who_let_it_pass_or_did_not(
    given: ReviewAnswer, status: str, reason: str
) -> None:
    found = outcome(given)
    assert (found.status, found.reason) == (status, reason)
    assert (found.wrap_id is not None) is (status == "COMPLETED")


def test_an_outcome_says_that_the_policy_became_stricter() -> None:
    trail = MemoryTrail()
    dispatch = waiting(trail, text(execution_result=result(quality_score=0.9)))
    answer(dispatch, APPROVAL, review_policy(threshold=0.95))
    found = Outcome.of("x-1", dispatch.ref.pac_id, dispatch.events())
    assert found.status == "BLOCKED"
    assert found.reason == (
        "approved by Ada (self-declared), but no longer eligible: CP-03 QUALITY_SCORE_VALIDATION: "
        "Quality score 0.90 is below the threshold 0.95"
    )


def test_an_open_dispatch_that_waits_has_no_reason_yet() -> None:
    """Nothing has passed, and nothing was refused."""
    found = outcome(None)
    assert (found.status, found.wrap_id, found.reason) == ("FAILED", None, None)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (DispatchStatus.BLOCKED, "review required: submit it to a deployment"),
        (DispatchStatus.FAILED, "review required, and nobody answered in time"),
    ],
)
def test_an_outcome_says_that_nobody_answered(status: DispatchStatus, reason: str) -> None:
    """Nobody could be asked, or nobody came."""
    dispatch = waiting(MemoryTrail())
    Dispatch.close(dispatch, WrapVerdict(False, status))
    found = Outcome.of("x-1", dispatch.ref.pac_id, dispatch.events())
    assert (found.status, found.reason) == (status, reason)


def test_an_outcome_says_that_another_dispatch_was_faster() -> None:
    """Whoever approved; and what stands in the way is told with the WRAP where it was seen."""
    trail = MemoryTrail()
    seen, unseen = waiting(trail), waiting(trail)
    judged_too_early = review_of(unseen)
    engine(trail).execute_pac(text())
    answer(seen)
    unseen.record_review(judged_too_early)
    Dispatch.close(unseen, wrap.judge(unseen.events()))
    reasons = [Outcome.of("x-1", d.ref.pac_id, d.events()).reason or "" for d in (seen, unseen)]
    assert reasons[0].startswith(
        "approved by Ada (self-declared), but no longer eligible: the PAC is closed already by WRAP"
    )
    assert reasons[1] == (
        "approved by Ada (self-declared), but the PAC was closed by another dispatch first"
    )


def review_of(dispatch: Dispatch) -> human_review.ReviewVerdict:
    return human_review.judge(APPROVAL, dispatch.document, dispatch.policy)


def test_an_answer_that_could_not_be_judged_is_told() -> None:
    dispatch = waiting(MemoryTrail())
    verdict = not_judged(APPROVAL, dispatch.policy, RuntimeError("boom"))
    dispatch.record_review(verdict)
    Dispatch.close(dispatch, wrap.judge(dispatch.events(), [str(verdict.error)]))
    found = Outcome.of("x-1", dispatch.ref.pac_id, dispatch.events())
    assert (found.status, found.wrap_id) == ("FAILED", None)
    assert found.reason == (
        "the answer by Ada (self-declared) approves nothing: not judged: RuntimeError: boom"
    )


class _Open(Dispatch):
    """Stays open, whatever was decided."""

    def close(self, verdict: WrapVerdict) -> None:
        pass


@pytest.mark.parametrize(
    ("rule", "begins"), [("always", "approved by Ada (self-declared)"), ("never", "eligible")]
)
def test_a_wrap_that_could_not_be_judged_is_told(rule: str, begins: str) -> None:
    """No other dispatch is blamed for it."""
    dispatch = waiting(MemoryTrail(), in_force=review_policy(rule), kind=_Open)
    if rule == "always":
        dispatch.record_review(review_of(dispatch))
    Dispatch.close(dispatch, wrap.not_judged(RuntimeError("boom")))
    found = Outcome.of("x-1", dispatch.ref.pac_id, dispatch.events())
    assert found.status == "FAILED"
    assert found.reason == f"{begins}, but whether to close it could not be judged"
