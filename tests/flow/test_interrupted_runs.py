"""Runs that are ended from outside: terminated, killed, cancelled, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import AwaitingRetry, Cancelling

from benson_execution import Trail
from tests.flow.documents import document, refused_by
from tests.flow.test_every_hook_matters import statuses, wraps
from tests.prefect_server import server_environment, stopped_afterwards, wait_until

PROJECT = Path(__file__).parents[2]


@contextmanager
def started(
    module: str,
    home: Path,
    api_url: str,
    hold: Path,
    standard_input: str = "",
    sabotage: str = "",
    **more: str,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours against the test's server and home; `more` are environment variables."""
    environment = server_environment(
        home / "prefect-client",
        PREFECT_API_URL=api_url,
        PREFECT_RUNNER_POLL_FREQUENCY="1",
        BENSON_HOME=str(home),
        BENSON_TEST_HOLD=str(hold),
        BENSON_TEST_SABOTAGE=sabotage,
        PYTHONPATH=str(PROJECT),
        **more,
    )
    given = home / "standard-input"
    given.write_text(standard_input)
    with given.open("rb") as stream, (home / "process.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=environment,
            cwd=home,
            stdin=stream,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with stopped_afterwards(process):
        yield process


def events_of(trail: Trail) -> list[str]:
    return [s.key or "" for s in trail.events()]


@pytest.fixture
def hold(home: Path) -> Path:
    """The file that holds CP-03 up."""
    path = home / "hold"
    path.touch()
    return path


def wait_until_held_up(hold: Path) -> None:
    """Wait until CP-02 is judged, and CP-03 waits."""
    wait_until(hold.with_name(f"{hold.name}.reached").exists, description="CP-03 is held up")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_terminated_run_is_closed_as_failed(
    signal_number: signal.Signals, api_url: str, home: Path, hold: Path, trail: Trail
) -> None:
    """`PAC_DISPATCH_END` FAILED is in the trail, there is no WRAP, and the artifact is written."""
    with started("tests.flow.direct", home, api_url, hold, document()) as process:
        wait_until_held_up(hold)
        process.send_signal(signal_number)
        hold.unlink()  # an interrupt cancels the run where it next waits for something
        assert process.wait(60) != 0

    assert statuses(trail) == ["FAILED"]
    assert wraps(trail) == []
    assert len(list((home / "artifacts").rglob("*.json"))) == 1


@pytest.mark.parametrize("how", ["removed", "raising"])
def test_without_the_crash_hook_a_terminated_run_is_never_completed(
    how: str, api_url: str, home: Path, hold: Path, trail: Trail
) -> None:
    """The dispatch stays open, which is no status; it has no WRAP."""
    sabotage = f"on_crashed_hooks={how}"
    with started("tests.flow.direct", home, api_url, hold, document(), sabotage) as process:
        wait_until_held_up(hold)
        process.send_signal(signal.SIGTERM)
        hold.unlink()
        assert process.wait(60) != 0

    assert "COMPLETED" not in statuses(trail)
    assert wraps(trail) == []


@pytest.mark.parametrize("how", ["removed", "raising"])
def test_without_the_cancellation_hook_a_cancelled_run_is_never_completed(
    how: str, api_url: str, home: Path, hold: Path, trail: Trail, client: SyncPrefectClient
) -> None:
    """The dispatch stays open, which is no status; it has no WRAP."""
    sabotage = f"on_cancellation_hooks={how}"
    with started("tests.flow.served", home, api_url, hold, sabotage=sabotage):
        run_id = submit(client, document())
        wait_until_held_up(hold)
        client.set_flow_run_state(run_id, Cancelling())
        run = final(client, run_id)
        assert run.state is not None
        assert run.state.is_cancelled()

    assert "COMPLETED" not in statuses(trail)
    assert wraps(trail) == []


def test_a_killed_direct_run_leaves_its_dispatch_open_and_unwrapped(
    api_url: str, home: Path, hold: Path, trail: Trail
) -> None:
    """SIGKILL gives no hook a chance; what was acknowledged is there, and nothing has passed."""
    with started("tests.flow.direct", home, api_url, hold, document()) as process:
        wait_until_held_up(hold)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)

    assert events_of(trail) == [
        "PAC_DISPATCH_START",
        "AGENT_EXECUTION_START",
        "CHECKPOINT:CP-01",
        "CHECKPOINT:CP-02",
    ]


@pytest.fixture
def client(prefect: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


def submit(client: SyncPrefectClient, text: str) -> UUID:
    """A run of the served deployment, once the serving process has made it."""

    def deployments() -> list[UUID]:
        return [d.id for d in client.read_deployments() if d.name == "served-by-tests"]

    wait_until(deployments, description="the deployment is served")
    (deployment,) = deployments()
    return client.create_flow_run_from_deployment(deployment, parameters={"document": text}).id


def final(client: SyncPrefectClient, run_id: UUID) -> FlowRun:
    """The run, once it is over."""

    def run() -> FlowRun:
        return client.read_flow_run(run_id)

    def over() -> bool:
        state = run().state
        return state is not None and state.is_final()

    wait_until(over, timeout=90, description="the flow run is over")
    return run()


def test_a_cancelled_run_is_closed_as_failed(
    api_url: str, home: Path, hold: Path, trail: Trail, client: SyncPrefectClient
) -> None:
    """Cancelling in the UI closes the dispatch, from the serving process if need be."""
    with started("tests.flow.served", home, api_url, hold):
        run_id = submit(client, document())
        wait_until_held_up(hold)
        client.set_flow_run_state(run_id, Cancelling())
        run = final(client, run_id)
        assert run.state is not None
        assert run.state.is_cancelled()
        wait_until(lambda: statuses(trail) == ["FAILED"], description="the dispatch is closed")

    assert wraps(trail) == []
    assert len(list((home / "artifacts").rglob("*.json"))) == 1


def test_a_killed_run_of_a_served_deployment_is_closed_by_the_serving_process(
    api_url: str, home: Path, hold: Path, trail: Trail, client: SyncPrefectClient
) -> None:
    """The runner sees the death, and calls the hook in its own process."""
    with started("tests.flow.served", home, api_url, hold) as server:
        run_id = submit(client, document())
        wait_until_held_up(hold)
        for child in children_of(server.pid):
            os.kill(child, signal.SIGKILL)
        run = final(client, run_id)
        assert run.state is not None
        assert run.state.is_crashed()
        wait_until(lambda: statuses(trail) == ["FAILED"], description="the dispatch is closed")

    assert wraps(trail) == []


def test_the_ui_s_retry_opens_the_next_dispatch(
    api_url: str, home: Path, hold: Path, trail: Trail, client: SyncPrefectClient
) -> None:
    """A run that starts again under its own id never judges on a closed dispatch."""
    hold.unlink()
    with started("tests.flow.served", home, api_url, hold):
        run_id = submit(client, refused_by("CP-03"))
        first = final(client, run_id)
        client.set_flow_run_state(run_id, AwaitingRetry())
        wait_until(lambda: len(statuses(trail)) == 2, timeout=90, description="a second END")
        second = final(client, run_id)

    assert [first.state_name, second.state_name] == ["BLOCKED", "BLOCKED"]
    assert statuses(trail) == ["BLOCKED", "BLOCKED"]
    dispatches = dict.fromkeys(s.dispatch.dispatch_id for s in trail.events())
    assert list(dispatches) == [f"{run_id}-1", f"{run_id}-2"]
    assert [s.sequence for s in trail.events(dispatch_id=f"{run_id}-2")] == list(range(1, 12))


def children_of(pid: int) -> list[int]:
    """The processes that a process started and that still run."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
