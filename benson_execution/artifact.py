"""The BER telemetry artifact: what every judged dispatch leaves behind, made from its trail."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson

from benson_execution.document import Document
from benson_execution.errors import ArtifactNotWritten, TrailUnavailable
from benson_execution.events import Event, EventType
from benson_execution.evidence import Evidence
from benson_execution.faults import note_fault
from benson_execution.files import make_folder
from benson_execution.outcome import violations_of
from benson_execution.own_events import OwnEventType
from benson_execution.proof.heads_file import append_head
from benson_execution.schema import as_dict, is_pac_id
from benson_execution.settings import Settings
from benson_execution.telemetry import telemetry_for_ber
from benson_execution.text import quote
from benson_execution.trail.port import Trail

_DISPATCH_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
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


def leave_artifact(
    trail: Trail,
    dispatch_id: str,
    settings: Settings,
    *,
    duration_estimated: bool,
    known: Document | None = None,
    keep_lease: bool = False,
) -> tuple[Evidence, Path]:
    """Leave what a closed dispatch leaves: its head in the heads file, then its artifact.

    `known` is its document, where that was read already, so that it is not read again. Then the
    dispatch is finished, and its lease is released, unless `keep_lease` says that more is to come.
    Doing it again does no harm.
    Raises `TrailIncomplete` while it is not closed, and `ArtifactNotWritten`.
    """
    evidence = Evidence.of(trail, dispatch_id, duration_estimated=duration_estimated, known=known)
    try:
        append_head(settings.heads_file, evidence.proof.head, trail.where)
    except OSError as error:
        raise ArtifactNotWritten(
            f"the heads file {settings.heads_file} can't be written: {error.strerror or error}",
            "the trail has the whole record; BENSON_HEADS names the file",
        ) from error
    path = write_artifact(build_artifact(evidence), settings.artifacts_folder)
    if not keep_lease:
        release_lease(trail, dispatch_id, settings)
    return evidence, path


def release_lease(trail: Trail, dispatch_id: str, settings: Settings) -> None:
    """Say that a closed dispatch is finished: a recovery has nothing to do about it."""
    try:
        trail.release(dispatch_id)
    except TrailUnavailable as error:  # all is recorded; a recovery releases it
        note_fault(settings.home, "lease", error, dispatch_id)


def build_artifact(evidence: Evidence) -> dict[str, Any]:
    """The artifact of a closed dispatch; it follows from the evidence, and from nothing else.

    `dispatch` says who, what, when and how it ended; `report` is the BER, or None where the
    dispatch is not eligible (`dispatch.no_report_because` says why); `telemetry` is exactly the
    contract's block; `proof` is the evidence itself.
    """
    document = evidence.read_document()
    events = [e.event for e in evidence.events]
    report, reason = _report(document, events)
    return {
        "dispatch": {**_dispatch(evidence, document, events), "no_report_because": reason},
        "report": report,
        "telemetry": telemetry_for_ber(events),
        "proof": evidence.to_dict(),
    }


def artifact_path(folder: Path, pac_id: str, dispatch_id: str) -> Path:
    """Where a dispatch's artifact lies: `FOLDER/PAC_ID/DISPATCH_ID.json`.

    Raises `ArtifactNotWritten` for ids that name no file: they come from a database, in which
    somebody may have put a path.
    """
    if not is_pac_id(pac_id) or not _DISPATCH_ID.fullmatch(dispatch_id):
        raise ArtifactNotWritten(
            f"no file can be named after {quote(pac_id)} and {quote(dispatch_id)}",
            "`benson verify` says what was changed",
        )
    return folder / pac_id / f"{dispatch_id}.json"


def write_artifact(artifact: Mapping[str, Any], folder: Path) -> Path:
    """Write an artifact atomically and durably, and return its path.

    Whoever finds the file finds all of it. Raises `ArtifactNotWritten`.
    """
    ids = artifact["dispatch"]
    path = artifact_path(folder, ids["pac_id"], ids["dispatch_id"])
    content = orjson.dumps(artifact, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        make_folder(path.parent)
        _replace(path, content)
    except OSError as error:
        raise ArtifactNotWritten(
            f"the artifact {path} can't be written: {error.strerror or error}",
            "the trail has the whole record; BENSON_ARTIFACTS names the folder",
        ) from error
    return path


def _replace(path: Path, content: bytes) -> None:
    # The folder itself, and not where a link of its name may lead: the PAC's id chose the name.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    name = f".{secrets.token_hex(8)}.tmp"
    try:
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        handle = os.open(name, new, 0o600, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            raise
        os.fsync(folder)
    finally:
        os.close(folder)


def _dispatch(
    evidence: Evidence, document: Document | None, events: Sequence[Event]
) -> dict[str, Any]:
    header = evidence.header
    provenance = header.provenance
    end = _last(events, EventType.PAC_DISPATCH_END)
    start = _last(events, EventType.PAC_DISPATCH_START)
    pac = None if document is None else document.pac
    policy = evidence.read_policy()
    return {
        "trail_id": header.trail_id,
        "dispatch_id": header.dispatch_id,
        "run_id": header.run_id,
        "number": header.number,
        "pac_id": header.pac_id,
        "agent_gid": pac and pac.agent_gid,
        "agent_name": pac and pac.agent_name,
        "started_at": start.timestamp if start else None,
        "ended_at": end.timestamp if end else None,
        "status": end.data.status if end else None,
        "duration_ms": end.data.duration_ms if end else None,
        "duration_estimated": evidence.duration_estimated,
        "document_sha256": header.document_sha256,
        "document_bytes": None if evidence.document is None else len(evidence.document),
        "pac": None if document is None else document.pac_as_received,
        "pac_sha256": provenance.pac_sha256,
        "execution_result": document.result if document and document.has_result else None,
        "execution_result_sha256": provenance.result_sha256 or _ran(events).get("result_sha256"),
        "violations": [
            violation._asdict()
            for violation in ([] if document is None else violations_of(document, events))
        ],
        "policy": {
            "quality_threshold": policy.get("quality_threshold"),
            "policy_sha256": provenance.policy_sha256,
            "agent_registry_sha256": provenance.registry_sha256,
            "benson_version": provenance.benson_version,
            **({"human_review": policy["human_review"]} if "human_review" in policy else {}),
        },
        **({"agent_run": _ran(events)} if document and document.runner else {}),
        **({} if provenance.trace_id is None else {"trace_id": provenance.trace_id}),
    }


def _ran(events: Sequence[Event]) -> dict[str, Any]:
    """How an agent that Benson ran was run, and what came of it; empty where it was not run."""
    start, end = (
        _last(events, kind) for kind in (OwnEventType.AGENT_RUN_START, OwnEventType.AGENT_RUN_END)
    )
    told = {} if start is None else {"runner": start.data.runner, "started_at": start.timestamp}
    if end is not None:
        told |= {"ended_at": end.timestamp}
        told |= {name: end.data[name] for name in ("answered", "cause", "result_sha256")}
    return told


def _report(
    document: Document | None, events: Sequence[Event]
) -> tuple[dict[str, Any] | None, str | None]:
    decision = _last(events, EventType.BER_GENERATION_DECISION)
    wrap = _last(events, EventType.WRAP_GENERATION)
    validation = _last(events, EventType.SCHEMA_VALIDATION)
    if decision is None or validation is None or wrap is None or document is None:
        return None, "the dispatch was interrupted before it was judged to its end"
    if not decision.data.eligible:
        return None, decision.data.reason
    result = as_dict(document.result)
    return {
        "pac_id": document.pac.pac_id,
        "agent_gid": document.pac.agent_gid,
        "agent_name": document.pac.agent_name,
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
        **({"human_review": _review(events)} if decision.data.human_review_required else {}),
        "wrap": {
            "wrap_id": wrap.data.wrap_id,
            "status": wrap.data.status,
            "blocked": wrap.data.blocked,
            # What it closes: the very bytes that were judged.
            "document_sha256": document.sha256,
        },
        # The agent's own word: judged where a gate judges it, and proved nowhere.
        "self_reported": {name: result[name] for name in _SELF_REPORTED if name in result},
    }, None


def _review(events: Sequence[Event]) -> dict[str, Any] | None:
    """What a person answered, and what was judged again with it; None where nobody did."""
    review = _last(events, OwnEventType.HUMAN_REVIEW)
    recheck = _last(events, OwnEventType.POLICY_RECHECK)
    if review is None or recheck is None:
        return None
    return {
        "decision": review.data.decision,
        "reviewer": review.data.reviewer,
        # Prefect's form is open to whoever can reach it: nobody checked who this was.
        "reviewer_identity": "self-declared",
        "notes": review.data.notes,
        "still_eligible": recheck.data.eligible,
        "reason": recheck.data.reason,
        "policy_sha256": recheck.data.policy_sha256,
        "agent_registry_sha256": recheck.data.agent_registry_sha256,
    }


def _last(events: Sequence[Event], event_type: str) -> Event | None:
    return next((e for e in reversed(events) if e.event_type == event_type), None)
