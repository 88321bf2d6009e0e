"""An agent runs once: whoever else tries, whatever the trail refuses, and whoever tries again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

import tasks.agent
import tasks.hooks
from benson_execution import Document, Settings, Trail
from benson_execution.agent_run.envelope import new_nonce
from benson_execution.agent_run.recorded import run_end
from benson_execution.dispatch import Dispatch
from benson_execution.phases import activation
from benson_execution.policy import Policy
from flows.pac_execution import pac_execution
from tests.flow.running import walk
from tests.flow.test_agent_runs import RUNS, agent, payloads, times_run, types

__all__ = ["agent"]  # the fixture


def begun(run_id: str, text: str, trail: Trail) -> Dispatch:
    """A dispatch of this run whose agent was started."""
    given = Document.read(text)
    dispatch = Dispatch.of(run_id, given, Policy.of(Settings.load()), trail)
    dispatch.begin()
    dispatch.begin_execution()
    dispatch.record_checkpoint(activation.judge(given, dispatch.policy))
    dispatch.begin_run("a nonce")
    return dispatch


async def test_of_two_processes_one_starts_the_agent(
    prefect: str,
    home: Path,
    trail: Trail,
    agent: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other one decides nothing, and leaves the dispatch to the one that did."""
    text = agent()

    def overtaken() -> str:
        begun(next(iter(trail.events())).dispatch.run_id, text, trail)
        return new_nonce()

    monkeypatch.setattr(tasks.agent, "new_nonce", overtaken)
    state = await pac_execution(text, return_state=True)
    assert state.is_failed()
    assert "another process runs the agent" in str(state.message)
    assert times_run(home) == 0
    assert types(trail) == RUNS[:-1]
    assert payloads(trail)["AGENT_RUN_START"].nonce == "a nonce"


@pytest.mark.parametrize("refusals", [1, 3])
async def test_an_answer_that_the_trail_refuses_is_offered_again(
    prefect: str,
    home: Path,
    trail: Trail,
    agent: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    refusals: int,
) -> None:
    """As often as anything else; and where that does not help, it isn't told as lost."""
    text = agent()
    with sqlite3.connect(home / "trail.db") as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.event_type = 'AGENT_RUN_END' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    refused: list[str] = []

    def noted(_home: Path, _kind: str, _error: BaseException, about: str) -> None:
        refused.append(about)
        if len(refused) == refusals:
            with sqlite3.connect(home / "trail.db") as database:
                database.execute("DROP TRIGGER full")

    monkeypatch.setattr(tasks.hooks, "note_fault", noted)
    state = await pac_execution(text, return_state=True)
    assert times_run(home) == 1
    assert len(refused) == refusals
    if refusals == 1:
        assert state.is_completed(), state
        assert payloads(trail)["AGENT_RUN_END"].answered is True
    else:
        assert state.is_failed()
        assert "can't be recorded" in str(state.message)
        assert run_end(s.event for s in trail.events()) is None
        assert payloads(trail)["PAC_DISPATCH_END"].status == "FAILED"


async def test_a_retried_run_never_starts_the_agent_of_an_earlier_attempt(
    prefect: str,
    home: Path,
    trail: Trail,
    agent: Callable[..., str],
) -> None:
    text = agent()
    async with get_client() as client:
        run = await client.create_flow_run(pac_execution, parameters={"document": text})
        begun(str(run.id), text, trail).fail()
        run = await walk(client, run.id)
    assert run.state_name == "FAILED"
    assert times_run(home) == 0
    second: dict[str, Any] = {
        s.event.event_type: s.event.data for s in trail.events(dispatch_id=f"{run.id}-2")
    }
    assert "AGENT_RUN_START" not in second
    assert second["AGENT_RUN_END"].answered is False
    assert "an earlier attempt of this run started it" in second["AGENT_RUN_END"].cause
    (artifact,) = (home / "artifacts").glob("*/*-2.json")
    assert json.loads(artifact.read_text())["dispatch"]["status"] == "FAILED"
