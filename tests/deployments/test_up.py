"""`benson up`: what it starts, what it serves, and that nothing of it outlives it."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.cli.command import Benson, processes_of, wait_until
from tests.cli.documents import document, save
from tests.deployments.up import Up, up

SLOW = pytest.mark.timeout(600)


def health(running: Up) -> bool:
    try:
        return httpx.get(f"{running.url}/health", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@SLOW
def test_a_scheduled_sweep_judges_what_lies_in_the_inbox(served: Up) -> None:
    """Nobody asks for it: a minute passes, and the file lies beside its artifact."""
    inbox = served.benson.home / "inbox"
    assert inbox.is_dir()
    made = document()
    save(inbox, "arrived.json", made)
    wait_until(
        lambda: list((inbox / "done").rglob("*arrived.json*")),
        timeout=240,
        description="the scheduled sweep moved the file",
    )
    ends = [s for s in served.benson.recorded() if s.event.event_type == "PAC_DISPATCH_END"]
    (end,) = [s for s in ends if s.event.data.pac_id == made["pac"]["pac_id"]]
    assert end.event.data.status == "COMPLETED"


@SLOW
def test_it_says_what_it_serves_and_where(served: Up) -> None:
    """Every deployment, the UI, the API for others, and the inbox."""
    told = served.log.read_text()
    for words in (
        "its first start takes a while",
        "pac-execution/on-demand",
        "pac-form/on-demand",
        "pac-execution/on-event",
        "pac-inbox/every-minute",
        "trail-recovery/every-five-minutes",
        f"UI     {served.url.removesuffix('/api')}\n",
        f"API    {served.url}\n",
        "inbox  ",
    ):
        assert words in told
    page = httpx.get(served.url.removesuffix("/api"), timeout=60, trust_env=False)
    assert "<title>Prefect Server</title>" in page.text


@SLOW
def test_its_server_is_its_own(served: Up) -> None:
    """On loopback only, its database in the home, and no analytics."""
    port = int(served.url.split(":")[2].split("/")[0])
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    ]
    assert listening == [f"0100007F:{port:04X}"]
    assert (served.benson.home / "prefect" / "prefect.db").exists()
    (server,) = [
        pid for pid, told in processes_of(served.benson.home).items() if "own_server" in told
    ]
    environment = Path(f"/proc/{server}/environ").read_bytes().split(b"\0")
    assert b"PREFECT_SERVER_ANALYTICS_ENABLED=false" in environment
    assert b"DO_NOT_TRACK=1" in environment


@SLOW
def test_a_second_one_in_the_same_home_is_refused(served: Up) -> None:
    """It names the first, and leaves it alone."""
    answer = served.benson("up", "--port", "4")
    assert (answer.code, answer.out) == (2, "")
    assert f"already, as process {served.process.pid}" in answer.err
    assert health(served)


def test_a_port_that_is_taken_is_said(benson: Benson) -> None:
    """At once, with what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = benson("up", "--port", str(port))
    assert (answer.code, answer.out) == (2, "")
    assert f"port {port} can't be had: Address already in use" in answer.err
    assert "--port" in answer.err


def test_an_unreachable_prefect_is_said(benson: Benson) -> None:
    """No server of its own is started in its place."""
    answer = benson("up", env={"PREFECT_API_URL": "http://127.0.0.1:1/api"})
    assert answer.code == 3
    assert "Prefect can't be reached" in answer.err
    assert not (benson.home / "prefect" / "prefect.db").exists()


@pytest.mark.parametrize(
    "env", [{"BENSON_REGISTRY": "/nowhere"}, {"BENSON_QUALITY_THRESHOLD": "x"}], ids=str
)
def test_a_wrong_setting_is_told_before_anything_starts(
    env: dict[str, str], benson: Benson
) -> None:
    """And not by the first run that meets it."""
    answer = benson("up", env=env)
    assert answer.code == 2
    assert next(iter(env)) in answer.err or "/nowhere" in answer.err
    assert not (benson.home / "prefect").exists()


@SLOW
def test_a_password_protects_its_server(benson: Benson) -> None:
    """Only who has it is answered, and whoever has not is told how to name it."""
    file = save(benson.cwd, "protected.json", document())
    password = {"PREFECT_SERVER_API_AUTH_STRING": "benson:a-password"}
    with up(benson, env=password) as running:
        asked = httpx.post(f"{running.url}/flow_runs/filter", json={}, trust_env=False)
        assert asked.status_code == 401
        commands: list[list[str | Path]] = [["submit", file], ["review"], ["run", file]]
        for command in commands:
            refused = benson(*command, env=running.env)
            assert refused.code == 3
            assert "it is protected: PREFECT_API_AUTH_STRING must be" in refused.err
            assert "defect" not in refused.err
        known = running.env | {"PREFECT_API_AUTH_STRING": "benson:a-password"}
        assert benson("submit", "--wait", file, env=known).code == 0


@SLOW
def test_it_ends_when_its_server_does(benson: Benson) -> None:
    """Nothing could be served any more: it says so, and where to look."""
    with up(benson) as running:
        (server,) = [p for p, told in processes_of(benson.home).items() if "own_server" in told]
        os.kill(server, signal.SIGKILL)
        assert running.process.wait(120) == 3
        assert "the Prefect server has ended; " in running.log.read_text()
        assert "server.log says more" in running.log.read_text()
        assert processes_of(benson.home) == {}


@pytest.mark.timeout(900)
def test_nothing_outlives_it_and_the_next_one_goes_on(benson: Benson) -> None:
    """By a signal or killed, no server is left, and no sweep is kept from its place for ever."""
    inbox = benson.home / "inbox"
    with up(benson) as first:
        assert first.end(signal.SIGTERM) == 0
        assert "benson: stopped" in first.log.read_text()
        assert processes_of(benson.home) == {}
    # With one place for runs the sweep has it, and waits for the run that it made.
    with up(benson, options=("--limit", "1")) as second:
        save(inbox, "held.json", made := document())
        wait_until(lambda: _sweeps(second), timeout=200, description="a scheduled sweep runs")
        second.process.kill()
        second.process.wait()
        wait_until(
            lambda: not [p for p in processes_of(benson.home).values() if "own_server" in p],
            timeout=30,
            description="the server is gone",
        )
        assert not health(second)
        for left in processes_of(benson.home):
            os.kill(left, signal.SIGKILL)
    _let_run_out(benson.home / "prefect" / "concurrency_leases")
    with up(benson) as third:
        wait_until(
            lambda: list((inbox / "done").rglob("*held.json*")),
            timeout=300,
            description="a later sweep moved the file",
        )
        assert third.end(signal.SIGINT) == 0
        assert processes_of(benson.home) == {}
    of_held = [s for s in benson.recorded() if s.dispatch.pac_id == made["pac"]["pac_id"]]
    assert len({s.dispatch.dispatch_id for s in of_held}) == 1
    assert of_held[-1].event.data.status == "COMPLETED"


def _sweeps(running: Up) -> bool:
    wanted = {
        "flows": {"name": {"any_": ["pac-inbox"]}},
        "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}},
    }
    answer = httpx.post(f"{running.url}/flow_runs/filter", json=wanted, timeout=30, trust_env=False)
    return bool(answer.json())


def _let_run_out(leases: Path) -> None:
    """As if the five minutes had passed that a dead run keeps its place."""
    long_ago = "2026-01-01T00:00:00+00:00"
    held = [path for path in leases.glob("*.json") if path.name != "expirations.json"]
    assert held, "the sweep's hold outlives the server"
    for path in held:
        path.write_text(json.dumps({**json.loads(path.read_text()), "expiration": long_ago}))
    index = leases / "expirations.json"
    index.write_text(json.dumps(dict.fromkeys(json.loads(index.read_text()), long_ago)))
