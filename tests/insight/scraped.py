"""Expositions, read by the Prometheus client's own parsers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from benson_execution import Settings
from benson_execution.metrics.exporter import Exporter
from benson_execution.trail import Trail

Series = tuple[str, frozenset[tuple[str, str]]]
"""A sample's name and labels."""


class Scraped(dict[Series, float]):
    """The samples of one exposition."""

    def of(self, name: str, **labels: str) -> float:
        """The one sample with this name and exactly these labels."""
        return self[name, frozenset(labels.items())]

    def by(self, name: str, *labels: str) -> dict[Any, float]:
        """The samples with this name that are not 0, by the values of these labels."""
        found: dict[Any, float] = {}
        for (sample, its), value in self.items():
            if sample == name and value:
                values = tuple(dict(its)[label] for label in labels)
                key = values[0] if len(values) == 1 else values
                found[key] = found.get(key, 0) + value
        return found


def scraped(text: str, *, as_openmetrics: bool = False) -> Scraped:
    """What the parser makes of it; no series stands twice."""
    parse = openmetrics_families if as_openmetrics else text_string_to_metric_families
    samples = [sample for family in parse(text) for sample in family.samples]
    found = Scraped({(s.name, frozenset(s.labels.items())): float(s.value) for s in samples})
    assert len(found) == len(samples)
    return found


def exporter_of(trail: Trail, settings: Settings) -> Exporter:
    """An exporter of a trail that is open already."""

    @contextmanager
    def opened() -> Iterator[Trail]:
        yield trail

    return Exporter(settings, partial(opened))
