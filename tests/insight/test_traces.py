"""Dispatches as a receiver of OpenTelemetry gets them: ids, times, verdicts, and every event."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from benson_execution import (
    BensonExecutionEngine,
    Event,
    MemoryTrail,
    Settings,
    Trail,
    open_trail,
)
from benson_execution.dispatch import Dispatch
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.proof.leaf import Header, Leaf
from benson_execution.tracing import export_dispatch, flush
from benson_execution.trail import Batch, NewEvent, StoredEvent
from benson_execution.trail.port import DispatchRef
from tests.cli.command import Benson
from tests.insight.generated import fill
from tests.insight.otlp_receiver import Receiver
from tests.library.helpers import dan, pac, result

PHASES: Final = {
    "CHECKPOINT:CP-01": "benson.activation",
    "CHECKPOINT:CP-02": "benson.scope",
    "CHECKPOINT:CP-03": "benson.quality",
    "CHECKPOINT:CP-04": "benson.completion",
    "SCHEMA_VALIDATION": "benson.schema_validation",
    "BER_GENERATION_DECISION": "benson.ber_decision",
    "WRAP_GENERATION": "benson.wrap",
}
"""The key of the event that ends each phase."""
OK, ERROR = 1, 2
INFO, WARN, SEVERE = 9, 13, 17


def nanoseconds(timestamp: str) -> int:
    """Worked out in another way than by the code under test."""
    whole, micro = timestamp.removesuffix("+00:00").split(".")
    seconds = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp()
    return int(seconds) * 10**9 + int(micro) * 1000


def judged(document: Any = None, trail: Trail | None = None) -> tuple[str, list[StoredEvent]]:
    """Judge a document with the engine; its dispatch, and what the trail has of it."""
    engine = BensonExecutionEngine(False, trail=trail)
    outcome = engine.execute_pac(document or dan())
    assert flush(20)
    return outcome.dispatch_id, list(engine.trail.events(dispatch_id=outcome.dispatch_id))


def ended(year: str, duration_ms: int = 5) -> NewEvent:
    """The end of a dispatch, at this time."""
    members = {
        "telemetry_version": "1.0.0",
        "timestamp": f"{year}-03-01T00:00:00.000000+00:00",
        "event_type": "PAC_DISPATCH_END",
        "authority": "BENSON (GID-00)",
        "data": {
            "pac_id": "PAC-X",
            "status": "FAILED",
            "duration_ms": duration_ms,
            "phase": "DISPATCH_COMPLETE",
        },
    }
    return NewEvent("PAC_DISPATCH_END", Event.from_json(json.dumps(members).encode()))


def faults(home: Path) -> list[dict[str, str]]:
    """What was noted."""
    path = home / "faults.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_dispatch_is_a_trace_with_a_span_for_each_phase(traced: Receiver, home: Path) -> None:
    """One root, its phases below it, and their times are those of the recorded events."""
    dispatch_id, stored = judged()
    header = open_trail(Settings.load()).header(dispatch_id)
    assert header is not None

    at = {one.key: nanoseconds(one.event.timestamp) for one in stored}
    whole = traced.of("benson.dispatch")
    assert whole.parent_id == ""
    assert whole.trace_id == header.run_id.replace("-", "")
    assert (whole.start, whole.end) == (at["PAC_DISPATCH_START"], at["PAC_DISPATCH_END"])
    assert (whole.status, whole.scope) == (OK, "benson")
    assert whole.resource["service.name"] == "benson"
    assert [span.name for span in traced.spans[1:]] == list(PHASES.values())
    keys = [str(one.key) for one in stored]
    before = {key: keys[number - 1] for number, key in enumerate(keys)}
    for key, name in PHASES.items():
        span = traced.of(name)
        assert (span.trace_id, span.parent_id) == (whole.trace_id, whole.span_id)
        assert (span.start, span.end) == (at[before[key]], at[key])
        assert (span.status, span.attributes["benson.verdict"]) == (OK, "PASS")
    assert len({span.span_id for span in traced.spans}) == len(traced.spans)
    assert faults(home) == []


def test_the_dispatch_s_span_says_what_became_of_it(traced: Receiver, home: Path) -> None:
    """All that a search would be made by."""
    dispatch_id, stored = judged()
    header = open_trail(Settings.load()).header(dispatch_id)
    assert header is not None
    end = stored[-1].event.data

    wrap_id = next(s.event.data.wrap_id for s in stored if s.key == "WRAP_GENERATION")
    assert traced.of("benson.dispatch").attributes == {
        "benson.trail_id": header.trail_id,
        "benson.dispatch_id": dispatch_id,
        "benson.run_id": header.run_id,
        "benson.number": 1,
        "benson.pac_id": header.pac_id,
        "benson.document_sha256": header.document_sha256,
        "benson.agent_gid": "GID-07",
        "benson.agent_name": "Dan",
        "benson.quality_score": result()["quality_score"],
        "benson.tasks_completed": len(result()["tasks_completed"]),
        "benson.status": "COMPLETED",
        "benson.duration_ms": end.duration_ms,
        "benson.reason": "All checkpoints passed",
        "benson.wrap_id": wrap_id,
    }


def test_each_event_is_one_record_to_the_letter(traced: Receiver, home: Path) -> None:
    """In order, at its time, and below the span of its phase."""
    dispatch_id, stored = judged()

    assert [record.body.encode() for record in traced.records] == [s.event.json for s in stored]
    spans = {span.name: span.span_id for span in traced.spans}
    for record, one in zip(traced.records, stored, strict=True):
        assert record.name == f"benson.telemetry.{one.event.event_type}"
        assert record.at == nanoseconds(one.event.timestamp)
        assert record.severity == INFO
        assert record.trace_id == traced.spans[0].trace_id
        phase = PHASES.get(str(one.key), "benson.dispatch")
        if one.key == "AGENT_EXECUTION_START":
            phase = "benson.activation"
        assert record.span_id == spans[phase]
        assert record.attributes["benson.dispatch_id"] == dispatch_id
        assert record.attributes["benson.sequence"] == one.sequence
        assert record.attributes["benson.position"] == one.position
    assert len({r.attributes["log.record.uid"] for r in traced.records}) == len(stored)


@pytest.mark.parametrize(
    ("changes", "phase", "says"),
    [
        ({"quality_score": 0.62}, "benson.quality", "0.62"),
        ({"files_modified": ["/etc/passwd"]}, "benson.scope", "/etc/passwd"),
        ({"tasks_completed": []}, "benson.completion", "task"),
        ({"wrap_id": "WRAP-DAN-P1-20260101"}, "benson.schema_validation", "GS_131"),
    ],
)
def test_what_was_refused_is_an_error_with_its_reason(
    changes: dict[str, Any], phase: str, says: str, traced: Receiver
) -> None:
    """In the span of the phase, of the decision, of the WRAP, and of the whole."""
    document = {"pac": pac(), "execution_result": result(**changes)}
    _, stored = judged(document)

    refused = [span.name for span in traced.spans if span.status == ERROR]
    assert refused == ["benson.dispatch", phase, "benson.ber_decision", "benson.wrap"]
    for span in traced.spans[1:]:
        verdict = "FAIL" if span.name in refused else "PASS"
        assert span.attributes["benson.verdict"] == verdict
    assert says in traced.of(phase).message
    whole = traced.of("benson.dispatch")
    assert whole.message == f"BLOCKED: {whole.attributes['benson.reason']}"
    assert whole.attributes["benson.status"] == "BLOCKED"
    severities = {r.attributes["benson.event_type"]: r.severity for r in traced.records}
    assert severities["PAC_DISPATCH_START"] == INFO
    assert severities["BER_GENERATION_DECISION"] == WARN
    assert severities["WRAP_GENERATION"] == WARN
    assert severities["PAC_DISPATCH_END"] == WARN
    assert len(traced.records) == len(stored)


def test_the_trace_is_kept_with_the_dispatch(traced: Receiver, home: Path) -> None:
    """In the header, the leaf and the artifact, and all of it verifies."""
    dispatch_id, _ = judged()
    trail = open_trail(Settings.load())
    header, proof = trail.header(dispatch_id), trail.proof(dispatch_id)
    assert header is not None
    assert proof is not None

    trace_id = traced.of("benson.dispatch").trace_id
    assert header.provenance.trace_id == trace_id
    assert Header.from_bytes(Leaf.from_bytes(proof.entry).header) == header
    (artifact,) = (home / "artifacts").rglob("*.json")
    assert json.loads(artifact.read_bytes())["dispatch"]["trace_id"] == trace_id
    benson = Benson(home, home)
    assert benson("verify").code == 0
    assert benson("verify", artifact).code == 0


def test_without_tracing_nothing_is_sent_and_no_trace_is_kept(
    traced: Receiver, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off by default; and OpenTelemetry's own switch turns it off too."""
    for variable, value in (("BENSON_OTEL", "false"), ("OTEL_SDK_DISABLED", "true")):
        with monkeypatch.context() as patched:
            patched.setenv(variable, value)
            trail = MemoryTrail()
            dispatch_id, _ = judged(trail=trail)
            header = trail.header(dispatch_id)
            assert header is not None
            assert header.provenance.trace_id is None
            assert b"trace_id" not in header.to_bytes()
    assert traced.requests == []


def test_the_same_dispatch_exported_again_has_the_same_ids(
    traced: Receiver, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another process, say: a receiver can tell that it has them already."""
    dispatch_id, stored = judged()
    settings = Settings.load()
    monkeypatch.setattr("benson_execution.tracing.exporting._exported", {})  # as in another process
    export_dispatch(open_trail(settings), dispatch_id, settings)
    assert flush(20)

    first, second = traced.spans[:8], traced.spans[8:]
    assert [s[:8] for s in first] == [s[:8] for s in second]
    uids = [record.attributes["log.record.uid"] for record in traced.records]
    assert uids[: len(stored)] == uids[len(stored) :]


def test_one_process_exports_a_dispatch_once(traced: Receiver, home: Path) -> None:
    """However often it is asked to."""
    dispatch_id, stored = judged()
    settings = Settings.load()
    export_dispatch(open_trail(settings), dispatch_id, settings)
    assert flush(20)
    assert len(traced.records) == len(stored)


def test_opentelemetry_s_own_variables_say_how(
    traced: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's name, more about it, headers, compression, and which signals are sent."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "governance")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_LOGS_EXPORTER", "none")
    judged()

    assert traced.of("benson.dispatch").resource["service.name"] == "governance"
    assert traced.of("benson.dispatch").resource["deployment.environment.name"] == "test"
    ((path, header),) = traced.requests
    assert path == "/v1/traces"
    assert (header["x-tenant"], header["Content-Encoding"]) == ("blue", "gzip")


def test_hostile_text_is_bounded_and_on_one_line(traced: Receiver) -> None:
    """In attributes; a record's body is the event, whatever is in it."""
    nasty = "\x1b[31m\u202e" + "é\n" * 3000
    document = {"pac": pac(), "execution_result": result(files_modified=[nasty])}
    _, stored = judged(document)

    for span in traced.spans:
        for text in [span.message, *span.attributes.values()]:
            if isinstance(text, str):
                assert text.isprintable()
                assert len(text) <= 8000
    assert [record.body.encode() for record in traced.records] == [s.event.json for s in stored]


@pytest.mark.parametrize("year", ["0001", "1969", "9999"])
def test_a_time_that_no_trace_can_have_keeps_none_but_its_own(
    year: str, traced: Receiver, home: Path
) -> None:
    """Somebody wrote it into the trail; what is sent with it in one request is still sent."""
    settings = Settings.load()
    trail = MemoryTrail()
    fill(trail, 3)
    for number in (1, 2, 3):
        if number == 2:
            trail.append(Batch(DispatchRef("tampered", 1, "PAC-X"), [ended(year)]))
            export_dispatch(trail, "tampered-1", settings)
        export_dispatch(trail, f"generated-{number}-1", settings)
    assert flush(20)

    assert {record.attributes["benson.dispatch_id"] for record in traced.records} == {
        f"generated-{number}-1" for number in (1, 2, 3)
    }
    (fault,) = faults(home)
    assert (fault["kind"], fault["error"]) == ("otel", "TrailUnavailable")
    assert f"a time that no trace can have: {year}" in fault["message"]


def test_numbers_that_no_attribute_can_hold_are_told_in_words(traced: Receiver, home: Path) -> None:
    """A receiver's integers have 64 bits, and JSON's may have more."""
    trail = MemoryTrail()
    huge = ended("2026", duration_ms=2**64 - 1)
    trail.append(Batch(DispatchRef("huge", 1, "PAC-X"), [huge]))
    export_dispatch(trail, "huge-1", Settings.load())
    assert flush(20)

    assert traced.of("benson.dispatch").attributes["benson.duration_ms"] == str(2**64 - 1)
    assert faults(home) == []


def test_a_trace_says_nothing_that_was_not_recorded(
    traced: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dispatch that broke in the middle has the phases that were judged, and failed."""

    record = Dispatch.record_checkpoint

    def interrupted(dispatch: Dispatch, verdict: CheckpointVerdict) -> None:
        if verdict.checkpoint_id == "CP-03":
            raise KeyboardInterrupt
        record(dispatch, verdict)

    monkeypatch.setattr(Dispatch, "record_checkpoint", interrupted)
    monkeypatch.setattr(Dispatch, "one_transaction", lambda _: nullcontext())
    trail = MemoryTrail()
    with pytest.raises(KeyboardInterrupt):
        judged(trail=trail)
    assert flush(20)

    assert [span.name for span in traced.spans] == [
        "benson.dispatch",
        "benson.activation",
        "benson.scope",
    ]
    whole = traced.of("benson.dispatch")
    assert (whole.status, whole.message) == (ERROR, "FAILED: it was interrupted")
    assert traced.records[-1].severity == SEVERE
    assert [r.body.encode() for r in traced.records] == [s.event.json for s in trail.events()]
