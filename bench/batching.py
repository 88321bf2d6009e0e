"""Prefect's recorder in batches, as Benson sets it, against Prefect's own defaults.

Two servers are alive at once, each with its home, its SQLite and its worker, and take turns.
By default each task run is committed by itself, the database is locked meanwhile for whoever
reads before it writes, and the client that is refused comes back two seconds later.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final

from bench.homes import environment, temporary_home, without_batches
from bench.measure import compare, ratio
from bench.report import Report, stalls
from bench.workers import Worker, worker_with_server

NAME: Final = "batching"
QUESTION: Final = "governed runs one after another, with the recorder in batches and without"
ROUNDS: Final = 5

_RUNS: Final = 8
"""How many runs a round makes: enough to last longer than the recorder's two-second batches."""
_VARIANT: Final = "governed, shown"


def run(rounds: int) -> Report:
    """Measure the two settings in turn."""
    with ExitStack() as stack:
        batched = _worker(stack, batches=True)
        default = _worker(stack, batches=False)
        found = compare(
            NAME,
            {
                "in batches": batched.measure(_VARIANT, _RUNS),
                "Prefect's default": default.measure(_VARIANT, _RUNS),
            },
            rounds,
        )
    rates = {name: 1 / series.median for name, series in found.items()}
    return Report(
        NAME,
        QUESTION,
        "run",
        found,
        # The times' ratio the other way round is the ratio of runs per second.
        [ratio("runs/s, in batches / default", found, "Prefect's default", "in batches")],
        notes=[
            f"{_RUNS} runs per round, on SQLite, with name, tags and artifacts",
            *(f"{name}: {rate:.2f} runs/s" for name, rate in rates.items()),
            *stalls(found.values(), _RUNS),
        ],
    )


def _worker(stack: ExitStack, *, batches: bool) -> Worker:
    home = stack.enter_context(temporary_home())
    env = environment(home)
    return stack.enter_context(worker_with_server(home, env if batches else without_batches(env)))
