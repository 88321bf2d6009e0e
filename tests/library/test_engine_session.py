"""The engine's session record, its telemetry block, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings, TelemetryLogger

from .helpers import CANONICAL, DAN, EVENT_TYPES, engine, labels, pac, recorded, result, text

BLOCK = ["telemetry_version", "summary", "events"]
SUMMARY = ["total_events", "event_types", "first_event", "last_event"]


def test_before_anything_the_block_is_empty() -> None:
    """Version, a summary of nothing, and no events."""
    assert engine().get_telemetry_for_ber() == {
        "telemetry_version": "1.0.0",
        "summary": {"total_events": 0, "event_types": [], "first_event": None, "last_event": None},
        "events": [],
    }


def test_before_any_dispatch_the_block_is_of_the_session() -> None:
    """Every call anew, in order."""
    judge = engine()
    judge.validate_execution_result_schema(result())
    judge.validate_execution_result_schema(result(wrap_id=1))
    block = judge.get_telemetry_for_ber()
    assert [e["data"]["error_code"] for e in block["events"]] == [None, "GS_131"]
    assert block["summary"]["event_types"] == ["SCHEMA_VALIDATION"]
    assert block["summary"]["total_events"] == 2


def test_after_a_dispatch_the_block_is_of_the_latest_one() -> None:
    """Exactly its eleven events: neither the session's nor an earlier dispatch's."""
    trail = MemoryTrail()
    judge = engine(trail)
    judge.validate_execution_result_schema(result())
    judge.execute_pac(text())
    second = judge.execute_pac(text())
    judge.validate_execution_result_schema(result())
    block = judge.get_telemetry_for_ber()
    events = recorded(trail, second.dispatch_id)
    assert list(block) == BLOCK
    assert list(block["summary"]) == SUMMARY
    assert block["events"] == [event.to_dict() for event in events]
    assert block["summary"] == {
        "total_events": 11,
        "event_types": EVENT_TYPES,
        "first_event": events[0].timestamp,
        "last_event": events[-1].timestamp,
    }


def test_the_block_is_plain_json_and_the_callers_own() -> None:
    """What is done to it reaches no event."""
    judge = engine()
    judge.execute_pac(text())
    block = judge.get_telemetry_for_ber()
    assert json.loads(json.dumps(block)) == block
    block["events"][0]["data"].clear()
    block["events"].clear()
    assert labels_of(judge.get_telemetry_for_ber()) == CANONICAL


def labels_of(block: dict[str, Any]) -> list[str]:
    return [
        " ".join(filter(None, (e["event_type"], e["data"].get("checkpoint_id"))))
        for e in block["events"]
    ]


@pytest.mark.parametrize(
    ("data", "pac_id"),
    [
        (result(), DAN["pac"]["pac_id"]),
        (result(pac_id="PAC-TEST-01", quality_score=5), "PAC-TEST-01"),
        (result(pac_id="pac-test-01"), "UNKNOWN"),
        (result(pac_id="PAC-" + "A" * 125), "UNKNOWN"),
        (result(pac_id=5), "UNKNOWN"),
        ({}, "UNKNOWN"),
        (None, "UNKNOWN"),
        ([], "UNKNOWN"),
        ("PAC-TEST-01", "UNKNOWN"),
    ],
)
def test_a_session_event_has_a_valid_pac_id_or_none(data: Any, pac_id: str) -> None:
    """`UNKNOWN` where none is valid."""
    judge = engine()
    judge.validate_execution_result_schema(data)
    (event,) = judge.telemetry.get_all_events()
    assert event.data.pac_id == pac_id


def test_the_session_is_no_dispatch() -> None:
    """What is validated outside a dispatch is not in the trail."""
    trail = MemoryTrail()
    judge = engine(trail)
    judge.validate_execution_result_schema(result())
    assert recorded(trail) == []


def test_the_engines_logger_shows_session_and_latest_dispatch() -> None:
    """`engine.telemetry` is a TelemetryLogger, to emit with and to read from."""
    judge = engine()
    assert isinstance(judge.telemetry, TelemetryLogger)
    own = judge.telemetry.emit("CUSTOM_EVENT", {"mine": True})
    judge.execute_pac(text())
    assert labels(judge.telemetry.get_all_events()) == [own.event_type, *CANONICAL]
    assert judge.telemetry.get_telemetry_summary()["total_events"] == 12


def test_an_engine_prints_every_event_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON line each, of the session and of dispatches, as they are recorded."""
    trail = MemoryTrail()
    judge = BensonExecutionEngine(trail=trail, settings=Settings.load())
    judge.validate_execution_result_schema(result())
    judge.execute_pac(text())
    lines = capsys.readouterr().out.splitlines()
    expected = judge.telemetry.get_all_events()
    assert lines == [event.json.decode() for event in expected]
    assert len(lines) == 12


def test_a_silent_engine_records_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """`enable_telemetry` switches the printing, and recording can't be switched off."""
    trail = MemoryTrail()
    judge = BensonExecutionEngine(enable_telemetry=False, trail=trail, settings=Settings.load())
    judge.validate_execution_result_schema(result())
    judge.execute_pac(text())
    assert capsys.readouterr().out == ""
    assert labels(recorded(trail)) == CANONICAL
    assert len(judge.telemetry.get_all_events()) == 12


def test_an_engines_log_file_has_every_event(tmp_path: Path) -> None:
    """Session and dispatches in one file, in order."""
    log = tmp_path / "log.jsonl"
    judge = engine(log_file=log)
    judge.validate_execution_result_schema(result())
    judge.execute_pac(text())
    judge.execute_pac({"pac": pac(pac_id="PAC-TEST-02")})
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    kinds = ["SCHEMA_VALIDATION", *CANONICAL, *CANONICAL]
    assert labels_of({"events": lines}) == kinds
    judge.telemetry.close()


def test_what_the_engine_validates_is_what_a_dispatch_validates() -> None:
    """The same codes, whichever way a result comes."""
    for change in (
        {},
        {"extra": 1},
        {"wrap_id": 1},
        {"positive_closure": 1},
        {"agent_gid": "GID-00"},
    ):
        data = result(**change)
        outcome = engine().execute_pac(text(execution_result=data))
        assert engine().validate_execution_result_schema(data).error_code == outcome.error_code
