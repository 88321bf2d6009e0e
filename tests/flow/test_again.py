"""What was killed is judged again: at most twice, and never where an agent had been at work."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Crashed, Failed, Pending, Running

from benson_execution import BensonExecutionEngine, Document, Settings, Trail
from benson_execution.dispatch import Dispatch
from benson_execution.events import DispatchStatus, Event
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.policy import Policy
from benson_execution.trail import Batch, NewEvent
from flows import again
from flows.pac_execution import pac_execution
from flows.submission import submit_document
from flows.trail_recovery import trail_recovery
from tests.flow.documents import document
from tests.flow.inboxes import Judged, inbox, judged, lying_in, swept, swept_alone
from tests.flow.working import runs_of, work_off

__all__ = ["inbox", "judged"]

NOTHING = "Completed: nothing was unfinished"


async def recovered() -> str:
    """What one recovery says."""
    state: State[Any] = await trail_recovery(return_state=True)
    return f"{state.name}: {state.message}"


async def submitted(judged: Judged, trail: Trail, text: str) -> FlowRun:
    """A run on a document, which nobody has begun."""
    return await submit_document(
        judged[0], trail, text.encode(), idempotency_key=f"test-{hash(text)}", tags=["mine"]
    )


def begun(trail: Trail, run: FlowRun, text: str) -> Dispatch:
    """The run's dispatch, as its process began it."""
    document = Document.read(text)
    dispatch = Dispatch.of(str(run.id), document, Policy.of(Settings.load()), trail)
    dispatch.begin()
    dispatch.begin_execution()
    return dispatch


def begin_agent(trail: Trail, dispatch: Dispatch) -> None:
    """The agent was started, and nobody knows what it did."""
    started = {
        "pac_id": dispatch.document.pac.pac_id,
        "agent_gid": dispatch.document.pac.agent_gid,
        "runner": "ls",
        "nonce": "0" * 32,
        "phase": "EXECUTION",
    }
    event = NewEvent("AGENT_RUN_START", Event.create("AGENT_RUN_START", started))
    trail.append(Batch(dispatch.ref, [event]))


async def say(judged: Judged, run: FlowRun, state: State[Any]) -> None:
    """What Prefect says of a run from now on."""
    await judged[0].set_flow_run_state(run.id, state, force=True)


async def others(judged: Judged, *known: FlowRun) -> list[FlowRun]:
    """The deployment's runs, but those."""
    return [r for r in await runs_of(*judged) if r.id not in {one.id for one in known}]


def statuses(trail: Trail) -> list[str]:
    """How the dispatches ended, in order."""
    ends = trail.events(event_type="PAC_DISPATCH_END")
    return [stored.event.data.status for stored in ends]


@pytest.mark.parametrize("closed", [True, False], ids=["closed by its hook", "left open"])
async def test_a_crashed_run_is_judged_again(closed: bool, judged: Judged, trail: Trail) -> None:
    """By one new run, with the tags of the first; the table says so, and the next one rests."""
    text = document()
    run = await submitted(judged, trail, text)
    dispatch = begun(trail, run, text)
    await say(judged, run, Crashed())
    if closed:
        dispatch.fail()
    said = await recovered()
    assert "1 submitted again" in said
    assert ("closed" in said) is (not closed)
    (new,) = await others(judged, run)
    assert new.tags == ["mine"]
    table = await Artifact.aget("trail-recovery")
    assert table is not None
    rows = json.loads(str(table.data))
    assert rows[-1]["action"] == "submitted again"
    assert str(new.id) in rows[-1]["because"]
    if closed:
        dispatch.trail.release(dispatch.ref.dispatch_id)
    assert await recovered() in (NOTHING, "Completed: 1 artifact written")
    assert await recovered() == NOTHING
    await work_off(*judged)
    assert statuses(trail) == ["FAILED", "COMPLETED"]
    assert await recovered() == NOTHING
    assert len(await runs_of(*judged)) == 2


_BEGIN = """
import os, sys
from benson_execution import Document, Settings, open_trail
from benson_execution.dispatch import Dispatch
from benson_execution.policy import Policy
settings = Settings.load()
document = Document.read(sys.stdin.read())
Dispatch.of(sys.argv[1], document, Policy.of(settings), open_trail(settings)).begin()
os._exit(0)
"""


def begin_and_die(run: FlowRun, text: str) -> None:
    """Begin the run's dispatch in a process that ends with that."""
    subprocess.run([sys.executable, "-c", _BEGIN, str(run.id)], input=text, text=True, check=True)


async def test_a_run_whose_process_is_dead_is_judged_again(judged: Judged, trail: Trail) -> None:
    """Prefect says RUNNING for ever, where its worker died too: then it says CRASHED."""
    text = document()
    run = await submitted(judged, trail, text)
    await say(judged, run, Running())
    await asyncio.to_thread(begin_and_die, run, text)
    assert await recovered() == "Completed: 1 closed, 1 submitted again"
    (found,) = [r for r in await runs_of(*judged) if r.id == run.id]
    assert found.state is not None
    assert found.state.type is StateType.CRASHED
    await work_off(*judged)
    assert statuses(trail) == ["FAILED", "COMPLETED"]


async def test_a_document_is_judged_again_at_most_twice(judged: Judged, trail: Trail) -> None:
    """Whatever kills it, kills it three times and no more."""
    text = document()
    run = await submitted(judged, trail, text)
    known: list[FlowRun] = []
    for _ in range(2):
        known.append(run)
        begun(trail, run, text)
        await say(judged, run, Crashed())
        assert await recovered() == "Completed: 1 closed, 1 submitted again"
        (run,) = await others(judged, *known)
    begun(trail, run, text)
    await say(judged, run, Crashed())
    assert await recovered() == "Completed: 1 closed"
    assert await recovered() == NOTHING
    assert len(await runs_of(*judged)) == 3
    assert statuses(trail) == ["FAILED"] * 3


async def test_another_document_of_the_same_pac_counts_for_itself(
    judged: Judged, trail: Trail
) -> None:
    """Three kills of one do not keep a corrected one from its next attempt."""
    text = document()
    for number in range(3):
        run = await submitted(judged, trail, text + " " * number)
        begun(trail, run, text + " " * number)
        await say(judged, run, Crashed())
    assert await recovered() == "Completed: 3 closed, 3 submitted again"


async def test_what_an_agent_had_begun_is_not_done_again(judged: Judged, trail: Trail) -> None:
    """What it did can't be undone, and nobody asked for it twice."""
    text = document()
    run = await submitted(judged, trail, text)
    begin_agent(trail, begun(trail, run, text))
    await say(judged, run, Crashed())
    assert await recovered() == "Completed: 1 closed"
    assert await others(judged, run) == []


async def test_a_pac_that_has_its_wrap_is_not_judged_again(judged: Judged, trail: Trail) -> None:
    """Another run was faster, and the PAC is closed."""
    text = document()
    run = await submitted(judged, trail, text)
    begun(trail, run, text)
    engine = BensonExecutionEngine(enable_telemetry=False, trail=trail, settings=Settings.load())
    engine.execute_pac(text.encode())
    await say(judged, run, Crashed())
    assert await recovered() == "Completed: 1 closed"
    assert await others(judged, run) == []


@pytest.mark.parametrize("ended", [Failed, Cancelled], ids=lambda made: made.__name__)
async def test_what_was_not_killed_is_not_judged_again(
    ended: Callable[[], State[Any]], judged: Judged, trail: Trail
) -> None:
    """One that failed by itself, waited for a review too long, or was cancelled by a person."""
    text = document()
    run = await submitted(judged, trail, text)
    begun(trail, run, text)
    await say(judged, run, ended())
    assert await recovered() == "Completed: 1 closed"
    assert await others(judged, run) == []


async def test_a_crashed_run_that_was_judged_to_its_end_is_left(
    judged: Judged, trail: Trail
) -> None:
    """Its process died after the verdict was in the trail."""
    text = document()
    run = await submitted(judged, trail, text)
    dispatch = begun(trail, run, text)
    dispatch.close(WrapVerdict(False, DispatchStatus.FAILED))
    await say(judged, run, Crashed())
    await recovered()
    assert await others(judged, run) == []


async def test_a_run_that_somebody_called_is_theirs_to_call_again(
    judged: Judged, trail: Trail
) -> None:
    """It belongs to no deployment."""
    text = document()
    run = await judged[0].create_flow_run(pac_execution, parameters={"document": text})
    begun(trail, run, text)
    await say(judged, run, Crashed())
    assert await recovered() == "Completed: 1 closed"
    assert await runs_of(*judged) == []


@pytest.mark.parametrize("state", [Pending, Crashed], ids=lambda made: made.__name__)
async def test_a_run_that_never_began_is_put_back(
    state: Callable[[], State[Any]], judged: Judged, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker died before its process began anything: it is scheduled again, and judged."""
    monkeypatch.setattr(again, "GRACE", timedelta(0))
    run = await submitted(judged, trail, document())
    await say(judged, run, state())
    assert await recovered() == "Completed: 1 put back"
    (found,) = await runs_of(*judged)
    assert (found.id, found.state_type) == (run.id, StateType.SCHEDULED)
    await work_off(*judged)
    assert statuses(trail) == ["COMPLETED"]


async def test_a_run_is_put_back_at_most_twice(judged: Judged, trail: Trail) -> None:
    """Whatever keeps it from its beginning does so three times and no more."""
    run = await submitted(judged, trail, document())
    for _ in range(2):
        await say(judged, run, Crashed())
        assert await recovered() == "Completed: 1 put back"
    await say(judged, run, Crashed())
    assert await recovered() == NOTHING
    (found,) = await runs_of(*judged)
    assert found.state_type is StateType.CRASHED


@pytest.mark.parametrize("state", [Pending, Running], ids=lambda made: made.__name__)
async def test_a_run_that_may_be_about_to_begin_is_left(
    state: Callable[[], State[Any]], judged: Judged, trail: Trail
) -> None:
    """A process takes its time to start."""
    run = await submitted(judged, trail, document())
    await say(judged, run, state())
    assert await recovered() == NOTHING


async def test_the_inbox_follows_its_file_to_the_run_that_judges_it_again(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """A killed run is no verdict on the file: it waits for the next one's."""
    text = document()
    (inbox / "a.json").write_text(text)
    assert await swept_alone() == "Completed: 1 waiting for a verdict"
    (run,) = await runs_of(*judged)
    dispatch = begun(trail, run, text)
    await say(judged, run, Crashed())
    dispatch.fail()
    assert await swept(judged) == "Completed: 1 done"
    assert lying_in(inbox) == ["done/a.json", "done/a.json.artifact.json"]
    (new,) = await others(judged, run)
    artifact = json.loads((inbox / "done" / "a.json.artifact.json").read_bytes())
    assert artifact["dispatch"]["run_id"] == str(new.id)
    assert len(await runs_of(*judged)) == 2


async def test_a_file_is_not_refused_since_its_second_run_completed_it(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """Whoever looks at the killed run later finds the PAC closed: by the run that went on."""
    text = document()
    (inbox / "a.json").write_text(text)
    await swept_alone()
    (run,) = await runs_of(*judged)
    dispatch = begun(trail, run, text)
    await say(judged, run, Crashed())
    dispatch.fail()
    assert await recovered() == "Completed: 1 artifact written, 1 submitted again"
    await work_off(*judged)
    assert await swept_alone() == "Completed: 1 done"


async def test_the_inbox_gives_a_file_up_that_was_killed_three_times(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """Then the verdict is FAILED, and the file lies among what was refused."""
    text = document()
    (inbox / "a.json").write_text(text)
    await swept_alone()
    known: list[FlowRun] = []
    for _ in range(3):
        (run,) = await others(judged, *known)
        known.append(run)
        dispatch = begun(trail, run, text)
        await say(judged, run, Crashed())
        dispatch.fail()
        said = await swept_alone()
    assert said == "Completed: 1 refused"
    assert lying_in(inbox) == ["refused/a.json", "refused/a.json.artifact.json"]
    assert len(await runs_of(*judged)) == 3
