"""What events name by its digest has to be there: an agent's result, and a review's policy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from benson_execution.trail import SqlTrail
from benson_execution.verification.findings import Kind
from benson_execution.verification.named_documents import missing_documents
from tests.library.walks import APPROVAL, RESULT, answer, ran, review_policy

from .honest import Honest, Ring, findings, tampering, url

LATER = review_policy(reviewers=("Ada", "Eve"))
"""In force when the answer came; the dispatch began under another one."""
NAMED = {
    "agent's result": hashlib.sha256(RESULT).hexdigest(),
    "review's policy": LATER.sha256,
    "review's registry": LATER.registry.sha256,
}


@pytest.fixture
def made(tmp_path: Path) -> tuple[Honest, str]:
    """A trail with one dispatch whose agent was run, and that a person approved; and its id."""
    honest = Honest(tmp_path / "trail.db", Ring())
    trail = SqlTrail(url(honest.path), honest.ring)
    dispatch = ran(trail, in_force=review_policy())
    answer(dispatch, APPROVAL, LATER)
    trail.close()
    return honest, dispatch.ref.dispatch_id


def test_what_is_named_is_there(made: tuple[Honest, str]) -> None:
    honest, _ = made
    assert findings(honest.path, honest.ring.public) == []


@pytest.mark.parametrize("what", NAMED)
def test_what_is_named_and_gone_is_told(made: tuple[Honest, str], what: str) -> None:
    """With its digest, and the dispatch that can't be judged again without it."""
    honest, dispatch_id = made
    with tampering(honest.path) as connection:
        gone = connection.execute("DELETE FROM documents WHERE sha256 = ?", (NAMED[what],))
        assert gone.rowcount == 1
    (found,) = findings(honest.path, honest.ring.public)
    assert (found.kind, found.dispatch_id) == (Kind.DOCUMENT_MISSING, dispatch_id)
    assert found.message == f"the {what} that it was judged by is gone: {NAMED[what]}"


def test_a_run_without_a_result_names_none() -> None:
    said = json.dumps({"data": {"result_sha256": None}}).encode()
    assert list(missing_documents("AGENT_RUN_END", said, set(), "d-1")) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"data": 1}',
        b'{"data": {}}',
        b'{"data": {"result_sha256": ["x"]}}',
        b"[" * 100_000,
        b"\xff",
        None,
        7,
    ],
)
def test_an_event_that_was_changed_names_nothing(content: object) -> None:
    """That it was changed is told by its hash; here it must not end the search."""
    assert list(missing_documents("AGENT_RUN_END", content, set(), "d-1")) == []


def test_of_several_all_are_told() -> None:
    said = {"policy_sha256": "ab", "agent_registry_sha256": "cd"}
    content = json.dumps({"data": said}).encode()
    told = [f.message for f in missing_documents("POLICY_RECHECK", content, {"ef"}, "d-1")]
    assert told == [
        "the review's policy that it was judged by is gone: ab",
        "the review's registry that it was judged by is gone: cd",
    ]
    assert list(missing_documents("POLICY_RECHECK", content, {"ab", "cd"}, "d-1")) == []
