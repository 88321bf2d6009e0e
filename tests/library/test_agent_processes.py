"""Nothing that an agent started is left when its run is over, whatever it does to stay."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from benson_execution.agent_run import (
    Lifeline,
    command,
    kill_leftovers,
    run_command,
    run_command_in_thread,
    supervisor,
)
from benson_execution.errors import AgentFailed
from tests.prefect_server import wait_until

from .agents import LIMIT, alive, answer_of, fresh, living, marked, noted, program, shell

FORKS = "if os.fork() == 0:\n    note()\n    time.sleep(300)\n"
ESCAPES = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        note()
        for stream in (0, 1, 2):
            os.close(stream)
        time.sleep(300)
    os._exit(0)
"""
ESCAPED = 'while len(open("pids").readlines()) < {}: time.sleep(0.01)\n'


@pytest.fixture(autouse=True)
def _no_strays(home: Path) -> Iterator[None]:
    """What a test that failed left running is no other test's, and nobody else's either."""
    yield
    for folder in home.glob("agent-work/*"):
        kill_leftovers(folder)


def failed(code: str, home: Path, seconds: float = 2.0) -> str:
    with pytest.raises(AgentFailed) as failure:
        answer_of(program(code, timeout_seconds=seconds), home)
    return failure.value.message


@contextmanager
def worker(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs an agent, which has escaped from its session and would not end."""
    code = f"""
from pathlib import Path
from benson_execution.agent_run import run_command
from tests.library.agents import program
command = program({ESCAPES + "time.sleep(300)"!r}, timeout_seconds=600)
run_command(command, b"", Path({str(fresh(home))!r}), limit=1000)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: len(noted(home)) == 2, description="the agent has forked")
            yield process
        finally:
            process.kill()


def test_an_agent_that_hangs_with_its_children_is_killed_with_them(home: Path) -> None:
    """They are of its own group."""
    assert failed(FORKS + "time.sleep(300)", home) == "the agent timed out after 2 s"
    assert len(noted(home)) == 2
    assert living(home) == []


def test_an_agent_that_ignores_every_signal_it_can_is_killed(home: Path) -> None:
    """And its children, which inherit that."""
    code = """
for number in set(range(1, 32)) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
"""
    assert "timed out" in failed(code + FORKS + "time.sleep(300)", home)
    assert len(noted(home)) == 2
    assert living(home) == []


@pytest.mark.parametrize("end", ["print('{}')", "sys.exit(3)", "time.sleep(300)"])
def test_whoever_left_the_agents_session_is_found_and_killed(home: Path, end: str) -> None:
    """Forked twice, in a session of its own, with no stream open: however the agent ended."""
    code = ESCAPES + ESCAPED.format(2) + end
    try:
        answer = answer_of(program(code, timeout_seconds=4), home)
    except AgentFailed:
        assert "print" not in end
    else:
        assert answer == b"{}\n"
    assert len(noted(home)) == 2
    assert living(home) == []
    assert marked(home) == []


def test_who_holds_the_output_open_is_not_waited_for(home: Path) -> None:
    """The answer is what was written when the agent itself had ended, and a moment longer."""
    began = time.monotonic()
    code = FORKS + ESCAPED.format(2) + "print('answer', flush=True)\n"
    assert answer_of(program(code), home) == b"answer\n"
    assert time.monotonic() - began < 8
    assert len(noted(home)) == 2
    assert living(home) == []


def test_an_answer_that_a_child_completes_at_once_is_whole(home: Path) -> None:
    """A launcher may end just before what it launched."""
    assert answer_of(shell("(sleep 0.05; echo two) & echo one"), home) == b"one\ntwo\n"


def test_a_moving_target_is_hit(home: Path) -> None:
    """Each process forks the next, in a session of its own, and ends."""
    code = """
sys.stdout.write("running")
sys.stdout.flush()
if os.fork():
    os._exit(0)
while True:
    os.setsid()
    if os.fork():
        os._exit(0)
"""
    assert answer_of(program(code), home) == b"running"
    assert marked(home) == []


def test_a_deep_tree_and_a_wide_one_are_felled(home: Path) -> None:
    """Thirty generations, each in a session of its own, and thirty siblings."""
    code = """
for _ in range(30):
    if os.fork() == 0:
        note(); time.sleep(300)
for _ in range(30):
    if os.fork():
        time.sleep(300)
    os.setsid(); note()
time.sleep(300)
"""
    assert "timed out" in failed(code, home, 6)
    assert len(noted(home)) == 61
    assert living(home) == []


def test_an_agent_that_answers_too_much_is_killed_at_once(home: Path) -> None:
    """Before its time is over, with what it started."""
    began = time.monotonic()
    assert "more than" in failed(FORKS + "while True: os.write(1, b'x' * 9999)", home, 60)
    assert time.monotonic() - began < 30
    assert living(home) == []


def test_the_agent_dies_with_the_process_that_runs_it(home: Path) -> None:
    """Also when that is killed: an agent that nobody waits for must not go on working."""
    with worker(home) as process:
        assert len(living(home)) == 2
        process.kill()
    wait_until(lambda: not living(home), description="the agent is gone")
    wait_until(lambda: not marked(home), description="its supervisor is gone")


def test_a_person_who_interrupts_a_run_ends_the_agent_first(home: Path) -> None:
    """It is gone when the program that ran it is, which is soon."""
    with worker(home) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT
        assert living(home) == []
        assert marked(home) == []


def test_an_agent_that_kills_its_supervisor_is_killed_nevertheless(home: Path) -> None:
    """With what it started, which is known by its environment."""
    code = ESCAPES + ESCAPED.format(2) + "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(300)"
    assert failed(code, home, 60) == "the agent was lost: its supervisor was killed by SIGKILL"
    assert len(noted(home)) == 2
    wait_until(lambda: not living(home), description="the killed are gone")


def test_a_supervisor_that_no_longer_answers_is_given_up(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stopped, say: the run is over some time after it should have been."""
    monkeypatch.setattr(command, "_SLACK_SECONDS", 0.5)
    for name in ("POLITE_SECONDS", "KILL_SECONDS"):
        monkeypatch.setattr(supervisor, name, 0)
    code = ESCAPES + ESCAPED.format(2) + "os.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(300)"
    assert "the agent was lost" in failed(code, home, 4)
    wait_until(lambda: not living(home), description="the killed are gone")
    wait_until(lambda: not marked(home), description="the supervisor is gone")


def test_an_agent_is_killed_when_its_lifeline_is_cut(home: Path) -> None:
    """From any thread; before the start as well as after it."""
    lifeline = Lifeline()
    command = program(ESCAPES + "time.sleep(300)", timeout_seconds=60)

    def cut() -> None:
        wait_until(lambda: len(noted(home)) == 2, description="the agent has forked")
        lifeline.cut()

    cutting = threading.Thread(target=cut)
    cutting.start()
    with pytest.raises(AgentFailed, match="the agent was stopped"):
        run_command(command, b"", fresh(home), limit=LIMIT, lifeline=lifeline)
    cutting.join()
    assert living(home) == []
    early = Lifeline()
    early.cut()
    with pytest.raises(AgentFailed, match="the agent was stopped"):
        run_command(command, b"", fresh(home), limit=LIMIT, lifeline=early)
    assert living(home) == []


async def test_a_cancelled_run_leaves_nothing(home: Path) -> None:
    """The loop went on while the agent ran; when the cancellation is through, it is gone."""
    command = program(ESCAPES + "time.sleep(300)", timeout_seconds=60)
    run = asyncio.create_task(run_command_in_thread(command, b"", fresh(home), limit=LIMIT))
    await asyncio.to_thread(
        wait_until, lambda: len(noted(home)) == 2, description="the agent has forked"
    )
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert living(home) == []


async def test_a_run_that_is_awaited_answers_and_fails_as_others_do(home: Path) -> None:
    """The request goes in, the answer comes out, an error is raised."""
    answers = await asyncio.gather(
        *(run_command_in_thread(shell("cat"), b"%d" % n, fresh(home), limit=9) for n in range(3))
    )
    assert answers == [b"0", b"1", b"2"]
    with pytest.raises(AgentFailed, match="code 3"):
        await run_command_in_thread(shell("exit 3"), b"", fresh(home), limit=9)


def test_many_agents_at_once_do_not_meet(home: Path) -> None:
    """Each has its own answer, and other children of this process keep their exit codes."""
    with subprocess.Popen(["/bin/sh", "-c", "sleep 0.2; exit 7"]) as other:
        with ThreadPoolExecutor(8) as executor:
            command = shell("cat; (setsid sleep 300 &); exec 2>/dev/null")
            answers = executor.map(lambda n: answer_of(command, home, b"%d" % n), range(16))
            assert list(answers) == [b"%d" % n for n in range(16)]
        assert other.wait() == 7
    assert marked(home) == []


def test_leftovers_are_known_by_their_folder(home: Path) -> None:
    """Only those of the one folder are killed, and they are counted."""
    mine, others = fresh(home), fresh(home)
    processes = [
        subprocess.Popen(["/bin/sleep", "300"], env={"AGENT_WORK_FOLDER": str(folder)})
        for folder in (mine, mine, others)
    ]
    try:
        assert kill_leftovers(mine) == 2
        assert [process.wait(10) for process in processes[:2]] == [-signal.SIGKILL] * 2
        assert alive(processes[2].pid)
        assert kill_leftovers(mine) == 0
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_no_descriptor_is_left_open(home: Path) -> None:
    """After runs that answered, failed, and were never started."""
    answer_of(shell("echo x"), home)
    before = sorted(Path("/proc/self/fd").iterdir())
    for code in ("echo x", "exit 1", "yes"):
        try:
            answer_of(shell(code), home)
        except AgentFailed:
            assert code != "echo x"
    assert sorted(Path("/proc/self/fd").iterdir()) == before
