"""What passes quickly is what nothing is wrong with: the quick answer is never the milder one."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from benson_execution.conformance import Tally, check_lines
from benson_execution.conformance.valid_results import is_valid_result
from benson_execution.errors import UnreadableDocument
from benson_execution.reading import read_value
from benson_execution.result import AgentExecutionResult, result_faults
from tests.hostile.answers import ASSETS
from tests.hostile.documents import WRONG, documents
from tests.library.helpers import law

from .make_vectors import VECTORS
from .samples import RESULT, lines

FULL = {
    **RESULT,
    "files_created": ["src/new.py"],
    "notes": "none",
    "artifacts": {"log": {"lines": [1, 2.5, None]}},
    "warnings": ["one", {"two": 2}],
    "test_results": {"passed": 1, "failed": 0, "skipped": 0},
}


def assert_same(value: Any) -> bool:
    """Ask quickly and in full; the answer."""
    answer = is_valid_result(value)
    assert answer is (result_faults(value) == []), value
    return answer


def results_in(content: bytes) -> list[Any]:
    """What may be meant as a result in a text: all of it, and what stands where one belongs."""
    try:
        value = read_value(content)
    except UnreadableDocument:
        return []
    return [value, *([value.get("execution_result")] if isinstance(value, dict) else [])]


def test_the_same_is_said_of_every_hostile_document() -> None:
    found = [
        assert_same(value)
        for path in sorted(ASSETS.iterdir())
        if path.is_file()
        for value in results_in(path.read_bytes())
    ]
    assert found.count(True) > 100
    assert found.count(False) > 400


def test_the_same_is_said_of_every_vector() -> None:
    found = [
        assert_same(value)
        for path in sorted(VECTORS.iterdir())
        for vector in json.loads(path.read_bytes())["vectors"]
        for value in results_in(vector["text"].encode())
    ]
    assert found.count(True) > 10
    assert found.count(False) > 50


@settings(law, max_examples=400)
@given(documents())
def test_the_same_is_said_of_documents_drawn_by_lot(document: Any) -> None:
    """Good ones of every shape, and the same with a few things changed."""
    result = document.get("execution_result")
    event(str(assert_same(result)))
    assert_same(document)
    assert_same(document.get("pac"))


@settings(law, max_examples=400)
@given(st.sampled_from(sorted(FULL)), st.sampled_from(WRONG) | st.text(), st.booleans())
def test_the_same_is_said_of_any_value_in_any_field(field: str, value: Any, inside: bool) -> None:
    """In place of the field's own value, or as a member of it."""
    whole: Any = FULL[field]
    if inside and isinstance(whole, list):
        value = [*whole, value]
    elif inside and isinstance(whole, dict):
        value = {**whole, next(iter(whole)): value}
    assert_same({**FULL, field: value})


@pytest.mark.parametrize("field", FULL)
def test_the_same_is_said_without_any_field(field: str) -> None:
    assert assert_same(FULL)
    assert assert_same({n: v for n, v in FULL.items() if n != field}) is (field not in RESULT)


@pytest.mark.parametrize(
    "change",
    [
        {"agent_gid": "GID-00"},
        {"agent_gid": "GID-7"},
        {"pac_id": "PAC-DAN-P1\n"},
        {"pac_id": "PAC-" + "A" * 125},
        {"execution_timestamp": "2025-02-29T20:12:00Z"},
        {"execution_timestamp": "2025-12-24T24:12:00Z"},
        {"execution_timestamp": "2025-12-24T20:12:00Z\n"},
        {"execution_timestamp": "\N{ARABIC-INDIC DIGIT TWO}025-12-24T20:12:00Z"},
        {"tasks_total": 1},
        {"tasks_total": 2.0},
        {"tasks_total": True},
        {"tasks_completed": ["T1", ""]},
        {"files_modified": "src/app.py"},
        {"quality_score": True},
        {"quality_score": 1.0000001},
        {"scope_compliance": 1},
        {"artifacts": {"deep": [{"wrap_id": 1}]}},
        {"warnings": [{"W\N{CYRILLIC SMALL LETTER ER}ap-status": 1}, {"positive closure": 1}]},
        {"test_results": {"passed": 1, "failed": 0, "skipped": 0, "more": 0}},
        {"test_results": {"passed": 1, "failed": 0}},
        {"mood": 1},
        {"wrap_id": 1},
    ],
    ids=lambda change: ascii(change)[:50],
)
def test_no_fault_passes(change: dict[str, Any]) -> None:
    assert not assert_same({**FULL, **change})


def test_every_validator_of_the_model_is_asked_by_name() -> None:
    """Constraints are taken over by themselves; a new validator in Python has to be named here."""
    written = AgentExecutionResult.__pydantic_decorators__
    assert set(written.field_validators) == {"_utc"}
    assert set(written.model_validators) == {"_total"}
    assert not written.validators
    assert not written.root_validators


def test_a_valid_result_in_yaml_is_no_line() -> None:
    """A line that begins with `---` can hold a whole result, and JSON Lines are not YAML's."""
    tally = Tally()
    made = lines([RESULT]) + "--- " + lines([RESULT]) + lines([RESULT])
    found = list(check_lines(io.BytesIO(made.encode()), tally))
    assert [(f.line, f.message) for f in found] == [(2, "a line of JSON Lines holds a JSON object")]
    assert tally.kinds == {"agent-execution-result": 3}


@pytest.mark.parametrize("kind", ["event", "trail", "pac"])
def test_a_valid_result_is_nothing_else(kind: str) -> None:
    tally = Tally()
    found = list(check_lines(io.BytesIO(lines([RESULT]).encode()), tally, kind=kind))
    assert any(not f.is_note for f in found)
    assert tally.kinds == {"event" if kind == "trail" else kind: 1}
