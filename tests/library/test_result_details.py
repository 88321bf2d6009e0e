"""What validation says word for word, and what it finds in places that nobody thinks of.

`test_result_schema.py` and `test_forbidden_fields.py` ask for codes and paths; here it is the
messages, their bounds, and the order in which they come.
"""

from __future__ import annotations

from typing import Any

import pytest

from benson_execution import Document, Pac
from benson_execution.events import ErrorCode
from benson_execution.forbidden import ForbiddenField, code_of, forbidden_fields, looks_like
from benson_execution.phases import schema_validation
from benson_execution.result import (
    ResultValidation,
    conclude,
    result_faults,
    stray_faults,
    validate_execution_result,
)
from benson_execution.schema import MAX_VIOLATIONS, Violation

from .helpers import pac, result, text, without


def told(validation: ResultValidation) -> list[tuple[str, str]]:
    return [(violation.path, violation.message) for violation in validation.violations]


def test_a_valid_result_is_said_to_be_one() -> None:
    found = validate_execution_result(result())
    assert (found.valid, found.error_code, found.violations) == (True, None, ())
    assert found.message == "AgentExecutionResult is valid"
    assert found.error is None


@pytest.mark.parametrize(
    ("name", "code", "title"),
    [
        ("wrap_id", "GS_131", "Forbidden WRAP field present"),
        ("positive_closure", "GS_132", "Self-closure attempt detected"),
        ("wrap_authority", "GS_133", "Authority violation"),
    ],
)
def test_a_forbidden_field_is_quoted_with_its_place(name: str, code: str, title: str) -> None:
    """As it is spelt there, at the top and inside."""
    for spelt in (name, name.upper()):
        found = validate_execution_result(result(artifacts={"a": [{spelt: 1}]}))
        path, message = f"/artifacts/a/0/{spelt}", f"the field '{spelt}' is forbidden"
        assert told(found) == [(path, message)]
        assert (found.valid, found.error_code) == (False, code)
        assert found.message == f"{title}: {found.violations[0]}"


def test_a_result_of_benson_is_told_so() -> None:
    found = validate_execution_result(result(agent_gid="GID-00"))
    assert found.error_code is ErrorCode.GS_133
    assert told(found) == [("/agent_gid", "GID-00 judges and never executes")]
    assert found.message.startswith("Authority violation: ")


@pytest.mark.parametrize(("value", "quoted"), [([], "a list of 0"), (5, "5"), (None, "null")])
def test_what_is_no_object_is_quoted(value: Any, quoted: str) -> None:
    found = validate_execution_result(value)
    assert told(found) == [("", f"expected an object, found {quoted}")]
    assert found.message.startswith("AgentExecutionResult schema violation: ")


def test_an_unknown_field_that_is_forbidden_is_told_once() -> None:
    """As forbidden: that it is unknown, too, is no news."""
    found = validate_execution_result(result(wrap_id=1, other=2))
    assert [path for path, _ in told(found)] == ["/wrap_id", "/other"]
    assert found.error_code is ErrorCode.GS_131


def test_a_result_for_another_pac_is_told_field_by_field() -> None:
    order = Pac.parse(pac())
    found = validate_execution_result(
        result(pac_id="PAC-DAN-P45-01", agent_gid="GID-08", agent_name="Alex"), order
    )
    assert told(found) == [
        ("/pac_id", f"expected '{order.pac_id}' as dispatched, found 'PAC-DAN-P45-01'"),
        ("/agent_gid", "expected 'GID-07' as dispatched, found 'GID-08'"),
        ("/agent_name", f"expected '{order.agent_name}' as dispatched, found 'Alex'"),
    ]


@pytest.mark.parametrize("field", ["pac_id", "agent_gid"])
def test_only_a_name_is_compared_without_case(field: str) -> None:
    order = Pac.parse(pac())
    found = result_faults(result(**{field: result()[field].swapcase()}), order)
    assert [v.path for _, v in found if "as dispatched" in v.message] == [f"/{field}"]


def test_a_field_that_is_missing_does_not_end_the_comparison() -> None:
    """That it is missing is said, and what the next one should have been as well."""
    order = Pac.parse(pac())
    found = result_faults(without(result(agent_gid="GID-08", agent_name=5), "pac_id"), order)
    assert sorted(violation.path for _, violation in found) == [
        "/agent_gid",
        "/agent_name",
        "/pac_id",
    ]
    assert [v.path for _, v in found if "as dispatched" in v.message] == ["/agent_gid"]


def test_faults_in_a_document_have_its_paths() -> None:
    """Of every kind: forbidden, of Benson, against the schema, for another PAC."""
    data = result(agent_gid="GID-00", notes=5, wrap_id=1, pac_id="PAC-DAN-P45-01")
    found = result_faults(data, Pac.parse(pac()), "/execution_result")
    assert {violation.path for _, violation in found} == {
        f"/execution_result/{name}" for name in ("agent_gid", "notes", "wrap_id", "pac_id")
    }
    assert [v.path for _, v in result_faults(5, None, "/x")] == ["/x"]


def test_what_stands_beside_the_result_is_unknown_there() -> None:
    found = stray_faults({"extra": 1, "wrap_id": 2, "a/b": {"wrap_status": 3}})
    assert [(code, v.path, v.message) for code, v in found] == [
        (ErrorCode.GS_131, "/wrap_id", "the field 'wrap_id' is forbidden"),
        (ErrorCode.GS_131, "/a~1b/wrap_status", "the field 'wrap_status' is forbidden"),
        (ErrorCode.GS_130, "/extra", "the field is unknown beside pac and execution_result"),
        (ErrorCode.GS_130, "/a~1b", "the field is unknown beside pac and execution_result"),
    ]


def test_what_stands_beside_is_found_beside_what_is_wrong_inside() -> None:
    document = Document.read(text(execution_result=result(notes=5), extra=1))
    found = schema_validation.judge(document)
    assert [path for path, _ in told(found)] == ["/execution_result/notes", "/extra"]


def test_a_value_that_is_no_json_does_not_hide_a_forbidden_field() -> None:
    """And is told itself, at its place."""
    found = validate_execution_result(result(notes=object(), artifacts={"wrap_id": 1}))
    paths = [path for path, _ in told(found)]
    assert told(found)[0] == ("/notes", "a value of type object is no JSON")
    assert "/artifacts/wrap_id" in paths
    assert found.error_code is ErrorCode.GS_131


def test_a_field_inside_a_member_whose_name_is_no_text_is_found() -> None:
    found = validate_execution_result(result(artifacts={5: {"wrap_id": 1}}))
    assert found.error_code is ErrorCode.GS_131


def _many(code: ErrorCode, count: int) -> list[tuple[ErrorCode, Violation]]:
    return [(code, Violation(f"/{code}/{n}", "x")) for n in range(count)]


@pytest.mark.parametrize(("count", "more"), [(10, ""), (11, " and 1 more"), (40, " and 30 more")])
def test_ten_mild_faults_are_named_and_the_others_counted(count: int, more: str) -> None:
    found = conclude(_many(ErrorCode.GS_130, count))
    named = ", ".join(str(violation) for violation in found.violations[:10])
    assert found.message == f"AgentExecutionResult schema violation: {named}{more}"
    assert len(found.violations) == count


def test_grave_faults_are_named_and_mild_ones_beside_them_are_not() -> None:
    """The gravest first, whatever the order in which they were found; the list keeps that."""
    mild, self_closed = _many(ErrorCode.GS_130, 3), _many(ErrorCode.GS_132, 2)
    forbidden = _many(ErrorCode.GS_131, MAX_VIOLATIONS)
    found = conclude([*mild, *self_closed, *forbidden])
    assert found.error_code is ErrorCode.GS_131
    grave = ", ".join(str(violation) for _, violation in forbidden)
    assert found.message == f"Forbidden WRAP field present: {grave} and 2 more"
    assert found.violations == tuple(v for _, v in [*mild, *self_closed, *forbidden])


@pytest.mark.parametrize(
    ("text", "other", "alike"),
    [
        ("GID-00", "GID-00", True),
        ("gid 0o", "GID-00", True),
        ("G\u0406D-00", "GID-00", True),
        ("GID-01", "GID-00", False),
        ("GID-0", "GID-00", False),
        ("", "GID-00", False),
    ],
)
def test_names_are_alike_when_they_look_alike(text: str, other: str, alike: bool) -> None:
    assert looks_like(text, other) is alike


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("vvrap_id", "GS_131"),
        ("VVRAP-1D", "GS_131"),
        ("p0s|t!ve_c1osure", "GS_132"),
        ("\uff57rap_id", "GS_131"),
        ("wr\u0430p_id", "GS_131"),
        ("wr\u0430p_!d", "GS_131"),
        ("cl0sure_\u0430uthor|ty", "GS_132"),
        ("wrap\u3164_id", "GS_131"),
        ("po\u017fitive_closure", "GS_132"),
        ("wrap_ids", None),
        ("wrap", None),
        ("", None),
        ("\u2603", None),
    ],
)
def test_a_name_means_what_it_looks_like(name: str, code: str | None) -> None:
    assert code_of(name) == code


def test_fields_come_in_the_documents_order_with_their_whole_paths() -> None:
    """Those of an object before those inside it, and one list after the other."""
    value = {
        "a": {"b": [1, {"wrap_id": 1}], "wrap_status": {"closure_authority": 2}},
        "wrap_authority": [],
        "c": [[{"wrap_accepted": 3}]],
    }
    assert list(forbidden_fields(value)) == [
        ForbiddenField(("wrap_authority",), ErrorCode.GS_133),
        ForbiddenField(("a", "wrap_status"), ErrorCode.GS_131),
        ForbiddenField(("a", "b", 1, "wrap_id"), ErrorCode.GS_131),
        ForbiddenField(("a", "wrap_status", "closure_authority"), ErrorCode.GS_132),
        ForbiddenField(("c", 0, 0, "wrap_accepted"), ErrorCode.GS_131),
    ]


def test_of_each_code_as_many_as_are_told_are_found() -> None:
    """Not one fewer; and those of another code still come."""
    many = [{"wrap_id": n} for n in range(MAX_VIOLATIONS + 5)]
    found = list(forbidden_fields([*many, {"wrap_authority": 1}]))
    assert [field.code for field in found] == [ErrorCode.GS_131] * MAX_VIOLATIONS + [
        ErrorCode.GS_133
    ]


def test_what_stands_in_two_places_is_found_at_the_first() -> None:
    shared = {"wrap_id": 1}
    found = list(forbidden_fields({"a": [shared], "b": shared, "c": {"wrap_id": 1}}))
    assert [field.path for field in found] == [("b", "wrap_id"), ("c", "wrap_id")]


@pytest.mark.parametrize("value", [None, 5, "wrap_id", True, ("wrap_id",), {"wrap_id"}])
def test_what_is_no_object_and_no_list_has_no_fields(value: Any) -> None:
    assert list(forbidden_fields(value)) == []
