"""What the library's tests share: the contract's examples as facts, and documents to judge.

Nothing in here is computed by the code under test: what a dispatch must leave is written down.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from benson_execution import (
    AgentRegistry,
    BensonExecutionEngine,
    Document,
    Event,
    MemoryTrail,
    Settings,
    Trail,
)
from benson_execution.policy import Policy
from benson_execution.review_rule import ReviewRule

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
_UNJUDGED: Final = {*EXAMPLES.glob("unreadable/*"), *EXAMPLES.glob("agent/*")}
READABLE: Final = sorted({*EXAMPLES.rglob("*.json")} - _UNJUDGED)
"""The examples that are judged, whatever the verdict."""
DAN: Final[dict[str, Any]] = json.loads((EXAMPLES / "PAC-DAN-P44.json").read_text())
"""A PAC and a result that pass every gate; take a fresh copy with `dan`."""

P53: Final = "PAC-DAN-P53-LIVE-GOVERNANCE-EXECUTION-TELEMETRY-01"
PAYLOADS: Final[Mapping[str, dict[str, Any]]] = {
    "PAC_DISPATCH_START": {
        "pac_id": P53,
        "agent_gid": "GID-07",
        "agent_name": "Dan",
        "phase": "DISPATCH",
    },
    "PAC_DISPATCH_END": {
        "pac_id": P53,
        "status": "COMPLETED",
        "duration_ms": 5000,
        "phase": "DISPATCH_COMPLETE",
    },
    "AGENT_EXECUTION_START": {"pac_id": P53, "agent_gid": "GID-07", "phase": "EXECUTION"},
    "AGENT_EXECUTION_END": {
        "pac_id": P53,
        "agent_gid": "GID-07",
        "status": "COMPLETED",
        "tasks_completed": 5,
        "quality_score": 1.0,
        "phase": "EXECUTION_COMPLETE",
    },
    "SCHEMA_VALIDATION": {
        "pac_id": P53,
        "schema_type": "AgentExecutionResult",
        "valid": True,
        "error_code": None,
        "phase": "VALIDATION",
    },
    "CHECKPOINT": {
        "checkpoint_id": "CP-01",
        "checkpoint_name": "AGENT_ACTIVATION_VALIDATION",
        "status": "PASS",
        "details": "Agent Dan (GID-07) activation validated",
        "phase": "CHECKPOINT",
    },
    "BER_GENERATION_DECISION": {
        "pac_id": P53,
        "eligible": True,
        "reason": "All checkpoints passed",
        "human_review_required": False,
        "phase": "BER_DECISION",
    },
    "WRAP_GENERATION": {
        "pac_id": P53,
        "wrap_id": "WRAP-DAN-P53-20251226",
        "status": "WRAP_GENERATED",
        "blocked": False,
        "phase": "WRAP",
    },
}
"""The `data` of the contract's eight examples, its fields in the contract's order."""

GATES: Final = {
    "CP-01": "AGENT_ACTIVATION_VALIDATION",
    "CP-02": "SCOPE_COMPLIANCE_VALIDATION",
    "CP-03": "QUALITY_SCORE_VALIDATION",
    "CP-04": "TASK_COMPLETION_VALIDATION",
}
CANONICAL: Final = [
    "PAC_DISPATCH_START",
    "AGENT_EXECUTION_START",
    "CHECKPOINT CP-01",
    "CHECKPOINT CP-02",
    "CHECKPOINT CP-03",
    "CHECKPOINT CP-04",
    "SCHEMA_VALIDATION",
    "AGENT_EXECUTION_END",
    "BER_GENERATION_DECISION",
    "WRAP_GENERATION",
    "PAC_DISPATCH_END",
]
"""The eleven events of a dispatch that is judged to its end, in order."""
EVENT_TYPES: Final = list(dict.fromkeys(label.split()[0] for label in CANONICAL))

# Two busy cores: no deadline per example. The home fixture is harmless to share between examples.
law: Final = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
json_values: Final = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
"""JSON values that a record can hold."""
json_objects: Final = st.dictionaries(st.text(max_size=6), json_values, max_size=4)


def dan() -> dict[str, Any]:
    """A fresh copy of the example: `pac` and `execution_result`, to be changed at will."""
    return copy.deepcopy(DAN)


def result(**changes: Any) -> dict[str, Any]:
    """Dan's valid result with changes."""
    return {**dan()["execution_result"], **changes}


def pac(**changes: Any) -> dict[str, Any]:
    """Dan's PAC with changes."""
    return {**dan()["pac"], **changes}


def without(mapping: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """A copy without these members."""
    return {key: value for key, value in mapping.items() if key not in names}


def text(**members: Any) -> bytes:
    """A document with these members, `pac` and `execution_result` as in the example by default."""
    return json.dumps({**dan(), **members}).encode()


def judged(
    value: Any = None, /, *, of: Mapping[str, Any] | None = None, **changes: Any
) -> Document:
    """A document whose result is exactly this Python value, or Dan's with changes.

    It goes around the reader, so that a phase can be given what no JSON text can hold.
    """
    document = Document.read(text(pac=pac(**(of or {}))))
    return dataclasses.replace(document, result=result(**changes) if value is None else value)


def policy(quality_threshold: float = 0.7) -> Policy:
    """The shipped agents, and a threshold."""
    return Policy(quality_threshold, AgentRegistry.load(), ReviewRule())


def engine(trail: Trail | None = None, **options: Any) -> BensonExecutionEngine:
    """A silent engine, with a trail in memory by default."""
    trail = MemoryTrail() if trail is None else trail
    return BensonExecutionEngine(False, trail=trail, settings=Settings.load(), **options)


def label(event: Event) -> str:
    """An event's type, with the checkpoint's id for a gate."""
    gate = event.data.get("checkpoint_id")
    return f"{event.event_type} {gate}" if event.event_type == "CHECKPOINT" else event.event_type


def labels(events: Iterable[Event]) -> list[str]:
    return [label(event) for event in events]


def fullwidth(text: str) -> str:
    """The same in characters that look alike and are others."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def recorded(trail: Trail, dispatch_id: str | None = None) -> list[Event]:
    """The events of a trail, or of one dispatch of it."""
    return [stored.event for stored in trail.events(dispatch_id=dispatch_id)]


def at_once(work: Callable[[int], object], threads: int) -> None:
    """Call `work(0)`, `work(1)`, … in as many threads at one moment, and raise what they do."""
    barrier = threading.Barrier(threads)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]
