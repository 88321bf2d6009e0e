"""What a period's page shows, as figures; the page draws them and adds none of its own.

Percentiles are nearest ranks: of the n values in order, the ceil(n * p / 100)-th. Each is one of
the values that were recorded, and none is estimated or sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benson_execution.insight.period import Period
from benson_execution.insight.summary import DispatchSummary
from benson_execution.proof.heads import Head

STATUSES: Final = ("COMPLETED", "BLOCKED", "FAILED", "OPEN")
"""How a dispatch may stand; OPEN is one that has no end yet."""
MAX_AGENTS: Final = 12
"""How many agents have figures of their own: those with the most dispatches."""
MAX_CAUSES: Final = 24
"""How many causes are listed: the most frequent ones."""
MAX_LISTED: Final = 15
"""How many dispatches a list has."""


def nearest_rank(ordered: Sequence[Any], percent: int) -> Any:
    """The percentile of values in ascending order, of which there is at least one."""
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1]


@dataclass(frozen=True, slots=True)
class Durations:
    """Of how many dispatches, and how long they took, in milliseconds."""

    count: int
    p50: int
    p95: int
    p99: int
    longest: int

    @classmethod
    def of(cls, values: Sequence[int]) -> Durations | None:
        """The percentiles of these; None where there are none."""
        if not values:
            return None
        ordered = sorted(values)
        p50, p95, p99 = (nearest_rank(ordered, percent) for percent in (50, 95, 99))
        return cls(len(ordered), p50, p95, p99, ordered[-1])


@dataclass(frozen=True, slots=True)
class Scores:
    """Of how many results, and their quality scores, in [0, 1]."""

    count: int
    p10: float
    median: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Scores | None:
        """The percentiles of these; None where there are none."""
        if not values:
            return None
        ordered = sorted(values)
        return cls(len(ordered), *(nearest_rank(ordered, percent) for percent in (10, 50, 90)))


@dataclass(frozen=True, slots=True)
class AgentNumbers:
    """One agent, as the PACs name it: it may be known to nobody else."""

    gid: str
    name: str
    by_status: dict[str, int]
    durations: Durations | None
    scores: Scores | None
    scores_over_time: list[Scores | None]
    """One for each of the period's bins; None where it has no score."""

    @property
    def dispatches(self) -> int:
        """How many it has, open ones too."""
        return sum(self.by_status.values())


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused without a dispatch: how often, for this cause."""

    kind: str
    cause: str
    count: int


@dataclass(frozen=True, slots=True)
class PeriodNumbers:
    """All figures of a period. A dispatch belongs to the period in which it began."""

    period: Period
    by_status: dict[str, int]
    """By each of `STATUSES`, in their order."""
    unit: str | None
    """Of the bins: `day`, `week`, …; None where there is no dispatch."""
    bins: list[str]
    """What each stretch of time is called: its beginning, in UTC."""
    over_time: list[dict[str, int]]
    """For each bin its dispatches, by status."""
    causes: list[tuple[str, int]]
    """Refused dispatches by cause, the most frequent first; one may have several causes."""
    causes_left_out: int
    """How many times another cause was met."""
    refused: int
    """How many dispatches have at least one cause."""
    agents: list[AgentNumbers]
    """Those with the most dispatches, in that order."""
    agents_left_out: int
    dispatches_left_out: int
    """How many dispatches the agents have that are left out."""
    durations: Durations | None
    scores: Scores | None
    refusals_by_kind: dict[str, int]
    """What was refused without a dispatch in this period: `unreadable`, `invalid_pac`."""
    refusals: list[Refused]
    """The same by cause, the most frequent first."""
    refusals_left_out: int
    """How many of them have another cause."""
    newest: list[DispatchSummary]
    newest_refused: list[DispatchSummary]
    oldest_open: list[DispatchSummary]
    head: Head | None
    """The newest head of the whole trail, whatever the period."""

    @property
    def dispatches(self) -> int:
        """How many began in the period."""
        return sum(self.by_status.values())
