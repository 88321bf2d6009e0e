"""`benson verify` now and then, in a process of its own beside the server of the metrics.

The command itself, not a second way to verify: what its exit code says is what is exposed. It is a
process because verifying needs memory for each dispatch and all of a core, which it gives back.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from benson_execution.errors import NotVerified
from benson_execution.metrics.exporter import Verification

_COMMAND: Final = (
    # -P: a module in the current folder is none of ours.
    *(sys.executable, "-P", "-c", "from benson_execution.cli import main; main()"),
    *("verify", "--json"),
)
_AGAIN_SECONDS: Final = 600.0
"""When to try again after it could not even be tried, in seconds."""
_END_SECONDS: Final = 5.0
_NICENESS: Final = 10
"""Whoever governs a dispatch goes first."""

Told = Callable[[Verification | None], None]
"""Called with each result; with None when it could not be found out."""


@contextmanager
def verifying(every: float, told: Told) -> Iterator[None]:
    """Verify now, and again so many seconds after each end, while the block lasts."""
    ended = threading.Event()
    thread = threading.Thread(target=_run, args=(every, told, ended), name="verifying", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(2 * _END_SECONDS)


def _run(every: float, told: Told, ended: threading.Event) -> None:
    while not ended.is_set():
        found = _verify(ended)
        if ended.is_set():
            return
        told(found)
        ended.wait(every if found is not None else min(every, _AGAIN_SECONDS))


def _verify(ended: threading.Event) -> Verification | None:
    began = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603  # a command of ours
            _COMMAND,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Ctrl-C is for the one who started it, who stops it in a moment.
            start_new_session=True,
        )
    except OSError:
        return None
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
    try:
        while process.poll() is None and not ended.wait(0.2):
            pass
    finally:
        _stop(process)
    if process.returncode not in (0, NotVerified.exit_code):
        return None
    return Verification(process.returncode == 0, time.time(), time.monotonic() - began)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
