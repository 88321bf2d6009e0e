"""What a benchmark found: printed for people, and kept in a file for whoever compares later."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from bench.measure import Ratio, Series

_PACKAGES: Final = ("prefect", "pydantic", "orjson", "sqlalchemy", "structlog", "fastjsonschema")


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind of call took in one run: how many calls, and milliseconds in all."""

    name: str
    calls: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of one benchmark; `parts` are by variant."""

    name: str
    question: str
    unit: str
    """What one sample is the time of: `event`, `dispatch`, `run`."""
    series: Mapping[str, Series]
    ratios: Sequence[Ratio] = ()
    parts: Mapping[str, Sequence[Part]] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON; times are in seconds unless a name says otherwise."""
        return {
            "question": self.question,
            "measured": {"date": datetime.now(UTC).isoformat(timespec="seconds"), **machine()},
            "rounds": max(len(s.samples) for s in self.series.values()),
            "seconds_per": self.unit,
            "series": {
                s.name: {
                    "median": _significant(s.median),
                    "quartiles": [_significant(q) for q in s.spread],
                    "least": _significant(min(s.samples)),
                    "most": _significant(max(s.samples)),
                }
                for s in self.series.values()
            },
            "ratios": [
                {
                    "name": r.name,
                    "of": r.of,
                    "to": r.to,
                    "ratio": round(r.value, 3),
                    "quartiles": [round(q, 3) for q in r.spread],
                    "target": r.target,
                    "verdict": r.verdict,
                }
                for r in self.ratios
            ],
            "parts": {
                variant: [
                    {
                        "name": p.name,
                        "calls": round(p.calls, 1),
                        "milliseconds": round(p.milliseconds, 2),
                    }
                    for p in parts
                ]
                for variant, parts in self.parts.items()
            },
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        """The report as it is printed."""
        lines = [f"{self.name}: {self.question}", f"  median per {self.unit} (quartiles)"]
        lines += [
            f"    {s.name:<34} {duration(s.median):>9}   ({_range(s)})"
            for s in self.series.values()
        ]
        if self.ratios:
            lines.append("  ratio (quartiles)")
        for r in self.ratios:
            low, high = r.spread
            judged = "" if r.target is None else f", target {r.target:.2f} at most: {r.verdict}"
            lines.append(f"    {r.name:<34} {r.value:>9.2f}   ({low:.2f} to {high:.2f}){judged}")
        for variant, parts in self.parts.items():
            lines.append(f"  where the time goes: {variant} (calls, ms per {self.unit})")
            lines += [f"    {p.name:<54} {p.calls:>6.1f} {p.milliseconds:>9.2f}" for p in parts]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def duration(seconds: float) -> str:
    """A time in the unit in which it reads best."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def stalls(series: Iterable[Series], runs: int = 1) -> list[str]:
    """How many rounds lost more than a second against their best one: medians don't tell that."""
    found = []
    for s in series:
        lost = sum((sample - min(s.samples)) * runs > 1 for sample in s.samples)
        found.append(f"{s.name}: {lost} of {len(s.samples)} rounds lost more than a second")
    return found


def machine() -> dict[str, Any]:
    """What one must know to compare figures with those of another machine."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        **{package: metadata.version(package) for package in _PACKAGES},
    }


def write(reports: Sequence[Report], path: Path) -> None:
    """Write the findings; those of benchmarks that were not run now stay, with their own dates."""
    kept = json.loads(path.read_bytes()) if path.exists() else {}
    found = {**kept, **{report.name: report.to_dict() for report in reports}}
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _range(series: Series) -> str:
    low, high = series.spread
    return f"{duration(low)} to {duration(high)}"


def _significant(value: float) -> float:
    return float(f"{value:.4g}")
