"""What is counted of each closed dispatch and of each refused document."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, product
from typing import Final

from benson_execution.events import CHECKPOINT_NAMES, DispatchStatus, ErrorCode
from benson_execution.insight.summary import Cause, DispatchSummary
from benson_execution.metrics.definitions import DISPATCH_DURATION, QUALITY_SCORE, UNKNOWN
from benson_execution.own_events import ReviewDecision

_STATUSES: Final = tuple(str(status) for status in DispatchStatus)
_VERDICTS: Final = ("PASS", "FAIL")
_CODES: Final = tuple(str(code) for code in ErrorCode)
_CAUSES: Final = (*CHECKPOINT_NAMES, *_CODES, *(str(cause) for cause in Cause))
_DECISIONS: Final = tuple(str(decision) for decision in ReviewDecision)
_REFUSED: Final = ("unreadable", "invalid_pac")
_LONGEST_MS: Final = 1 << 53


def known(value: object, vocabulary: Collection[str]) -> str:
    """The value, where it is one of these words; otherwise `unknown`."""
    return value if isinstance(value, str) and value in vocabulary else UNKNOWN


@dataclass(slots=True)
class Distribution:
    """Observations by the smallest bound that each is not above, and their sum."""

    bounds: Sequence[float]
    total: float = 0.0
    _counts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count one observation."""
        self._counts[bisect.bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[int]:
        """How many were at most each bound, and at last how many there were."""
        return list(accumulate(self._counts))


class Tally:
    """The counts since the beginning of the trail.

    Everything that may be counted is there from the beginning, as 0: Prometheus sees a first
    refusal only as a step up from something. So the memory that it takes does not grow.
    """

    def __init__(self, agents: Collection[str], threshold: float) -> None:
        """For the GIDs of the registry, and the score that passes CP-03."""
        self._agents = frozenset(agents)
        each = (*sorted(self._agents), UNKNOWN)
        bounds = sorted({*QUALITY_SCORE.buckets, threshold})
        self.dispatches = Counter(dict.fromkeys(product(_STATUSES, each), 0))
        self.checkpoints = Counter(dict.fromkeys(product(CHECKPOINT_NAMES, _VERDICTS), 0))
        self.violations = Counter(dict.fromkeys(_CODES, 0))
        self.causes = Counter(dict.fromkeys(_CAUSES, 0))
        self.refused = Counter(dict.fromkeys(_REFUSED, 0))
        self.reviews = Counter(dict.fromkeys(_DECISIONS, 0))
        self.scores = {agent: Distribution(bounds) for agent in each}
        self.durations = {
            status: Distribution(DISPATCH_DURATION.buckets) for status in (*_STATUSES, UNKNOWN)
        }

    def add(self, closed: DispatchSummary) -> None:
        """Count a dispatch that is closed.

        Raises `ValueError` or `TypeError` for a summary that no trail of ours holds; then nothing
        of it is counted.
        """
        milliseconds, score, causes = closed.duration_ms, closed.quality_score, closed.causes
        verdicts = dict(closed.checkpoints)
        if milliseconds is None or not 0 <= milliseconds < _LONGEST_MS:
            raise ValueError("it took no length of time")
        if score is not None and not 0 <= score <= 1:
            raise ValueError("its quality score is none")
        status, agent = known(closed.status, _STATUSES), known(closed.agent_gid, self._agents)
        self.dispatches[status, agent] += 1
        for name, verdict in verdicts.items():
            self.checkpoints[known(name, CHECKPOINT_NAMES), known(verdict, _VERDICTS)] += 1
        if closed.schema_valid is False:
            self.violations[known(closed.error_code, _CODES)] += 1
        for cause in causes:
            self.causes[known(cause, _CAUSES)] += 1
        if closed.review is not None:
            self.reviews[known(closed.review, _DECISIONS)] += 1
        if score is not None:
            self.scores[agent].observe(score)
        self.durations[status].observe(milliseconds / 1000)

    def add_refused(self, kind: str) -> None:
        """Count a document that was refused without a dispatch."""
        self.refused[known(kind, _REFUSED)] += 1
