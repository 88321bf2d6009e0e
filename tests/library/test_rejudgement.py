"""Judged again: every verdict follows from what the trail keeps, or is named."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from benson_execution import BensonExecutionEngine, Document, MemoryTrail, Settings
from benson_execution import dispatch as dispatches
from benson_execution.dispatch import Dispatch
from benson_execution.errors import BadInput, UnreadableDocument
from benson_execution.events import Event
from benson_execution.phases.ber_decision import BerDecision
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.rejudgement import Found
from benson_execution.trail import Batch, NewEvent
from tests.hostile.documents import documents

from .helpers import (
    CANONICAL,
    EXAMPLES,
    engine,
    json_values,
    law,
    pac,
    policy,
    result,
    text,
)
from .judged_again import BAD, again, copied, differing, dispatched, found

FILES = sorted(EXAMPLES.glob("*.json")) + sorted((EXAMPLES / "refused").glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dispatch_that_nobody_changed_is_judged_the_same(path: Path) -> None:
    """Completed, and blocked for every cause there is an example of: all eleven events."""
    trail = MemoryTrail()
    outcome = engine(trail).execute_pac(path.read_bytes())
    (judged,) = again(trail, outcome.pac_id)
    assert found(judged, Found.SAME) == CANONICAL
    assert (judged.holds, judged.obstacle, judged.is_open) == (True, None, False)
    assert (judged.dispatch_id, judged.pac_id) == (outcome.dispatch_id, outcome.pac_id)


@pytest.mark.parametrize("handed_over", [{}, {"execution_result": None}, {"execution_result": []}])
def test_a_result_that_is_none_is_judged_the_same(handed_over: dict[str, Any]) -> None:
    """Also where the execution failed because of it."""
    trail = MemoryTrail()
    engine(trail).execute_pac({"pac": pac(), **handed_over})
    (judged,) = again(trail)
    assert found(judged, Found.SAME) == CANONICAL


@settings(law, max_examples=150)
@given(documents(), st.sampled_from([0.7, 0.0, 1.0]), st.integers(1, 3))
def test_whatever_the_engine_judged_is_judged_the_same(
    document: dict[str, Any], threshold: float, times: int
) -> None:
    """Whatever came, by whichever threshold, and also where the PAC is closed."""
    trail = MemoryTrail()
    judge = BensonExecutionEngine(
        False, trail=trail, settings=Settings(quality_threshold=threshold)
    )
    for _ in range(times):
        try:
            judge.execute_pac(json.dumps(document))
        except BadInput:
            reject()
    judged = again(trail, document["pac"]["pac_id"])
    assert len(judged) == times
    assert all(one.holds and found(one, Found.SAME) == CANONICAL for one in judged)
    assert {one.policy and one.policy.quality_threshold for one in judged} == {threshold}


@law
@given(json_values)
def test_whatever_was_handed_over_is_judged_the_same(value: Any) -> None:
    """A result of any kind."""
    trail = MemoryTrail()
    try:
        engine(trail).execute_pac({"pac": pac(), "execution_result": value})
    except UnreadableDocument:
        reject()
    assert again(trail)[0].holds


class _LostRace(Dispatch):
    """Another dispatch gets the PAC's WRAP between the decision and the WRAP of this one."""

    def record_decision(self, decision: BerDecision) -> None:
        super().record_decision(decision)
        engine(self.trail).execute_pac(text())


class _LookedTooEarly(Dispatch):
    """Another dispatch gets the PAC's WRAP after this one looked for it, before it says so."""

    def prior_wrap_id(self) -> str | None:
        seen = super().prior_wrap_id()
        engine(self.trail).execute_pac(text())
        return seen


class _LookedInTime(_LookedTooEarly):
    """The same, but it looks a moment later."""

    def prior_wrap_id(self) -> str | None:
        super().prior_wrap_id()
        return Dispatch.prior_wrap_id(self)


@pytest.mark.parametrize("kind", [_LostRace, _LookedTooEarly, _LookedInTime])
def test_whoever_was_second_is_judged_the_same(kind: type[Dispatch]) -> None:
    """By where the WRAP stands in the trail; when it was looked for is not recorded."""
    trail = MemoryTrail()
    slow = dispatched(trail, kind=kind)
    assert slow.events()[-1].data.status == "BLOCKED"
    judged = again(trail)
    assert len(judged) == 2
    assert all(found(one, Found.SAME) == CANONICAL for one in judged)


def test_a_wrap_that_came_later_blocks_nothing() -> None:
    """The first is judged as if nothing had come after it; the second met its WRAP."""
    trail = MemoryTrail()
    engine(trail).execute_pac(BAD)
    for _ in range(3):
        engine(trail).execute_pac(text())
    assert [one.holds for one in again(trail)] == [True] * 4


class _Forgets(Dispatch):
    """Claims that no WRAP was there."""

    def prior_wrap_id(self) -> str | None:
        return None


def test_a_decision_that_passed_over_a_wrap_is_found() -> None:
    """It stood in the trail long before, so it must have been seen."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text())
    dispatched(trail, kind=_Forgets)
    first, second = again(trail)
    assert first.holds
    assert list(differing(second)) == ["BER_GENERATION_DECISION"]


class _Lies(Dispatch):
    """Records that every gate passed."""

    def record_checkpoint(self, verdict: CheckpointVerdict) -> None:
        details = "Quality score 0.62 meets the threshold 0.70"
        if not verdict.passed:
            verdict = CheckpointVerdict(verdict.checkpoint_id, True, details)
        super().record_checkpoint(verdict)


def test_a_verdict_that_does_not_follow_is_reported_with_both() -> None:
    """And with it everything that was decided on its strength, up to the WRAP."""
    trail = MemoryTrail()
    dispatched(trail, BAD, _Lies)
    (judged,) = again(trail)
    refusal = "Quality score 0.62 is below the threshold 0.70"
    assert not judged.holds
    assert differing(judged) == {
        "CHECKPOINT:CP-03": [
            ("status", "PASS", "FAIL"),
            ("details", "Quality score 0.62 meets the threshold 0.70", refusal),
        ],
        "BER_GENERATION_DECISION": [
            ("eligible", True, False),
            (
                "reason",
                "All checkpoints passed",
                f"CP-03 QUALITY_SCORE_VALIDATION: {refusal}",
            ),
        ],
        "WRAP_GENERATION": [
            ("wrap_id", "WRAP-DAN-P44", None),
            ("status", "WRAP_GENERATED", "WRAP_BLOCKED"),
            ("blocked", False, True),
        ],
        "PAC_DISPATCH_END": [("status", "COMPLETED", "BLOCKED")],
    }
    (told,) = [v for v in judged.to_dict()["verdicts"] if v["event"] == "CHECKPOINT:CP-03"]
    assert told["found"] == "different"
    assert (told["recorded"]["status"], told["now"]["status"]) == ("PASS", "FAIL")


@pytest.mark.parametrize("number", range(11))
def test_each_event_that_was_altered_is_found(number: int) -> None:
    """Whichever of the eleven it is: the dispatch is copied, and this one says something else."""
    changes = ["agent_name", "agent_gid", *["details"] * 4, "schema_type", "tasks_completed"]
    member = [*changes, "reason", "wrap_id", "status"][number]
    whole = MemoryTrail()
    engine(whole).execute_pac(text())
    events = [NewEvent(s.key, s.event) for s in whole.events()]
    key, event = events[number]
    value = {"tasks_completed": 4, "status": "BLOCKED", "wrap_id": "WRAP-SAM-P44-20251226"}
    data = {**event.data, member: value.get(member, "GID-08")}
    events[number] = NewEvent(key, Event.create(event.event_type, data))
    trail = MemoryTrail()
    dispatch = Dispatch.of("run", Document.read(text()), policy(), trail)
    trail.append(Batch(dispatch.ref, events, dispatch._documents))
    (judged,) = again(trail)
    assert list(differing(judged)) == [key]
    assert [name for name, *_ in differing(judged)[str(key)]] == [member]


def test_an_event_that_was_recorded_beside_its_place_is_found() -> None:
    """A second verdict of a gate, which no key kept out."""
    trail = copied(text(), 6, failed=False)
    checkpoint = next(s for s in trail.events() if s.key == "CHECKPOINT:CP-03")
    forged = Event.create("CHECKPOINT", {**checkpoint.event.data, "details": "Quality 2.0"})
    trail.append(Batch(checkpoint.dispatch, [NewEvent(None, forged)]))
    (judged,) = again(trail)
    assert found(judged, Found.DIFFERENT) == ["CHECKPOINT CP-03"]
    assert found(judged, Found.SAME).count("CHECKPOINT CP-03") == 1


class _Christmas(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> _Christmas:
        return cls(2025, 12, 26, 0, 0, 5, tzinfo=tz)


def test_neither_the_day_nor_the_counter_of_a_wrap_is_a_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They say when it was judged, and how many were judged before."""
    trail = MemoryTrail()
    with monkeypatch.context() as patch:
        patch.setattr(dispatches, "datetime", _Christmas)
        for pac_id in ("PAC-DAN-P22-A-01", "PAC-DAN-P22-B-01"):
            changed = {"pac": pac(pac_id=pac_id), "execution_result": result(pac_id=pac_id)}
            outcome = engine(trail).execute_pac(changed)
    assert outcome.wrap_id == "WRAP-DAN-P22-20251226-02"
    (judged,) = again(trail, "PAC-DAN-P22-B-01")
    assert judged.holds
    wrap = next(v for v in judged.to_dict()["verdicts"] if v["event"] == "WRAP_GENERATION")
    assert wrap["recorded"]["wrap_id"] == wrap["now"]["wrap_id"] == "WRAP-DAN-P22"


def test_events_of_other_types_are_no_verdicts() -> None:
    """Whoever emits them may say in them what they like."""
    trail = copied(text(), 9, failed=False)
    dispatch = next(trail.events()).dispatch
    review = Event.create("SOMEBODY_S_OWN", {"status": "APPROVED"})
    trail.append(Batch(dispatch, [NewEvent(None, review)]))
    (judged,) = again(trail)
    assert judged.holds
    assert len(judged.verdicts) == 11
