"""The published vectors, each through the product, and through an independent implementation."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.conformance import Tally, check_file, check_lines
from benson_execution.errors import BadInput, UnreadableDocument
from benson_execution.reading import read_value
from benson_execution.result import validate_execution_result

from .ecma import fits
from .make_vectors import FILES, VECTORS, text_of


def published(kind: str) -> list[dict[str, Any]]:
    """The vectors of a kind, as they are in the repository."""
    file = json.loads((VECTORS / f"{kind}.json").read_text(encoding="utf-8"))
    assert file["kind"] == kind
    vectors: list[dict[str, Any]] = file["vectors"]
    return vectors


ALL = [
    pytest.param(kind, vector, id=f"{kind}: {vector['name']}")
    for kind in FILES
    if kind != "trail"
    for vector in published(kind)
]


@pytest.mark.parametrize("kind", FILES)
def test_the_files_are_those_that_are_made(kind: str) -> None:
    """Byte for byte; `python -m tests.conformance.make_vectors` writes them."""
    assert (VECTORS / f"{kind}.json").read_text(encoding="utf-8") == text_of(kind)


@pytest.mark.parametrize("kind", FILES)
def test_every_vector_has_a_name_of_its_own(kind: str) -> None:
    names = [vector["name"] for vector in published(kind)]
    assert len(set(names)) == len(names)


def test_nothing_is_in_the_folder_that_no_test_looks_at() -> None:
    assert {path.stem for path in VECTORS.glob("*.json")} == set(FILES)


@pytest.mark.parametrize(("kind", "vector"), ALL)
def test_a_document_is_answered_as_expected(kind: str, vector: dict[str, Any]) -> None:
    """Readable or not, valid or not, and at which places."""
    tally = Tally()
    found = list(check_file(vector["text"].encode(), tally, kind=kind))
    assert (tally.unreadable == 0) is vector["readable"]
    assert (tally.violations == 0) is vector["valid"]
    if vector["readable"]:
        assert [f.pointer for f in found] == vector["violations"], found
    else:
        (only,) = found
        assert (only.pointer, only.line) == (None, vector["line"])


@pytest.mark.parametrize(("kind", "vector"), ALL)
def test_the_schema_answers_as_expected(kind: str, vector: dict[str, Any]) -> None:
    """It fits whatever is valid, and refuses what it can refuse."""
    if vector["schema"] is None:
        with pytest.raises(UnreadableDocument):
            read_value(vector["text"].encode())
        return
    value = read_value(vector["text"].encode())
    assert fits(value, kind) is (vector["schema"] == "fits")
    assert vector["schema"] == "fits" or not vector["valid"]


@pytest.mark.parametrize(
    "vector", [pytest.param(v, id=v["name"]) for v in published("agent-execution-result")]
)
def test_a_result_is_refused_with_the_code_that_is_expected(vector: dict[str, Any]) -> None:
    if vector["readable"]:
        validation = validate_execution_result(read_value(vector["text"].encode()))
        expected = None if vector["valid"] else vector.get("error_code", "GS_130")
        assert validation.error_code == expected


@pytest.mark.parametrize("vector", [pytest.param(v, id=v["name"]) for v in published("document")])
def test_a_document_is_judged_as_expected(vector: dict[str, Any]) -> None:
    """With the settings as they are when nothing is set."""
    trail = MemoryTrail()
    engine = BensonExecutionEngine(enable_telemetry=False, trail=trail)
    expected = vector["verdict"]
    if expected["status"] is None:
        with pytest.raises(BadInput) as refused:
            engine.execute_pac(vector["text"])
        assert (expected["error_code"], expected["checkpoints"]) == (None, {})
        assert refused.value.exit_code == expected["exit_code"]
        return
    outcome = engine.execute_pac(vector["text"])
    assert {
        "status": outcome.status.value,
        "error_code": outcome.error_code,
        "checkpoints": {c["checkpoint_id"]: c["status"] for c in outcome.checkpoints},
        "exit_code": outcome.exit_code,
    } == expected


@pytest.mark.parametrize("vector", [pytest.param(v, id=v["name"]) for v in published("trail")])
def test_lines_are_answered_as_expected(vector: dict[str, Any]) -> None:
    tally = Tally()
    found = list(check_lines(io.BytesIO(vector["text"].encode()), tally))
    violations = [{"line": f.line, "pointer": f.pointer} for f in found if not f.is_note]
    assert violations == vector["violations"], found
    assert (tally.violations == 0) is vector["valid"]
    assert tally.notes == vector["notes"], found


def test_there_are_vectors_enough() -> None:
    """Valid and invalid ones of every file."""
    assert sum(len(published(kind)) for kind in FILES) >= 60
    for kind in FILES:
        assert {vector["valid"] for vector in published(kind)} == {True, False}
