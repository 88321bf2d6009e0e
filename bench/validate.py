"""Validating JSON Lines, against json.loads and fastjsonschema on the same bytes.

fastjsonschema compiles the published schema of the kind. It knows draft 7, so the schema is put
into that draft's words; and its cases of event types are nested, so that it asks for no further
one when it has found the right one, which makes it faster by a third. Both sides check the same
fields, types, ranges and patterns. Beyond that Benson refuses a key twice, integers beyond 2^53,
NaN, NUL, days that do not exist and documents that are too deep or too large; it follows the trail
that the events make, and compares results' counts. fastjsonschema does none of this, and all of
it is measured here.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable
from typing import Any, Final

import fastjsonschema
import orjson

from bench.documents import documents
from bench.measure import compare, ratio, say
from bench.report import Report
from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.conformance import Tally, check_lines, schema_of

NAME: Final = "validate"
QUESTION: Final = "validating JSON Lines, against json.loads and fastjsonschema"
ROUNDS: Final = 9
TARGET: Final = 1.0
_CHAIN: Final = 8

_EVENTS: Final = int(os.environ.get("BENCH_VALIDATE_EVENTS", "100000"))
_RESULTS: Final = _EVENTS // 20


def run(rounds: int) -> Report:
    """Make the lines once, in memory, and read them in turn."""
    made = _lines()
    event_lines, result_lines = made.values()
    say(f"{NAME}: the lines are made")
    event = fastjsonschema.compile(_draft_7("event"))
    result = fastjsonschema.compile(_draft_7("agent-execution-result"))
    found = compare(
        NAME,
        {
            "events: benson": lambda: _benson(event_lines),
            "events: fastjsonschema": lambda: _other(event_lines, json.loads, event),
            "events: fastjsonschema, orjson": lambda: _other(event_lines, orjson.loads, event),
            "results: benson": lambda: _benson(result_lines),
            "results: fastjsonschema": lambda: _other(result_lines, json.loads, result),
        },
        rounds,
    )
    events, results = "events: fastjsonschema", "results: fastjsonschema"
    sizes = [f"{len(lines) >> 10} KiB of {what}" for what, lines in made.items()]
    return Report(
        NAME,
        QUESTION,
        "line",
        found,
        [
            ratio("events: benson / the other", found, "events: benson", events, TARGET),
            ratio("results: benson / the other", found, "results: benson", results, TARGET),
            ratio("events: the other with orjson", found, "events: benson", f"{events}, orjson"),
        ],
        notes=[f"{' and '.join(sizes)}, all of them valid"],
    )


def _lines() -> dict[str, bytes]:
    """The events of dispatches that were judged, and the results that were."""
    trail = MemoryTrail()
    engine = BensonExecutionEngine(enable_telemetry=False, trail=trail)
    recorded: list[bytes] = []
    results: list[bytes] = []
    for document in documents():
        if len(results) < _RESULTS:
            results.append(orjson.dumps(orjson.loads(document)["execution_result"]))
        if len(recorded) < _EVENTS:
            outcome = engine.execute_pac(document)
            stored = trail.events(dispatch_id=outcome.dispatch_id)
            recorded += [s.event.json for s in stored]
        elif len(results) >= _RESULTS:
            break
    return {
        "events": b"\n".join([*recorded[:_EVENTS], b""]),
        "results": b"\n".join([*results, b""]),
    }


def _draft_7(kind: str) -> dict[str, Any]:
    """The published schema in the words of draft 7."""
    text = json.dumps(schema_of(kind)).replace("#/$defs/", "#/definitions/")
    schema: dict[str, Any] = _apart(json.loads(text))
    schema["$schema"] = "http://json-schema.org/draft-07/schema#"
    schema["definitions"] = schema.pop("$defs")
    del schema["$id"]
    if cases := schema.pop("allOf", None):
        schema |= _nested(cases)
    return schema


def _nested(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """The cases of event types as one: each is asked for only where none before it was right.

    Python nests no more than twenty blocks, so the contract's own eight types come first, and one
    question decides whether any of the others has to be asked for.
    """
    first, others = cases[:_CHAIN], cases[_CHAIN:]
    if others:
        types = [case["if"]["properties"]["event_type"]["const"] for case in first]
        is_first = {"properties": {"event_type": {"enum": types}}}
        return {"if": is_first, "then": _nested(first), "else": _nested(others)}
    nested: dict[str, Any] = {}
    for case in reversed(first):
        nested = {**case, "else": nested} if nested else case
    return nested


def _apart(schema: Any) -> Any:
    """The same with every reference alone: draft 7 does not look at what stands beside one."""
    if isinstance(schema, list):
        return [_apart(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _apart(member) for name, member in schema.items()}
    if "$ref" in made and len(made) > 1:
        made = {**made, "allOf": [{"$ref": made["$ref"]}]}
        del made["$ref"]
    return made


def _benson(lines: bytes) -> float:
    tally = Tally()
    began = time.perf_counter()
    found = list(check_lines(io.BytesIO(lines), tally))
    seconds = time.perf_counter() - began
    assert not [f for f in found if not f.is_note], found[:3]
    return seconds / tally.documents


def _other(lines: bytes, loads: Callable[[bytes], Any], validate: Callable[[Any], Any]) -> float:
    number = 0
    began = time.perf_counter()
    for number, line in enumerate(io.BytesIO(lines), 1):  # noqa: B007  # told behind the loop
        validate(loads(line))
    return (time.perf_counter() - began) / number
