"""The engine: what every dispatch leaves, and what becomes of each example."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from benson_execution import (
    BensonExecutionEngine,
    Document,
    MemoryTrail,
    Outcome,
    Settings,
    open_trail,
)
from benson_execution.errors import InvalidPac, UnreadableDocument

from .helpers import (
    CANONICAL,
    DAN,
    EVENT_TYPES,
    EXAMPLES,
    GATES,
    dan,
    engine,
    labels,
    pac,
    recorded,
    result,
    text,
)

GOOD = sorted(EXAMPLES.glob("*.json"))
REFUSED = sorted((EXAMPLES / "refused").glob("*.json"))
ALSO_REFUSES = {"GS_133": ["CP-01"]}
"""Benson can't be activated either."""


def by_stem(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", GOOD + REFUSED, ids=by_stem)
def test_a_dispatch_leaves_the_eleven_events_in_order(path: Path) -> None:
    """Whatever is decided: eight types in the order of the specification, times never go back."""
    trail = MemoryTrail()
    judge = engine(trail)
    outcome = judge.execute_pac(path.read_bytes())
    events = recorded(trail, outcome.dispatch_id)
    assert labels(events) == CANONICAL
    assert [s.sequence for s in trail.events(dispatch_id=outcome.dispatch_id)] == [*range(1, 12)]
    assert [e.timestamp for e in events] == sorted(e.timestamp for e in events)
    summary = judge.get_telemetry_for_ber()["summary"]
    assert summary["total_events"] == 11
    assert summary["event_types"] == EVENT_TYPES


@pytest.mark.parametrize("path", GOOD, ids=by_stem)
def test_a_good_example_is_completed(path: Path) -> None:
    """Every gate passes, the schema is valid, the WRAP is generated."""
    outcome = engine().execute_pac(path.read_bytes())
    order = json.loads(path.read_text())["pac"]
    assert outcome.status == "COMPLETED"
    assert outcome.exit_code == 0
    assert outcome.error_code is None
    assert outcome.pac_id == order["pac_id"]
    assert outcome.reason == "All checkpoints passed"
    assert outcome.violations == ()
    assert [c["checkpoint_id"] for c in outcome.checkpoints] == list(GATES)
    assert {c["status"] for c in outcome.checkpoints} == {"PASS"}
    number = order["pac_id"].split("-")[2]
    assert outcome.wrap_id is not None
    assert outcome.wrap_id.startswith(f"WRAP-{order['agent_name'].upper()}-{number}-")


@pytest.mark.parametrize("path", REFUSED, ids=by_stem)
def test_a_refused_example_is_refused_by_what_its_name_says(path: Path) -> None:
    """Its file name begins with the checkpoint or the code that must refuse it, and no other
    does."""
    names = [path.stem[:5] if path.stem.startswith("CP") else path.stem[:6]]
    names += ALSO_REFUSES.get(names[0], [])
    outcome = engine().execute_pac(path.read_bytes())
    assert (outcome.status, outcome.exit_code, outcome.wrap_id) == ("BLOCKED", 1, None)
    failed = [c["checkpoint_id"] for c in outcome.checkpoints if c["status"] == "FAIL"]
    codes = [] if outcome.error_code is None else [outcome.error_code]
    assert sorted(failed + codes) == sorted(names)
    assert outcome.reason is not None
    for name in names:
        assert name in outcome.reason
    assert bool(outcome.violations) is bool(codes)
    assert all(v.path.startswith("/execution_result") for v in outcome.violations)


def test_there_is_an_example_for_every_refusal() -> None:
    """One per gate and per error code."""
    starts = {path.stem[:5] for path in REFUSED} | {path.stem[:6] for path in REFUSED}
    assert starts >= {*GATES, "GS_130", "GS_131", "GS_132", "GS_133"}
    assert len(GOOD) == 3


def test_every_event_says_what_was_judged() -> None:
    """The payloads of a completed dispatch, in words."""
    trail = MemoryTrail()
    outcome = engine(trail).execute_pac(text())
    data = [dict(event.data) for event in recorded(trail)]
    pac_id = DAN["pac"]["pac_id"]
    assert data[0] == {
        "pac_id": pac_id,
        "agent_gid": "GID-07",
        "agent_name": "Dan",
        "phase": "DISPATCH",
    }
    assert data[1] == {"pac_id": pac_id, "agent_gid": "GID-07", "phase": "EXECUTION"}
    assert [d["details"] for d in data[2:6]] == [
        "Agent Dan (GID-07) activation validated",
        "4 paths within the PAC's scope",
        "Quality score 1.00 meets the threshold 0.70",
        "5 of 5 tasks completed",
    ]
    assert [d["checkpoint_name"] for d in data[2:6]] == list(GATES.values())
    assert data[6]["schema_type"] == "AgentExecutionResult"
    assert (data[7]["status"], data[7]["tasks_completed"]) == ("COMPLETED", 5)
    assert data[7]["quality_score"] == 1.0
    assert (data[8]["eligible"], data[8]["human_review_required"]) == (True, False)
    assert (data[9]["wrap_id"], data[9]["status"]) == (outcome.wrap_id, "WRAP_GENERATED")
    assert data[10]["status"] == "COMPLETED"
    assert data[10]["duration_ms"] >= 0
    assert {d["pac_id"] for d in data if "pac_id" in d} == {pac_id}


@pytest.mark.parametrize(
    ("member", "status", "tasks", "score"),
    [
        ({}, "COMPLETED", 5, 1.0),
        ({"extra": 1}, "BLOCKED", 5, 1.0),
        ({"quality_score": "0.9"}, "BLOCKED", 5, 0.0),
        ({"quality_score": 1.01}, "BLOCKED", 5, 0.0),
        ({"tasks_completed": "T1"}, "BLOCKED", 0, 1.0),
        ({"quality_score": 0.5}, "COMPLETED", 5, 0.5),
        ({"tasks_completed": ["T1"]}, "COMPLETED", 1, 1.0),
    ],
)
def test_the_execution_ends_as_its_schema_says(
    member: dict[str, Any], status: str, tasks: int, score: float
) -> None:
    """COMPLETED where a result fits its schema, BLOCKED where not; an unusable score is 0.0."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text(execution_result=result(**member)))
    end = next(e.data for e in recorded(trail) if e.event_type == "AGENT_EXECUTION_END")
    assert (end.status, end.tasks_completed, end.quality_score) == (status, tasks, score)


def test_an_agent_that_was_not_activated_ends_blocked() -> None:
    """Though its result fits the schema."""
    trail = MemoryTrail()
    data = {"pac": pac(agent_gid="GID-99"), "execution_result": result(agent_gid="GID-99")}
    assert engine(trail).execute_pac(data).status == "BLOCKED"
    end = next(e.data for e in recorded(trail) if e.event_type == "AGENT_EXECUTION_END")
    assert end.status == "BLOCKED"


def test_no_result_at_all_is_a_failure() -> None:
    """Nothing was handed over: FAILED, GS_130, and the dispatch is closed all the same."""
    trail = MemoryTrail()
    outcome = engine(trail).execute_pac({"pac": pac()})
    assert (outcome.status, outcome.exit_code, outcome.error_code) == ("FAILED", 3, "GS_130")
    assert outcome.wrap_id is None
    assert [c["status"] for c in outcome.checkpoints] == ["PASS", "FAIL", "FAIL", "FAIL"]
    assert labels(recorded(trail)) == CANONICAL
    assert {e.data.status for e in recorded(trail) if e.event_type.endswith("_END")} == {"FAILED"}


@pytest.mark.parametrize("value", [None, 5, [], "done", {}])
def test_a_result_that_can_not_be_used_is_blocked(value: Any) -> None:
    """It was handed over, and it is refused."""
    outcome = engine().execute_pac(text(execution_result=value))
    assert (outcome.status, outcome.exit_code, outcome.error_code) == ("BLOCKED", 1, "GS_130")


@pytest.mark.parametrize("kind", ["bytes", "text", "mapping", "document"])
def test_a_document_is_taken_in_any_form(kind: str) -> None:
    """As read, as Python objects, as JSON text or bytes."""
    forms: dict[str, Any] = {
        "bytes": text(),
        "text": text().decode(),
        "mapping": dan(),
        "document": Document.read(text()),
    }
    assert engine().execute_pac(forms[kind]).status == "COMPLETED"


def test_the_document_as_received_is_in_the_trail() -> None:
    """Its very bytes, under their digest, which the dispatch names."""
    trail, content = MemoryTrail(), text() + b"\r\n"
    engine(trail).execute_pac(content)
    (stored, *_) = trail.events()
    assert stored.dispatch.document_sha256 is not None
    assert trail.document(stored.dispatch.document_sha256) == content


def test_a_dispatch_id_is_a_run_and_a_number() -> None:
    """Every call of the engine is a run of its own."""
    judge = engine()
    ids = [judge.execute_pac(text()).dispatch_id for _ in range(2)]
    for dispatch_id in ids:
        run, _, number = dispatch_id.rpartition("-")
        assert str(uuid.UUID(run)) == run
        assert number == "1"
    assert ids[0] != ids[1]


def test_what_is_no_document_is_no_dispatch() -> None:
    """Unreadable, or without a valid PAC: it raises, and nothing is dispatched."""
    trail = MemoryTrail()
    judge = engine(trail)
    for bad, error in ((b"{", UnreadableDocument), (b"{}", InvalidPac), ({"pac": {}}, InvalidPac)):
        with pytest.raises(error):
            judge.execute_pac(bad)
    assert "PAC_DISPATCH_START" not in labels(recorded(trail))
    assert judge.get_telemetry_for_ber()["summary"]["total_events"] == 0


def test_the_largest_document_is_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """`BENSON_MAX_DOCUMENT_BYTES`."""
    monkeypatch.setenv("BENSON_MAX_DOCUMENT_BYTES", "100")
    with pytest.raises(UnreadableDocument, match="at most 100"):
        engine().execute_pac(text())


def test_an_engine_of_the_environment_keeps_everything_under_its_home(home: Path) -> None:
    """The trail in SQLite, and an artifact per dispatch."""
    outcome = BensonExecutionEngine(False).execute_pac(text())
    trail = open_trail(Settings.load())
    assert labels(recorded(trail, outcome.dispatch_id)) == CANONICAL
    assert (home / "trail.db").exists()
    assert outcome.artifact_path is not None
    assert outcome.artifact_path.parent == home / "artifacts" / outcome.pac_id
    trail.close()


def test_a_trail_of_your_own_is_used_whatever_its_truth() -> None:
    """Also one that counts itself as empty."""

    class Counting(MemoryTrail):
        def __len__(self) -> int:
            return 0

    trail = Counting()
    engine(trail).execute_pac(text())
    assert labels(recorded(trail)) == CANONICAL


def test_an_outcome_tells_what_json_output_prints() -> None:
    """Plain values, and an open dispatch counts as failed."""
    outcome = engine().execute_pac(text())
    told = json.loads(json.dumps(outcome.to_dict()))
    assert told["status"] == "COMPLETED"
    assert told["wrap_id"] == outcome.wrap_id
    assert told["artifact_path"] is None
    assert [c["status"] for c in told["checkpoints"]] == ["PASS"] * 4
    assert Outcome.of("run-1", "PAC-TEST-01", []).status == "FAILED"
