"""GS_131 to GS_133: what only Benson may say, wherever an agent's result says it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benson_execution import forbidden, validate_execution_result

from .helpers import fullwidth, law, result

FORBIDDEN = {
    "wrap_id": "GS_131",
    "wrap_status": "GS_131",
    "wrap_accepted": "GS_131",
    "positive_closure": "GS_132",
    "closure_authority": "GS_132",
    "wrap_authority": "GS_133",
}
ORDER = ["GS_131", "GS_132", "GS_133", "GS_130"]
VARIANTS = [
    "WRAP_ID",
    "Wrap_Id",
    "wrap-id",
    "wrapId",
    "WrapID",
    "wrap id",
    "wrap.id",
    "wrap/id",
    "__wrap__id__",
    "w-r-a-p-i-d",
    " wrap_id\n",
    "wrap\u2010id",  # a hyphen that is not ASCII's
    "wrap\u200bid",  # a space of no width
    fullwidth("wrap_id"),
    fullwidth("WRAPID"),
]


@pytest.mark.parametrize(("field", "code"), FORBIDDEN.items())
@pytest.mark.parametrize("value", ["WRAP-DAN-P44-20251224", None, False, {}, []])
def test_a_forbidden_field_has_its_code_whatever_its_value(
    field: str, code: str, value: Any
) -> None:
    """The field is refused, not what it says."""
    validation = validate_execution_result(result(**{field: value}))
    assert validation.valid is False
    assert validation.error_code == code
    assert field in validation.message
    assert [v.path for v in validation.violations] == [f"/{field}"]


@pytest.mark.parametrize("name", VARIANTS)
def test_case_and_separators_hide_nothing(name: str) -> None:
    """`WRAP_ID`, `wrap-id` and `wrapId` are one field, at the top and inside."""
    assert validate_execution_result(result(**{name: 1})).error_code == "GS_131"
    inside = result(artifacts={"summary": [{name: 1}]})
    assert validate_execution_result(inside).error_code == "GS_131"


@law
@given(st.sampled_from(sorted(FORBIDDEN)), st.data())
def test_any_case_with_any_separators_is_found(field: str, data: st.DataObject) -> None:
    """Separators may stand anywhere, and letters in any case."""
    letters = field.replace("_", "")
    written = "".join(
        data.draw(st.sampled_from(["", "", "_", "-", " ", ".", ":", "\u2011"]))
        + data.draw(st.sampled_from([letter.lower(), letter.upper()]))
        for letter in letters
    )
    validation = validate_execution_result(result(artifacts={written: 1}))
    assert validation.error_code == FORBIDDEN[field]


@law
@example("wrap_id", ["both"] * 30)
@given(
    st.sampled_from(sorted(FORBIDDEN)),
    st.lists(st.sampled_from(["list", "object", "both"]), min_size=1, max_size=30),
)
def test_a_forbidden_field_is_found_at_every_depth(field: str, path: list[str]) -> None:
    """Inside lists and objects, and its violation has the JSON Pointer of the very place."""
    value: Any = {field: None}
    pointer = f"/{field}"
    for step in reversed(path):
        if step != "object":
            value, pointer = ["before", value], f"/1{pointer}"
        if step != "list":
            value, pointer = {"before": 0, "in": value, "after": []}, f"/in{pointer}"
    validation = validate_execution_result(result(artifacts={"x": value}))
    assert validation.error_code == FORBIDDEN[field]
    assert [v.path for v in validation.violations] == [f"/artifacts/x{pointer}"]


@pytest.mark.parametrize(
    ("member", "value", "path"),
    [
        ("warnings", ["a", {"wrap_id": 1}], "/warnings/1/wrap_id"),
        ("test_results", {"wrap_id": 1}, "/test_results/wrap_id"),
        ("notes", {"wrap_id": 1}, "/notes/wrap_id"),
        ("tasks_completed", [{"wrap_id": 1}], "/tasks_completed/0/wrap_id"),
        ("files_modified", ({"wrap_id": 1},), "/files_modified/0/wrap_id"),
        ("quality_score", {"wrap_id": 1}, "/quality_score/wrap_id"),
        ("artifacts", {"a/b": {"c~d": {"wrap_id": 1}}}, "/artifacts/a~1b/c~0d/wrap_id"),
        ("unknown", {"wrap_id": 1}, "/unknown/wrap_id"),
    ],
)
def test_no_member_of_a_result_is_left_out(member: str, value: Any, path: str) -> None:
    """Also where an object does not belong at all."""
    validation = validate_execution_result(result(**{member: value}))
    assert validation.error_code == "GS_131"
    assert path in [v.path for v in validation.violations]


@pytest.mark.parametrize(
    "name", ["wrap", "wrap_ids", "my_wrap_id", "wrapper_id", "closure", "positive", "authority"]
)
def test_a_name_that_only_resembles_a_forbidden_one_is_free(name: str) -> None:
    """Inside `artifacts` any other name may stand, and a value is no name."""
    validation = validate_execution_result(result(artifacts={name: 1}, notes="wrap_id"))
    assert validation.valid is True
    assert validation.error_code is None
    assert validation.violations == ()


@pytest.mark.parametrize(
    "fields",
    [c for n in (1, 2, 3) for c in itertools.combinations(sorted(FORBIDDEN), n)],
)
def test_one_code_is_reported_and_every_field_is_named(fields: tuple[str, ...]) -> None:
    """Codes rank in the table's order; the message names all fields, also those of other codes."""
    hidden = {"artifacts": {"x": [{field: 1} for field in fields]}, "quality_score": "bad"}
    validation = validate_execution_result(result(**hidden))
    codes = {FORBIDDEN[field] for field in fields}
    assert validation.error_code == next(code for code in ORDER if code in codes)
    for field in fields:
        assert field in validation.message
    paths = {v.path for v in validation.violations}
    assert paths == {f"/artifacts/x/{n}/{f}" for n, f in enumerate(fields)} | {"/quality_score"}


@pytest.mark.parametrize("gid", ["GID-00", "gid-00", "Gid-00", "GID_00", "GID 00", "gid00"])
def test_a_result_of_benson_is_an_authority_violation(gid: str) -> None:
    """GID-00 judges and never executes, in whatever case it signs."""
    validation = validate_execution_result(result(agent_gid=gid))
    assert validation.error_code == "GS_133"
    assert "/agent_gid" in [v.path for v in validation.violations]
    assert "GID-00" in validation.message


def test_self_closure_outranks_a_result_of_benson() -> None:
    """GS_131 before GS_132 before GS_133, and all are named."""
    closing = result(agent_gid="GID-00", positive_closure=True)
    validation = validate_execution_result(closing)
    assert validation.error_code == "GS_132"
    assert "positive_closure" in validation.message
    assert "GID-00" in validation.message
    assert validate_execution_result({**closing, "wrapId": 1}).error_code == "GS_131"


def test_a_thousand_small_faults_hide_no_forbidden_field() -> None:
    """However much else is wrong before it, the code is that of the forbidden field."""
    faults = result(
        artifacts={"bad": [float("nan")] * 3000},
        files_modified=[1] * 3000,
        **{f"unknown_{n}": 1 for n in range(3000)},
    )
    validation = validate_execution_result({**faults, "wrap_id": 1})
    assert validation.error_code == "GS_131"
    assert "wrap_id" in validation.message
    assert "/wrap_id" in [v.path for v in validation.violations]


def test_a_thousand_lesser_codes_do_not_hide_the_name_of_the_gravest() -> None:
    """The message names the field that the code is about."""
    closing = result(artifacts={"x": [{"positive_closure": 1}] * 1500})
    validation = validate_execution_result({**closing, "wrap_id": 1})
    assert validation.error_code == "GS_131"
    assert "wrap_id" in validation.message


def test_a_million_values_hide_no_forbidden_field() -> None:
    """A document of two megabytes can hold as many: what comes after them is looked at too."""
    padded = result(artifacts={"padding": [0] * 1_000_001})
    assert validate_execution_result({**padded, "wrap_id": 1}).error_code == "GS_131"


def test_each_name_is_read_once_however_often_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forbidden one and a free one, also beside others: a large result repeats its names."""
    read: list[str] = []
    code_of = forbidden.code_of

    def counting(name: str) -> Any:
        read.append(name)
        return code_of(name)

    monkeypatch.setattr(forbidden, "code_of", counting)
    value = [{"a": 1, "wrap_id": 1}, {"a": 2, "wrap_id": 2, "b": 3}, {"b": 4}]
    found = [field.path for field in forbidden.forbidden_fields(value)]
    assert found == [(0, "wrap_id"), (1, "wrap_id")]
    assert sorted(read) == ["a", "b", "wrap_id"]


def test_a_field_name_that_is_a_kind_of_string_is_still_that_name() -> None:
    """A subclass of str, an enum's member for one, spells the same field."""

    class Name(str):
        pass

    assert validate_execution_result(result(**{Name("wrap_id"): 1})).error_code == "GS_131"


def test_the_violations_that_are_kept_are_bounded() -> None:
    """A hostile result does not grow its own record."""
    hostile = result(
        artifacts={"x": [{"wrap_id": 1, "positive_closure": 1}] * 5000},
        files_modified=[1] * 5000,
        **{f"unknown_{n}": 1 for n in range(5000)},
    )
    validation = validate_execution_result(hostile)
    assert len(validation.violations) <= 5000
    assert len(validation.message) < 1_000_000
