"""What is left of an agent whose supervisor was killed, which no orphan is a child of any more."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

FOLDER_VARIABLE: Final = "AGENT_WORK_FOLDER"
"""The environment variable by which an agent, and all that it starts, is known."""
_SECONDS: Final = 5.0


def kill_leftovers(folder: Path) -> int:
    """Kill every process that was started with this working folder; returns how many there were.

    Only what has changed its environment, its session and its parent on purpose is not found.
    """
    mark = os.fsencode(f"{FOLDER_VARIABLE}={folder.absolute()}")
    killed: set[int] = set()
    until = time.monotonic() + _SECONDS
    while found := _kill_marked(mark):
        killed |= found
        if time.monotonic() > until:
            break
        time.sleep(0.005)
    return len(killed)


def _kill_marked(mark: bytes) -> set[int]:
    found: set[int] = set()
    processes = Path("/proc")
    if not processes.is_dir():
        return found  # a system on which no agent can be run
    for folder in processes.iterdir():
        if not folder.name.isdigit() or (pid := int(folder.name)) == os.getpid():
            continue
        # The descriptor is the process's, whatever its number is used for next.
        with contextlib.suppress(OSError):
            process = os.pidfd_open(pid)
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                    found.add(pid)
            finally:
                os.close(process)
    return found
