"""Everything that is counted, as the text that Prometheus reads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics.exposition import generate_latest as _openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from benson_execution.errors import TrailUnavailable
from benson_execution.metrics import definitions as metrics
from benson_execution.metrics.definitions import Definition, MetricKind
from benson_execution.metrics.fault_counts import FaultCounts
from benson_execution.metrics.tally import Distribution, Tally
from benson_execution.metrics.trail_figures import TrailFigures
from benson_execution.registry import AgentRegistry
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.trail.port import Trail
from benson_execution.version import __version__

OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
"""The content type of the one format."""
PLAIN: Final = CONTENT_TYPE_PLAIN_0_0_4
"""And of the other."""

_WAIT_SECONDS: Final = 5.0
"""How long a look waits for another one, which may wait for a database that hangs."""

Opened = Callable[[], AbstractContextManager[Trail]]
"""Opens the trail for one look at it."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What the last verification said; `ended_at` is in seconds since 1970, `took` in seconds."""

    verified: bool
    ended_at: float
    took: float


class Exporter(Collector):
    """The figures of one trail and one host; many threads may ask at once."""

    def __init__(self, settings: Settings, opened: Opened) -> None:
        agents = AgentRegistry.load(settings.registry).agents
        known = [agent.gid for agent in agents if agent.gid is not None]
        self._tally = Tally(known, settings.quality_threshold)
        self._figures = TrailFigures(self._tally)
        self._faults = FaultCounts(settings.home)
        self._host = plain(socket.gethostname())
        self._opened = opened
        # Two who read on at once would count the same events twice.
        self._reading = threading.Lock()
        self.verification: Verification | None = None
        """Set by whoever verifies the trail; None while nobody has."""
        # A registry of its own: what other libraries count of this process is no figure of ours.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def exposition(self, *, as_openmetrics: bool = False) -> bytes:
        """All metrics as they are now, as text.

        Raises an error of ours when the trail or the faults can't be read: old figures, or none,
        would look like a quiet day.
        """
        if not self._reading.acquire(timeout=_WAIT_SECONDS):
            raise TrailUnavailable(
                f"the trail is still being read since more than {_WAIT_SECONDS:.0f} seconds",
                "its database may hang; a long trail is read once",
            )
        try:
            with self._opened() as trail:
                self._figures.read(trail)
            self._faults.read()
            text: bytes = (_openmetrics if as_openmetrics else generate_latest)(self._registry)
            return text
        finally:
            self._reading.release()

    def collect(self) -> Iterator[Metric]:
        """The metrics, for the registry; called by `exposition` only."""
        tally = self._tally
        yield _numbers(metrics.DISPATCHES_CLOSED, tally.dispatches)
        yield _numbers(metrics.CHECKPOINTS, tally.checkpoints)
        yield _numbers(metrics.SCHEMA_VIOLATIONS, _single(tally.violations))
        yield _numbers(metrics.REFUSALS, _single(tally.causes))
        yield _numbers(metrics.DOCUMENTS_REFUSED, _single(tally.refused))
        yield _numbers(metrics.HUMAN_REVIEWS, _single(tally.reviews))
        yield _distributions(metrics.QUALITY_SCORE, tally.scores)
        yield _distributions(metrics.DISPATCH_DURATION, tally.durations)
        yield from self._now()
        yield from self._verified()
        host = self._host
        faults = {(kind, host): count for kind, count in self._faults.counts.items()}
        yield _numbers(metrics.FAULTS, faults)
        yield _numbers(metrics.FAULTS_FILE, {(host,): self._faults.size})
        yield _numbers(metrics.BUILD, {(__version__,): 1})

    def _now(self) -> Iterator[Metric]:
        head = self._figures.head
        assert head is not None
        now = datetime.now(UTC)
        states = self._figures.open_ones()
        yield _numbers(metrics.DISPATCHES_OPEN, {(s,): count for s, (count, _) in states.items()})
        ages = {
            (state,): 0.0 if since is None else max(0.0, (now - since).total_seconds())
            for state, (_, since) in states.items()
        }
        yield _numbers(metrics.OLDEST_OPEN_AGE, ages)
        yield _numbers(metrics.LOG_ENTRIES, {(): head.size})
        signed = datetime.fromisoformat(head.time).timestamp()
        yield _numbers(metrics.NEWEST_HEAD, {(): signed})
        yield _numbers(metrics.LAST_POSITION, {(): self._figures.position})

    def _verified(self) -> Iterator[Metric]:
        last = self.verification
        if last is None:
            return
        yield _numbers(metrics.VERIFIED, {(): int(last.verified)})
        yield _numbers(metrics.VERIFIED_AT, {(): last.ended_at})
        yield _numbers(metrics.VERIFICATION_TOOK, {(): last.took})


def _single(counts: Mapping[str, int]) -> dict[tuple[str], int]:
    return {(value,): count for value, count in counts.items()}


def _family(of: Definition) -> Metric:
    return Metric(of.name, of.help, of.kind, of.unit)


Labels = TypeVar("Labels", bound=tuple[str, ...])
"""The values of a metric's labels, in their order."""


def _numbers(of: Definition, values: Mapping[Labels, float]) -> Metric:
    """The family of a counter, a gauge or an info, by the values of its labels."""
    family = _family(of)
    (name,) = of.samples
    for labels, value in values.items():
        family.add_sample(name, _labels(of.labels, labels), value)
    return family


def _distributions(of: Definition, values: Mapping[str, Distribution]) -> Metric:
    """The family of a histogram, by the value of its one label."""
    assert of.kind is MetricKind.HISTOGRAM
    family = _family(of)
    bucket, total, count = of.samples
    for value, distribution in values.items():
        labels = _labels(of.labels, (value,))
        counts = distribution.cumulative()
        bounds = [*map(floatToGoString, distribution.bounds), "+Inf"]
        for bound, up_to in zip(bounds, counts, strict=True):
            family.add_sample(bucket, {**labels, "le": bound}, up_to)
        family.add_sample(total, labels, distribution.total)
        family.add_sample(count, labels, counts[-1])
    return family


def _labels(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    return dict(zip(names, values, strict=True))
