"""The signed head of every run: in the heads file, in the artifact, and in Prefect."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from benson_execution import Document, Outcome, Settings, Trail
from benson_execution.errors import ArtifactNotWritten
from benson_execution.proof.heads import Head
from benson_execution.proof.heads_file import read_line
from benson_execution.proof.keys import SigningKey
from flows.run import run_document
from tests.flow.documents import BLOCKED, COMPLETED, document


async def run(example: str = COMPLETED) -> Outcome:
    """Run the flow on a document of its own."""
    return await run_document(Document.read(document(example)), Settings.load())


def heads_file(home: Path) -> list[Head]:
    """The heads of the heads file, in which there is nothing else."""
    noted = [read_line(line) for line in (home / "heads.jsonl").read_bytes().splitlines()]
    heads = [one.said for one in noted if one is not None and isinstance(one.said, Head)]
    assert len(heads) == len(noted)
    return heads


async def shown(outcome: Outcome) -> str:
    """The verdict's page as Prefect has it."""
    key = ArtifactFilterKey(any_=[f"verdict-{outcome.pac_id.lower()}"])
    async with get_client() as client:
        (artifact,) = await client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
    return str(artifact.data)


async def test_every_run_appends_its_head_to_the_heads_file(
    prefect: str, home: Path, trail: Trail
) -> None:
    """Completed or blocked: one line each, after the empty trail's, signed by this home's key."""
    statuses = [(await run(example)).status for example in (COMPLETED, BLOCKED)]

    assert statuses == ["COMPLETED", "BLOCKED"]
    empty, one, other = heads_file(home)
    assert (empty.size, one.size, other.size) == (0, 1, 2)
    assert other == trail.head()
    key = SigningKey.read(home / "signing-key.pem").public
    assert one.is_signed_by(key)
    assert other.is_signed_by(key)


async def test_a_run_that_is_over_has_no_lease(prefect: str, home: Path, trail: Trail) -> None:
    """Its artifact is there: nobody has to recover anything."""
    outcome = await run()

    assert outcome.artifact_path is not None
    assert trail.leases() == []


async def test_prefect_shows_the_head_that_proves_the_run(
    prefect: str, home: Path, trail: Trail
) -> None:
    """To the letter, signature included, in a block that no Markdown changes."""
    await run()
    outcome = await run(BLOCKED)

    page = await shown(outcome)
    (note,) = re.findall(r"^```\n(.*\n)```$", page, re.DOTALL | re.MULTILINE)
    head = Head.parse(note.encode())
    assert head.is_signed_by(SigningKey.read(home / "signing-key.pem").public)
    assert (head, head.size) == (trail.head(), 2)
    assert "Signed head of 2 closed dispatches:" in page
    assert outcome.artifact_path is not None
    assert json.loads(outcome.artifact_path.read_bytes())["proof"]["head"] == note


async def test_a_run_whose_head_can_not_be_written_has_not_passed(
    prefect: str, home: Path, trail: Trail
) -> None:
    """The trail has its verdict, its lease is kept, and who asked for it is told."""
    (home / "heads.jsonl").unlink()
    (home / "heads.jsonl").mkdir()

    with pytest.raises(ArtifactNotWritten, match="heads file") as refused:
        await run()

    assert "BENSON_HEADS" in str(refused.value.hint)
    assert [lease.closed for lease in trail.leases()] == [True]
    assert not (home / "artifacts").exists()
