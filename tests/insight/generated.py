"""Many dispatches of every kind, spread over months, as events of a real trail.

They are drawn with a seed, so that a test that fails does so again. The events are valid, and
carry times of the past; the chain, the log and its heads are made by the store, as always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import orjson

from benson_execution.events import AUTHORITY, CHECKPOINT_NAMES, TELEMETRY_VERSION, Event
from benson_execution.telemetry import event_key
from benson_execution.trail import Batch, NewEvent, Trail, WrapClaim
from benson_execution.trail.port import DispatchRef

AGENTS: Final = (("GID-07", "Dan"), ("GID-08", "ALEX"), ("GID-04", "Cindy"), ("GID-01", "Cody"))
BEGIN: Final = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
KINDS: Final = (
    *("completed",) * 10,
    *("scope", "quality", "completion", "activation"),
    *("GS_130", "GS_131", "GS_132", "GS_133"),
    *("rejected", "wrapped", "interrupted"),
)
"""What becomes of a dispatch, each with its share."""


def fill(trail: Trail, count: int, *, seed: int = 20, open_ones: int = 0) -> None:
    """Append so many closed dispatches to a trail, and behind them some that stay open."""
    random = Random(seed)
    at = BEGIN
    for number in range(1, count + open_ones + 1):
        at += timedelta(seconds=random.randrange(60, 2400))
        kind = random.choice(KINDS) if number <= count else "open"
        ref, events, claim, document = _dispatch(random, number, kind, at)
        trail.append(Batch(ref, events, [document], claim))


def _dispatch(
    random: Random, number: int, kind: str, at: datetime
) -> tuple[DispatchRef, list[NewEvent], WrapClaim | None, tuple[str, bytes]]:
    gid, name = random.choice(AGENTS)
    pac_id = f"PAC-{name.upper()}-P{number}-GENERATED-01"
    content = orjson.dumps({"pac_id": pac_id, "what": "a document of a generated dispatch"})
    document = (hashlib.sha256(content).hexdigest(), content)
    events = [
        _event(event_type, data, moment)
        for (event_type, data), moment in zip(
            _story(random, kind, pac_id, gid, name), _clock(random, at), strict=False
        )
    ]
    claim = None
    if kind == "completed":
        claim = WrapClaim(pac_id, wrap_id(pac_id), wrap_id(pac_id), 1)
    ref = DispatchRef(f"generated-{number}", 1, pac_id, document[0])
    return ref, [NewEvent(event_key(event, None), event) for event in events], claim, document


def _story(
    random: Random, kind: str, pac_id: str, gid: str, name: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    ours = {"pac_id": pac_id}
    score = round(random.uniform(0.0, 0.69) if kind == "quality" else random.uniform(0.7, 1), 2)
    took = random.choice((random.randrange(40, 400), random.randrange(400, 90_000)))
    yield "PAC_DISPATCH_START", {**ours, "agent_gid": gid, "agent_name": name, "phase": "DISPATCH"}
    if kind == "open":
        return
    yield "AGENT_EXECUTION_START", {**ours, "agent_gid": gid, "phase": "EXECUTION"}
    failing = {"activation": "CP-01", "scope": "CP-02", "quality": "CP-03", "completion": "CP-04"}
    if kind == "interrupted":
        yield "PAC_DISPATCH_END", _end(ours, "FAILED", took)
        return
    for checkpoint_id, checkpoint_name in CHECKPOINT_NAMES.items():
        fails = failing.get(kind) == checkpoint_id
        yield (
            "CHECKPOINT",
            {
                "checkpoint_id": checkpoint_id,
                "checkpoint_name": checkpoint_name,
                "status": "FAIL" if fails else "PASS",
                "details": "as generated",
                "phase": "CHECKPOINT",
            },
        )
    code = kind if kind.startswith("GS_") else None
    schema = {"schema_type": "AgentExecutionResult", "valid": code is None, "error_code": code}
    yield "SCHEMA_VALIDATION", {**ours, **schema, "phase": "VALIDATION"}
    refused = kind in failing or code is not None
    status = "BLOCKED" if refused else "COMPLETED"
    ended = {"status": status, "tasks_completed": random.randrange(1, 9), "quality_score": score}
    phase = {"phase": "EXECUTION_COMPLETE"}
    yield "AGENT_EXECUTION_END", {**ours, "agent_gid": gid, **ended, **phase}
    eligible = not refused and kind != "wrapped"
    said = {"eligible": eligible, "reason": "as generated"}
    yield (
        "BER_GENERATION_DECISION",
        {**ours, **said, "human_review_required": kind == "rejected", "phase": "BER_DECISION"},
    )
    if kind == "rejected":
        answer = {"decision": "REJECTED", "reviewer": "Ada", "notes": "no", "phase": "REVIEW"}
        yield "HUMAN_REVIEW", {**ours, **answer}
    if kind != "completed":
        wrap = {"wrap_id": None, "status": "WRAP_BLOCKED", "blocked": True, "phase": "WRAP"}
        yield "WRAP_GENERATION", {**ours, **wrap}
        yield "PAC_DISPATCH_END", _end(ours, "BLOCKED", took)
        return
    wrap = {"wrap_id": wrap_id(pac_id), "status": "WRAP_GENERATED", "blocked": False}
    yield "WRAP_GENERATION", {**ours, **wrap, "phase": "WRAP"}
    yield "PAC_DISPATCH_END", _end(ours, "COMPLETED", took)


def wrap_id(pac_id: str) -> str:
    """The WRAP that a generated PAC gets when it completes."""
    return f"WRAP-{pac_id.removeprefix('PAC-')}-{BEGIN:%Y%m%d}"


def _end(ours: Mapping[str, Any], status: str, took: int) -> dict[str, Any]:
    return {**ours, "status": status, "duration_ms": took, "phase": "DISPATCH_COMPLETE"}


def _clock(random: Random, at: datetime) -> Iterator[datetime]:
    while True:
        yield at
        at += timedelta(milliseconds=random.randrange(1, 40))


def _event(event_type: str, data: Mapping[str, Any], at: datetime) -> Event:
    members = {
        "telemetry_version": TELEMETRY_VERSION,
        "timestamp": at.isoformat(timespec="microseconds"),
        "event_type": event_type,
        "authority": AUTHORITY,
        "data": data,
    }
    return Event.from_json(orjson.dumps(members))
