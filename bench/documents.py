"""Documents to judge: the shipped example, each time as a PAC of its own.

A PAC can be closed only once. Each gets its own number too, as most PACs have: of two PACs with
one number, the second looks twice for a free WRAP id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
EXAMPLE: Final = ROOT / "examples" / "PAC-DAN-P44.json"


def pac_id(number: int) -> str:
    """The id of the PAC with this number."""
    return f"PAC-DAN-P{number}-BENCHMARK-OF-ONE-GOVERNED-EXECUTION-01"


def document(number: int) -> str:
    """The example as another PAC, with the same text layout and nearly the same length.

    The id stands in the document twice: in the PAC, and in the result that answers it.
    """
    text = EXAMPLE.read_text(encoding="utf-8")
    known: str = json.loads(text)["pac"]["pac_id"]
    if text.count(known) != 2:
        raise ValueError(f"{EXAMPLE.name} does not name its PAC exactly twice")
    return text.replace(known, pac_id(number))


def documents(first: int = 1) -> Iterator[str]:
    """Documents without end, no two of the same PAC.

    The example is read once: deriving documents must not take longer than judging them.
    """
    text = document(0)
    number = first
    while True:
        yield text.replace(pac_id(0), pac_id(number))
        number += 1


def payloads() -> list[tuple[str, dict[str, Any]]]:
    """The eleven events of one judged document: each event's type and its payload."""
    # Imported here: whoever only derives documents needs no engine.
    from benson_execution import BensonExecutionEngine, MemoryTrail

    trail = MemoryTrail()
    BensonExecutionEngine(enable_telemetry=False, trail=trail).execute_pac(document(0))
    return [(s.event.event_type, s.event.data.to_dict()) for s in trail.events()]


def one_of_each_type() -> list[tuple[str, dict[str, Any]]]:
    """The eight event types, each with the payload of its first occurrence."""
    first: dict[str, dict[str, Any]] = {}
    for event_type, payload in payloads():
        first.setdefault(event_type, payload)
    return list(first.items())
