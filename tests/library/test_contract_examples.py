"""The contract's usage examples, executed as they are printed."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from benson_execution import Event

from .helpers import DAN, PAYLOADS, dan

CREATE_A_LOGGER: Final = """
from benson_execution import TelemetryLogger

# Create logger (stdout disabled for programmatic use)
logger = TelemetryLogger(enable_stdout=False)

# Emit custom event
event = logger.emit("CUSTOM_EVENT", {
    "key": "value",
    "count": 42
})

# Get all events
events = logger.get_all_events()

# Get summary
summary = logger.get_telemetry_summary()
"""

ENGINE_WITH_TELEMETRY: Final = """
from benson_execution import BensonExecutionEngine

# Create engine (telemetry enabled by default)
engine = BensonExecutionEngine(enable_telemetry=True)

# Validate execution result (emits SCHEMA_VALIDATION telemetry)
result = engine.validate_execution_result_schema(execution_data)

# Get telemetry for BER
ber_telemetry = engine.get_telemetry_for_ber()
"""

PRINTED_EVENTS: Final = [
    f"""
{{
  "telemetry_version": "1.0.0",
  "timestamp": "2025-12-26T01:00:00.000000+00:00",
  "event_type": "{kind}",
  "authority": "BENSON (GID-00)",
  "data": {json.dumps(data)}
}}
"""
    for kind, data in PAYLOADS.items()
]


def run(code: str, **names: Any) -> dict[str, Any]:
    exec(compile(code, "<the contract>", "exec"), names)
    return names


def test_the_logger_example_runs_as_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A custom event, all events, and their summary; nothing on standard output."""
    names = run(CREATE_A_LOGGER)
    event, summary = names["event"], names["summary"]
    assert isinstance(event, Event)
    assert event.event_type == "CUSTOM_EVENT"
    assert event.data == {"key": "value", "count": 42}
    assert names["events"] == [event]
    assert summary == {
        "total_events": 1,
        "event_types": ["CUSTOM_EVENT"],
        "first_event": event.timestamp,
        "last_event": event.timestamp,
    }
    assert capsys.readouterr().out == ""


def test_the_engine_example_runs_as_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Validating emits SCHEMA_VALIDATION, which is the telemetry before any dispatch."""
    names = run(ENGINE_WITH_TELEMETRY, execution_data=dan()["execution_result"])
    assert names["result"].valid is True
    assert names["result"].error_code is None
    telemetry = names["ber_telemetry"]
    assert list(telemetry) == ["telemetry_version", "summary", "events"]
    assert telemetry["telemetry_version"] == "1.0.0"
    (event,) = telemetry["events"]
    assert event["event_type"] == "SCHEMA_VALIDATION"
    assert event["data"] == {
        "pac_id": DAN["pac"]["pac_id"],
        "schema_type": "AgentExecutionResult",
        "valid": True,
        "error_code": None,
        "phase": "VALIDATION",
    }
    assert telemetry["summary"]["total_events"] == 1
    assert telemetry["summary"]["event_types"] == ["SCHEMA_VALIDATION"]
    printed = capsys.readouterr().out
    assert json.loads(printed) == event
    assert printed.count("\n") == 1


def test_the_engine_example_reports_a_refused_result() -> None:
    """The contract's second SCHEMA_VALIDATION: not valid, with GS_130."""
    data = {**dan()["execution_result"], "pac_id": "PAC-TEST-01", "quality_score": 2}
    names = run(ENGINE_WITH_TELEMETRY, execution_data=data)
    assert names["result"].valid is False
    assert names["ber_telemetry"]["events"][0]["data"] == {
        "pac_id": "PAC-TEST-01",
        "schema_type": "AgentExecutionResult",
        "valid": False,
        "error_code": "GS_130",
        "phase": "VALIDATION",
    }


@pytest.mark.parametrize("printed", PRINTED_EVENTS, ids=list(PAYLOADS))
def test_a_printed_event_is_read(printed: str) -> None:
    """Every event that the contract prints is one for us, and its members are as printed."""
    event = Event.from_json(printed.encode())
    assert event == json.loads(printed)
    assert event.timestamp == "2025-12-26T01:00:00.000000+00:00"
