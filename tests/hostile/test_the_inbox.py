"""Hostile documents as files of an inbox, and as parameters of a deployment's runs.

In the inbox: everything that is refused, which takes no run; and of what is judged each third,
with a run each on a real Prefect server. All that does not complete shares one trail and one sweep.
A document that completes closes its PAC, which most of them share, so that each needs a trail of
its own, and of these again a third is enough.

Through the API: everything that is no text, which no other parameter can carry than its digest; of
what else is refused each fifth, since `test_the_flow.py` has all of it as the same parameter; and
of what `samples.py` names, and no third had in it, each third.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from prefect.client.schemas.objects import FlowRun

from benson_execution import Settings, Trail, open_trail
from benson_execution.inbox import listing
from flows.pac_inbox import pac_inbox
from flows.submission import submit_document
from tests.flow.inboxes import Judged, judged
from tests.flow.working import runs_of, walk, working

from .answers import EXPECTATIONS, READABLE, UNJUDGED, content_of, raw_in, sha256_of
from .recorded import assert_closed_events, verdict_in
from .samples import RUN

__all__ = ["judged"]

THIRD: Final = READABLE[::3]
OTHERS: Final = [name for name in THIRD if EXPECTATIONS[name].answer != "COMPLETED"]
COMPLETED: Final = [name for name in THIRD if name not in OTHERS][::3]
REFUSED_BY_API: Final = sorted(
    {*UNJUDGED[::5], *(name for name in UNJUDGED if EXPECTATIONS[name].bytes_only)}
)
_REST: Final = [n for n in RUN if n not in THIRD and EXPECTATIONS[n].answer != "COMPLETED"]
BY_API: Final = _REST[::3]
_numbers: Final = count(1)


@pytest.fixture(autouse=True)
def _settled(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SETTLED_SECONDS", 0.0)
    monkeypatch.setenv("BENSON_INBOX_BATCH", "1000")
    # Neither is what these tests are about, and each costs every run a tenth.
    monkeypatch.setenv("BENSON_PREFECT_EVENTS", "false")


def left_in(inbox: Path) -> dict[str, str]:
    """Where each of the documents lies."""
    return {
        path.name: path.parent.name
        for path in inbox.rglob("*")
        if path.is_file() and path.name in EXPECTATIONS
    }


def assert_refused_in(trail: Trail, name: str) -> None:
    """One refusal of it, for its cause."""
    expected, content = EXPECTATIONS[name], content_of(name)
    found = [r for r in trail.refusals() if r.sha256 == sha256_of(content)]
    assert {refusal.kind for refusal in found} == {expected.answer}
    assert all(expected.words in refusal.cause for refusal in found), name
    assert all(refusal.cause.isprintable() for refusal in found)


def assert_judged_in(trail: Trail, name: str) -> None:
    """One dispatch of it, with its verdict."""
    digest = sha256_of(content_of(name))
    events = [s for s in trail.events() if s.dispatch.document_sha256 == digest]
    assert verdict_in(events) == EXPECTATIONS[name].verdict, name
    assert_closed_events(events, EXPECTATIONS[name].answer, digest)


async def sweep(judged: Judged, inbox: Path, names: list[str]) -> str:
    """Put these into the inbox, sweep it once, and say what the sweep says."""
    await asyncio.to_thread(put, inbox, names)
    async with working(*judged):
        state: Any = await pac_inbox(300, return_state=True)
    return f"{state.name}: {state.message}"


def put(inbox: Path, names: list[str]) -> None:
    inbox.mkdir(exist_ok=True)
    for name in names:
        (inbox / name).write_bytes(content_of(name))


@pytest.mark.timeout(300)
async def test_refused_files_lie_in_unreadable_with_their_cause(judged: Judged, home: Path) -> None:
    """All of them, of which some are no text at all; none takes a run, each is in the log once."""
    inbox, trail = home / "inbox", open_trail(Settings.load())
    digests = {sha256_of(content_of(name)) for name in UNJUDGED}
    assert await sweep(judged, inbox, UNJUDGED) == f"Completed: {len(UNJUDGED)} unreadable"
    assert left_in(inbox) == dict.fromkeys(UNJUDGED, "unreadable")
    assert await runs_of(*judged) == []
    assert list(trail.events()) == []
    assert {r.sha256 for r in trail.refusals()} == digests
    assert len(list(trail.refusals())) == len(UNJUDGED)
    for name in UNJUDGED:
        assert_refused_in(trail, name)
        assert (inbox / "unreadable" / name).read_bytes() == content_of(name)
        told = (inbox / "unreadable" / f"{name}.error.txt").read_text()
        assert EXPECTATIONS[name].words in told
        assert raw_in(told) == []


@pytest.mark.timeout(600)
async def test_judged_files_lie_where_their_verdict_sends_them(judged: Judged, home: Path) -> None:
    """Blocked and failed ones in `refused`, with the artifact of their own dispatch."""
    inbox, trail = home / "inbox", open_trail(Settings.load())
    assert await sweep(judged, inbox, OTHERS) == f"Completed: {len(OTHERS)} refused"
    assert left_in(inbox) == dict.fromkeys(OTHERS, "refused")
    assert list(trail.refusals()) == []
    for name in OTHERS:
        assert_judged_in(trail, name)
        content = (inbox / "refused" / f"{name}.artifact.json").read_bytes()
        ids = json.loads(content)["dispatch"]
        assert ids["document_sha256"] == sha256_of(content_of(name))
        assert ids["status"] == EXPECTATIONS[name].answer
    assert not (home / "faults.jsonl").exists()


@pytest.mark.parametrize("name", COMPLETED)
async def test_a_completed_file_lies_in_done(name: str, judged: Judged, home: Path) -> None:
    """With its artifact beside it, and its WRAP in the trail."""
    inbox = home / "inbox"
    assert await sweep(judged, inbox, [name]) == "Completed: 1 done"
    assert left_in(inbox) == {name: "done"}
    assert_judged_in(open_trail(Settings.load()), name)


async def by_api(judged: Judged, names: list[str]) -> AsyncIterator[tuple[str, FlowRun]]:
    """Each as the parameter of a run of the deployment; and the run, once it has ended."""
    client, _ = judged
    trail = open_trail(Settings.load())
    for name in names:
        key = f"hostile-{next(_numbers)}"
        run = await submit_document(client, trail, content_of(name), idempotency_key=key)
        await walk(run)
        yield name, await client.read_flow_run(run.id)


@pytest.mark.timeout(600)
async def test_refused_documents_are_refused_runs_of_the_deployment(
    judged: Judged, home: Path
) -> None:
    """What is no text goes by its digest; no run has a dispatch, and each says why it refuses."""
    trail = open_trail(Settings.load())
    async for name, run in by_api(judged, REFUSED_BY_API):
        assert run.state is not None
        assert run.state.name == "REFUSED", name
        assert EXPECTATIONS[name].words in (run.state.message or ""), name
        assert raw_in(run.state.message or "") == []
        (refusal,) = [r for r in trail.refusals() if r.source == str(run.id)]
        assert refusal.sha256 == sha256_of(content_of(name))
    assert list(trail.events()) == []
    for name in REFUSED_BY_API:
        assert_refused_in(trail, name)


@pytest.mark.timeout(300)
async def test_judged_documents_get_their_verdict_from_the_deployment(
    judged: Judged, home: Path
) -> None:
    """The run ends as the dispatch does."""
    trail = open_trail(Settings.load())
    async for name, run in by_api(judged, BY_API):
        assert (run.state_name or "").upper() == EXPECTATIONS[name].answer, name
        assert_judged_in(trail, name)
    assert list(trail.refusals()) == []
