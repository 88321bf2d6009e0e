"""The other side of the zygote: runs that are stopped or killed, and commands that are awaited."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.prefect_server import server_environment

PROJECT: Final = Path(__file__).parents[2]
PATIENCE: Final = 60
"""Seconds until something that must happen counts as never happening; machines may be busy."""


def soon(predicate: Callable[[], object], description: str, patience: float = PATIENCE) -> None:
    """Wait until something happened that was asked for; looks often, as everybody waits for it."""
    deadline = time.monotonic() + patience
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {patience} s: {description}")
        time.sleep(0.003)


class Said(NamedTuple):
    """What a command answered."""

    code: int
    output: str


@dataclass(frozen=True)
class Process:
    """A fork of the zygote."""

    zygote: Zygote
    pid: int
    output: Path
    notes: Path | None = None

    def code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self.zygote.look(self.pid)

    def stopped_at(self, point: str) -> bool:
        """Wait until it stopped at this point, and say so; or that it ended elsewhere."""
        # It says where it is first; a SIGCONT that came before it stops would be lost.
        soon(
            lambda: (self.noted("at") and self._is_stopped()) or self.code() is not None,
            f"a process stops at {point}",
        )
        return bool(self.noted("at"))

    def _is_stopped(self) -> bool:
        _, _, rest = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")
        return rest.split()[0] == "T"

    def go_on(self) -> None:
        """Let it go on from the point where it stopped."""
        assert self.notes is not None
        self.notes.with_suffix(".go").touch()
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it as nothing can be prepared for, and wait until it is gone."""
        with suppress(ProcessLookupError):  # it was faster, and is over
            os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def end(self) -> str:
        """End it if it still runs, and say where it hung then."""
        if self.code() is not None:
            return ""
        os.kill(self.pid, signal.SIGCONT)
        os.kill(self.pid, signal.SIGUSR1)
        soon(lambda: "most recent call first" in self.output.read_text(), "it says where it hangs")
        self.kill()
        return self.output.read_text()

    def wait(self) -> Said:
        """Its end, and what it said."""
        code: list[int] = []

        def ended() -> bool:
            found = self.code()
            if found is not None:
                code.append(found)
            return found is not None

        soon(ended, f"process {self.pid} ends")
        # One that was killed at once may not have begun to say anything.
        return Said(code[0], self.output.read_text() if self.output.exists() else "")

    def noted(self, member: str) -> list[Any]:
        """What it noted under this name so far."""
        if self.notes is None or not self.notes.exists():
            return []
        whole, _, _ = self.notes.read_bytes().rpartition(b"\n")  # the rest is not said yet
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line[member] for line in lines if member in line]


class Zygote:
    """The warm process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._numbers = 0
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.zygote"],
            cwd=PROJECT,
            env=server_environment(
                folder / "prefect",
                PREFECT_PROFILES_PATH=str(folder / "no-profiles.toml"),
                # As `benson run` has it: what Prefect logs is in its UI.
                PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL="CRITICAL",
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._codes: dict[int, int] = {}

    def ready(self) -> None:
        """Wait until it is warm."""
        self._read()

    def run(
        self,
        environment: Mapping[str, str],
        document: str,
        *,
        api: str | None,
        point: str | None = None,
        behind: int = 0,
    ) -> Process:
        """Start the flow on a document: on this Prefect, or through the engine.

        It stops at the `point`; or the clock is set back there, by `behind` seconds.
        """
        more = {"document": document, "api": api, "point": point, "behind": behind}
        return self._start("run", environment, more, noted=True)

    def many(self, environment: Mapping[str, str], count: int) -> Process:
        """Start an engine that judges documents until so many are completed."""
        return self._start("many", environment, {"count": count}, noted=True)

    def command(
        self, environment: Mapping[str, str], *args: str, point: str | None = None, **more: Any
    ) -> Process:
        """Start `benson` with these arguments.

        `more` may be the `api` of a Prefect, for how many seconds it may be `busy`, and how far
        its clock is `behind`.
        """
        more |= {"args": args, "point": point}
        return self._start("command", environment, more, noted=point is not None)

    def look(self, pid: int) -> int | None:
        """The exit code of a process that this started."""
        with self._lock:
            if pid not in self._codes:
                code = self._ask({"job": "look", "pid": pid})["code"]
                if code is None:
                    return None
                self._codes[pid] = code
            return self._codes[pid]

    def close(self) -> None:
        """End it, and whatever it started that still runs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def _start(
        self, job: str, environment: Mapping[str, str], more: Mapping[str, Any], *, noted: bool
    ) -> Process:
        with self._lock:
            self._numbers += 1
            output = self._folder / f"{job}-{self._numbers}.log"
            notes = output.with_suffix(".notes") if noted else None
            request = {
                "api": None,
                "point": None,
                "behind": 0,
                "busy": None,
                "job": job,
                "environment": dict(environment),
                "output": str(output),
                "notes": None if notes is None else str(notes),
                **more,
            }
            return Process(self, self._ask(request)["pid"], output, notes)

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process that runs are forked from is gone")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def warm(folder: Path) -> Iterator[Zygote]:
    """A zygote that does not outlive the block."""
    zygote = Zygote(folder)
    try:
        yield zygote
    finally:
        zygote.close()
