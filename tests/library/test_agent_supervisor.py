"""The supervisor by itself: what it is told, what it reports, and how it kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from benson_execution.agent_run import supervisor
from tests.prefect_server import wait_until

from .agents import NOTE, alive

SUPERVISOR: Final = Path(supervisor.__file__)
PYTHON: Final = (sys.executable, "-I", "-S")
IMPORTED: Final = f"import sys; sys.path.insert(0, {str(SUPERVISOR.parent)!r}); import supervisor"


@contextmanager
def supervising(
    folder: Path, code: str, *, changed: str = "", **more: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor that runs a program in Python; its lifeline is held meanwhile.

    `changed` is what is changed in the supervisor's module before it begins.
    """
    end, held = os.pipe()
    job = {
        "argv": [*PYTHON, "-c", NOTE + code],
        "folder": str(folder),
        "timeout": 60,
        "limit": 1000,
        "size": 0,
        "lifeline": end,
        **more,
    }
    command = [*PYTHON, str(SUPERVISOR), json.dumps(job)]
    if changed:
        script = f"{IMPORTED}; {changed}; supervisor.main()"
        command[len(PYTHON) : -1] = ["-c", script]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=[end]) as process:
        try:
            yield process
        finally:
            os.close(held)
            os.close(end)


def report(process: subprocess.Popen[bytes], request: bytes = b"") -> tuple[Any, bytes]:
    """What it reports, and the answer; it has nothing to complain of."""
    output, said = process.communicate(request, timeout=60)
    assert (process.returncode, said) == (0, b"")
    head, newline, answer = output.partition(b"\n")
    assert newline
    return json.loads(head), answer


def pids(folder: Path) -> list[int]:
    file = folder / "pids"
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


def started(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Complete the request, which is empty, and wait for the agent."""
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    wait_until(lambda: pids(folder), description="the agent runs")


def test_a_report_is_one_line_and_the_answer_follows(tmp_path: Path) -> None:
    """How the agent ended, and what it complained of."""
    with supervising(tmp_path, "os.write(1, b'a\\nb'); os.write(2, b'\\n\\xff')") as process:
        told, answer = report(process)
    assert told == {"end": "exited", "code": 0, "stderr": "\n\ufffd", "left": 0}
    assert answer == b"a\nb"


def test_the_answer_of_an_agent_that_failed_is_not_handed_on(tmp_path: Path) -> None:
    """It does not count."""
    with supervising(tmp_path, "os.write(1, b'answer'); os._exit(9)") as process:
        told, answer = report(process)
    assert (told["end"], told["code"], answer) == ("exited", 9, b"")


def test_the_end_of_what_an_agent_complains_of_is_reported(tmp_path: Path) -> None:
    """Not all of it."""
    with supervising(tmp_path, "os.write(2, b'x' * 200_000 + b'end'); os._exit(1)") as process:
        told, _ = report(process)
    assert told["stderr"] == "x" * (supervisor.STDERR_BYTES - 3) + "end"


def test_nobody_waits_for_output_that_nobody_can_write(tmp_path: Path) -> None:
    """The agent ended, and has no child: there is no moment to wait."""
    began = time.monotonic()
    changed = "supervisor.LINGER_SECONDS = 50"
    with supervising(tmp_path, "os.write(1, b'x')", changed=changed) as process:
        assert report(process)[1] == b"x"
    assert time.monotonic() - began < 40


def test_the_last_words_of_an_agent_are_read_to_their_end(tmp_path: Path) -> None:
    """Also where they are more than is read at once, and the agent is gone by then."""
    code = """
import fcntl
fcntl.fcntl(2, fcntl.F_SETPIPE_SZ, 1 << 20)
os.close(1)
os.kill(os.getppid(), signal.SIGSTOP)
os.write(2, b'x' * 900_000 + b'end')
os._exit(1)
"""
    with supervising(tmp_path, code) as process:
        started(process, tmp_path)
        wait_until(lambda: not alive(pids(tmp_path)[0]), description="the agent has ended")
        process.send_signal(signal.SIGCONT)
        told, _ = report(process)
    assert told["stderr"].endswith("xend")


def test_an_agent_never_sees_half_a_request(tmp_path: Path) -> None:
    """Who wrote it was killed meanwhile: the agent is not started."""
    with supervising(tmp_path, "", size=10) as process:
        told, _ = report(process, b"12345")
    assert told == {"end": "not started", "why": "the request was cut off"}
    assert pids(tmp_path) == []


def test_no_image_of_an_agents_memory_is_written(tmp_path: Path) -> None:
    """It may hold what the agent was trusted with."""
    with supervising(tmp_path, "", argv=["/bin/sh", "-c", "ulimit -Hc"]) as process:
        _, answer = report(process)
    assert answer == b"0\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_supervisor_that_is_told_to_end_takes_the_agent_along(
    tmp_path: Path, number: signal.Signals
) -> None:
    """By any of the signals that ask for it."""
    with supervising(tmp_path, "time.sleep(60)") as process:
        started(process, tmp_path)
        process.send_signal(number)
        told, _ = report(process)
    assert told["end"] == "stopped"
    assert not any(alive(pid) for pid in pids(tmp_path))


def test_an_agent_does_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """Also where nobody is left who would look for it."""
    with supervising(tmp_path, "time.sleep(60)") as process:
        started(process, tmp_path)
        process.kill()
    wait_until(lambda: not alive(pids(tmp_path)[0]), description="the agent is gone")


def test_a_report_that_nobody_reads_is_dropped(tmp_path: Path) -> None:
    """It ends all the same, and complains of nothing."""
    with supervising(tmp_path, "os.write(1, b'answer')") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.close()
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_orphans_are_reaped_while_the_agent_runs(tmp_path: Path) -> None:
    """They don't pile up until it ends."""
    code = """
for _ in range(50):
    if os.fork() == 0:
        if os.fork():
            os._exit(0)
        os._exit(0)
    os.wait()
def children():
    found = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                found += file.read().rpartition(")")[2].split()[1] == str(os.getppid())
        except OSError:
            pass
    return found
until = time.monotonic() + 30
while children() > 1 and time.monotonic() < until:
    time.sleep(0.01)
print(children())
"""
    with supervising(tmp_path, code) as process:
        _, answer = report(process)
    assert answer == b"1\n", "the agent itself"


@pytest.mark.parametrize(
    ("begin", "kill"),
    [
        ("os.setsid()", "assert supervisor.kill_descendants() == 3"),
        ("", "supervisor.kill_descendants = lambda: 0; supervisor.kill_all(agent)"),
    ],
    ids=["descendants, each in a session of its own", "a group"],
)
def test_each_of_two_ways_to_kill_takes_all_at_once(begin: str, kill: str) -> None:
    """The group, which no fork escapes, and whoever descends from the agent, however deep."""
    code = f"""
import os, select, time
{IMPORTED}
reading, held = os.pipe()
agent = os.fork()
if agent == 0:
    os.setsid()
    for _ in range(2):
        if os.fork():
            break
        {begin or "pass"}
    os.write(held, b".")
    time.sleep(45)
    os._exit(0)
os.close(held)
for _ in range(3):
    os.read(reading, 1)
{kill}
# Whoever lives holds the pipe open.
print("over" if select.select([reading], [], [], 10)[0] else "one lives")
"""
    done = subprocess.run(
        [*PYTHON, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "over\n"
