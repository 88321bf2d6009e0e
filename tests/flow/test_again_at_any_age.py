"""However old a run is, and whoever is at it besides: it goes on once, or ends with a reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events import Event as PrefectEvent
from prefect.events import Resource
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter
from prefect.states import Crashed, Pending, Running, Scheduled

from benson_execution import Trail
from flows import again
from flows.again import AgainAction, run_again
from tests.flow.documents import document
from tests.flow.inboxes import Judged, inbox, judged, lying_in, swept, swept_alone
from tests.flow.test_again import (
    NOTHING,
    begin_agent,
    begin_and_die,
    begun,
    others,
    recovered,
    say,
    submitted,
)
from tests.flow.working import runs_of

__all__ = ["inbox", "judged"]


async def found(judged: Judged, run: FlowRun) -> State[Any]:
    """The state that a run is in by now."""
    state = (await judged[0].read_flow_run(run.id)).state
    assert state is not None
    return state


@pytest.fixture
def two_days_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run should have started two days ago: there was no worker."""
    made = PrefectClient.create_flow_run_from_deployment

    async def late(self: PrefectClient, *args: Any, **options: Any) -> FlowRun:
        state: State[Any] = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(days=2))
        return await made(self, *args, state=state, **options)

    monkeypatch.setattr(PrefectClient, "create_flow_run_from_deployment", late)


@pytest.mark.parametrize("state", [Running, Crashed], ids=lambda made: made.__name__)
async def test_a_run_that_began_late_is_judged_again(
    state: Callable[[], State[Any]], two_days_late: None, judged: Judged, trail: Trail
) -> None:
    """It was killed today, and that is what counts."""
    text = document()
    run = await submitted(judged, trail, text)
    await say(judged, run, Running())
    await asyncio.to_thread(begin_and_die, run, text)
    await say(judged, run, state())
    assert await recovered() == "Completed: 1 closed, 1 submitted again"
    assert len(await others(judged, run)) == 1


async def test_a_crash_of_long_ago_is_looked_at_no_more(
    judged: Judged, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be more with every day."""
    run = await submitted(judged, trail, document())
    await say(judged, run, Crashed())
    monkeypatch.setattr(again, "_RECENT", timedelta(0))
    assert await recovered() == NOTHING


async def test_the_inbox_goes_on_with_a_killed_run_where_nobody_recovers(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """Its dispatch was closed, and Prefect never heard of it: the file does not wait for ever."""
    text = document()
    (inbox / "a.json").write_text(text)
    await swept_alone()
    (run,) = await runs_of(*judged)
    await say(judged, run, Running())
    begun(trail, run, text).fail()
    assert await swept_alone() == "Completed: 1 waiting for a verdict"
    assert (await found(judged, run)).type is StateType.CRASHED
    assert await swept(judged) == "Completed: 1 done"
    assert len(await runs_of(*judged)) == 2


async def test_a_run_that_is_given_up_ends_and_its_file_with_it(
    judged: Judged, inbox: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was put back twice and still began nothing: it crashed, which is told once."""
    monkeypatch.setattr(again, "GRACE", timedelta(0))
    (inbox / "a.json").write_text(document())
    await swept_alone()
    (run,) = await runs_of(*judged)
    for told in ("1 put back", "1 put back", "1 not submitted again"):
        await say(judged, run, Pending())
        assert await recovered() == f"Completed: {told}"
    state = await found(judged, run)
    assert (state.type, state.message) == (
        StateType.CRASHED,
        "it never began, and it was put back 2 times",
    )
    assert await recovered() == NOTHING
    assert await swept_alone() == "Completed: 1 refused"
    assert lying_in(inbox) == ["refused/a.json", "refused/a.json.error.txt"]


async def test_a_run_at_work_for_another_trail_is_left(
    judged: Judged, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no dispatch here, and lives: a second process must not begin it."""
    monkeypatch.setattr(again, "GRACE", timedelta(0))
    run = await submitted(judged, trail, document())
    await say(judged, run, Running())
    assert await recovered() == NOTHING
    assert (await found(judged, run)).type is StateType.RUNNING


async def test_a_run_that_died_before_its_dispatch_is_put_back_once_it_is_silent(
    judged: Judged, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker was killed with it: nobody else would ever say that it crashed."""
    run = await submitted(judged, trail, document())
    await say(judged, run, Running())
    assert await recovered() == NOTHING
    monkeypatch.setattr(again, "SILENCE", timedelta(0))
    assert await recovered() == "Completed: 1 put back"
    assert (await found(judged, run)).type is StateType.SCHEDULED


async def test_a_run_that_tells_that_it_lives_is_left_however_long_it_takes(
    judged: Judged, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be at work for another trail, which alone knows its dispatch."""
    client = judged[0]
    run = await submitted(judged, trail, document())
    await say(judged, run, Running())
    heartbeat = PrefectEvent(
        event="prefect.flow-run.heartbeat",
        resource=Resource({"prefect.resource.id": f"prefect.flow-run.{run.id}"}),
        occurred=datetime.now(UTC) + timedelta(minutes=1),  # after the end of the silence
    )
    await client.request("POST", "/events", json=[heartbeat.model_dump(mode="json")])
    wanted = EventFilter(
        event=EventNameFilter(name=[heartbeat.event]),
        occurred=EventOccurredFilter(until=datetime.now(UTC) + timedelta(hours=1)),
    )
    for _ in range(300):  # a minute
        listed = (await client.read_events(wanted, limit=50)).events
        if heartbeat.id in [event.id for event in listed]:
            break
        await asyncio.sleep(0.2)
    else:
        pytest.fail("the heartbeat is not listed")
    monkeypatch.setattr(again, "SILENCE", timedelta(0))
    assert await recovered() == NOTHING
    assert (await found(judged, run)).type is StateType.RUNNING


async def test_a_run_that_begins_at_this_moment_is_not_put_back(
    judged: Judged, trail: Trail
) -> None:
    """What was read of it is not so any more."""
    run = await submitted(judged, trail, document())
    await say(judged, run, Pending())
    read = await judged[0].read_flow_run(run.id)
    await say(judged, run, Running())
    told = await run_again(judged[0], trail, read)
    assert told.action is AgainAction.TAKEN_ON
    assert (await found(judged, run)).type is StateType.RUNNING


async def test_an_agent_of_an_earlier_dispatch_counts_too(judged: Judged, trail: Trail) -> None:
    """The newest dispatch was killed before its agent; the one before it had been at work."""
    text = document()
    first, second = [await submitted(judged, trail, text + " " * n) for n in range(2)]
    begin_agent(trail, begun(trail, first, text))
    begun(trail, second, text)
    await say(judged, second, Crashed())
    assert await recovered() == "Completed: 1 closed, 1 left alone"
    assert await others(judged, first, second) == []
