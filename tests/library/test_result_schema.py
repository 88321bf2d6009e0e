"""GS_130: the AgentExecutionResult's fields, each with its exact type and range."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import Pac, ResultValidation, validate_execution_result
from benson_execution.result import conclude, result_faults

from .helpers import DAN, fullwidth, law, pac, result, without

REQUIRED = [
    "pac_id",
    "agent_gid",
    "agent_name",
    "execution_timestamp",
    "tasks_completed",
    "tasks_total",
    "files_modified",
    "quality_score",
    "scope_compliance",
    "execution_time_ms",
]
OPTIONAL: dict[str, Any] = {
    "files_created": ["tools/governance/a.py"],
    "notes": "all done",
    "artifacts": {"a": {"b": [1]}},
    "warnings": ["slow", {"line": 3}],
    "test_results": {"passed": 3, "failed": 0, "skipped": 1},
}
MINIMAL = {key: DAN["execution_result"][key] for key in REQUIRED}
WRONG: dict[str, list[Any]] = {
    "pac_id": [
        None,
        5,
        "",
        "PAC-",
        "pac-dan-p44",
        "PAC-dan",
        "PAC_DAN",
        "PAC-A\n",
        "PAC-" + "A" * 125,
    ],
    "agent_gid": [
        None,
        7,
        "GID-7",
        "GID-007",
        "07",
        "gid-07",
        "GID-07\n",
        "GID-" + fullwidth("07"),
    ],
    "agent_name": [None, 7, "", ["Dan"]],
    "tasks_completed": [None, "T1", 5, {"T1": True}, [1], [None], [""], [["T1"]]],
    "tasks_total": [None, "5", 5.0, -1, True, 4],
    "files_modified": [None, "a.py", {}, [1], [None]],
    "files_created": [None, "a.py", {}, [1], [None]],
    "scope_compliance": [None, "true", 1, 0, "yes"],
    "execution_time_ms": [None, "0", -1, 1.5, 0.0, True],
    "notes": [5, ["a"], {}, True],
    "artifacts": ["a", ["a"], 5],
    "warnings": ["slow", {}, 5, None],
    "test_results": [
        [],
        "ok",
        5,
        {},
        {"passed": 1, "failed": 0},
        {"passed": "1", "failed": 0, "skipped": 0},
        {"passed": -1, "failed": 0, "skipped": 0},
        {"passed": True, "failed": 0, "skipped": 0},
        {"passed": 1, "failed": 0, "skipped": 0, "total": 1},
    ],
}
BAD_SCORES: list[Any] = [
    -0.1,
    1.01,
    -1,
    2,
    "0.9",
    "",
    None,
    True,
    False,
    [0.9],
    {"score": 0.9},
    float("nan"),
    float("inf"),
    float("-inf"),
    10**400,
    -(10**400),
]
BAD_TIMESTAMPS: list[Any] = [
    None,
    1766606000,
    "",
    "2025-12-24",
    "2025-12-24T20:12:00",
    "2025-12-24T20:12:00+01:00",
    "2025-12-24T20:12:00-00:30",
    "2025-12-24 20:12:00Z",
    "2025-13-24T20:12:00Z",
    "2025-02-30T20:12:00Z",
    "2025-12-24T25:12:00Z",
    "2025-12-24T20:61:00Z",
    "24/12/2025 20:12Z",
    "now",
    "2025-12-24T20:12:00Z\n",
    " 2025-12-24T20:12:00Z",
    "2025-12-24T20:12:00Z[UTC]",
    fullwidth("2025") + "-12-24T20:12:00Z",
]


def refused_at(validation: ResultValidation, path: str) -> bool:
    """Whether GS_130 was given, for this very place, and the message names it."""
    return (
        validation.error_code == "GS_130"
        and not validation.valid
        and any(v.path == path or v.path.startswith(f"{path}/") for v in validation.violations)
        and path in validation.message
    )


def test_a_whole_result_is_valid() -> None:
    """Every required field and every optional one."""
    for data in (result(), MINIMAL, {**MINIMAL, **OPTIONAL}):
        validation = validate_execution_result(data)
        assert validation.valid is True
        assert validation.error_code is None
        assert validation.violations == ()


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_named(field: str) -> None:
    """Ten fields are required."""
    validation = validate_execution_result(without(MINIMAL, field))
    assert refused_at(validation, f"/{field}")
    assert validation.violations[0].message == "the required field is missing"


@pytest.mark.parametrize("field", OPTIONAL)
def test_an_optional_field_may_be_absent(field: str) -> None:
    """Each of the five, by itself."""
    assert validate_execution_result({**MINIMAL, field: OPTIONAL[field]}).valid
    assert validate_execution_result(without({**MINIMAL, **OPTIONAL}, field)).valid


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_value_is_named(field: str) -> None:
    """Types are exact: no number is a string, no bool a number, no string a list."""
    for wrong in WRONG[field]:
        validation = validate_execution_result(result(**{field: wrong}))
        if wrong == 4:  # fewer than were completed: said of the result as a whole
            assert refused_at(validation, "")
            assert "tasks_total" in validation.message
        else:
            assert refused_at(validation, f"/{field}"), wrong


@pytest.mark.parametrize("score", BAD_SCORES, ids=lambda s: repr(s)[:12])
def test_a_bad_score_is_refused(score: Any) -> None:
    """`quality_score` is a finite number from 0.0 to 1.0, and nothing that resembles one."""
    assert refused_at(validate_execution_result(result(quality_score=score)), "/quality_score")


@law
@given(st.floats(0, 1) | st.sampled_from([0, 1]))
def test_every_score_from_zero_to_one_is_accepted(score: float) -> None:
    """The bounds too, also as integers."""
    assert validate_execution_result(result(quality_score=score)).valid


@law
@given(st.floats(allow_nan=True) | st.integers())
def test_a_score_is_valid_exactly_within_its_range(score: float) -> None:
    """No other number is."""
    assert validate_execution_result(result(quality_score=score)).valid is (0 <= score <= 1)


@pytest.mark.parametrize(
    "timestamp",
    [
        "2025-12-24T20:12:00Z",
        "2025-12-24T20:12:00+00:00",
        "2025-12-24T20:12:00.5Z",
        "2025-12-24T20:12:00.123456+00:00",
        "2024-02-29T23:59:59Z",
    ],
)
def test_a_timestamp_in_utc_is_accepted(timestamp: str) -> None:
    """ISO 8601, with `Z` or an offset of zero."""
    assert validate_execution_result(result(execution_timestamp=timestamp)).valid


@pytest.mark.parametrize("timestamp", BAD_TIMESTAMPS, ids=repr)
def test_any_other_timestamp_is_refused(timestamp: Any) -> None:
    """Without an offset, with another, without a time, or of a day that there is not."""
    validation = validate_execution_result(result(execution_timestamp=timestamp))
    assert refused_at(validation, "/execution_timestamp")


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("execution_time", "execution_time_ms"),
        ("quality_scores", "quality_score"),
        ("task_completed", "tasks_completed"),
        ("scope_complience", "scope_compliance"),
        ("file_created", "files_created"),
    ],
)
def test_a_misspelt_field_is_answered_with_the_one_that_was_meant(
    misspelt: str, meant: str
) -> None:
    """Any other key is refused, and a close one is suggested."""
    data = result(files_created=[])
    data[misspelt] = data.pop(meant)
    validation = validate_execution_result(data)
    assert refused_at(validation, f"/{misspelt}")
    assert f"did you mean '{meant}'?" in validation.message


def test_an_unknown_field_that_resembles_none_is_refused_without_a_guess() -> None:
    """A suggestion is made only where one is close."""
    validation = validate_execution_result(result(zzz=1))
    assert refused_at(validation, "/zzz")
    assert "did you mean" not in validation.message


@pytest.mark.parametrize("data", [None, 5, 0.5, True, "text", "", [], [{}], ()])
def test_a_result_that_is_no_object_is_refused(data: Any) -> None:
    """One violation, of the whole."""
    validation = validate_execution_result(data)
    assert validation.error_code == "GS_130"
    assert [v.path for v in validation.violations] == [""]
    assert "expected an object" in validation.message


def test_every_violation_is_told() -> None:
    """One validation names everything that is wrong, with the place in the document."""
    data = without(result(quality_score=2, notes=5, extra=1), "pac_id")
    validation = conclude(result_faults(data, at="/execution_result"))
    assert {v.path for v in validation.violations} == {
        f"/execution_result/{field}" for field in ("quality_score", "notes", "extra", "pac_id")
    }


@pytest.mark.parametrize(
    ("field", "other"),
    [("pac_id", "PAC-DAN-P45-01"), ("agent_gid", "GID-08"), ("agent_name", "Alex")],
)
def test_a_result_for_another_pac_or_agent_is_refused(field: str, other: str) -> None:
    """A result answers the PAC that was dispatched, by the agent that it was dispatched to."""
    dispatched = Pac.parse(pac())
    assert validate_execution_result(result(), dispatched).valid
    validation = validate_execution_result(result(**{field: other}), dispatched)
    assert refused_at(validation, f"/{field}")
    assert other in validation.message
    assert str(pac()[field]) in validation.message
    assert validate_execution_result(result(**{field: other})).valid


@pytest.mark.parametrize("name", ["DAN", "dan", "dAn"])
def test_an_agents_name_is_compared_without_case(name: str) -> None:
    """The registry writes DAN, and its PAC Dan: it is one agent."""
    assert validate_execution_result(result(agent_name=name), Pac.parse(pac())).valid


def test_a_day_that_no_calendar_has_is_no_time() -> None:
    """Its form alone says nothing."""
    answer = validate_execution_result(result(execution_timestamp="2026-02-30T09:30:00Z"))
    assert [violation.path for violation in answer.violations] == ["/execution_timestamp"]
    assert validate_execution_result(result(execution_timestamp="2028-02-29T09:30:00Z")).valid
