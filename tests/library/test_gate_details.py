"""The details of a verdict word for word, and their bounds: they are all that an operator sees.

That a gate refuses is said in `test_gates.py` and `test_scope.py`; here it is what it says, to the
last word, where a list is cut off, where nothing was given, and where an error says nothing.
"""

from __future__ import annotations

from typing import Any

import pytest

from benson_execution.errors import TrailIncomplete
from benson_execution.events import CHECKPOINT_NAMES, CheckpointName, Event
from benson_execution.phases import GATES, ber_decision, completion, schema_validation, scope
from benson_execution.phases.verdict import MAX_DETAILS, not_judged, passed, reason_of, refused

from .helpers import PAYLOADS, judged, policy, result, without

VALUES: list[tuple[Any, str]] = [
    ([], "a list of 0"),
    ("done", "'done'"),
    (5, "5"),
    (True, "true"),
]


@pytest.mark.parametrize(("gate", "judge"), GATES[1:])
@pytest.mark.parametrize(("value", "found"), VALUES)
def test_what_was_handed_over_instead_of_a_result_is_quoted(
    gate: str, judge: Any, value: Any, found: str
) -> None:
    details = judge(judged(value), policy()).details
    assert details == f"the execution result must be an object, found {found}"


def test_tasks_that_were_not_given_at_all_are_nothing() -> None:
    """Which is not the same as `null`."""
    document = judged(without(result(), "tasks_completed"))
    details = completion.judge(document, policy()).details
    assert details == "tasks_completed must be a list, found nothing"


def test_no_task_at_all_is_said_before_those_that_are_missing() -> None:
    details = completion.judge(judged(of={"tasks": []}, tasks_completed=[]), policy()).details
    assert details == "no task is completed"


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, " and 1 more"), (50, " and 45 more")])
def test_five_wrong_tasks_are_named_and_the_others_counted(count: int, more: str) -> None:
    details = completion.judge(judged(tasks_completed=[0] * count), policy()).details
    told = ", ".join(["0"] * 5)
    assert details == f"a task id must be a non-empty string, found {told}{more}"


@pytest.mark.parametrize(("count", "more"), [(10, ""), (11, " and more"), (5000, " and more")])
def test_ten_paths_out_of_scope_are_named(count: int, more: str) -> None:
    """Exactly ten are all of them: then no more are promised."""
    found = scope.judge(judged(files_modified=[f"/{n}" for n in range(count)]), policy()).details
    assert found == ", ".join(f"'/{n}' is absolute" for n in range(10)) + more


def test_no_path_is_looked_at_that_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand bad paths cost no more than the ten that are named, and one to know."""
    asked: list[str] = []

    def problem(path: str) -> str:
        asked.append(path)
        return "is bad"

    monkeypatch.setattr(scope, "path_problem", problem)
    assert not scope.judge(judged(files_modified=["a"] * 100_000), policy()).passed
    assert len(asked) == 11


def test_a_list_that_is_none_is_quoted_and_the_next_one_still_read() -> None:
    document = judged(files_modified="a.py", files_created=["/b"])
    details = scope.judge(document, policy()).details
    assert details == "files_modified must be a list, found 'a.py', '/b' is absolute"


@pytest.mark.parametrize(
    ("count", "more"), [(4, ""), (5, ""), (6, " and 1 more"), (9, " and 4 more")]
)
def test_five_allowed_paths_are_named_and_the_others_counted(count: int, more: str) -> None:
    rules = [f"allowed{n}/" for n in range(count)]
    document = judged(of={"allowed_paths": rules}, files_modified=["b"], files_created=[])
    shown = ", ".join(f"'{rule}'" for rule in rules[:5])
    details = scope.judge(document, policy()).details
    assert details == f"'b' is outside the allowed {shown}{more}"


@pytest.mark.parametrize("verdict", [passed, refused])
def test_details_are_cut_off_at_their_bound_and_not_before(verdict: Any) -> None:
    for length in (MAX_DETAILS - 1, MAX_DETAILS):
        assert verdict(CheckpointName.CP_01, "x" * length).details == "x" * length
    cut = verdict(CheckpointName.CP_01, "x" * (MAX_DETAILS + 1)).details
    assert cut == "x" * (MAX_DETAILS - 1) + "…"


def test_a_gate_that_was_not_judged_has_not_passed() -> None:
    """Not even nearly: a record takes `false`, and no other value for it."""
    assert not_judged("CP-01", "x").passed is False


def test_an_error_without_words_is_told_by_its_type() -> None:
    """And one with many words up to the bound of every detail."""
    assert reason_of(RuntimeError()) == "RuntimeError"
    assert reason_of(KeyError("x")) == "KeyError: 'x'"
    assert reason_of("x" * MAX_DETAILS) == "x" * MAX_DETAILS
    assert reason_of("x" * (MAX_DETAILS + 1)) == "x" * (MAX_DETAILS - 1) + "…"


def _events(details: str, *left_out: str) -> list[Event]:
    """What is in a dispatch when it is decided, every gate shut with these details."""
    made = []
    for kind in ber_decision.BEFORE_DECISION:
        name, _, gate = str(kind).partition(":")
        data = dict(PAYLOADS[name])
        if gate:
            shut = {"status": "FAIL", "details": details}
            data |= {"checkpoint_id": gate, "checkpoint_name": CHECKPOINT_NAMES[gate], **shut}
        if kind not in left_out:
            made.append(Event.create(name, data))
    return made


def test_the_reason_of_a_decision_is_four_details_long_at_most() -> None:
    """Four gates may each say as much as they are allowed to."""
    reason = ber_decision.judge(_events("x" * MAX_DETAILS)).reason
    assert len(reason) == 4 * MAX_DETAILS
    assert reason.endswith("…")


def test_all_events_that_are_missing_are_named() -> None:
    events = _events("why", "CHECKPOINT:CP-02", "SCHEMA_VALIDATION")
    with pytest.raises(TrailIncomplete) as incomplete:
        ber_decision.judge(events)
    assert str(incomplete.value) == ("missing from the trail: CHECKPOINT:CP-02, SCHEMA_VALIDATION")


def test_a_document_is_validated_once() -> None:
    """The artifact and the outcome ask again for what the phase found, however large it is."""
    document = judged(quality_score="good")
    assert schema_validation.judge(document) is schema_validation.judge(document)
    assert schema_validation.judge(judged()) is not schema_validation.judge(document)
