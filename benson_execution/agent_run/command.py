"""One command, run to its end within bounds: its time, its answer, and all that it starts."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import stat
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from benson_execution.agent_run import supervisor
from benson_execution.agent_run.leftovers import FOLDER_VARIABLE, kill_leftovers
from benson_execution.agent_run.runners import Command
from benson_execution.errors import AgentFailed, AgentNotStarted
from benson_execution.text import plain, quote

_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_DISPATCH_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SLACK_SECONDS: Final = 30.0
"""How much longer than the supervisor's own bounds it is waited for: machines are slow at times."""


class Lifeline:
    """What one agent's life hangs on: it is killed when this is cut, or when the holder dies."""

    def __init__(self) -> None:
        self.end, self._held = os.pipe()
        # Closed once: its number may be that of somebody else's file a moment later.
        self._closing = weakref.finalize(self, os.close, self.end)
        self._cutting = weakref.finalize(self, os.close, self._held)

    def cut(self) -> None:
        """Let go; harmless to call twice, and from any thread."""
        self._cutting()

    def close(self) -> None:
        """Let go, and forget the agent's end too, which only its supervisor needs."""
        self._cutting()
        self._closing()


def work_folder(home: Path, dispatch_id: str) -> Path:
    """Where the agent of a dispatch works: a folder of its own under Benson's home."""
    if not _DISPATCH_ID.fullmatch(dispatch_id):
        raise AgentNotStarted(f"no folder can be named after {quote(dispatch_id)}")
    return home.absolute() / "agent-work" / dispatch_id


def run_command(
    command: Command, request: bytes, folder: Path, *, limit: int, lifeline: Lifeline | None = None
) -> bytes:
    """What the command answers to the request, at most `limit` bytes; blocks until it has ended.

    It runs in `folder`, which is made for it, with an environment of its own. Raises
    `AgentNotStarted` when there was no process of it, and `AgentFailed` when it gave no answer
    that counts: an answer counts when the command exited with 0. Whatever becomes of it, nothing
    that it started is left when this returns or raises.
    """
    lifeline = lifeline or Lifeline()
    try:
        folder = _made(folder.absolute())
        report, answer = _supervised(command, request, folder, limit, lifeline)
    finally:
        lifeline.close()
    if cause := _cause(report, command, limit):
        kind = AgentNotStarted if report["end"] == "not started" else AgentFailed
        raise kind(cause)
    if not answer.strip():
        raise AgentFailed(f"the agent exited with code 0 and gave no answer{_said(report)}")
    return answer


async def run_command_in_thread(
    command: Command, request: bytes, folder: Path, *, limit: int
) -> bytes:
    """What `run_command` does, for a loop that goes on meanwhile; the agent ends when cancelled."""
    lifeline = Lifeline()
    executor = ThreadPoolExecutor(1, thread_name_prefix="agent")
    running = executor.submit(run_command, command, request, folder, limit=limit, lifeline=lifeline)
    try:
        return await asyncio.wrap_future(running)
    finally:
        # Not awaited: in a scope that was cancelled, whatever is awaited is cancelled too.
        lifeline.cut()
        wait([running], timeout=supervisor.KILL_SECONDS)
        executor.shutdown(wait=False)


def _made(folder: Path) -> Path:
    """Make the folder, which must be new, in one that is ours alone and no link."""
    try:
        folder.parent.parent.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        parent = os.open(folder.parent, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = os.fstat(parent)
            if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
                raise AgentNotStarted(f"others may write into {folder.parent}")
            os.mkdir(folder.name, 0o700, dir_fd=parent)
        finally:
            os.close(parent)
    except OSError as error:
        raise AgentNotStarted(
            f"the agent's working folder {folder} can't be made: {error.strerror}"
        ) from None
    return folder


def _environment(command: Command, folder: Path) -> dict[str, str]:
    """A few variables of our own, and those that the operator passes through: no secret of ours."""
    own = {"PATH": _PATH, "HOME": str(folder), "LANG": "C.UTF-8"}
    passed = {name: os.environ[name] for name in command.environment if name in os.environ}
    return {**own, **passed, FOLDER_VARIABLE: str(folder)}


def _supervised(
    command: Command, request: bytes, folder: Path, limit: int, lifeline: Lifeline
) -> tuple[dict[str, Any], bytes]:
    """The supervisor's report, and the answer."""
    job = {
        "argv": command.argv,
        "folder": str(folder),
        "timeout": command.timeout_seconds,
        "limit": limit,
        "size": len(request),
        "lifeline": lifeline.end,
    }
    try:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-I", "-S", supervisor.__file__, json.dumps(job)],
            cwd="/",
            env=_environment(command, folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[lifeline.end],
            start_new_session=True,
        )
    except OSError as error:
        raise AgentNotStarted(f"no process can be started: {error.strerror}") from None
    bounds = supervisor.POLITE_SECONDS + supervisor.KILL_SECONDS + _SLACK_SECONDS
    with process:
        try:
            output, said = process.communicate(request, command.timeout_seconds + bounds)
        except subprocess.TimeoutExpired:
            output, said = b"", b""
        except BaseException:  # the person who waited stopped waiting
            lifeline.cut()
            assert process.stdout is not None
            process.stdout.close()  # a report that nobody reads must not hold it up
            with suppress(subprocess.TimeoutExpired):
                process.wait(bounds)
            raise
        finally:
            process.kill()
    head, newline, answer = output.partition(b"\n")
    if process.returncode or not newline:
        kill_leftovers(folder)
        raise AgentFailed(_lost(process.returncode, said))
    return json.loads(head), answer


def _lost(code: int, said: bytes) -> str:
    """What became of a supervisor that did not report."""
    how = f"was killed by {_signal(-code)}" if code < 0 else f"exited with code {code}"
    last = _last_line(said.decode("utf-8", "replace"))
    return f"the agent was lost: its supervisor {how}" + (f": {last}" if last else "")


def _cause(report: dict[str, Any], command: Command, limit: int) -> str | None:
    """Why the agent failed; None where it did not."""
    if report["end"] == "not started":
        return f"{quote(command.argv[0])} can't be started: {plain(report['why'])}"
    if report["left"]:
        return f"{report['left']} processes of the agent can't be killed"
    match report["end"]:
        case "exited":
            code = report["code"]
            return f"the agent exited with code {code}{_said(report)}" if code else None
        case "killed":
            return f"the agent was killed by {_signal(report['code'])}{_said(report)}"
        case "timed out":
            return f"the agent timed out after {command.timeout_seconds:g} s{_said(report)}"
        case "too much":
            return f"the agent answered more than {limit} bytes"
        case _:
            return "the agent was stopped"


def _said(report: dict[str, Any]) -> str:
    last = _last_line(report["stderr"])
    return f": {last}" if last else ""


def _last_line(text: str) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    return plain(lines[-1].strip(), 300) if lines else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
