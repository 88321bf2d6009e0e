"""The engine and the flow walk the same phases, and leave the same trail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benson_execution import BensonExecutionEngine, Document, MemoryTrail, Settings
from benson_execution.phases.ber_decision import CANONICAL
from flows.run import run_document
from tests.flow.documents import EXAMPLES
from tests.library.helpers import READABLE

ALL = [path.relative_to(EXAMPLES).as_posix() for path in READABLE]


def timeless(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events without what differs from run to run: when, and how long."""
    for event in events:
        del event["timestamp"]
        event["data"].pop("duration_ms", None)
    return events


@pytest.mark.parametrize("example", ALL)
async def test_the_flow_leaves_the_trail_of_the_engine(
    example: str, prefect: str, home: Path
) -> None:
    """Timestamps aside, event by event, and the same outcome."""
    text = (EXAMPLES / example).read_text()
    engine = BensonExecutionEngine(enable_telemetry=False, trail=MemoryTrail())
    by_engine = engine.execute_pac(text)
    by_flow = await run_document(Document.read(text), Settings.load())

    assert by_flow.artifact_path is not None
    artifact = json.loads(by_flow.artifact_path.read_text())
    flow_events = artifact["telemetry"]["events"]
    assert timeless(flow_events) == timeless(engine.get_telemetry_for_ber()["events"])
    assert by_flow.status == by_engine.status
    assert by_flow.error_code == by_engine.error_code
    assert by_flow.wrap_id == by_engine.wrap_id
    assert by_flow.violations == by_engine.violations


async def test_a_completed_run_leaves_the_canonical_eleven_events(prefect: str, home: Path) -> None:
    """Eleven events in the canonical order, eight types in the summary, in the artifact."""
    document = Document.read((EXAMPLES / "PAC-DAN-P44.json").read_bytes())
    outcome = await run_document(document, Settings.load())

    assert outcome.artifact_path is not None
    artifact = json.loads(outcome.artifact_path.read_text())
    keys = [
        f"CHECKPOINT:{event['data']['checkpoint_id']}"
        if event["event_type"] == "CHECKPOINT"
        else event["event_type"]
        for event in artifact["telemetry"]["events"]
    ]
    assert keys == list(CANONICAL)
    assert artifact["telemetry"]["summary"]["total_events"] == 11
    assert artifact["telemetry"]["summary"]["event_types"] == list(
        dict.fromkeys(key.split(":")[0] for key in CANONICAL)
    )
    assert artifact["dispatch"]["status"] == "COMPLETED"
    assert artifact["dispatch"]["document_sha256"] == document.sha256
    assert artifact["dispatch"]["duration_estimated"] is False
    assert artifact["report"]["wrap"]["wrap_id"] == outcome.wrap_id
