"""Kills runs, one after another, and says of each what is left and what is wrong with it."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.chaos.checks import Fact, Left, violations
from tests.chaos.points import EVENTS, LEFTOVERS, MOMENTS, POINTS
from tests.chaos.sites import Site, Sites, new_document
from tests.chaos.warm import Process, Zygote, soon

RECOVERY_POINTS: Final = (*(f"PAC_DISPATCH_END:{moment}" for moment in MOMENTS), *LEFTOVERS)
"""Where a recovery is killed itself."""
BLOCKED: Final = "refused/CP-03-quality-below-threshold.json"


@dataclass(frozen=True)
class Kill:
    """When a run is killed: at a point, or at an instant, as a fraction of a whole run."""

    point: str | None = None
    fraction: float = 0.0
    example: str = "PAC-DAN-P44.json"
    fresh: bool = False
    """In a home of its own, where its run is also the one that makes the trail."""
    recovery_point: str | None = None
    """Where the first recovery is killed as well."""

    def __str__(self) -> str:
        when = self.point or f"{self.fraction:.3f} of a run"
        also = f", its recovery at {self.recovery_point}" if self.recovery_point else ""
        return f"killed at {when}{also}{' in a new home' if self.fresh else ''}"


class Result(NamedTuple):
    """What became of one kill."""

    kill: Kill
    events: int
    """How many events were there when the process was dead."""
    status: str
    wrong: list[str]

    def __str__(self) -> str:
        told = f"{self.kill}: {self.events} events, {self.status}"
        return "\n    ".join([told, *self.wrong])


def every_point(points: Sequence[str] = POINTS) -> list[Kill]:
    """A kill at each point."""
    return [Kill(point) for point in points]


def killed_recoveries() -> list[Kill]:
    """Kills whose recovery is killed as well, at each of its own points."""
    return [Kill("CHECKPOINT:CP-03:after", recovery_point=point) for point in RECOVERY_POINTS]


def at_random(count: int, seed: int) -> list[Kill]:
    """Kills at random instants; every other one in a new home, every third of a refused run."""
    draw = random.Random(seed)
    return [
        Kill(
            fraction=draw.random(),
            fresh=number % 2 == 0,
            example=BLOCKED if number % 3 == 0 else "PAC-DAN-P44.json",
        )
        for number in range(count)
    ]


class Campaign:
    """Kills of runs on one Prefect, in the sites of one store."""

    def __init__(self, zygote: Zygote, sites: Sites, api: str) -> None:
        self._zygote = zygote
        self._sites = sites
        self._api = api
        self._own = threading.local()
        self._seconds = 0.0

    def measure(self) -> float:
        """How long a run takes that nobody kills."""
        site = self._sites.new()
        for _ in range(2):  # the first of all takes longer
            began = time.monotonic()
            _, document = new_document()
            said = self._zygote.run(site.environment, document, api=self._api).wait()
            if said.code:
                raise RuntimeError(f"a run that nobody killed failed: {said}")
            self._seconds = time.monotonic() - began
        return self._seconds

    def run(self, kills: Sequence[Kill], jobs: int) -> Iterator[Result]:
        """Carry out these kills, so many at once; results come as they are there."""
        with ThreadPoolExecutor(jobs) as pool:
            for future in as_completed([pool.submit(self.carry_out, kill) for kill in kills]):
                yield future.result()

    def carry_out(self, kill: Kill) -> Result:
        """One run, its end, its recovery, and what is wrong with what is left."""
        # A recovery finishes all that is unfinished: nobody else may be at work in the same place.
        if not hasattr(self._own, "site"):
            self._own.site = self._sites.new()
        site = self._sites.new() if kill.fresh else self._own.site
        pac_id, document = new_document(kill.example)
        process = self._zygote.run(site.environment, document, api=self._api, point=kill.point)
        try:
            missed = self._kill(process, kill)
            left = self._recover(site, pac_id, process, kill)
            wrong = missed + violations(left)
            if site.leases():
                wrong.append("a dispatch is still unfinished")
        except (TimeoutError, RuntimeError) as error:
            return Result(kill, 0, "unknown", [str(error), process.end()])
        status = ", ".join(left.statuses.values()) or "no dispatch"
        return Result(kill, len(left.found), status, wrong)

    def _kill(self, process: Process, kill: Kill) -> list[str]:
        if kill.point is not None:
            there = process.stopped_at(kill.point)
            process.kill()
            return [] if there else [f"the run was never at {kill.point}: {process.wait()}"]
        # A busy machine stretches a run: so many events must be there, and then a part of one.
        events, part = divmod(kill.fraction * (len(EVENTS) + 1), 1)
        soon(
            lambda: len(process.noted("acknowledged")) >= events or process.code() is not None,
            f"{events:.0f} events are acknowledged",
        )
        # Half of a run is over when its first event is there. The instant itself is what is tried.
        time.sleep(part * self._seconds / (2 if not events else 2 * len(EVENTS)))
        process.kill()
        return []

    def _recover(self, site: Site, pac_id: str, process: Process, kill: Kill) -> Left:
        found = site.facts(pac_id)
        said = [Fact(*fact) for fact in process.noted("acknowledged")]
        if kill.recovery_point is not None:
            recovery = self._zygote.command(site.environment, "recover", point=kill.recovery_point)
            if not recovery.stopped_at(kill.recovery_point):
                raise RuntimeError(f"recovery was never there: {recovery.wait()}")
            recovery.kill()
        run = self._run_command
        recovered = run(site, "recover")
        artifacts = site.artifacts(pac_id)
        return Left(
            acknowledged=said,
            found=found,
            recovered=recovered,
            again=run(site, "recover"),
            kept=site.facts(pac_id),
            verified=run(site, "verify"),
            artifacts={name: _read(path) for name, path in artifacts.items()},
            artifacts_verified=(
                run(site, "verify", *map(str, artifacts.values())) if artifacts else None
            ),
        )

    def _run_command(self, site: Site, *args: str) -> Any:
        return self._zygote.command(site.environment, *args).wait()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None
