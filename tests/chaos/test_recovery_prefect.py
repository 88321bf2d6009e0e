"""Recovery where Prefect is asked: what its states prove, and what they don't."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import State, StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Crashed, Failed, Paused, Pending, Running, Scheduled

import flows.trail_recovery
from benson_execution.recovery import Action
from benson_execution.trail import SqlTrail
from benson_execution.trail.lease import Holder
from flows.pac_execution import pac_execution
from flows.trail_recovery import recover_with_prefect, trail_recovery
from tests.chaos.checks import END, NOTHING
from tests.chaos.holding import ELSEWHERE, LIVING, REUSED, begun, give
from tests.chaos.sites import Site, new_document
from tests.chaos.warm import Zygote
from tests.cli.command import Benson
from tests.prefect_server import free_port

HOUR: Final = timedelta(hours=1)


@pytest.fixture
def site(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch, api: str) -> Iterator[Site]:
    """A home that is this process's own, and the Prefect server."""
    for name in list(os.environ):
        if name.startswith("BENSON_"):
            monkeypatch.delenv(name)
    for name, value in sqlite_site.environment.items():
        monkeypatch.setenv(name, value)
    with temporary_settings({PREFECT_API_URL: api}):
        yield sqlite_site


@pytest.fixture
def client(site: Site) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def trail(site: Site) -> Iterator[SqlTrail]:
    trail = site.opened()
    yield trail
    trail.close()


@pytest.fixture
def benson(site: Site, tmp_path: Path) -> Benson:
    """The real command, in that home."""
    cwd = tmp_path / "elsewhere"
    cwd.mkdir()
    return Benson(site.home, cwd)


def run_in(client: SyncPrefectClient, state: State[Any]) -> UUID:
    """A flow run of which Prefect says this."""
    run_id = client.create_flow_run(pac_execution, parameters={"document": "{}"}).id
    client.set_flow_run_state(run_id, state, force=True)
    found = client.read_flow_run(run_id).state
    assert found is not None
    assert found.type is state.type
    return run_id


def recovered(site: Site) -> list[tuple[Action, str]]:
    """What recovery did, and why."""
    found = asyncio.run(recover_with_prefect(site.settings))
    return [(one.action, one.because) for one in found]


def statuses(site: Site) -> list[str]:
    return [fact.data["status"] for fact in site.facts() if fact.key == END]


def run_recovery() -> State[Any]:
    """The flow's final state."""

    async def final() -> State[Any]:
        return await trail_recovery(return_state=True)

    return asyncio.run(final())


def paused(ahead: timedelta) -> State[Any]:
    """A run that is paused until then."""
    state: State[Any] = Paused(timeout_seconds=1)
    assert state.state_details.pause_timeout is not None
    state.state_details.pause_timeout += ahead
    return state


@pytest.mark.parametrize("holder", [LIVING, ELSEWHERE, REUSED], ids=["living", "elsewhere", "dead"])
@pytest.mark.parametrize("ended", [Crashed, Cancelled, Failed], ids=lambda made: made.__name__)
def test_a_run_that_ended_has_no_process_any_more(
    ended: Any, holder: Holder, site: Site, client: SyncPrefectClient, trail: SqlTrail
) -> None:
    """Its dispatch is closed, however its lease stands."""
    begun(trail, site, str(run_in(client, ended())))
    give(site, holder, seconds=60)

    assert recovered(site) == [(Action.CLOSED, "its run has ended")]

    assert statuses(site) == ["FAILED"]
    assert recovered(site) == []


@pytest.mark.parametrize(
    "waiting",
    [lambda: Scheduled(scheduled_time=datetime.now(UTC) + HOUR), Pending, lambda: paused(HOUR)],
    ids=["scheduled", "pending", "paused"],
)
def test_a_run_that_waits_is_alive_without_a_process(
    waiting: Any, site: Site, client: SyncPrefectClient, trail: SqlTrail
) -> None:
    """Its first process is dead; it will be resumed by another one."""
    begun(trail, site, str(run_in(client, waiting())))
    give(site, REUSED, seconds=-1)

    assert recovered(site) == [(Action.LEFT, "its run waits to be started or resumed")]

    assert statuses(site) == []


@pytest.mark.parametrize(
    "over",
    [lambda: Scheduled(scheduled_time=datetime.now(UTC) - HOUR), Pending, lambda: paused(-HOUR)],
    ids=["scheduled", "pending", "paused"],
)
def test_a_run_that_waited_for_too_long_is_dead_as_its_process_is(
    over: Any,
    site: Site,
    client: SyncPrefectClient,
    trail: SqlTrail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time is over: then the process and its lease decide."""
    if over is Pending:  # the server says since when
        monkeypatch.setattr(flows.trail_recovery, "_GRACE", timedelta())
    begun(trail, site, str(run_in(client, over())))
    give(site, ELSEWHERE, seconds=60)
    ((action, because),) = recovered(site)
    assert (action, because.endswith("has not run out")) == (Action.LEFT, True)

    give(site, REUSED, seconds=60)
    ((action, because),) = recovered(site)

    assert (action, because.endswith("is dead")) == (Action.CLOSED, True)
    assert statuses(site) == ["FAILED"]


def test_a_running_run_is_alive_or_dead_as_its_process_is(
    site: Site, client: SyncPrefectClient, trail: SqlTrail
) -> None:
    """RUNNING proves nothing in either direction."""
    living = begun(trail, site, str(run_in(client, Running()))).ref.dispatch_id
    dead = begun(trail, site, str(run_in(client, Running()))).ref.dispatch_id
    give(site, REUSED, seconds=60, dispatch_id=dead)

    assert [action for action, _ in recovered(site)] == [Action.LEFT, Action.CLOSED]

    assert [one.dispatch.dispatch_id for one in site.leases()] == [living]


@pytest.mark.parametrize("run_id", ["no-uuid", str(uuid4())], ids=["no-uuid", "unknown"])
def test_a_run_that_prefect_does_not_know_is_judged_by_its_process(
    run_id: str, site: Site, trail: SqlTrail
) -> None:
    """As one of `benson judge`, or of another Prefect."""
    begun(trail, site, run_id)
    assert [action for action, _ in recovered(site)] == [Action.LEFT]
    give(site, REUSED, seconds=60)

    assert [action for action, _ in recovered(site)] == [Action.CLOSED]


def test_a_killed_run_that_stays_running_is_closed_by_the_command(
    site: Site, client: SyncPrefectClient, zygote: Zygote, benson: Benson, api: str
) -> None:
    """Prefect shows it as RUNNING for ever; its dead process tells."""
    _, document = new_document()
    point = "CHECKPOINT:CP-03:after"
    process = zygote.run(site.environment, document, api=api, point=point)
    assert process.stopped_at(point), process.wait()
    process.kill()
    run_id = site.facts()[0].dispatch_id.removesuffix("-1")
    state = client.read_flow_run(UUID(run_id)).state
    assert state is not None
    assert state.type is StateType.RUNNING

    answer = benson("recover", env={"PREFECT_API_URL": api})

    assert (answer.code, answer.out.split()[0]) == (0, "closed")
    assert answer.err == f"benson: asking Prefect at {api} (PREFECT_API_URL)\n"
    assert statuses(site) == ["FAILED"]
    assert benson("recover", env={"PREFECT_API_URL": api}).out == NOTHING
    assert benson("verify").code == 0


@pytest.mark.parametrize("unfinished", [True, False], ids=["unfinished", "finished"])
def test_a_prefect_that_does_not_answer_is_one_sentence(
    unfinished: bool, site: Site, trail: SqlTrail, benson: Benson
) -> None:
    """Nothing is closed on a guess; where nothing is unfinished, there is nothing to ask."""
    if unfinished:
        begun(trail, site, str(uuid4()))
        give(site, REUSED, seconds=60)
    url = f"http://127.0.0.1:{free_port()}/api"

    answer = benson("recover", env={"PREFECT_API_URL": url})

    asking, *sentences = answer.err.splitlines()
    assert asking == f"benson: asking Prefect at {url} (PREFECT_API_URL)"
    if unfinished:
        assert (answer.code, answer.out) == (3, "")
        (sentence,) = sentences
        assert sentence.startswith("benson: Prefect could not be asked: ")
        assert statuses(site) == []
    else:
        assert (answer.code, answer.out, sentences) == (0, NOTHING, [])


def test_the_recovery_flow_says_what_it_did(
    site: Site, client: SyncPrefectClient, trail: SqlTrail
) -> None:
    """In its state, and in an artifact; a second one finds nothing."""
    dispatch = begun(trail, site, str(run_in(client, Crashed()))).ref
    begun(trail, site, str(run_in(client, Running())))

    state: State[Any] = run_recovery()

    assert (state.type, state.message) == (StateType.COMPLETED, "1 closed, 1 left alone")
    key = ArtifactFilter(key=ArtifactFilterKey(any_=["trail-recovery"]))
    (artifact,) = [
        one
        for one in client.read_artifacts(artifact_filter=key)
        if one.flow_run_id == state.state_details.flow_run_id
    ]
    assert artifact.description == "2 unfinished dispatches"
    assert dispatch.dispatch_id in str(artifact.data)
    assert statuses(site) == ["FAILED"]


def test_the_recovery_flow_fails_when_something_could_not_be_recovered(
    site: Site, client: SyncPrefectClient, trail: SqlTrail
) -> None:
    """The dispatch is closed, and its artifact has no place; the next one finds nothing to do."""
    begun(trail, site, str(run_in(client, Crashed())))
    give(site, REUSED, seconds=60)
    folder = site.home / "artifacts"
    folder.write_text("in the way")
    state: State[Any] = run_recovery()
    assert (state.type, state.message) == (StateType.FAILED, "1 not recovered")

    folder.unlink()
    states: list[State[Any]] = [run_recovery() for _ in range(2)]

    assert [one.message for one in states] == ["1 artifact written", "nothing was unfinished"]
