"""The process between Benson and an agent: it outlives all that is the agent's.

Run by its path, as `python -I -S supervisor.py JOB`, with nothing but the standard library: it is
there in some 30 ms, and has one thread, so that it may fork and reap as it likes. In the process
that has Prefect's threads none of this could be done: who is to inherit orphans is a property of
the whole process, and waiting for any child would take away the children of others.

It becomes the one that inherits the agent's orphans (PR_SET_CHILD_SUBREAPER): whatever forks
twice, or begins a session of its own, is sooner or later a child of this process, and is killed.
A pipe tells it that Benson is gone, however that died.

JOB is a JSON object: `argv`, `folder`, `timeout` (seconds), `limit` (bytes of the answer), `size`
(bytes of the request, which come on standard input), and `lifeline` (the pipe's descriptor). The
report on standard output is one line of JSON, and then the answer where the agent exited with 0.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from typing import Any

LINGER_SECONDS = 0.5
"""How long output is waited for that others hold open when the agent itself has ended."""
POLITE_SECONDS = 1.0
"""How long after a SIGTERM, when its time is over, the agent may still put things in order."""
KILL_SECONDS = 10.0
"""How long the dead are waited for: a process that hangs in the kernel can't be killed."""
STDERR_BYTES = 4096
_CHUNK = 1 << 16

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38


class Supervision:
    """One run of one agent, from its start until nothing of it is left."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.end: str | None = None
        self.code = 0
        self.answer = bytearray()
        self.stderr = bytearray()
        self._selector = selectors.DefaultSelector()
        self._deadline = time.monotonic() + job["timeout"]
        self._over = False

    def run(self) -> dict[str, Any]:
        """Start the agent, wait for its end, end all that it started, and report."""
        wake, waking = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._stop())
        self._selector.register(wake, selectors.EVENT_READ, self._woken)
        self._selector.register(self.job["lifeline"], selectors.EVENT_READ, self._stop)
        try:
            agent = _start(self.job)
        except (OSError, subprocess.SubprocessError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            return {"end": "not started", "why": why}
        self._pid = agent.pid
        for stream, take in ((agent.stdout, self._answered), (agent.stderr, self._complained)):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream.fileno(), selectors.EVENT_READ, take)
        self._wait()
        left = kill_all(agent.pid)
        agent.returncode = self.code  # reaped here, and not by its own object
        self._drain()
        return {
            "end": self.end,
            "code": self.code,
            "stderr": self.stderr.decode("utf-8", "replace"),
            "left": left,
        }

    def _wait(self) -> None:
        while not self._over:
            seconds = max(self._deadline - time.monotonic(), 0)
            for key, _ in self._selector.select(seconds):
                key.data(key.fd)
            self._look()
            if time.monotonic() >= self._deadline:
                self._late()

    def _look(self) -> None:
        """Reap orphans, and see whether the agent ended.

        The agent itself is reaped last: as long as it is not, its number is that of its group.
        """
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if found.si_pid != self._pid:
                os.waitpid(found.si_pid, 0)
                continue
            if self.end is None:
                self.end = "exited" if found.si_code == os.CLD_EXITED else "killed"
                self.code = found.si_status
                self._deadline = time.monotonic() + LINGER_SECONDS
            self._over = self._over or not self._open
            return

    @property
    def _open(self) -> bool:
        return any(key.data == self._answered for key in self._selector.get_map().values())

    def _late(self) -> None:
        if self.end is not None:
            self._over = True
            return
        self.end = "timed out"
        self._deadline = time.monotonic() + POLITE_SECONDS
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGTERM)

    def _stop(self, _fd: int = 0) -> None:
        self.end, self._over = "stopped", True

    def _woken(self, fd: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(fd, _CHUNK)

    def _answered(self, fd: int) -> None:
        self.answer += self._read(fd)
        if len(self.answer) > self.job["limit"]:
            self.end, self._over = "too much", True

    def _complained(self, fd: int) -> None:
        self.stderr += self._read(fd)
        del self.stderr[:-STDERR_BYTES]

    def _read(self, fd: int) -> bytes:
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return b""
        if not chunk:
            self._selector.unregister(fd)
        return chunk

    def _drain(self) -> None:
        """Take what was written before the end: nobody is left who could write more."""
        while self.end != "too much":
            ready = [
                (key.data, key.fd)
                for key, _ in self._selector.select(0)
                if key.data in (self._answered, self._complained)
            ]
            if not ready:
                return
            for take, fd in ready:
                take(fd)


def _start(job: dict[str, Any]) -> subprocess.Popen[bytes]:
    """The agent's process, in a session of its own; raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.getpid()

    def prctl(option: int, value: int) -> None:
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl refused")

    def in_the_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != own:
            os._exit(1)

    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    # A program that gains another user's rights could not be killed any more.
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    # A file, not a pipe: it is there as a whole, and nobody waits for an agent that doesn't read.
    request = os.memfd_create("request")
    while chunk := os.read(0, _CHUNK):
        os.write(request, chunk)
    if os.lseek(request, 0, os.SEEK_CUR) != job["size"]:
        raise OSError(0, "the request was cut off")
    os.lseek(request, 0, os.SEEK_SET)
    try:
        return subprocess.Popen(  # noqa: S603  # the operator's command, without a shell
            job["argv"],
            cwd=job["folder"],
            stdin=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            preexec_fn=in_the_child,  # noqa: PLW1509  # there is one thread here
        )
    finally:
        os.close(request)


def kill_all(agent: int) -> int:
    """Kill the agent, which is not reaped yet, and all that descends from this process.

    Returns how many could not be killed. That nobody is left is certain only when there is no
    child to wait for: orphans arrive while their parents are being killed.
    """
    until = time.monotonic() + KILL_SECONDS
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(agent, signal.SIGKILL)  # all of the group at once: no fork slips through
    while True:
        found = kill_descendants()
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return 0
        if time.monotonic() > until:
            return max(found, 1)
        time.sleep(0.001)


def kill_descendants() -> int:
    """Kill what descends from this process now; returns how many there were."""
    own = os.getpid()
    parents: dict[int, int] = {}
    # The youngest first: what forks and ends, over and over, is to be met alive.
    numbers = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
    for pid in sorted(numbers, reverse=True):
        parent = _parent(pid)
        if parent == own:
            _kill(pid)
        parents[pid] = parent
    found = 0
    for pid, parent in parents.items():
        ancestor = parent
        while ancestor not in (own, 0):
            ancestor = parents.get(ancestor, 0)
        if ancestor == own:
            found += 1
            if parent != own:
                _kill(pid)
    return found


def _parent(pid: int) -> int:
    """The process's parent; 0 where there is no such process any more."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  # pathlib takes longer
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Supervise, and report; a report that nobody reads any more is dropped."""
    supervision = Supervision(json.loads(sys.argv[1]))
    report = supervision.run()
    answer = bytes(supervision.answer) if report["end"] == "exited" and not report["code"] else b""
    with contextlib.suppress(BrokenPipeError), open(1, "wb", closefd=False) as output:
        output.write(json.dumps(report).encode() + b"\n" + answer)


if __name__ == "__main__":
    main()
