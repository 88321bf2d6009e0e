"""Running the `benson` command as its user does: elsewhere, and with a clean environment."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from benson_execution.cli.app import app
from benson_execution.errors import BensonError
from benson_execution.proof.keyring import KeyFile
from benson_execution.trail import SqlTrail, StoredEvent

BENSON: Final = Path(sys.executable).with_name("benson")
TIMEOUT: Final = 100
"""Seconds; the machine may be busy."""
ESCAPE: Final = re.compile(r"[\x1b\x07]")

MEMBERS: Final = [
    "dispatch_id",
    "pac_id",
    "status",
    "error_code",
    "wrap_id",
    "artifact_path",
    "checkpoints",
]
"""The members of what `--json` prints about a dispatch, in order."""

_SWAYING: Final = (
    "BENSON_",
    "PREFECT_",
    "COLUMNS",
    "LINES",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "PY_COLORS",
    "TTY_",
    "GITHUB_ACTIONS",
    "_TYPER",
    "PYTHONIOENCODING",
)
"""Beginnings of what a developer's or a CI's environment would change the answers with."""


class Answer(NamedTuple):
    """What a finished command leaves."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Standard output as one JSON object per line."""
        return [json.loads(line) for line in self.out.split("\n") if line]

    @property
    def object(self) -> dict[str, Any]:
        """Standard output as exactly one JSON object."""
        (one,) = self.objects
        return one


class Benson:
    """The command, in one BENSON_HOME."""

    def __init__(self, home: Path, cwd: Path) -> None:
        self.home = home
        self.cwd = cwd

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a user who has set nothing but BENSON_HOME, and these."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_SWAYING)}
        own = {"BENSON_HOME": str(self.home), "HOME": str(self.cwd), "PYTHONUTF8": "1"}
        return {**kept, **own, **(changes or {})}

    def __call__(
        self,
        *args: str | bytes | Path,
        stdin: bytes | str = b"",
        env: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run it to its end. Whatever it is asked: no traceback, and nothing for a terminal."""
        done = subprocess.run(
            [BENSON, *args],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env=self.environment(env),
            cwd=self.cwd,
            timeout=TIMEOUT,
            check=False,
        )
        answer = Answer(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in answer.out + answer.err, answer.err
        assert not ESCAPE.search(answer.out + answer.err), answer
        return answer

    @contextmanager
    def started(
        self,
        *args: str | Path,
        env: Mapping[str, str] | None = None,
        program: Sequence[str | Path] = (),
        **streams: Any,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start it, or another program in its place; it does not outlive the block."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        with subprocess.Popen(
            [*(program or [BENSON]), *args],
            env=self.environment(env),
            cwd=self.cwd,
            **{**pipes, **streams},
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def recorded(self) -> list[StoredEvent]:
        """What is in the trail, read without the command."""
        if not (self.home / "trail.db").exists():
            return []
        trail = SqlTrail(self.trail_url, None)
        try:
            return list(trail.events())
        finally:
            trail.close()

    def writable_trail(self) -> SqlTrail:
        """The trail as the command itself opens it: made, with its key, if it is not there."""
        return SqlTrail(self.trail_url, KeyFile(self.home / "signing-key.pem"))

    @property
    def trail_url(self) -> str:
        """Where the trail of this home is."""
        return f"sqlite:///{self.home / 'trail.db'}"


def called(benson: Benson, monkeypatch: pytest.MonkeyPatch, *args: str | Path) -> tuple[int, str]:
    """Call it in this process, where starting it would take the most: exit code, and what it says.

    For wrong input of which nothing is printed but the one sentence.
    """
    monkeypatch.setenv("BENSON_HOME", str(benson.home))
    monkeypatch.chdir(benson.cwd)
    try:
        return int(app([str(arg) for arg in args], standalone_mode=False) or 0), ""
    except BensonError as error:
        return error.exit_code, str(error)


def on_terminal(
    benson: Benson,
    *args: str | Path,
    env: Mapping[str, str] | None = None,
    streams: tuple[str, ...] = ("stdout", "stderr"),
) -> tuple[int, bytes, bytes]:
    """Run it with these streams on a terminal: the exit code, what the terminal got, what is left.

    What is left is what went to standard output where that is no terminal.
    """
    ours, theirs = pty.openpty()
    env = {"TERM": "xterm-256color", "COLUMNS": "200", **(env or {})}
    held: dict[str, Any] = dict.fromkeys(streams, theirs)
    with benson.started(*args, env=env, **held) as process:
        os.close(theirs)
        shown = b""
        # Linux ends the reading of a terminal that nobody holds any more with an error.
        with suppress(OSError):
            while piece := os.read(ours, 65536):
                shown += piece
        os.close(ours)
        left = process.stdout.read() if process.stdout is not None else b""
        return process.wait(TIMEOUT), shown, left


def processes_of(home: Path) -> dict[int, str]:
    """The running processes that were started with this home: their ids and command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            told = command + (process / "environ").read_bytes()
        except OSError:
            continue  # it ended while it was looked at
        if str(home).encode() in told and command:  # a zombie has no command any more
            found[int(process.name)] = command.replace(b"\0", b" ").decode()
    return found


def screen(shown: bytes) -> list[str]:
    """What is to be read on the terminal at the end: lines that were overwritten are gone.

    Understands what the command uses: carriage return, line feed, cursor up, and erase line.
    """
    rows: list[list[str]] = [[]]
    row = column = 0
    for token in _TOKEN.findall(shown.decode()):
        if token == "\n":
            row += 1
            if row == len(rows):
                rows.append([])
        elif token == "\r":
            column = 0
        elif token.startswith("\x1b["):
            if token.endswith("A"):
                row = max(0, row - int(token[2:-1] or 1))
            elif token == "\x1b[2K":
                rows[row] = []
        else:
            rows[row] += [" "] * (column - len(rows[row]))
            rows[row][column : column + 1] = token
            column += 1
    return ["".join(cells).rstrip() for cells in rows]


_TOKEN: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|.|\n", re.DOTALL)


def wait_until(predicate: Callable[[], object], *, timeout: float = 60, description: str) -> None:
    """Wait until the predicate is true; a time-out says what did not happen."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {description}")
        time.sleep(0.01)
