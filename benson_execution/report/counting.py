"""Counting a period's figures, in one pass over the trail's events.

What is kept of a dispatch are five numbers in columns, some thirty bytes, for percentiles that
are exact; everything else is counted as it comes.
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from benson_execution.errors import TrailUnavailable
from benson_execution.insight.period import Period
from benson_execution.insight.summary import DispatchSummary, summaries
from benson_execution.proof.refusal import Refusal
from benson_execution.report.bins import Bins
from benson_execution.report.numbers import (
    MAX_AGENTS,
    MAX_CAUSES,
    MAX_LISTED,
    STATUSES,
    AgentNumbers,
    Durations,
    PeriodNumbers,
    Refused,
    Scores,
)
from benson_execution.text import plain
from benson_execution.trail.port import MAX_POSITION, Trail
from benson_execution.trail.rows import Damaged

_NONE: Final = -1
"""A duration or a score that was not recorded."""
_MAX_TALLIED: Final = 10_000
"""How many different causes or sentences are told apart while they are counted."""
_MAX_SENTENCE: Final = 300


def numbers(trail: Trail, period: Period | None = None) -> PeriodNumbers:
    """The figures of a period of a trail, or of all of it.

    Raises `TrailUnavailable`, also for an event that says what none can.
    """
    wanted = period or Period()
    head = trail.head()
    count = _Count(wanted)
    try:
        for summary in summaries(trail):
            count.add(summary)
    except Damaged as damage:
        raise TrailUnavailable(
            f"the database can't read its rows: {damage}", "`benson verify` says what was changed"
        ) from None
    for refusal in trail.refusals():
        count.refuse(refusal)
    return count.result(head)


class _Count:
    def __init__(self, period: Period) -> None:
        self.period = period
        self.started = array("d")
        self.status = array("b")
        self.agent = array("l")
        self.duration = array("q")
        self.score = array("d")
        self.agents: dict[tuple[str, str], int] = {}
        self.causes: Counter[str] = Counter()
        self.refused = 0
        self.kinds: Counter[str] = Counter()
        self.sentences: Counter[tuple[str, str]] = Counter()
        self.newest = _Newest()
        self.newest_refused = _Newest()
        self.oldest_open = _Newest(oldest=True)

    def add(self, summary: DispatchSummary) -> None:
        try:
            if summary.started_at is None or summary.started_at not in self.period:
                return
            _require_sound(summary)
            at = datetime.fromisoformat(summary.started_at).timestamp()
            causes = [plain(cause) for cause in summary.causes]
        except (ValueError, TypeError, OverflowError):
            raise _altered(f"an event of the dispatch {plain(str(summary.dispatch_id))}") from None
        agent = (plain(summary.agent_gid or "unknown"), plain(summary.agent_name or ""))
        self.started.append(at)
        self.status.append(STATUSES.index(summary.status or "OPEN"))
        self.agent.append(self.agents.setdefault(agent, len(self.agents)))
        self.duration.append(_NONE if summary.duration_ms is None else summary.duration_ms)
        self.score.append(_NONE if summary.quality_score is None else summary.quality_score)
        for cause in causes:
            _tally(self.causes, cause, "any other")
        self.refused += bool(causes)
        self.newest.add(at, summary)
        if causes:
            self.newest_refused.add(at, summary)
        if summary.status is None:
            self.oldest_open.add(at, summary)

    def refuse(self, refusal: Refusal) -> None:
        try:
            if refusal.timestamp not in self.period:
                return
        except (ValueError, TypeError):
            raise _altered("a refusal") from None
        kind = plain(refusal.kind)
        _tally(self.kinds, kind, "any other")
        _tally(self.sentences, (kind, plain(refusal.cause, _MAX_SENTENCE)), ("any other", ""))

    def result(self, head: Any) -> PeriodNumbers:
        bins = None
        if self.started:
            ends = (min(self.started), max(self.started))
            bins = Bins.between(*(datetime.fromtimestamp(end, UTC) for end in ends))
        over_time = [dict.fromkeys(STATUSES, 0) for _ in range(bins.count if bins else 0)]
        places = array("l")
        for at, status in zip(self.started, self.status, strict=True):
            assert bins is not None
            place = bins.place(datetime.fromtimestamp(at, UTC))
            places.append(place)
            over_time[place][STATUSES[status]] += 1
        causes = _by_frequency(self.causes)
        sentences = _by_frequency(self.sentences)
        agents, left_out = self._agents(places, len(over_time))
        by_status = Counter(self.status)
        return PeriodNumbers(
            period=self.period,
            by_status={name: by_status[n] for n, name in enumerate(STATUSES)},
            unit=bins.unit if bins else None,
            bins=bins.names if bins else [],
            over_time=over_time,
            causes=causes[:MAX_CAUSES],
            causes_left_out=sum(count for _, count in causes[MAX_CAUSES:]),
            refused=self.refused,
            agents=agents,
            agents_left_out=len(self.agents) - len(agents),
            dispatches_left_out=left_out,
            durations=Durations.of([took for took in self.duration if took != _NONE]),
            scores=Scores.of([score for score in self.score if score != _NONE]),
            refusals_by_kind=dict(_by_frequency(self.kinds)),
            refusals=[
                Refused(kind, cause, count) for (kind, cause), count in sentences[:MAX_LISTED]
            ],
            refusals_left_out=sum(count for _, count in sentences[MAX_LISTED:]),
            newest=self.newest.sorted(),
            newest_refused=self.newest_refused.sorted(),
            oldest_open=self.oldest_open.sorted(),
            head=head,
        )

    def _agents(self, places: array[int], bins: int) -> tuple[list[AgentNumbers], int]:
        """The agents that are shown, and how many dispatches the others have."""
        names = list(self.agents)
        totals = Counter(self.agent)
        ranked = sorted(totals, key=lambda agent: (-totals[agent], names[agent]))
        found = []
        rows: dict[int, list[int]] = {agent: [] for agent in ranked[:MAX_AGENTS]}
        for row, agent in enumerate(self.agent):
            if agent in rows:
                rows[agent].append(row)
        for agent, mine in rows.items():
            statuses = Counter(self.status[row] for row in mine)
            durations = [self.duration[row] for row in mine if self.duration[row] != _NONE]
            scored = [row for row in mine if self.score[row] != _NONE]
            binned: list[list[float]] = [[] for _ in range(bins)]
            for row in scored:
                binned[places[row]].append(self.score[row])
            found.append(
                AgentNumbers(
                    *names[agent],
                    by_status={name: statuses[n] for n, name in enumerate(STATUSES)},
                    durations=Durations.of(durations),
                    scores=Scores.of([self.score[row] for row in scored]),
                    scores_over_time=[Scores.of(scores) for scores in binned],
                )
            )
        return found, sum(totals[agent] for agent in ranked[MAX_AGENTS:])


class _Newest:
    """The newest dispatches of all that it is shown, or the oldest; never more than are listed."""

    def __init__(self, *, oldest: bool = False) -> None:
        self._sign = -1 if oldest else 1
        self._heap: list[tuple[float, int, DispatchSummary]] = []
        self._seen = 0

    def add(self, at: float, summary: DispatchSummary) -> None:
        self._seen += 1
        one = (self._sign * at, self._sign * self._seen, summary)
        if len(self._heap) < MAX_LISTED:
            heapq.heappush(self._heap, one)
        else:
            heapq.heappushpop(self._heap, one)

    def sorted(self) -> list[DispatchSummary]:
        return [summary for *_, summary in sorted(self._heap, reverse=True, key=lambda o: o[:2])]


def _tally(counter: Counter[Any], what: Any, otherwise: Any) -> None:
    known = what in counter or len(counter) < _MAX_TALLIED
    counter[what if known else otherwise] += 1


def _by_frequency(counter: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _require_sound(summary: DispatchSummary) -> None:
    """Raise `ValueError` for figures that no event can have recorded: the rows may be anything."""
    for text in (summary.agent_gid, summary.agent_name, summary.pac_id, summary.ended_at):
        if text is not None and type(text) is not str:
            raise ValueError
    if summary.status is not None and summary.status not in STATUSES[:3]:
        raise ValueError
    took, score = summary.duration_ms, summary.quality_score
    if took is not None and (type(took) is not int or not 0 <= took <= MAX_POSITION):
        raise ValueError
    if score is not None and (type(score) not in (int, float) or not 0 <= score <= 1):
        raise ValueError
    if score is not None and not math.isfinite(score):
        raise ValueError


def _altered(what: str) -> TrailUnavailable:
    return TrailUnavailable(
        f"{what} says what none can say", "`benson verify` says what was changed"
    )
