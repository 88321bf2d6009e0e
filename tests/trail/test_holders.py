"""Whether the holder of a lease lives: told by its process, never by guessing."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benson_execution.trail import lease
from benson_execution.trail.lease import Holder, this_process

from .stores import wait_until

SAY = """
import sys
from benson_execution.trail.lease import this_process
me = this_process()
print(me.host, me.boot_id, me.pid, me.started, sep="|", flush=True)
sys.stdin.read()
"""


def started() -> tuple[subprocess.Popen[str], Holder]:
    """A process that runs until its input ends, and how it names itself."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAY],
        cwd=Path(lease.__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    host, boot_id, pid, began = process.stdout.readline().strip().split("|")
    return process, Holder(host, boot_id, int(pid), began)


def test_this_process_is_alive() -> None:
    """And it is the same whenever it asks."""
    assert this_process().is_dead() is False
    assert this_process() == this_process()
    assert this_process().pid == os.getpid()


def test_a_process_is_alive_until_it_is_killed() -> None:
    """Killed but not yet reaped, a zombie, it is dead; and so it is when it is gone."""
    process, holder = started()
    with process:
        assert holder.pid == process.pid
        assert holder.host == this_process().host
        assert holder.is_dead() is False
        process.send_signal(signal.SIGSTOP)
        assert holder.is_dead() is False  # stopped is not dead
        process.kill()
        stat = Path(f"/proc/{process.pid}/stat")
        wait_until(lambda: ") Z " in stat.read_text(), description="it is a zombie")
        assert holder.is_dead() is True
    assert not stat.exists()
    assert holder.is_dead() is True


def test_a_process_with_a_strange_name_is_alive(tmp_path: Path) -> None:
    """Its name stands in brackets among the numbers, and may hold brackets and blanks."""
    odd = tmp_path / "a) Z 1 ("
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "60"]) as process:
        began = lease._started(process.pid)
        assert began.isdigit()
        assert (
            dataclasses.replace(this_process(), pid=process.pid, started=began).is_dead() is False
        )
        process.kill()


def test_a_fork_is_another_process() -> None:
    """What one has taken the other does not hold."""
    process, holder = started()
    with process:
        assert holder != this_process()
        process.kill()


def test_a_process_id_that_was_given_again_is_another_process() -> None:
    """The one that had it began at another time, and is dead."""
    reused = dataclasses.replace(this_process(), started=str(int(this_process().started) - 1))
    assert reused.is_dead() is True


def test_a_process_before_the_last_boot_is_dead() -> None:
    """Whoever has its id and its time now is another one."""
    before = dataclasses.replace(this_process(), boot_id="7d0c" * 8)
    assert before.is_dead() is True


@pytest.mark.parametrize(
    "unknown",
    [{"host": "elsewhere pid:[1]"}, {"boot_id": ""}, {"started": ""}],
    ids=" ".join,
)
def test_a_process_that_can_not_be_seen_is_not_judged(unknown: dict[str, str]) -> None:
    """On another machine, or where the system does not tell: the lease's time decides."""
    assert dataclasses.replace(this_process(), **unknown).is_dead() is None  # type: ignore[arg-type]
    gone = dataclasses.replace(dataclasses.replace(this_process(), pid=2**22 + 1), **unknown)  # type: ignore[arg-type]
    assert gone.is_dead() is None


def test_two_namespaces_of_processes_are_two_hosts() -> None:
    """Two containers on one machine count their processes separately."""
    namespace = Path("/proc/self/ns/pid").readlink().name
    assert namespace in this_process().host


def test_too_many_open_files_make_nobody_look_dead() -> None:
    """What can't be read is not seen, and says nothing about who lives."""
    me, (soft, hard) = this_process(), resource.getrlimit(resource.RLIMIT_NOFILE)
    process, other = started()
    with process:
        lowest_free = os.dup(0)
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
        try:
            seen = [me.is_dead(), other.is_dead()]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        process.kill()
    assert True not in seen


def test_a_process_whose_files_are_hidden_is_not_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where /proc hides other users' processes, a living one has no folder there."""
    process, other = started()
    with process:
        proc = tmp_path / "proc"
        for name in ("self/ns", "sys/kernel/random"):
            (proc / name).mkdir(parents=True)
        (proc / "self/ns/pid").symlink_to(Path("/proc/self/ns/pid").readlink())
        (proc / "sys/kernel/random/boot_id").write_text(other.boot_id)
        monkeypatch.setattr(lease, "_PROC", proc)
        assert this_process().host == other.host
        assert other.is_dead() is not True
        process.kill()
