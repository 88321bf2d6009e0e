"""CP-01, CP-03 and CP-04: when a gate opens, and what it says when it does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import AgentRegistry
from benson_execution.document import NO_RESULT
from benson_execution.phases import GATES, activation, completion, quality, scope
from benson_execution.policy import Policy

from .helpers import GATES as NAMES
from .helpers import json_values, judged, law, policy, result

TASKS = [{"id": f"T{n}", "description": ""} for n in range(1, 6)]


def test_the_four_gates_come_in_order() -> None:
    """One module per gate, by the ids of the contract."""
    judges = [activation.judge, scope.judge, quality.judge, completion.judge]
    assert [gate for gate, _ in GATES] == list(NAMES)
    assert [judge for _, judge in GATES] == judges


@pytest.mark.parametrize(("gate", "judge"), GATES)
def test_a_verdict_is_called_as_its_gate(gate: str, judge: Any) -> None:
    """Id, name and status are those of the contract; a gate that was judged has no error."""
    verdict = judge(judged(), policy())
    assert verdict.checkpoint_id == gate
    assert verdict.checkpoint_name == NAMES[gate]
    assert (verdict.status, verdict.passed, verdict.error) == ("PASS", True, None)


@pytest.mark.parametrize(("gate", "judge"), GATES[1:])
@pytest.mark.parametrize("value", [[], "done", 5, True, ["T1"]])
def test_a_result_that_is_no_object_passes_no_gate(gate: str, judge: Any, value: Any) -> None:
    """What was handed over instead is said."""
    verdict = judge(judged(value), policy())
    assert verdict.status == "FAIL"
    assert verdict.details.startswith("the execution result must be an object, found ")


@pytest.mark.parametrize(("gate", "judge"), GATES[1:])
def test_no_result_passes_no_gate(gate: str, judge: Any) -> None:
    """Nothing was handed over, so there is nothing that could be good."""
    verdict = judge(judged(NO_RESULT), policy())
    assert (verdict.status, verdict.details) == ("FAIL", "no execution result was handed over")


@law
@given(st.text(max_size=8), json_values)
def test_judging_twice_gives_the_same_verdicts(field: str, value: Any) -> None:
    """A gate is a pure function of the document and the policy, and changes neither."""
    document = judged({**result(quality_score=value), field: value})
    before = repr(document.result)
    for _, judge in GATES:
        assert judge(document, policy()) == judge(document, policy())
    assert repr(document.result) == before


@pytest.mark.parametrize("name", ["Dan", "DAN", "dan", "dAN"])
def test_an_agent_is_activated_by_its_gid_and_name(name: str) -> None:
    """The registry binds this GID to this name, whatever its case."""
    verdict = activation.judge(judged(of={"agent_name": name}), policy())
    assert verdict.status == "PASS"
    assert verdict.details == f"Agent {name} (GID-07) activation validated"


@pytest.mark.parametrize(
    ("agent", "details"),
    [
        ({"agent_name": "Alex"}, "the registry binds GID-07 to DAN, found 'Alex'"),
        ({"agent_name": "Dan "}, "the registry binds GID-07 to DAN, found 'Dan '"),
        ({"agent_gid": "GID-08"}, "the registry binds GID-08 to ALEX, found 'Dan'"),
        ({"agent_gid": "GID-99"}, "the registry has no agent GID-99"),
        ({"agent_gid": "GID-11"}, "the registry has no agent GID-11"),
        ({"agent_gid": "GID-00", "agent_name": "Benson"}, "GID-00 judges and never executes"),
        ({"agent_gid": "GID-00"}, "GID-00 judges and never executes"),
    ],
)
def test_any_other_agent_is_not_activated(agent: dict[str, str], details: str) -> None:
    """A name of another, a GID that nobody has, and Benson, who judges and never executes."""
    verdict = activation.judge(judged(of=agent), policy())
    assert (verdict.status, verdict.details) == ("FAIL", details)


def test_benson_does_not_execute_even_where_a_registry_says_so() -> None:
    """And an agent that may not execute does not, whatever its name."""
    agents = (
        b'{"agents": [{"gid": "GID-00", "name": "Benson", "role": "", "execution_lane": "",'
        b' "executes": true}, {"gid": "GID-20", "name": "Pax", "role": "", "execution_lane": "",'
        b' "executes": false}]}'
    )
    own = Policy(0.7, AgentRegistry(agents, "own"))
    benson = activation.judge(judged(of={"agent_gid": "GID-00", "agent_name": "Benson"}), own)
    assert benson.details == "GID-00 judges and never executes"
    pax = activation.judge(judged(of={"agent_gid": "GID-20", "agent_name": "PAX"}), own)
    assert (pax.status, pax.details) == ("FAIL", "Agent Pax (GID-20) may not execute")
    dan = activation.judge(judged(), own)
    assert dan.details == "the registry has no agent GID-07"


def test_what_a_result_says_of_its_agent_does_not_activate_it() -> None:
    """CP-01 judges who was dispatched."""
    assert activation.judge(judged(agent_gid="GID-99", agent_name="X"), policy()).passed
    assert activation.judge(judged(NO_RESULT), policy()).passed


@pytest.mark.parametrize(
    ("score", "threshold", "status", "details"),
    [
        (0.62, 0.7, "FAIL", "Quality score 0.62 is below the threshold 0.70"),
        (0.7, 0.7, "PASS", "Quality score 0.70 meets the threshold 0.70"),
        (1, 0.7, "PASS", "Quality score 1.00 meets the threshold 0.70"),
        (0, 0.7, "FAIL", "Quality score 0.00 is below the threshold 0.70"),
        (0, 0, "PASS", "Quality score 0.00 meets the threshold 0.00"),
        (0.699999, 0.7, "FAIL", "Quality score 0.699999 is below the threshold 0.70"),
        (0.999, 1, "FAIL", "Quality score 0.999 is below the threshold 1.00"),
        (0.85, 0.845, "PASS", "Quality score 0.85 meets the threshold 0.845"),
    ],
)
def test_quality_is_judged_by_the_threshold(
    score: float, threshold: float, status: str, details: str
) -> None:
    """At least the threshold passes, and the details have both numbers, never rounded alike."""
    verdict = quality.judge(judged(quality_score=score), policy(threshold))
    assert (verdict.status, verdict.details) == (status, details)


@pytest.mark.parametrize(
    ("score", "found"),
    [
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (-0.1, "-0.1"),
        (1.01, "1.01"),
        (2, "2"),
        (10**400, "an integer of 1329 bits"),
        (-(10**400), "an integer of 1329 bits"),
        ("0.9", "'0.9'"),
        (True, "true"),
        (None, "null"),
        ([0.9], "a list of 1"),
        ({}, "an object"),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_a_score_that_is_no_number_from_zero_to_one_is_refused(score: Any, found: str) -> None:
    """NaN, infinities, numbers out of range, strings, bools: none of them compares as good."""
    verdict = quality.judge(judged(quality_score=score), policy(0.0))
    assert verdict.status == "FAIL"
    assert verdict.details.startswith(f"quality_score must be a number in [0, 1], found {found}")
    assert len(verdict.details) < 2001


def test_a_score_that_is_missing_is_refused() -> None:
    """And said to be missing."""
    document = judged({"scope_compliance": True})
    verdict = quality.judge(document, policy(0.0))
    assert (verdict.status, verdict.details) == ("FAIL", "quality_score is missing")


@law
@given(st.floats(), st.floats(0, 1))
def test_quality_passes_exactly_from_the_threshold_to_one(score: float, threshold: float) -> None:
    """A finite number in [0, 1] that is at least the threshold."""
    verdict = quality.judge(judged(quality_score=score), policy(threshold))
    assert verdict.passed is (threshold <= score <= 1)


@pytest.mark.parametrize(
    ("completed", "total", "details"),
    [
        (["T1", "T2", "T3", "T4"], 5, "not completed: 'T5'"),
        (["T5"], 5, "not completed: 'T1', 'T2', 'T3', 'T4'"),
        (["T1", "T2", "T3", "T4", "T5", "T6"], 6, "not in the PAC: 'T6'"),
        (["T1", "T2", "T3", "T4", "t5"], 5, "not completed: 'T5'; not in the PAC: 't5'"),
        (["T1", "T2", "T3", "T4", "T5", "T5"], 6, "completed twice: 'T5'"),
        (["T1", "T2", "T3", "T4", "T5"], 4, "5 tasks are completed, but tasks_total is 4"),
        (["T1", "T2", "T3", "T4", "T5"], "5", "tasks_total must be an integer, found '5'"),
        (["T1", "T2", "T3", "T4", "T5"], 5.0, "tasks_total must be an integer, found 5.0"),
        (["T1", "T2", "T3", "T4", "T5"], True, "tasks_total must be an integer, found true"),
        (None, 5, "tasks_completed must be a list, found null"),
        ("T1", 5, "tasks_completed must be a list, found 'T1'"),
        ({"T1": True}, 5, "tasks_completed must be a list, found an object"),
        (["T1", 2], 5, "a task id must be a non-empty string, found 2"),
        (["T1", ""], 5, "a task id must be a non-empty string, found ''"),
        (["T1", ["T2"]], 5, "a task id must be a non-empty string, found a list of 1"),
    ],
)
def test_tasks_that_are_not_just_the_pacs_are_told(
    completed: Any, total: Any, details: str
) -> None:
    """Exactly all tasks of the PAC, each once, and no more than `tasks_total`."""
    document = judged(tasks_completed=completed, tasks_total=total)
    verdict = completion.judge(document, policy())
    assert (verdict.status, verdict.details) == ("FAIL", details)


def test_every_problem_with_the_tasks_is_told_at_once() -> None:
    """One run tells the operator everything that is wrong."""
    verdict = completion.judge(judged(tasks_completed=[], tasks_total=None), policy())
    for problem in (
        "no task is completed",
        "tasks_total must be an integer",
        "not completed: 'T1'",
    ):
        assert problem in verdict.details


def test_all_tasks_in_any_order_are_complete() -> None:
    """And how many of how many is said; without a list of tasks in the PAC any one will do."""
    shuffled = judged(tasks_completed=["T5", "T3", "T1", "T2", "T4"])
    assert completion.judge(shuffled, policy()).details == "5 of 5 tasks completed"
    for completed, passes in ((["anything"], True), ([], False), (["a", "a"], False)):
        document = judged(of={"tasks": []}, tasks_completed=completed, tasks_total=7)
        assert completion.judge(document, policy()).passed is passes


@law
@given(st.lists(st.sampled_from(["T1", "T2", "T3", "T4"]), max_size=5), st.integers(-1, 6))
def test_completion_passes_exactly_for_the_pacs_tasks(completed: list[str], total: int) -> None:
    """At least one, none twice, no more than the total, and those that the PAC lists."""
    document = judged(of={"tasks": TASKS[:3]}, tasks_completed=completed, tasks_total=total)
    expected = sorted(completed) == ["T1", "T2", "T3"] and total >= 3
    assert completion.judge(document, policy()).passed is expected
    free = judged(of={"tasks": []}, tasks_completed=completed, tasks_total=total)
    expected = 0 < len(completed) == len(set(completed)) <= total
    assert completion.judge(free, policy()).passed is expected
