"""The BER telemetry artifact: what every judged dispatch leaves behind, made from its trail."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from benson_execution.dispatch import Dispatch
from benson_execution.errors import ArtifactNotWritten
from benson_execution.events import Event, EventType
from benson_execution.outcome import violations_of
from benson_execution.schema import as_dict
from benson_execution.telemetry import telemetry_for_ber

_SELF_REPORTED: Final = (
    "execution_timestamp",
    "execution_time_ms",
    "tasks_completed",
    "tasks_total",
    "files_modified",
    "files_created",
    "quality_score",
    "scope_compliance",
    "notes",
    "artifacts",
    "warnings",
    "test_results",
)


def build_artifact(dispatch: Dispatch, events: Sequence[Event]) -> dict[str, Any]:
    """The artifact of a dispatch, from its events as they were read back from the trail.

    `dispatch` says who, what, when and how it ended; `report` is the BER, or None where the
    dispatch is not eligible (`dispatch.no_report_because` says why); `telemetry` is exactly the
    contract's block.
    """
    report, reason = _report(dispatch, events)
    return {
        "dispatch": {**_dispatch(dispatch, events), "no_report_because": reason},
        "report": report,
        "telemetry": telemetry_for_ber(events),
    }


def artifact_path(folder: Path, pac_id: str, dispatch_id: str) -> Path:
    """Where a dispatch's artifact lies: `FOLDER/PAC_ID/DISPATCH_ID.json`.

    Both ids were validated when they were made (a PAC id is capitals, digits and hyphens).
    """
    return folder / pac_id / f"{dispatch_id}.json"


def write_artifact(artifact: Mapping[str, Any], folder: Path) -> Path:
    """Write an artifact atomically and durably, and return its path.

    Whoever finds the file finds all of it. Raises `ArtifactNotWritten`.
    """
    ids = artifact["dispatch"]
    path = artifact_path(folder, ids["pac_id"], ids["dispatch_id"])
    content = orjson.dumps(artifact, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except OSError as error:
        raise ArtifactNotWritten(
            f"the artifact {path} can't be written: {error.strerror or error}",
            "the trail has the whole record; BENSON_ARTIFACTS names the folder",
        ) from error
    return path


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name must survive a power cut too
    finally:
        os.close(folder)


def _dispatch(dispatch: Dispatch, events: Sequence[Event]) -> dict[str, Any]:
    document, pac = dispatch.document, dispatch.document.pac
    end = _last(events, EventType.PAC_DISPATCH_END)
    start = _last(events, EventType.PAC_DISPATCH_START)
    return {
        "dispatch_id": dispatch.ref.dispatch_id,
        "run_id": dispatch.ref.run_id,
        "number": dispatch.ref.number,
        "pac_id": pac.pac_id,
        "agent_gid": pac.agent_gid,
        "agent_name": pac.agent_name,
        "started_at": start.timestamp if start else None,
        "ended_at": end.timestamp if end else None,
        "status": end.data.status if end else None,
        "duration_ms": end.data.duration_ms if end else None,
        "duration_estimated": not dispatch.began_here,
        "document_sha256": document.sha256,
        "document_bytes": len(document.content),
        "pac": document.pac_as_received,
        "violations": [violation._asdict() for violation in violations_of(document, events)],
        "execution_result": document.result if document.has_result else None,
        "policy": dispatch.policy.to_dict(),
    }


def _report(
    dispatch: Dispatch, events: Sequence[Event]
) -> tuple[dict[str, Any] | None, str | None]:
    decision = _last(events, EventType.BER_GENERATION_DECISION)
    wrap = _last(events, EventType.WRAP_GENERATION)
    validation = _last(events, EventType.SCHEMA_VALIDATION)
    if decision is None or validation is None or wrap is None:
        return None, "the dispatch was interrupted before it was judged to its end"
    if not decision.data.eligible:
        return None, decision.data.reason
    result = as_dict(dispatch.document.result)
    return {
        "pac_id": dispatch.ref.pac_id,
        "agent_gid": dispatch.document.pac.agent_gid,
        "agent_name": dispatch.document.pac.agent_name,
        "checkpoints": [
            {
                "checkpoint_id": event.data.checkpoint_id,
                "checkpoint_name": event.data.checkpoint_name,
                "status": event.data.status,
                "details": event.data.details,
            }
            for event in events
            if event.event_type == EventType.CHECKPOINT
        ],
        "schema_validation": {
            "schema_type": validation.data.schema_type,
            "valid": validation.data.valid,
            "error_code": validation.data.error_code,
        },
        "decision": {
            "eligible": decision.data.eligible,
            "reason": decision.data.reason,
            "human_review_required": decision.data.human_review_required,
        },
        "wrap": {
            "wrap_id": wrap.data.wrap_id,
            "status": wrap.data.status,
            "blocked": wrap.data.blocked,
        },
        # The agent's own word: judged where a gate judges it, and proved nowhere.
        "self_reported": {name: result[name] for name in _SELF_REPORTED if name in result},
    }, None


def _last(events: Sequence[Event], event_type: EventType) -> Event | None:
    return next((e for e in reversed(events) if e.event_type == event_type), None)
