"""Whatever a document holds: its refusal has a cause and a fix, in text that can be shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benson_execution import MemoryTrail
from benson_execution.errors import BadInput
from benson_execution.insight.explanation import explain_recorded
from benson_execution.insight.summary import summaries
from tests.hostile.answers import READABLE, content_of
from tests.hostile.documents import Document, documents
from tests.library.helpers import engine, law

from .explaining import of


def resolves(place: str, value: Any) -> bool:
    """Whether a JSON Pointer leads to something in a document, or to a field that is missing."""
    *steps, last = [p.replace("~1", "/").replace("~0", "~") for p in place.split("/")[1:]]
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return isinstance(value, dict) or (isinstance(value, list) and int(last) < len(value))


def assert_explained(trail: MemoryTrail) -> None:
    """The recorded verdict is told as it is, with its causes, and what would do about each."""
    explained = explain_recorded(trail, list(trail.events()))
    (summary,) = summaries(trail)
    assert explained.status == summary.status
    assert not explained.notes, explained.notes
    gates = [(check.checkpoint_id, check.status) for check in explained.checks[:4]]
    assert gates == list(summary.checkpoints.items())
    assert all(check.expected and check.actual for check in explained.checks)
    if explained.status == "COMPLETED":
        assert not explained.findings
        return
    causes = {finding.cause for finding in explained.findings}
    # Where there was no result, one finding says what three gates and the schema repeat.
    was_run = "NO_RESULT" not in causes and "no result" not in {c.actual for c in explained.checks}
    repeated = set() if was_run else {"CP-02", "CP-03", "CP-04", "GS_130"}
    assert set(summary.causes) - repeated <= causes
    # The event names the gravest code only; each violation is told with its own.
    codes = {one for one in causes if one.startswith("GS_")} if summary.error_code else set()
    assert causes <= {*summary.causes, *codes, "NO_RESULT"}
    assert explained.findings
    for finding in explained.findings:
        assert finding.what
        assert finding.fix
        assert finding.fix.isprintable()
        assert len(finding.fix) < 3000


@settings(law, max_examples=200)
@given(documents())
def test_whatever_is_refused_has_a_cause_and_a_fix(content: Document) -> None:
    """Of documents drawn by lot, with a few things wrong in each; their places are there."""
    trail = MemoryTrail()
    try:
        engine(trail).execute_pac(json.dumps(content).encode())
    except BadInput:
        return
    assert_explained(trail)
    explained = explain_recorded(trail, list(trail.events()))
    for finding in explained.findings:
        for place in finding.where:
            assert "…" in place or "\\u" in place or resolves(place, content), place


@pytest.mark.parametrize("name", READABLE)
def test_whatever_a_hostile_document_has_is_explained(name: str) -> None:
    """Every one that is judged at all."""
    trail = MemoryTrail()
    engine(trail).execute_pac(content_of(name))
    assert_explained(trail)


@settings(law, max_examples=80)
@given(st.text(max_size=50), st.sampled_from(["agent_name", "task", "path", "key", "notes"]))
def test_foreign_text_stays_text(foreign: str, place: str) -> None:
    """Whatever an agent writes: no sentence of ours has a character that is not printed."""
    changed = {
        "agent_name": {"agent_name": foreign},
        "task": {"tasks_completed": ["T1", foreign]},
        "path": {"files_modified": [foreign]},
        "key": {foreign: 1},
        "notes": {"notes": 7, "warnings": foreign},
    }[place]
    try:
        explained = of(pac={"agent_name": foreign} if place == "agent_name" else {}, result=changed)
    except BadInput:
        return
    for finding in explained.findings:
        assert finding.fix.isprintable()
        assert all(place.isprintable() for place in finding.where)
    json.dumps(explained.to_dict())
