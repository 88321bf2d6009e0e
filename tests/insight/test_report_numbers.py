"""A period's figures against a count of the raw events, made another way by other programs."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import MemoryTrail
from benson_execution.errors import TrailUnavailable
from benson_execution.insight.period import Period
from benson_execution.insight.summary import DispatchSummary
from benson_execution.proof.refusal import Refusal
from benson_execution.report import counting
from benson_execution.report.bins import MAX_BINS, Bins
from benson_execution.report.counting import numbers
from benson_execution.report.numbers import MAX_AGENTS, MAX_LISTED, Durations, Scores, nearest_rank
from tests.insight.generated import BEGIN, fill


@pytest.fixture(scope="module")
def trail() -> MemoryTrail:
    made = MemoryTrail()
    fill(made, 1000, open_ones=4)
    return made


def told(trail: MemoryTrail) -> dict[str, dict[str, Any]]:
    """What each dispatch's events say, from their JSON alone, by type."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"failed": []})
    for stored in trail.events():
        event = orjson.loads(stored.event.json)
        one = found[stored.dispatch.dispatch_id]
        one.setdefault("began", event["timestamp"])
        if event["event_type"] == "CHECKPOINT":
            one["failed"] += [event["data"]["checkpoint_id"]] * (event["data"]["status"] == "FAIL")
        one[event["event_type"]] = event["data"]
    return dict(found)


def percentile(values: list[float], percent: int) -> float:
    """NumPy's: the inverse of the empirical distribution is the nearest rank."""
    return float(np.percentile(values, percent, method="inverted_cdf"))


@pytest.mark.parametrize(
    "period",
    [Period(), Period(BEGIN + timedelta(days=3), BEGIN + timedelta(days=9))],
    ids=["all", "six days"],
)
def test_every_figure_is_that_of_an_independent_count(trail: MemoryTrail, period: Period) -> None:
    since = period.since or datetime.min.replace(tzinfo=UTC)
    until = period.until or datetime.max.replace(tzinfo=UTC)
    all_told = told(trail).values()
    mine = [d for d in all_told if since <= datetime.fromisoformat(d["began"]) < until]
    found = numbers(trail, period)
    assert found.dispatches == len(mine) > 100
    ends = [d["PAC_DISPATCH_END"] for d in mine if "PAC_DISPATCH_END" in d]
    statuses = Counter(end["status"] for end in ends)
    assert found.by_status == {**statuses, "OPEN": len(mine) - len(ends)}
    took = [end["duration_ms"] for end in ends]
    p50, p95, p99 = (int(percentile(took, percent)) for percent in (50, 95, 99))
    assert found.durations == Durations(len(took), p50, p95, p99, max(took))
    gates = Counter(name for d in mine for name in d["failed"])
    codes = Counter(d["SCHEMA_VALIDATION"]["error_code"] for d in mine if "SCHEMA_VALIDATION" in d)
    listed = dict(found.causes)
    assert {k: v for k, v in listed.items() if k.startswith("CP-")} == gates
    del codes[None]
    assert {k: v for k, v in listed.items() if k.startswith("GS_")} == codes
    assert listed["INTERRUPTED"] == statuses["FAILED"]
    assert found.refused == statuses["FAILED"] + statuses["BLOCKED"]
    for agent in found.agents:
        own = [d for d in mine if d["PAC_DISPATCH_START"]["agent_gid"] == agent.gid]
        assert agent.dispatches == len(own)
        scores = [
            d["AGENT_EXECUTION_END"]["quality_score"] for d in own if "AGENT_EXECUTION_END" in d
        ]
        p10, median, p90 = (percentile(scores, percent) for percent in (10, 50, 90))
        assert agent.scores == Scores(len(scores), p10, median, p90)
        assert sum(s.count for s in agent.scores_over_time if s) == len(scores)
    assert sum(agent.dispatches for agent in found.agents) == len(mine)
    by_time: Counter[str] = Counter()
    for bin_ in found.over_time:
        by_time.update(bin_)
    assert by_time == Counter(found.by_status)
    newest = sorted(mine, key=lambda d: d["began"], reverse=True)[:MAX_LISTED]
    assert [one.started_at for one in found.newest] == [d["began"] for d in newest]


def test_what_lies_in_a_bin_began_in_it(trail: MemoryTrail) -> None:
    found = numbers(trail)
    assert found.unit == "day"
    days = Counter(d["began"][:10] for d in told(trail).values())
    assert [sum(counts.values()) for counts in found.over_time] == [days[n] for n in found.bins]


def test_nothing_at_all() -> None:
    found = numbers(MemoryTrail())
    assert (found.dispatches, found.bins, found.durations, found.unit) == (0, [], None, None)


def test_open_ones_only_oldest_first() -> None:
    trail = MemoryTrail()
    fill(trail, 0, open_ones=20)
    found = numbers(trail)
    assert found.by_status["OPEN"] == 20
    starts = [one.started_at or "" for one in found.oldest_open]
    assert starts == sorted(starts)
    assert len(starts) == MAX_LISTED
    assert found.newest[0].started_at != starts[-1]


def test_refusals_without_a_dispatch_are_counted_by_cause_and_period() -> None:
    trail = MemoryTrail()
    for day, cause in ((1, "not JSON"), (2, "not JSON"), (2, "no PAC"), (9, "not JSON")):
        time = f"2026-03-{day:02}T00:00:00.000000+00:00"
        trail.refuse(Refusal(time, "unreadable", "0" * 64, 1, True, cause))
    found = numbers(trail, Period.of("2026-03-01", "2026-03-09"))
    assert found.refusals_by_kind == {"unreadable": 3}
    assert [(r.cause, r.count) for r in found.refusals] == [("not JSON", 2), ("no PAC", 1)]


def test_many_agents_and_causes_are_bounded_and_the_rest_is_said() -> None:
    count = counting._Count(Period())
    for n in range(400):
        name = f"CP-{n % 200}"
        count.add(
            DispatchSummary(
                f"d-{n}",
                agent_gid=f"G-{n % 100}",
                started_at=f"2026-03-01T00:{n % 60:02}:00.000000+00:00",
                status="BLOCKED",
                checkpoints={name: "FAIL"},
            )
        )
    found = count.result(None)
    assert len(found.agents) == MAX_AGENTS
    assert found.agents_left_out == 100 - MAX_AGENTS
    assert found.dispatches_left_out == 400 - 4 * MAX_AGENTS
    assert found.causes_left_out + sum(n for _, n in found.causes) == 400


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("started_at", "yesterday"),
        ("started_at", "2026-03-01"),
        ("started_at", 7),
        ("status", "GREAT"),
        ("status", ["BLOCKED"]),
        ("duration_ms", -1),
        ("duration_ms", "7"),
        ("duration_ms", 1 << 63),
        ("quality_score", 1.1),
        ("quality_score", "high"),
        ("quality_score", True),
        ("agent_gid", {"a": 1}),
        ("agent_name", 7),
        ("pac_id", []),
    ],
)
def test_what_no_event_can_say_is_an_altered_trail(member: str, value: Any) -> None:
    good = {"started_at": "2026-03-01T00:00:00.000000+00:00", "status": "BLOCKED"}
    with pytest.raises(TrailUnavailable, match="d-1") as caught:
        counting._Count(Period.of("2020-01-01")).add(
            DispatchSummary("d-1", **{**good, member: value})
        )
    assert "benson verify" in str(caught.value.hint)


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([1, 10, 50, 90, 95, 99, 100]))
def test_nearest_ranks_are_numpys(values: list[int], percent: int) -> None:
    assert nearest_rank(sorted(values), percent) == percentile(list(values), percent)


_MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(_MOMENTS, _MOMENTS, _MOMENTS)
def test_bins_are_few_in_order_and_hold_every_moment(
    one: datetime, another: datetime, third: datetime
) -> None:
    first, between, last = sorted((one, another, third))
    bins = Bins.between(first, last)
    assert 1 <= bins.count <= MAX_BINS
    assert (bins.place(first), bins.place(last)) == (0, bins.count - 1)
    place = bins.place(between)
    assert bins.start(place) <= between
    assert place + 1 == bins.count or between < bins.start(place + 1)
    assert sorted(set(bins.names)) == bins.names
