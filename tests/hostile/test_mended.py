"""What once got through, or took too long: each stays mended."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.cli import inputs
from benson_execution.cli.inputs import sources
from benson_execution.errors import UnreadableDocument
from benson_execution.forbidden import code_of, looks_like
from benson_execution.limits import MAX_KEY
from benson_execution.pac import PathRules
from benson_execution.reading import read_json, read_value
from benson_execution.schema import MAX_POINTER, pointer
from tests.library.helpers import DAN, dan, engine, result


def document(**changes: Any) -> dict[str, Any]:
    """Dan's, with a result that has these changes."""
    return {**dan(), "execution_result": result(**changes)}


pytestmark = pytest.mark.timeout(60)  # far more than any takes; what is quadratic takes hours


@pytest.mark.parametrize(
    "name",
    [
        "\N{NEGATIVE SQUARED LATIN CAPITAL LETTER W}rap_id",
        "\N{NEGATIVE CIRCLED LATIN CAPITAL LETTER W}rap_id",
        "\N{REGIONAL INDICATOR SYMBOL LETTER W}rap_id",
        "cl\N{HEBREW LETTER SAMEKH}sure_authority",
        "cl\N{NKO DIGIT ZERO}sure_auth\N{NKO DIGIT ZERO}rity",
        "wrap_\N{HEBREW LETTER FINAL NUN}d",
        "p\N{SINHALA SIGN ANUSVARAYA}sitive_closure",
        "clos\N{LATIN SMALL LETTER V WITH HOOK}re_authority",
        "wra\N{GREEK LETTER SMALL CAPITAL RHO}_id",
        "closure\N{MODIFIER LETTER LOW MACRON}authority",
        "wrap\N{ARABIC TATWEEL}id",
        "\N{GREEK SMALL LETTER OMEGA}rap_id",
        "\N{CYRILLIC SMALL LETTER SHA}rap_id",
        "\N{LATIN SMALL LETTER TURNED W}rap_id",
        "wr4p_id",
        "wr@p_id",
        "@wrap_id",
        "$wrap_id",
        "po5itive_closure",
        "wrap_$tatus",
        "vvrap_id",
        "v:v:rap_id",
        "v.v.r@p_1d",
        "wrap_\U000e0002id",  # nothing stands there, and nothing is seen of it
    ],
)
def test_a_name_is_read_as_a_person_reads_it(name: str) -> None:
    """Each was a WRAP field that nobody saw."""
    assert code_of(name) is not None
    assert code_of(name.upper()) is not None


@pytest.mark.parametrize(
    "name",
    [
        *("wrap", "wrapper_id", "wrap_ids", "bootstrap_id", "closure", "position_closure"),
        *("wrapped_status", "authority", "@id", "$ref"),
        *("caf\u00e9", "\u540d\u524d", "\u043a\u043b\u044e\u0447"),
    ],
)
def test_other_names_are_no_forbidden_fields(name: str) -> None:
    """Whoever has a word of the same kind may use it."""
    assert code_of(name) is None


MARKS = "\u0345" * 480 + "\u0334" * 480


@pytest.mark.parametrize(
    "names",
    [
        [MARKS + str(n) for n in range(2000)],
        ["\ufdfa" * 1000 + str(n) for n in range(2000)],
        ["".join(chr(0x4E00 + (n * 31 + k) % 20000) for k in range(1000)) for n in range(500)],
        ["".join(chr(0x1F300 + (n + k) % 900) for k in range(1000)) for n in range(500)],
    ],
    ids=["marks", "ligatures", "characters", "symbols"],
)
def test_long_names_cost_no_more_than_a_look(names: list[str]) -> None:
    """Normalising such names took minutes."""
    assert [code_of(name) for name in names] == [None] * len(names)


def test_a_long_gid_is_not_looked_at() -> None:
    """It can't be Benson's; one that is just short enough is."""
    assert looks_like("GID-00" + "_" * (MAX_KEY - 6), "GID-00")
    assert not looks_like("GID-00" + "_" * (MAX_KEY - 5), "GID-00")
    assert not looks_like("\u0345" * 2_000_000 + "\u0334" * 2_000_000, "GID-00")


def test_ten_million_lines_are_counted_not_walked() -> None:
    """The line of what is wrong is told, soon."""
    with pytest.raises(UnreadableDocument) as refused:
        read_value(b"{" + b"\n" * 10_000_000 + b"x}")
    assert refused.value.line == 10_000_001


def test_a_long_path_is_walked_once() -> None:
    """However many segments it has."""
    rules = PathRules(["a/" * 2000 + "b"])
    path = "a/" * 2040 + "a"
    assert [rules.covering(path) for _ in range(2000)] == [None] * 2000


def test_a_deep_place_is_told_in_a_line() -> None:
    """Sixty keys that must be escaped made each violation fifty thousand characters long."""
    assert len(pointer(["\U000e0001" * 120] * 60)) <= MAX_POINTER
    value: Any = {f"wrap{'_' * n}id": n for n in range(900)}
    for _ in range(55):
        value = {"\U000e0001" * 120: value}
    tracemalloc.start()
    try:
        outcome = engine(MemoryTrail()).execute_pac(document(artifacts=value))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome.error_code == "GS_131"
    assert most < 60_000_000


def test_the_deepest_result_has_an_artifact_that_is_read(tmp_path: Path) -> None:
    """It stands deeper there than in its document."""
    value: Any = []
    for _ in range(60):
        value = [value]
    judge = BensonExecutionEngine(False, trail=MemoryTrail(), artifacts=tmp_path)
    outcome = judge.execute_pac(document(artifacts={"deep": value}))
    assert outcome.artifact_path is not None
    read = read_json(outcome.artifact_path.read_bytes())
    assert read["dispatch"]["execution_result"]["artifacts"] == {"deep": value}


@pytest.mark.parametrize("end", [b"\n", b""])
def test_what_follows_in_a_refused_line_is_no_document(
    end: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A valid document at the end of an endless line was judged, and got its WRAP."""
    monkeypatch.setattr(inputs, "_MAX_HASHED", 5000)
    monkeypatch.setattr(inputs, "_CHUNK", 100)
    file = tmp_path / "a.jsonl"
    good = json.dumps(DAN).encode()
    file.write_bytes(b"x" * 9000 + good + b"\n" + good + end)
    first, second = sources(str(file), True, 4096)
    assert first.refused is not None
    assert (first.line, first.content) == (1, b"")
    assert (second.line, second.content, second.refused) == (2, good, None)


def test_a_line_may_be_as_long_as_a_document(tmp_path: Path) -> None:
    """Its end does not count."""
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"x" * 4096 + b"\n" + b"x" * 4097 + b"\n" + b"y")
    found = [(s.line, len(s.content), s.refused is None) for s in sources(str(file), True, 4096)]
    assert found == [(1, 4096, True), (2, 0, False), (3, 1, True)]
