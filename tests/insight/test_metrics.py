"""`benson metrics` against counts made by hand from the exported events."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings, __version__
from benson_execution.metrics import definitions
from benson_execution.metrics.definitions import DEFINITIONS, Definition, MetricKind
from benson_execution.proof.refusal import Refusal
from benson_execution.report.counting import numbers
from benson_execution.trail import SqlTrail
from benson_execution.trail.rows import EventTuple, Rows
from tests.cli.command import Benson
from tests.insight.conftest import DISPATCHES, OPEN
from tests.insight.generated import fill
from tests.insight.scraped import exporter_of, scraped
from tests.library.helpers import text

Events = list[tuple[str, dict[str, Any]]]


def dispatches_of(lines: Iterable[str]) -> list[Events]:
    """The exported events by their dispatches, each of which stands together."""
    dispatches: list[Events] = []
    for line in lines:
        event = json.loads(line)
        if event["event_type"] == "PAC_DISPATCH_START":
            dispatches.append([])
        dispatches[-1].append((event["event_type"], event["data"]))
    return dispatches


def counted(dispatches: list[Events]) -> dict[str, Counter[Any]]:
    """What closed dispatches come to; an open one counts as such.

    It uses nothing of ours: what it counts is what the contract says of the events.
    """
    names = ("open", "closed", "checkpoints", "codes", "causes", "reviews")
    count: dict[str, Counter[Any]] = {name: Counter() for name in names}
    for events in dispatches:
        said = dict(events)
        if "PAC_DISPATCH_END" not in said:
            count["open"]["working"] += 1
            continue
        status = said["PAC_DISPATCH_END"]["status"]
        count["closed"][status, said["PAC_DISPATCH_START"]["agent_gid"]] += 1
        verdicts = {d["checkpoint_id"]: d["status"] for kind, d in events if kind == "CHECKPOINT"}
        count["checkpoints"].update(verdicts.items())
        code = said.get("SCHEMA_VALIDATION", {}).get("error_code")
        count["codes"].update([code] if code else [])
        review = said.get("HUMAN_REVIEW", {}).get("decision")
        count["reviews"].update([review] if review else [])
        causes = [name for name in verdicts if verdicts[name] == "FAIL"] + ([code] if code else [])
        if status == "FAILED":
            causes = causes or ["INTERRUPTED"]
        elif status == "BLOCKED":
            causes = causes or ["HUMAN_REVIEW" if review == "REJECTED" else "ALREADY_WRAPPED"]
        count["causes"].update(causes)
    return count


def measured(dispatches: list[Events], by: str, of: str, member: str) -> dict[str, list[float]]:
    """The values of a member of one event, by a member of another; of closed dispatches only."""
    found: dict[str, list[float]] = {}
    for said in map(dict, dispatches):
        if "PAC_DISPATCH_END" in said and of in said:
            whose = said["PAC_DISPATCH_START"] | said["PAC_DISPATCH_END"]
            found.setdefault(whose[by], []).append(said[of][member])
    return found


def at_most(values: list[float], bound: str) -> int:
    """How many of these a bucket holds."""
    return sum(value <= float(bound) for value in values)


@pytest.mark.timeout(600)
def test_ten_thousand_dispatches_are_as_many_as_counted_by_hand(long_trail: Benson) -> None:
    """Every figure, from what the commands print; twice, since each is a process of its own."""
    exported = long_trail("events", "--json")
    dispatches = dispatches_of(exported.out.splitlines())
    wanted = counted(dispatches)
    assert sum(wanted["closed"].values()) == DISPATCHES
    answer = long_trail("metrics")
    assert (answer.code, answer.err) == (0, "")
    found = scraped(answer.out)
    assert found.by("benson_dispatches_closed_total", "status", "agent") == wanted["closed"]
    assert found.by("benson_checkpoints_total", "checkpoint", "status") == wanted["checkpoints"]
    assert found.by("benson_schema_violations_total", "code") == wanted["codes"]
    assert found.by("benson_refusals_total", "cause") == wanted["causes"]
    assert found.by("benson_human_reviews_total", "decision") == wanted["reviews"]
    assert len(wanted["causes"]) == 11
    assert found.of("benson_dispatches_open", state="working") == wanted["open"]["working"] == OPEN
    assert found.of("benson_log_entries") == DISPATCHES
    assert found.of("benson_trail_last_position") == len(exported.out.splitlines())
    scores = measured(dispatches, "agent_gid", "AGENT_EXECUTION_END", "quality_score")
    took = measured(dispatches, "status", "PAC_DISPATCH_END", "duration_ms")
    durations = {status: [value / 1000 for value in values] for status, values in took.items()}
    for name, label, of in (
        ("benson_quality_score_ratio", "agent", scores),
        ("benson_dispatch_duration_seconds", "status", durations),
    ):
        sizes = {value: len(values) for value, values in of.items()}
        assert found.by(f"{name}_count", label) == sizes
        sums = {value: pytest.approx(sum(values)) for value, values in of.items()}
        assert found.by(f"{name}_sum", label) == sums
        buckets = found.by(f"{name}_bucket", label, "le")
        assert len(buckets) > 30
        for (value, bound), count in buckets.items():
            assert count == at_most(of[value], bound), (value, bound)
    again = scraped(long_trail("metrics", "--openmetrics").out, as_openmetrics=True)
    aged = [key for key in found if found[key] != again[key]]
    assert [name for name, _ in aged] == ["benson_oldest_open_dispatch_age_seconds"]


@pytest.mark.timeout(600)
def test_the_report_of_ten_thousand_dispatches_says_the_same(long_trail: Benson) -> None:
    """Held to the same count by hand; its percentiles are values that were recorded."""
    dispatches = dispatches_of(long_trail("events", "--json").out.splitlines())
    wanted = counted(dispatches)
    trail = SqlTrail(long_trail.trail_url, None)
    found = numbers(trail)
    trail.close()
    closed: Counter[str] = Counter()
    for (status, _), count in wanted["closed"].items():
        closed[status] += count
    assert found.by_status == {**closed, "OPEN": OPEN}
    assert (dict(found.causes), found.causes_left_out) == (wanted["causes"], 0)
    agents = {
        (status, agent.gid): count
        for agent in found.agents
        for status, count in agent.by_status.items()
        if status != "OPEN"
    }
    assert agents == wanted["closed"]
    took = measured(dispatches, "phase", "PAC_DISPATCH_END", "duration_ms")["DISPATCH_COMPLETE"]
    scores = measured(dispatches, "phase", "AGENT_EXECUTION_END", "quality_score")
    assert found.durations is not None
    said = [getattr(found.durations, name) for name in ("p50", "p95", "p99", "longest")]
    assert said == [rank(took, percent) for percent in (50, 95, 99, 100)]
    assert found.durations.count == DISPATCHES
    assert found.scores is not None
    (values,) = scores.values()
    said = [getattr(found.scores, name) for name in ("p10", "median", "p90")]
    assert said == pytest.approx([rank(values, percent) for percent in (10, 50, 90)])


def rank(values: list[float], percent: int) -> float:
    """The nearest rank: the smallest value that at least so many percent are not above."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def test_what_is_exposed_is_what_is_defined(benson: Benson) -> None:
    """Names, helps, kinds, units and labels, in both formats; no metric of another library."""
    assert benson("judge", "-", stdin=text()).code == 0
    for option in ((), ("--openmetrics",)):
        found = scraped(benson("metrics", *option).out, as_openmetrics=bool(option))
        defined = {
            (name, tuple(sorted(labels)))
            for one in DEFINITIONS
            for name, labels in one.samples.items()
            if one not in (definitions.VERIFIED, definitions.VERIFIED_AT)
            if one is not definitions.VERIFICATION_TOOK  # never verified by this command
        }
        exposed = {(name, tuple(sorted(dict(labels)))) for name, labels in found}
        assert exposed == defined
        assert found.of("benson_build_info", version=__version__) == 1
    lines = benson("metrics", "--openmetrics").out.splitlines()
    assert lines[-1] == "# EOF"
    for one in DEFINITIONS:
        if "verif" not in one.name:
            assert f"# HELP {one.name} {one.help}" in lines
            assert f"# TYPE {one.name} {one.kind}" in lines
            assert not one.unit or f"# UNIT {one.name} {one.unit}" in lines


@pytest.mark.parametrize("one", DEFINITIONS, ids=lambda one: one.name)
def test_a_definition_follows_the_conventions(one: Definition) -> None:
    """Those of Prometheus, as far as `promtool check metrics` does not see to them."""
    assert one.name.startswith("benson_")
    assert not one.name.endswith("_total")
    assert one.help.endswith(".")
    assert one.unit in ("", "seconds", "bytes", "ratio")
    assert not one.unit or one.name.endswith(f"_{one.unit}")
    assert bool(one.buckets) == (one.kind is MetricKind.HISTOGRAM)
    assert list(one.buckets) == sorted(set(one.buckets))


class Watched(MemoryTrail):
    """A trail that remembers from where on its events were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_after: list[int | None] = []

    @contextmanager
    def rows(self) -> Iterator[Rows]:
        with super().rows() as rows:
            yield cast("Rows", _WatchedRows(rows, self.read_after))


class _WatchedRows:
    def __init__(self, rows: Rows, read_after: list[int | None]) -> None:
        self._rows = rows
        self._read_after = read_after

    def events(self, after: int | None = None) -> Iterator[EventTuple]:
        self._read_after.append(after)
        return self._rows.events(after)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)


def test_between_two_looks_only_what_is_new_is_read(tmp_path: Path) -> None:
    """Each dispatch counts once, those that were open too, and refusals that opened none."""
    trail = Watched()
    engine = BensonExecutionEngine(enable_telemetry=False, trail=trail)
    exporter = exporter_of(trail, Settings(home=tmp_path))
    one = text()
    for number in (1, 2, 3):
        engine.execute_pac(one)
        trail.refuse(Refusal("2026-11-27T00:00:00.000000+00:00", "unreadable", "ab", 1, True, "x"))
        found = scraped(exporter.exposition().decode())
        closed = found.by("benson_dispatches_closed_total", "status")
        assert closed == {"COMPLETED": 1, **({"BLOCKED": number - 1} if number > 1 else {})}
        assert found.of("benson_documents_refused_total", cause="unreadable") == number
        assert found.of("benson_documents_refused_total", cause="invalid_pac") == 0
        assert found.of("benson_log_entries") == 2 * number
        assert found.of("benson_trail_last_position") == trail.last_position()
    # From the second look on with the newest event that was counted: it must be there as it was.
    assert trail.read_after == [0, 10, 21]


def test_what_may_happen_is_exposed_as_zero_before_it_does(tmp_path: Path) -> None:
    """Prometheus sees a first refusal only as a step up."""
    found = scraped(exporter_of(MemoryTrail(), Settings(home=tmp_path)).exposition().decode())
    for cause in ("CP-01", "GS_133", "HUMAN_REVIEW", "POLICY_RECHECK", "INTERRUPTED"):
        assert found.of("benson_refusals_total", cause=cause) == 0
    assert found.of("benson_dispatches_closed_total", status="BLOCKED", agent="GID-07") == 0
    assert found.of("benson_oldest_open_dispatch_age_seconds", state="review") == 0
    names = {name for name, _ in found}
    assert "benson_trail_verified" not in names
    assert "benson_trail_verification_timestamp_seconds" not in names


def test_agents_that_the_registry_does_not_know_are_one_series(tmp_path: Path) -> None:
    """However many a stranger invents."""
    agents = [{"gid": "GID-07", "name": "Dan", "role": "", "execution_lane": "", "executes": True}]
    (tmp_path / "registry.json").write_text(json.dumps({"agents": agents}))
    trail = MemoryTrail()
    fill(trail, 60)
    settings = Settings(home=tmp_path, registry=tmp_path / "registry.json")
    found = scraped(exporter_of(trail, settings).exposition().decode())
    closed = found.by("benson_dispatches_closed_total", "agent")
    assert set(closed) == {"GID-07", "unknown"}
    assert sum(closed.values()) == 60


@pytest.mark.parametrize("threshold", [0.7, 0.62, 0.0, 1.0])
def test_the_threshold_is_a_bound_of_the_scores(tmp_path: Path, threshold: float) -> None:
    """The one that is in force."""
    settings = Settings(home=tmp_path, quality_threshold=threshold)
    text = exporter_of(MemoryTrail(), settings).exposition().decode()
    bounds = [dict(its)["le"] for name, its in scraped(text) if name.endswith("ratio_bucket")]
    assert str(float(threshold)) in bounds


def test_an_open_dispatch_has_its_state_and_age(tmp_path: Path) -> None:
    """One that waits for a person is not one that hangs."""
    trail = MemoryTrail()
    fill(trail, 5, open_ones=2)
    exporter = exporter_of(trail, Settings(home=tmp_path))
    found = scraped(exporter.exposition().decode())
    assert found.of("benson_dispatches_open", state="working") == 2
    assert found.of("benson_dispatches_open", state="review") == 0
    assert found.of("benson_oldest_open_dispatch_age_seconds", state="working") > 86400
    (oldest, *_) = [e for e in trail.events() if e.dispatch.dispatch_id == "generated-6-1"]
    age = found.of("benson_oldest_open_dispatch_age_seconds", state="working")
    began = _seconds(oldest.event.timestamp)
    assert age == pytest.approx(_seconds(None) - began, abs=60)


def _seconds(timestamp: str | None) -> float:
    at = datetime.now(UTC) if timestamp is None else datetime.fromisoformat(timestamp)
    return at.timestamp()


def test_many_who_ask_at_once_get_the_same(tmp_path: Path) -> None:
    """Nothing is counted twice, whoever reads on first."""
    trail = MemoryTrail()
    fill(trail, 150)
    exporter = exporter_of(trail, Settings(home=tmp_path))
    with ThreadPoolExecutor(8) as pool:
        found = [
            scraped(text.decode()) for text in pool.map(lambda _: exporter.exposition(), "x" * 24)
        ]
    assert {sum(one.by("benson_dispatches_closed_total", "status").values()) for one in found} == {
        150
    }
