"""What a run is started with: text or a digest, and what is neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benson_execution import Document, Settings, Trail
from benson_execution.document import MAX_INLINE_BYTES
from flows.pac_execution import pac_execution
from flows.run import run_document
from tests.flow.documents import document
from tests.flow.test_every_hook_matters import statuses


async def test_a_large_document_goes_through_the_trail_s_document_store(
    prefect: str, home: Path, trail: Trail
) -> None:
    """It is too large for Prefect's parameters, is named by its digest, and judged all the same."""
    large = Document.read(document(notes="x" * 600_000))

    outcome = await run_document(large, Settings.load())

    assert outcome.status == "COMPLETED"
    assert trail.document(large.sha256) == large.content


async def test_a_document_that_is_large_as_json_only_goes_through_the_store_too(
    prefect: str, home: Path, trail: Trail
) -> None:
    """Prefect measures a parameter as JSON, where each of these letters takes six characters."""
    content = json.dumps(json.loads(document(notes="\u00e9" * 90_000)), ensure_ascii=False)
    large = Document.read(content)
    assert len(large.content) < MAX_INLINE_BYTES

    outcome = await run_document(large, Settings.load())

    assert outcome.status == "COMPLETED"
    assert trail.document(large.sha256) == large.content


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({}, "give one of document, document_digest and document_url"),
        ({"document": "{}", "document_url": "https://a.test/"}, "give one of"),
        ({"document_digest": "0" * 64}, "no document with SHA-256"),
        ({"document": "not a document"}, "an object is expected"),
        ({"document": '{"execution_result": {}}'}, "no member 'pac'"),
    ],
)
async def test_what_holds_no_pac_opens_no_dispatch(
    given: dict[str, str], cause: str, prefect: str, trail: Trail
) -> None:
    """The run is refused, and says why."""
    state = await pac_execution(**given, return_state=True)

    assert state.name == "REFUSED"
    assert cause in (state.message or "")
    assert list(trail.events()) == []


async def test_prefect_never_evaluates_what_an_agent_wrote(
    prefect: str, home: Path, trail: Trail
) -> None:
    """A template in the result is text to every phase, and stands in the artifact as it came."""
    trap = {"__prefect_kind": "jinja", "template": "{{ 7*7 }}"}

    outcome = await run_document(Document.read(document(artifacts=trap)), Settings.load())

    assert outcome.status == "COMPLETED"
    assert outcome.artifact_path is not None
    artifact = json.loads(outcome.artifact_path.read_text())
    assert artifact["dispatch"]["execution_result"]["artifacts"] == trap
    assert statuses(trail) == ["COMPLETED"]
