"""One valid document of every kind, to change."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, Final

PAC_ID: Final = "PAC-DAN-P53-VECTOR-01"
TIMESTAMP: Final = "2025-12-26T01:00:00.000000+00:00"
MISSING: Final = object()
"""The value of a member that is to be left out."""

PAC: Final[dict[str, Any]] = {
    "pac_id": PAC_ID,
    "agent_gid": "GID-07",
    "agent_name": "Dan",
    "tasks": [{"id": "T1", "description": "first"}, {"id": "T2", "description": "second"}],
    "allowed_paths": ["src/"],
    "forbidden_paths": ["src/secret"],
}
RESULT: Final[dict[str, Any]] = {
    "pac_id": PAC_ID,
    "agent_gid": "GID-07",
    "agent_name": "Dan",
    "execution_timestamp": "2025-12-24T20:12:00Z",
    "tasks_completed": ["T1", "T2"],
    "tasks_total": 2,
    "files_modified": ["src/app.py"],
    "quality_score": 0.9,
    "scope_compliance": True,
    "execution_time_ms": 1200,
}
DOCUMENT: Final = {"pac": PAC, "execution_result": RESULT}
AGENT_DOCUMENT: Final = {"pac": PAC, "agent": {"command": "dan"}}
"""One that brings no result, and says how its agent is to be run."""
PAYLOADS: Final[dict[str, dict[str, Any]]] = {
    "PAC_DISPATCH_START": {
        "pac_id": PAC_ID,
        "agent_gid": "GID-07",
        "agent_name": "Dan",
        "phase": "DISPATCH",
    },
    "AGENT_EXECUTION_START": {"pac_id": PAC_ID, "agent_gid": "GID-07", "phase": "EXECUTION"},
    "CHECKPOINT": {
        "checkpoint_id": "CP-01",
        "checkpoint_name": "AGENT_ACTIVATION_VALIDATION",
        "status": "PASS",
        "details": "Agent Dan (GID-07) activation validated",
        "phase": "CHECKPOINT",
    },
    "SCHEMA_VALIDATION": {
        "pac_id": PAC_ID,
        "schema_type": "AgentExecutionResult",
        "valid": True,
        "error_code": None,
        "phase": "VALIDATION",
    },
    "AGENT_EXECUTION_END": {
        "pac_id": PAC_ID,
        "agent_gid": "GID-07",
        "status": "COMPLETED",
        "tasks_completed": 2,
        "quality_score": 0.9,
        "phase": "EXECUTION_COMPLETE",
    },
    "BER_GENERATION_DECISION": {
        "pac_id": PAC_ID,
        "eligible": True,
        "reason": "All checkpoints passed",
        "human_review_required": False,
        "phase": "BER_DECISION",
    },
    "WRAP_GENERATION": {
        "pac_id": PAC_ID,
        "wrap_id": "WRAP-DAN-P53-20251226",
        "status": "WRAP_GENERATED",
        "blocked": False,
        "phase": "WRAP",
    },
    "PAC_DISPATCH_END": {
        "pac_id": PAC_ID,
        "status": "COMPLETED",
        "duration_ms": 5000,
        "phase": "DISPATCH_COMPLETE",
    },
}
OWN_PAYLOADS: Final[dict[str, dict[str, Any]]] = {
    "AGENT_RUN_START": {
        "pac_id": PAC_ID,
        "agent_gid": "GID-07",
        "runner": "command dan",
        "nonce": "00112233445566778899aabbccddeeff",
        "phase": "EXECUTION",
    },
    "AGENT_RUN_END": {
        "pac_id": PAC_ID,
        "agent_gid": "GID-07",
        "answered": True,
        "cause": None,
        "result_sha256": "ab" * 32,
        "phase": "EXECUTION",
    },
    "HUMAN_REVIEW": {
        "pac_id": PAC_ID,
        "decision": "APPROVED",
        "reviewer": "Ada",
        "notes": "",
        "phase": "REVIEW",
    },
    "POLICY_RECHECK": {
        "pac_id": PAC_ID,
        "eligible": True,
        "reason": "All checkpoints passed",
        "policy_sha256": "cd" * 32,
        "agent_registry_sha256": "ef" * 32,
        "phase": "REVIEW",
    },
}
GATES: Final = (
    ("CP-01", "AGENT_ACTIVATION_VALIDATION"),
    ("CP-02", "SCOPE_COMPLIANCE_VALIDATION"),
    ("CP-03", "QUALITY_SCORE_VALIDATION"),
    ("CP-04", "TASK_COMPLETION_VALIDATION"),
)


def changed(sample: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with other members, or without them."""
    made = {**copy.deepcopy(dict(sample)), **changes}
    return {name: value for name, value in made.items() if value is not MISSING}


def event(event_type: str, second: int = 0, **changes: Any) -> dict[str, Any]:
    """An event of the trail that PAC_ID leaves."""
    return {
        "telemetry_version": "1.0.0",
        "timestamp": f"2025-12-26T01:00:{second:02d}.000000+00:00",
        "event_type": event_type,
        "authority": "BENSON (GID-00)",
        "data": changed({**PAYLOADS, **OWN_PAYLOADS}.get(event_type, {}), **changes),
    }


def gate(number: int, second: int = 0, **changes: Any) -> dict[str, Any]:
    """The CHECKPOINT event of a gate, from 1."""
    checkpoint_id, name = GATES[number - 1]
    named = {"checkpoint_id": checkpoint_id, "checkpoint_name": name}
    return event("CHECKPOINT", second, **{**named, **changes})


def trail(pac_id: str = PAC_ID) -> list[dict[str, Any]]:
    """The eleven events of a dispatch that is judged to its end and passes."""
    made = [
        event("PAC_DISPATCH_START", 0),
        event("AGENT_EXECUTION_START", 1),
        *(gate(number, number + 1) for number in range(1, 5)),
        event("SCHEMA_VALIDATION", 6),
        event("AGENT_EXECUTION_END", 7),
        event("BER_GENERATION_DECISION", 8),
        event("WRAP_GENERATION", 9),
        event("PAC_DISPATCH_END", 10),
    ]
    for one in made:
        if "pac_id" in one["data"]:
            one["data"]["pac_id"] = pac_id
    return made


def telemetry(events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The contract's telemetry block of these events."""
    events = trail() if events is None else events
    return {
        "telemetry_version": "1.0.0",
        "summary": {
            "total_events": len(events),
            "event_types": list(dict.fromkeys(e["event_type"] for e in events)),
            "first_event": events[0]["timestamp"] if events else None,
            "last_event": events[-1]["timestamp"] if events else None,
        },
        "events": events,
    }


def lines(events: list[Any]) -> str:
    """JSON Lines; a text goes in as it is."""
    return "".join((e if isinstance(e, str) else json.dumps(e)) + "\n" for e in events)


def artifact() -> dict[str, Any]:
    """The artifact of that trail; its proof is of the right form only."""
    digest = "ab" * 32
    data = {e["event_type"]: e["data"] for e in trail()}
    report_of = ("eligible", "reason", "human_review_required")
    return {
        "dispatch": {
            "trail_id": "7d0c" * 8,
            "dispatch_id": "b956a048-1597-4a0a-946f-e28c94528e57-1",
            "run_id": "b956a048-1597-4a0a-946f-e28c94528e57",
            "number": 1,
            **{name: PAC[name] for name in ("pac_id", "agent_gid", "agent_name")},
            "started_at": trail()[0]["timestamp"],
            "ended_at": trail()[-1]["timestamp"],
            "status": "COMPLETED",
            "duration_ms": 5000,
            "duration_estimated": False,
            "document_sha256": digest,
            "document_bytes": 800,
            "pac": PAC,
            "pac_sha256": digest,
            "execution_result": RESULT,
            "execution_result_sha256": digest,
            "violations": [],
            "policy": {
                "quality_threshold": 0.7,
                "policy_sha256": digest,
                "agent_registry_sha256": digest,
                "benson_version": "1.0.0",
            },
            "no_report_because": None,
        },
        "report": {
            **{name: PAC[name] for name in ("pac_id", "agent_gid", "agent_name")},
            "checkpoints": [
                {name: e["data"][name] for name in e["data"] if name != "phase"}
                for e in trail()[2:6]
            ],
            "schema_validation": {
                "schema_type": "AgentExecutionResult",
                "valid": True,
                "error_code": None,
            },
            "decision": {name: data["BER_GENERATION_DECISION"][name] for name in report_of},
            "wrap": {
                "wrap_id": "WRAP-DAN-P53-20251226",
                "status": "WRAP_GENERATED",
                "blocked": False,
                "document_sha256": digest,
            },
            "self_reported": {
                name: value
                for name, value in RESULT.items()
                if name not in ("pac_id", "agent_gid", "agent_name")
            },
        },
        "telemetry": telemetry(),
        "proof": {
            "leaf": "{}",
            "leaf_index": 0,
            "inclusion_path": [digest],
            "head": "benson/7d0c",
            "rotations": [],
            "events": [{"position": 1, "key": "PAC_DISPATCH_START", "json": "{}"}],
            "document": "{}",
            "policy": None,
        },
    }
