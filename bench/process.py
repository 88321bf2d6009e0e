"""`benson run FILE` as a whole process: what a person waits for at the terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.documents import document
from bench.homes import environment, temporary_home
from bench.measure import Series, say
from bench.report import Report

NAME: Final = "process"
QUESTION: Final = "`benson run FILE` as a whole process, with its embedded Prefect"
ROUNDS: Final = 3

_LIMIT_SECONDS: Final = 300.0


def run(rounds: int) -> Report:
    """Run it twice in each round: on an empty home, and on the same home with another PAC."""
    cold: list[float] = []
    warm: list[float] = []
    for done in range(rounds):
        with temporary_home() as home:
            cold.append(_seconds(home, 1))
            warm.append(_seconds(home, 2))
        say(f"{NAME}: round {done + 1} of {rounds}, {cold[-1]:.1f} s and {warm[-1]:.1f} s")
    series = (
        Series("cold: an empty home", tuple(cold)),
        Series("warm: the same home, another PAC", tuple(warm)),
    )
    return Report(
        NAME,
        QUESTION,
        "process",
        {s.name: s for s in series},
        notes=["the first start on an empty home migrates Prefect's database"],
    )


def _seconds(home: Path, number: int) -> float:
    file = home / f"{number}.json"
    file.write_text(document(number), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("benson")), "run", str(file)]
    began = time.perf_counter()
    # A session of its own, so that the embedded server, which is its child, can be ended with it.
    with subprocess.Popen(
        command,
        env=_environment(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=_LIMIT_SECONDS)
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    seconds = time.perf_counter() - began
    if process.returncode != 0:
        raise RuntimeError(f"benson run ended with {process.returncode}:\n{output.decode()}")
    return seconds


def _environment(home: Path) -> dict[str, str]:
    """Only what `make run` states; the command finds out the rest, which is measured as well."""
    stated = ("BENSON_HOME", "PREFECT_SERVER_ANALYTICS_ENABLED", "DO_NOT_TRACK")
    ours = ("PREFECT_", "BENSON_", "PYTHONPATH")
    env = environment(home)
    return {n: v for n, v in env.items() if n in stated or not n.startswith(ours)}
