"""What a trail must hold after one document: a closed dispatch, or a refusal and no dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benson_execution import Trail
from benson_execution.trail import StoredEvent

from .answers import sha256_of

CANONICAL: Final = [
    "PAC_DISPATCH_START",
    "AGENT_EXECUTION_START",
    "CHECKPOINT",
    "CHECKPOINT",
    "CHECKPOINT",
    "CHECKPOINT",
    "SCHEMA_VALIDATION",
    "AGENT_EXECUTION_END",
    "BER_GENERATION_DECISION",
    "WRAP_GENERATION",
    "PAC_DISPATCH_END",
]
"""The types of the eleven events of a dispatch that was judged to its end, in order."""


def verdict_in(stored: Sequence[StoredEvent]) -> tuple[str, str | None, list[str]]:
    """Status, error code and failed checkpoints, as the events of one dispatch tell them."""
    data = {one.event.event_type: one.event.data for one in stored}
    gates = [one.event.data for one in stored if one.event.event_type == "CHECKPOINT"]
    failed = [gate.checkpoint_id for gate in gates if gate.status != "PASS"]
    return data["PAC_DISPATCH_END"].status, data["SCHEMA_VALIDATION"].error_code, failed


def assert_closed(trail: Trail, status: str, sha256: str) -> None:
    """Exactly one dispatch, of this document and closed with this status; and no refusal."""
    assert_closed_events(list(trail.events()), status, sha256)
    assert list(trail.refusals()) == []


def assert_closed_events(stored: Sequence[StoredEvent], status: str, sha256: str) -> None:
    """All of them are one dispatch's, from its beginning to its end; a WRAP only if COMPLETED."""
    assert len({one.dispatch.dispatch_id for one in stored}) == 1
    assert {one.dispatch.document_sha256 for one in stored} == {sha256}
    assert [one.event.event_type for one in stored] == CANONICAL
    assert stored[-1].event.data.status == status
    wrap = stored[-2].event.data
    assert (wrap.status == "WRAP_GENERATED") is (status == "COMPLETED")
    assert (wrap.wrap_id is not None) is (status == "COMPLETED")


def assert_refused(trail: Trail, content: bytes, kind: str, words: str = "") -> None:
    """Exactly one refusal, of these bytes and for this cause; and no dispatch."""
    assert list(trail.events()) == []
    (refusal,) = trail.refusals()
    assert (refusal.sha256, refusal.size) == (sha256_of(content), len(content))
    assert refusal.kind == kind
    assert words in refusal.cause
    assert refusal.cause.isprintable()
