"""`benson report` as a whole process, of 10,000 dispatches of every kind, and its page's size.

The trail is made once. The first time, matplotlib has no cache of its fonts yet; then it has.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.homes import environment, temporary_home
from bench.measure import compare, say
from bench.report import Report
from benson_execution.proof.keyring import KeyFile
from benson_execution.trail import SqlTrail
from tests.insight.generated import fill

NAME: Final = "page"
QUESTION: Final = "`benson report` as a whole process, of 10,000 dispatches"
ROUNDS: Final = 7
SECONDS: Final = 5.0
MEGABYTES: Final = 5.0

_DISPATCHES: Final = int(os.environ.get("BENCH_PAGE_DISPATCHES", "10000"))
_OPEN: Final = 10
_FIRST: Final = "the first page of a home"
_NEXT: Final = "every page after it"


def run(rounds: int) -> Report:
    """Make the trail once, and write both pages in turn."""
    with temporary_home() as folder:
        env = environment(folder)
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # whoever installed it has compiled modules
        home = Path(env["BENSON_HOME"])
        _make_trail(home)
        page = folder / "page.html"
        spent: dict[str, list[float]] = {_FIRST: [], _NEXT: []}

        def measured(name: str) -> Callable[[], float]:
            def measure() -> float:
                if name == _FIRST:
                    shutil.rmtree(home / "cache", ignore_errors=True)
                seconds, processor = _seconds(env, page)
                spent[name].append(processor)
                return seconds

            return measure

        _seconds(env, page)  # compiles the modules, where that was not done
        found = compare(NAME, {name: measured(name) for name in spent}, rounds)
        megabytes = page.stat().st_size / 1e6
    slow = [name for name, series in found.items() if series.median >= SECONDS]
    return Report(
        NAME,
        QUESTION,
        "process",
        found,
        notes=[
            f"target less than {SECONDS:.0f} s each: "
            + (f"missed by {', '.join(slow)}" if slow else "met"),
            f"target less than {MEGABYTES:.0f} MB: "
            + ("met" if megabytes < MEGABYTES else "missed")
            + f", the page has {megabytes:.2f} MB",
            "processor time, which a busy machine hardly changes: "
            + ", ".join(f"{name} {statistics.median(of):.2f} s" for name, of in spent.items()),
        ],
    )


def _make_trail(home: Path) -> None:
    home.mkdir(parents=True)
    trail = SqlTrail(f"sqlite:///{home / 'trail.db'}", KeyFile(home / "signing-key.pem"))
    began = time.perf_counter()
    fill(trail, _DISPATCHES - _OPEN, open_ones=_OPEN)
    trail.close()
    say(f"{NAME}: {_DISPATCHES} dispatches recorded, {time.perf_counter() - began:.0f} s")


def _seconds(env: dict[str, str], page: Path) -> tuple[float, float]:
    """What passed on the clock, and what the processor spent on it."""
    command = [str(Path(sys.executable).with_name("benson")), "report", "-o", str(page)]
    before, began = _spent(), time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode != 0 or f"{_DISPATCHES:,} dispatches" not in done.stdout:
        raise RuntimeError(f"benson report ended with {done.returncode}:\n{done.stderr}")
    return seconds, _spent() - before


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
