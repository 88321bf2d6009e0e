"""Agents for the tests: small programs, and what is to be known of the processes they leave."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any, Final

from benson_execution.agent_run import Command, run_command, work_folder

LIMIT: Final = 100_000
_numbers: Final = itertools.count(1)

NOTE: Final = """
import os, signal, sys, time
def note():
    with open("pids", "a") as file:
        file.write(f"{os.getpid()}\\n")
note()
"""
"""The beginning of a program in Python that notes its process, and those of its forks."""


def program(code: str, **more: Any) -> Command:
    """A program in Python; it has ten seconds unless more is said."""
    argv = (sys.executable, "-I", "-S", "-c", NOTE + code)
    return Command(argv=argv, **{"timeout_seconds": 10, **more})


def shell(code: str, **more: Any) -> Command:
    """A program of the shell."""
    return Command(argv=("/bin/sh", "-c", code), **{"timeout_seconds": 10, **more})


def fresh(home: Path) -> Path:
    """A working folder that nobody had."""
    return work_folder(home, f"0e5f-{next(_numbers)}")


def answer_of(
    command: Command, home: Path, request: bytes = b'{"a": 1}\n', limit: int = LIMIT
) -> bytes:
    """What the command answers, in a folder of its own under this home."""
    return run_command(command, request, fresh(home), limit=limit)


def noted(home: Path) -> list[int]:
    """The processes that the agents under this home noted."""
    return [
        int(line)
        for file in home.glob("agent-work/*/pids")
        for line in file.read_text().splitlines()
    ]


def alive(pid: int) -> bool:
    """Whether there is such a process, and it is more than an entry that nobody has reaped yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b") ")[2][:1] not in (b"Z", b"X")


def living(home: Path) -> list[int]:
    """The noted processes that are alive."""
    return [pid for pid in noted(home) if alive(pid)]


def marked(home: Path) -> list[int]:
    """The processes with a variable in their environment that has this home in it."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if f"AGENT_WORK_FOLDER={home}".encode() in environment:
                found.append(int(folder.name))
    return found
