"""Who starts a server takes it along, with all that the server started, however it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from deployments.stack.guarded import Guarded
from deployments.stack.guardian import descendants
from deployments.stack.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
FAMILY: Final = """
import subprocess, sys, time
waits = "import time; time.sleep(600)"
subprocess.Popen([sys.executable, "-c", waits], start_new_session=True)
print("started", flush=True)
time.sleep(600)
"""
"""A server with a child in a session of its own, as Prefect's workers have them."""
STARTER: Final = f"""
import sys, tempfile
from deployments.stack.guarded import Guarded
guarded = Guarded(tempfile.TemporaryFile())
guarded.run([sys.executable, "-c", {FAMILY!r}], {{}})
guarded.wait(lambda: "started" in guarded.log(), "it started")
print(guarded.guardian_pid, guarded.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    """Nothing yet, under a guardian."""
    made = Guarded(tempfile.TemporaryFile())  # noqa: SIM115  # it is closed with it
    yield made
    made.close()


def family(guarded: Guarded) -> tuple[int, int]:
    """A server and its child."""
    guarded.run([sys.executable, "-c", FAMILY], {})
    guarded.wait(lambda: "started" in guarded.log(), "it started")
    pid = guarded.pid
    assert pid is not None
    (child,) = descendants(pid)
    return pid, child


def runs(pid: int) -> bool:
    """Whether this process runs; what only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_end_takes_a_servers_children_along(guarded: Guarded) -> None:
    """Also those in a session of their own."""
    pid, child = family(guarded)
    guarded.close()
    assert not runs(pid)
    assert not runs(child)
    assert not guarded.folder.exists()


def test_what_a_killed_server_leaves_behind_ends_with_its_guardian(guarded: Guarded) -> None:
    """An orphan is handed to the guardian, which knows it still."""
    pid, child = family(guarded)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: guarded.look()[1] is not None)
    assert guarded.look()[1] == -signal.SIGKILL
    assert runs(child)
    guarded.close()
    assert not runs(child)


def test_nothing_outlives_a_starter_that_is_killed() -> None:
    """No handler runs at a SIGKILL; the guardian sees its pipe close."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        guardian, pid = map(int, starter.stdout.readline().split())
        (child,) = descendants(pid)
        starter.kill()
        wait_until(lambda: not any(map(runs, (guardian, pid, child))), description="all ended")


def test_a_server_dies_with_its_guardian(guarded: Guarded) -> None:
    """It is told from one that runs."""
    pid, child = family(guarded)
    os.kill(guarded.guardian_pid, signal.SIGKILL)
    wait_until(lambda: not runs(pid), description="the server ended")
    with pytest.raises(RuntimeError, match="guardian is gone"):
        guarded.look()
    os.kill(child, signal.SIGKILL)  # of two that are killed at once nobody is left to know


def test_a_server_that_does_not_end_when_asked_is_killed_in_the_end(guarded: Guarded) -> None:
    """And what it said is there."""
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN); print('no', flush=True); input()"
    guarded.run([sys.executable, "-c", f"{stubborn}\nimport time; time.sleep(600)"], {}, given="\n")
    guarded.wait(lambda: "no" in guarded.log(), "it says no")
    pid = guarded.pid
    assert pid is not None
    guarded.ask_to_end()
    assert not guarded.has_ended(0.5)
    assert guarded.last_words() == "no"
    os.kill(pid, signal.SIGKILL)
    assert guarded.has_ended(20)
