"""A governed flow run against a bare Prefect flow with as many no-op tasks, on one server."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Final

from bench.homes import environment, temporary_home
from bench.measure import Series, compare, ratio, say
from bench.report import Part, Report, stalls
from bench.workers import Worker, worker_with_server

NAME: Final = "flow"
QUESTION: Final = "a governed flow run, against a bare Prefect flow with as many tasks"
ROUNDS: Final = 31
TARGET: Final = 1.25
TARGET_SHOWN: Final = 1.60

_LOOKS: Final = 15
"""How many runs of each variant are looked into; they are not among those that are compared."""
_VARIANTS: Final = ("bare", "governed", "governed, shown", "bare, shown")


def run(rounds: int) -> Report:
    """Measure the four variants in turn, one run each, and then look into them."""
    with temporary_home() as home, worker_with_server(home, environment(home)) as worker:
        found = compare(NAME, {v: worker.measure(v) for v in _VARIANTS}, rounds)
        say("looking where the time goes")
        parts = _parts(worker, min(rounds, _LOOKS))
    return Report(
        NAME,
        QUESTION,
        "run",
        found,
        [
            ratio("governed / bare", found, "governed", "bare", TARGET),
            ratio("governed, shown / bare", found, "governed, shown", "bare", TARGET_SHOWN),
            ratio("bare, shown / bare", found, "bare, shown", "bare"),
            ratio("both shown", found, "governed, shown", "bare, shown"),
        ],
        parts=parts,
        notes=[
            "shown: the flow run has a name and tags, and publishes two artifacts",
            *_differences(found),
            *stalls(found.values()),
        ],
    )


def _parts(worker: Worker, looks: int) -> dict[str, list[Part]]:
    """Where each variant's time goes: medians over several runs, in turn as above."""
    seen: dict[str, list[list[Part]]] = {variant: [] for variant in _VARIANTS}
    for _ in range(looks):
        for variant, found in seen.items():
            found.append(worker.parts(variant))
    return {
        variant: [part for part in map(_middle, zip(*found, strict=True)) if part.calls]
        for variant, found in seen.items()
    }


def _middle(seen: Sequence[Part]) -> Part:
    """The same part as it was seen in several runs, in the middle."""
    return Part(
        seen[0].name,
        statistics.median(part.calls for part in seen),
        statistics.median(part.milliseconds for part in seen),
    )


def _differences(found: Mapping[str, Series]) -> list[str]:
    """What each step costs in milliseconds: the parts above are to be held against these."""
    steps = (
        ("governing a run", "governed", "bare"),
        ("showing a governed run", "governed, shown", "governed"),
        ("showing a bare run", "bare, shown", "bare"),
    )
    return [
        f"{what} costs {1000 * (found[a].median - found[b].median):.1f} ms" for what, a, b in steps
    ]
