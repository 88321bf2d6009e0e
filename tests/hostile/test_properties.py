"""The engine and the command against the oracle: COMPLETED exactly where it says so."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings
from benson_execution.errors import InvalidPac
from tests.cli.conftest import new_benson
from tests.library.helpers import law

from .answers import sha256_of, verdict_of
from .documents import Document, documents
from .oracle import Decision, decide
from .recorded import assert_closed, assert_refused

pytestmark = pytest.mark.timeout(400)

COUNTED = 2000


def judge(document: Document, threshold: float) -> tuple[MemoryTrail, bytes, Decision]:
    """The trail, the document's bytes, and what the engine decided."""
    content = json.dumps(document).encode()
    trail = MemoryTrail()
    engine = BensonExecutionEngine(
        False, trail=trail, settings=Settings(quality_threshold=threshold)
    )
    try:
        outcome = engine.execute_pac(content)
    except InvalidPac:
        return trail, content, Decision("invalid_pac")
    assert (outcome.wrap_id is not None) is (outcome.status == "COMPLETED")
    assert [c["checkpoint_id"] for c in outcome.checkpoints] == ["CP-01", "CP-02", "CP-03", "CP-04"]
    failed = tuple(c["checkpoint_id"] for c in outcome.checkpoints if c["status"] != "PASS")
    assert outcome.reason is not None
    assert all(name in outcome.reason for name in (*failed, outcome.error_code or ""))
    return trail, content, Decision(outcome.status.value, outcome.error_code, failed)


@settings(law, max_examples=600)
@given(documents(), st.sampled_from([0.7, 0.7, 0.7, 0.0, 1.0]))
def test_the_engine_decides_as_the_oracle(home: Path, document: Document, threshold: float) -> None:
    """Every gate, the code and the status; a closed dispatch, or a refusal and no dispatch."""
    expected = decide(document, threshold)
    event(expected.answer)
    trail, content, decision = judge(document, threshold)
    assert decision == expected
    if expected.answer == "invalid_pac":
        assert_refused(trail, content, "invalid_pac")
    else:
        assert_closed(trail, expected.answer, sha256_of(content))


def test_the_documents_that_are_drawn_are_of_every_kind() -> None:
    """At least a fifth of them earn their WRAP and a fifth do not; every gate and code is met."""
    answers: Counter[str] = Counter()
    met: Counter[str | None] = Counter()

    @settings(law, max_examples=COUNTED, database=None, derandomize=True)
    @given(documents())
    def collect(document: Document) -> None:
        decision = decide(document)
        answers[decision.answer] += 1
        met.update([decision.error_code, *decision.failed])

    collect()
    drawn = answers.total()
    assert drawn >= COUNTED // 2
    assert answers["COMPLETED"] >= drawn / 5, answers
    assert answers["BLOCKED"] >= drawn / 5, answers
    assert answers["invalid_pac"] > 0
    assert answers["FAILED"] > 0
    codes = {"GS_130", "GS_131", "GS_132", "GS_133"}
    assert set(met) >= codes | {"CP-01", "CP-02", "CP-03", "CP-04", None}


@settings(law, max_examples=2, database=None)
@given(st.tuples(*(documents(f"PAC-DAN-P7-{n:02d}") for n in range(1, 31))))
def test_the_command_decides_as_the_oracle(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[Document, ...]
) -> None:
    """A real process, one document a line: the same, and the worst of the exit codes."""
    benson = new_benson(tmp_path_factory.mktemp("lines"))
    lines = b"".join(json.dumps(document).encode() + b"\n" for document in drawn)
    answer = benson("judge", "--json", "--lines", "-", stdin=lines)
    decisions = [decide(document) for document in drawn]
    assert answer.code == max(decision.exit_code for decision in decisions)
    told: list[dict[str, Any]] = answer.objects
    for decision, one in zip(decisions, told, strict=True):
        wanted = None if decision.answer == "invalid_pac" else decision.answer
        assert verdict_of(one) == (wanted, decision.error_code, list(decision.failed))
        assert (one["wrap_id"] is not None) is (decision.answer == "COMPLETED")
