"""Starting the child processes of the tests on databases, and talking to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

TIMEOUT = 90
"""Seconds; the machine may be busy."""


class Child:
    """A running child: lines in, lines out."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._in: IO[str] = process.stdin
        self._out: IO[str] = process.stdout

    def line(self) -> str:
        """The next line that it says; empty when it says no more."""
        return self._out.readline().strip()

    def tell(self, word: str = "go") -> None:
        """Let it go on."""
        self._in.write(word + "\n")
        self._in.flush()

    def rest(self) -> list[str]:
        """Whatever else it says until its end; half a line, at a kill, counts as not said."""
        return [line.strip() for line in self._out if line.endswith("\n")]

    def ended(self) -> int:
        """Its exit code."""
        return self.process.wait(TIMEOUT)


@contextmanager
def child(command: str, *args: object) -> Iterator[Child]:
    """Run `child.py` with this command; it does not outlive the block."""
    package = __package__ or ""
    roots = [str(Path(__file__).parents[package.count(".") + 1]), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        [sys.executable, "-m", f"{package}.child", command, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
    )
    with process:
        try:
            yield Child(process)
        finally:
            process.kill()


def answer_of(command: str, *args: object) -> list[str]:
    """What a child that says one line of JSON says."""
    with child(command, *args) as one:
        said: list[str] = json.loads(one.line())
        assert one.ended() == 0
    return said
