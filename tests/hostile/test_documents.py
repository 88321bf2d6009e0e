"""Every hostile document through the engine: the verdict, the record, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings
from benson_execution.errors import BadInput, InvalidPac, UnreadableDocument
from benson_execution.outcome import Outcome
from tests.assets.hostile.large import RECIPES, large

from .answers import ASSETS, EXPECTATIONS, READABLE, UNJUDGED, content_of, sha256_of
from .recorded import assert_closed, assert_refused

ERRORS: Final[dict[str, type[BadInput]]] = {
    "unreadable": UnreadableDocument,
    "invalid_pac": InvalidPac,
}


def judge(content: bytes) -> tuple[MemoryTrail, Outcome]:
    trail = MemoryTrail()
    engine = BensonExecutionEngine(False, trail=trail, settings=Settings.load())
    return trail, engine.execute_pac(content)


def refuse(content: bytes, answer: str) -> tuple[MemoryTrail, str]:
    """The trail, and what the refusal says."""
    trail = MemoryTrail()
    engine = BensonExecutionEngine(False, trail=trail, settings=Settings.load())
    with pytest.raises(ERRORS[answer]) as refused:
        engine.execute_pac(content)
    assert type(refused.value) is ERRORS[answer]
    assert refused.value.exit_code == 2
    return trail, str(refused.value)


def told_by(outcome: Outcome) -> str:
    """All that an outcome says of what is wrong."""
    details = [checkpoint["details"] for checkpoint in outcome.checkpoints]
    return "\n".join([*details, *map(str, outcome.violations), outcome.reason or ""])


@pytest.mark.parametrize("name", READABLE)
def test_a_readable_document_gets_its_verdict(name: str, home: Path) -> None:
    """Status, code and gates as written down; one closed dispatch; a WRAP only where earned."""
    expected = EXPECTATIONS[name]
    trail, outcome = judge(content_of(name))
    failed = [c["checkpoint_id"] for c in outcome.checkpoints if c["status"] == "FAIL"]
    assert (outcome.status, outcome.error_code, failed) == expected.verdict
    assert outcome.exit_code == expected.exit_code
    assert expected.words in told_by(outcome)
    assert (outcome.wrap_id is not None) is (expected.answer == "COMPLETED")
    assert_closed(trail, expected.answer, sha256_of(content_of(name)))
    assert told_by(outcome).replace("\n", "").isprintable()


@pytest.mark.parametrize("name", UNJUDGED)
def test_what_can_not_be_judged_leaves_a_refusal_and_no_dispatch(name: str, home: Path) -> None:
    """The message names the defect in printable words, and so does the record."""
    expected = EXPECTATIONS[name]
    trail, message = refuse(content_of(name), expected.answer)
    assert expected.words in message
    assert message.isprintable()
    assert len(message) < 5000
    assert_refused(trail, content_of(name), expected.answer, expected.words)


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_large_is_answered_soon(name: str, home: Path) -> None:
    """At the limit it is judged, and beyond the limit it is refused by the name of the limit."""
    asset = large(name)
    if asset.answer == "COMPLETED":
        trail, outcome = judge(asset.content)
        assert (outcome.status, outcome.error_code) == ("COMPLETED", None)
        assert_closed(trail, "COMPLETED", sha256_of(asset.content))
    else:
        trail, message = refuse(asset.content, asset.answer)
        assert asset.words in message
        assert_refused(trail, asset.content, asset.answer, asset.words)


def test_judging_leaves_no_files(home: Path) -> None:
    """A trail in memory: nothing is written, whatever a document's paths are called."""
    before = sorted(ASSETS.iterdir())
    for name in READABLE:
        if name.startswith(("scope-", "text-")):
            judge(content_of(name))
    assert list(home.iterdir()) == []
    assert sorted(ASSETS.iterdir()) == before
