"""Summaries against what the engine itself says, and periods."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.errors import BadInput, TrailUnavailable
from benson_execution.insight.period import Period
from benson_execution.insight.summary import DispatchSummary, SummaryFold, summaries
from tests.insight.generated import BEGIN, KINDS, fill
from tests.library.helpers import text

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def judged(*documents: bytes) -> list[DispatchSummary]:
    trail = MemoryTrail()
    engine = BensonExecutionEngine(enable_telemetry=False, trail=trail)
    for one in documents:
        engine.execute_pac(one)
    return list(summaries(trail))


def test_a_completed_dispatch_in_its_numbers() -> None:
    (found,) = judged(text())
    assert (found.status, found.causes) == ("COMPLETED", [])
    assert found.checkpoints == {f"CP-0{n}": "PASS" for n in (1, 2, 3, 4)}
    assert (found.schema_valid, found.error_code, found.eligible) == (True, None, True)
    assert found.started_at
    assert found.ended_at
    assert found.started_at <= found.ended_at
    assert found.wrap_id
    assert found.duration_ms is not None
    assert DispatchSummary.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"completed"}))
def test_each_kind_of_refusal_has_its_cause(kind: str) -> None:
    trail = MemoryTrail()
    fill(trail, 400)
    causes = Counter(cause for one in summaries(trail) for cause in one.causes)
    wanted = {
        "activation": "CP-01",
        "scope": "CP-02",
        "quality": "CP-03",
        "completion": "CP-04",
        "rejected": "HUMAN_REVIEW",
        "wrapped": "ALREADY_WRAPPED",
        "interrupted": "INTERRUPTED",
    }.get(kind, kind)
    assert causes[wanted] > 0


def test_the_same_document_twice_is_refused_for_its_wrap() -> None:
    one = text()
    first, second = judged(one, one)
    assert (first.causes, second.causes) == ([], ["ALREADY_WRAPPED"])


def test_an_open_dispatch_comes_last_and_has_no_status() -> None:
    trail = MemoryTrail()
    fill(trail, 3, open_ones=2)
    found = list(summaries(trail))
    assert [one.status is None for one in found] == [False, False, False, True, True]
    assert found[-1].causes == []


def test_what_is_no_event_is_told_as_such() -> None:
    for event in (b"", b"[]", b'{"timestamp": "x"}', b"\xff"):
        with pytest.raises(TrailUnavailable, match="can't be read"):
            SummaryFold().add("d-1", event)


def test_periods() -> None:
    week = Period.of("7d", now=NOW)
    assert week.since == NOW - timedelta(days=7)
    assert "2026-11-23T12:00:00.000000+00:00" in week
    assert "2026-11-23T11:59:59.999999+00:00" not in week
    day = Period.of("2026-03-01", "2026-03-02", now=NOW)
    assert BEGIN.isoformat() in day
    assert "2026-03-02T00:00:00.000000+00:00" not in day
    assert Period.of("2026-03-01T02:00+02:00", now=NOW).since == datetime(2026, 3, 1, tzinfo=UTC)
    assert "1999-01-01T00:00:00.000000+00:00" in Period()


@pytest.mark.parametrize("given", ["yesterday", "", "7y", "999999w", "2026-13-01"])
def test_no_moment(given: str) -> None:
    with pytest.raises(BadInput, match="is no moment"):
        Period.of(given, now=NOW)


def test_a_period_must_hold_something() -> None:
    with pytest.raises(BadInput, match="holds no moment"):
        Period.of("2026-03-02", "2026-03-01", now=NOW)
