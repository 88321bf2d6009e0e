"""The PAC: required, optional and unknown fields, its tasks, its rules, and its number."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from benson_execution import BensonError, Pac
from benson_execution.errors import BadInput, InvalidPac
from benson_execution.phases.wrap import wrap_claim

from .helpers import DAN, READABLE, pac, without

REQUIRED = ["pac_id", "agent_gid", "agent_name", "tasks"]
MINIMAL = {key: DAN["pac"][key] for key in REQUIRED}
WRONG: dict[str, list[Any]] = {
    "pac_id": [
        None,
        5,
        "",
        "PAC-",
        "PAC",
        "pac-dan-p44",
        "PAC-Dan",
        "PAC_DAN",
        "X-PAC-1",
        "PAC-A B",
        "PAC-A/B",
        "PAC-A.B",
        "PAC-Ä",
        "PAC-A\n",
        "../PAC-A",
        "PAC-" + "A" * 125,
    ],
    "agent_gid": [None, 7, "", "7", "GID-7", "GID-007", "GID-AA", "gid-07", "GID-07 ", "GID-07\n"],
    "agent_name": [None, 7, "", ["Dan"]],
    "execution_lane": [5, ["DEVOPS"], True],
    "allowed_paths": [None, "tools/", {}, [1], [None], [["a"]]],
    "forbidden_paths": [None, "tools/", {}, [1], [None], [["a"]]],
    "tasks": [
        None,
        "T1",
        {},
        ["T1"],
        [{}],
        [{"id": "T1"}],
        [{"description": "a"}],
        [{"id": "", "description": "a"}],
        [{"id": 1, "description": "a"}],
        [{"id": "T1", "description": None}],
        [{"id": "T1", "description": "a", "done": True}],
    ],
}


def refusal(data: Any) -> InvalidPac:
    with pytest.raises(InvalidPac) as refused:
        Pac.parse(data)
    return refused.value


def test_a_pac_reads_as_it_is_written() -> None:
    """All fields of the example, lists as tuples."""
    read = Pac.parse(pac())
    assert read.pac_id == DAN["pac"]["pac_id"]
    assert (read.agent_gid, read.agent_name, read.execution_lane) == ("GID-07", "Dan", "DEVOPS")
    assert [task.id for task in read.tasks] == ["T1", "T2", "T3", "T4", "T5"]
    assert read.tasks[0].description == DAN["pac"]["tasks"][0]["description"]
    assert list(read.allowed_paths) == DAN["pac"]["allowed_paths"]
    assert list(read.forbidden_paths) == DAN["pac"]["forbidden_paths"]


def test_four_fields_are_enough() -> None:
    """Lane and paths are optional, and tasks may be empty."""
    read = Pac.parse(MINIMAL)
    assert read.execution_lane is None
    assert read.allowed_paths == read.forbidden_paths == ()
    assert Pac.parse({**MINIMAL, "tasks": []}).tasks == ()
    assert Pac.parse({**MINIMAL, "allowed_paths": [], "execution_lane": None}).allowed_paths == ()


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_named(field: str) -> None:
    """Four fields are required."""
    error = refusal(without(MINIMAL, field))
    assert f"/{field}: the required field is missing" in str(error)
    assert error.violations == ((f"/{field}", "the required field is missing"),)


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_value_is_named(field: str) -> None:
    """Types are exact, ids are bounded, and each task has just an id and a description."""
    for wrong in WRONG[field]:
        error = refusal(pac(**{field: wrong}))
        assert f"/{field}" in str(error), wrong
        assert all(path.startswith(f"/{field}") for path, _ in error.violations)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("alowed_paths", "allowed_paths"),
        ("forbidden_path", "forbidden_paths"),
        ("task", "tasks"),
        ("agent_id", "agent_gid"),
    ],
)
def test_a_misspelt_field_is_answered_with_the_one_that_was_meant(
    misspelt: str, meant: str
) -> None:
    """Any other key is refused: a limit that is misspelt would be no limit."""
    data = pac()
    data[misspelt] = data.pop(meant)
    error = refusal(data)
    assert f"/{misspelt}: the field is unknown (did you mean '{meant}'?)" in str(error)


@pytest.mark.parametrize("field", ["wrap_id", "quality_threshold", "execution_result", "x"])
def test_an_unknown_field_is_refused(field: str) -> None:
    """A PAC can't bring its own threshold, or anything else."""
    assert f"/{field}: the field is unknown" in str(refusal(pac(**{field: 0})))


def test_every_problem_is_told_at_once() -> None:
    """Whoever wrote the PAC need not try again for each of them."""
    error = refusal({**without(pac(agent_gid="7", extra=1), "agent_name"), "tasks": [{"id": "T1"}]})
    paths = {path for path, _ in error.violations}
    assert paths == {"/agent_gid", "/extra", "/agent_name", "/tasks/0/description"}
    assert all(path in str(error) for path in paths)


def test_two_tasks_can_not_have_the_same_id() -> None:
    """An id that stands twice would be completed by half."""
    tasks = [{"id": "T1", "description": "a"}, {"id": "T1", "description": "b"}]
    assert "two tasks have the same id" in str(refusal(pac(tasks=tasks)))
    tasks[1]["id"] = "t1"
    assert len(Pac.parse(pac(tasks=tasks)).tasks) == 2


@pytest.mark.parametrize("data", [None, 5, "PAC-DAN-P44", [], [pac()]])
def test_a_pac_that_is_no_object_is_refused(data: Any) -> None:
    """There is nothing to judge by."""
    assert "expected an object" in str(refusal(data))


@pytest.mark.parametrize("field", ["allowed_paths", "forbidden_paths"])
@pytest.mark.parametrize(
    "rule", ["", "/", "/etc/", "..", "a/../b", "./a", "a//b", "a//", "~/x", "a\\b", "C:/x", "a\nb"]
)
def test_a_rule_is_a_clean_relative_path(field: str, rule: str) -> None:
    """A rule that could mean two things is refused by name."""
    assert f"/{field}: the path rule" in str(refusal(pac(**{field: ["tools/", rule]})))


@pytest.mark.parametrize("rule", ["tools", "tools/", ".github/", "a/b/c.py", "ä/ö", "a b/c"])
def test_a_rule_names_a_folder_or_a_file(rule: str) -> None:
    """With or without a slash at its end."""
    assert Pac.parse(pac(allowed_paths=[rule])).allowed_paths == (rule,)


def test_a_pac_id_has_at_most_128_characters() -> None:
    """One more is refused."""
    assert Pac.parse(pac(pac_id="PAC-" + "A" * 124)).pac_id == "PAC-" + "A" * 124
    assert "/pac_id" in str(refusal(pac(pac_id="PAC-" + "A" * 125)))


@pytest.mark.parametrize(
    ("pac_id", "number"),
    [
        ("PAC-DAN-P53-LIVE-GOVERNANCE-EXECUTION-TELEMETRY-01", "P53"),
        ("PAC-BENSON-P66R-AGENT-GID-AND-LANE-CANONICALIZATION-01", "P66R"),
        ("PAC-DAN-P22-P23-01", "P22"),
        ("PAC-P1", "P1"),
        ("PAC-TEST-01", "P0"),
        ("PAC-DAN-PX-P-01", "P0"),
        ("PAC-DAN-XP53-P53RR-01", "P0"),
        ("PAC-DAN-P007-01", "P007"),
    ],
)
def test_the_number_is_the_first_segment_of_its_form(pac_id: str, number: str) -> None:
    """`P53` or `P66R`; `P0` where there is none. A WRAP id holds it."""
    read = Pac.parse(pac(pac_id=pac_id))
    assert read.number == number
    claim = wrap_claim(read, datetime(2025, 12, 26, tzinfo=UTC))
    assert claim.wrap_id == f"WRAP-DAN-{number}-20251226"


def test_a_pac_can_not_be_changed() -> None:
    """It is judged as it was read."""
    read: Any = Pac.parse(pac())
    for field in ("pac_id", "allowed_paths", "added"):
        with pytest.raises(ValidationError):
            setattr(read, field, ())
    with pytest.raises(ValidationError):
        read.tasks[0].id = "T9"


def test_a_pac_shares_nothing_with_its_caller() -> None:
    """Lists that were passed in may be emptied afterwards."""
    data = pac()
    read = Pac.parse(data)
    data["allowed_paths"].clear()
    data["tasks"].clear()
    assert list(read.allowed_paths) == DAN["pac"]["allowed_paths"]
    assert len(read.tasks) == 5


def test_an_invalid_pac_is_bad_input() -> None:
    """Exit code 2, and one of ours."""
    error = refusal({})
    assert isinstance(error, BadInput)
    assert isinstance(error, BensonError)
    assert error.exit_code == 2


def test_a_huge_rule_is_not_repeated_in_full() -> None:
    """Foreign text in our own sentences is bounded."""
    assert len(str(refusal(pac(allowed_paths=["/" + "x" * 1_000_000])))) < 5000


def test_the_examples_are_pacs() -> None:
    """Every example brings one, the refused too."""
    for path in READABLE:
        Pac.parse(json.loads(path.read_text())["pac"])
