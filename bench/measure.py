"""Measuring side by side: every round measures each variant once, and medians are compared.

A machine is never equally fast for a minute. Two variants that take turns see the same weather,
so their ratio says more than two figures from two runs would.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Measure = Callable[[], float]
"""Measures one variant once, and returns seconds per unit (an event, a dispatch, a run)."""


@dataclass(frozen=True, slots=True)
class Series:
    """What was measured of one variant: seconds per unit, one sample per round, in order."""

    name: str
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The lower and the upper quartile, in seconds."""
        return quartiles(self.samples)


@dataclass(frozen=True, slots=True)
class Ratio:
    """One variant's median in units of another's; `spread` are quartiles of the rounds' ratios."""

    name: str
    of: str
    to: str
    value: float
    spread: tuple[float, float]
    target: float | None = None
    """The largest ratio that meets the target; None where there is none."""

    @property
    def verdict(self) -> str | None:
        """`met` or `missed`; None where there is no target."""
        if self.target is None:
            return None
        return "met" if self.value <= self.target else "missed"


def compare(name: str, measures: Mapping[str, Measure], rounds: int) -> dict[str, Series]:
    """Measure the variants in turn, `rounds` times: A, B, A, B, and so on."""
    samples: dict[str, list[float]] = {variant: [] for variant in measures}
    began = time.perf_counter()
    for done in range(rounds):
        for variant, measure in measures.items():
            samples[variant].append(measure())
        _tell(name, done + 1, rounds, time.perf_counter() - began)
    return {variant: Series(variant, tuple(found)) for variant, found in samples.items()}


def ratio(
    name: str, found: Mapping[str, Series], of: str, to: str, target: float | None = None
) -> Ratio:
    """The ratio of two series that were measured in the same rounds."""
    over, under = found[of], found[to]
    of_rounds = [a / b for a, b in zip(over.samples, under.samples, strict=True)]
    return Ratio(name, of, to, over.median / under.median, quartiles(of_rounds), target)


def quartiles(samples: Sequence[float]) -> tuple[float, float]:
    """The lower and the upper quartile; of a single sample, that sample twice."""
    if len(samples) == 1:
        return samples[0], samples[0]
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, high


def sync_seconds(folder: Path) -> float:
    """What the disk itself takes to keep 4 KB: the floor of every durable append."""
    samples = []
    with (folder / "sync").open("wb") as file:
        for _ in range(21):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            samples.append(time.perf_counter() - began)
    return sorted(samples)[len(samples) // 2]


def say(text: str) -> None:
    """One line of progress on standard error; standard output is for the results."""
    print(text, file=sys.stderr, flush=True)


def _tell(name: str, done: int, rounds: int, seconds: float) -> None:
    """Progress at every tenth of the way: a line per round would hide what else is said."""
    if done == rounds or done * 10 // rounds != (done - 1) * 10 // rounds:
        say(f"{name}: round {done} of {rounds}, {seconds:.0f} s")
