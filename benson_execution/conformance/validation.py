"""Whether a value is what it is meant to be, and everything that is wrong with it, by its place.

The product's own models judge, so that nothing is valid here and refused there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeGuard

from pydantic import BaseModel, ValidationError

from benson_execution.conformance.artifact_model import BerTelemetryArtifact, Telemetry
from benson_execution.conformance.trail_rules import TrailRules
from benson_execution.conformance.valid_results import is_valid_result
from benson_execution.document import named_runner
from benson_execution.errors import InvalidPac
from benson_execution.events import AUTHORITY, KNOWN_PAYLOADS, TELEMETRY_VERSION
from benson_execution.pac import Pac
from benson_execution.result import result_faults, stray_faults
from benson_execution.schema import MAX_VIOLATIONS, Violation, pointer, violations
from benson_execution.text import did_you_mean, quote
from benson_execution.timestamps import is_timestamp

_FIELDS: Final = ("telemetry_version", "timestamp", "event_type", "authority", "data")
_PAYLOAD: Final = {
    str(t): m.__pydantic_validator__.validate_python for t, m in KNOWN_PAYLOADS.items()
}
_MEMBERS: Final = ("pac", "execution_result")


def kind_of(value: Any) -> str:
    """What a value looks as if it were meant to be; a result, where nothing else fits."""
    if not isinstance(value, dict):
        return "agent-execution-result"
    if "event_type" in value and ("telemetry_version" in value or "data" in value):
        return "event"
    if "pac" in value:
        return "document"
    if "telemetry" in value and ("dispatch" in value or "report" in value):
        return "ber-telemetry-artifact"
    if "summary" in value and "events" in value:
        return "telemetry"
    is_order = "tasks" in value or "allowed_paths" in value or "forbidden_paths" in value
    if is_order and "execution_timestamp" not in value:
        return "pac"
    return "agent-execution-result"


def violations_in(value: Any, kind: str) -> Sequence[Violation]:
    """Everything that is wrong with a value of this kind, at most a thousand of it.

    `value` is a plain JSON value, as `read_value` returns it. Raises `KeyError` for no kind.
    """
    return _JUDGES[kind](value)


def is_valid_event(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether this is a telemetry event; `violations_in` says why one is not."""
    # The order of its fields is not looked at: no reader of JSON has to keep it.
    try:
        if (
            len(value) != 5
            or value["telemetry_version"] != TELEMETRY_VERSION
            or value["authority"] != AUTHORITY
            or not is_timestamp(value["timestamp"])
        ):
            return False
        event_type, data = value["event_type"], value["data"]
        validate = _PAYLOAD.get(event_type)
        if validate is None:
            return type(event_type) is str and event_type != "" and type(data) is dict
        if type(data) is not dict:
            return False
        validate(data)
    except (KeyError, TypeError, ValidationError):
        return False
    return True


def _event(value: Any) -> list[Violation]:
    if is_valid_event(value):
        return []
    if not isinstance(value, dict):
        return [_no_object(value)]
    found = [
        Violation(pointer((name,)), "the required field is missing")
        for name in _FIELDS
        if name not in value
    ]
    stray = [name for name in value if name not in _FIELDS][:MAX_VIOLATIONS]
    for number, name in enumerate(stray):
        guess = did_you_mean(name, _FIELDS) if number < 5 else ""
        found.append(Violation(pointer((name,)), f"the field is unknown{guess}"))
    for name, wanted in (("telemetry_version", TELEMETRY_VERSION), ("authority", AUTHORITY)):
        if name in value and value[name] != wanted:
            message = f"expected {quote(wanted)}, found {quote(value[name])}"
            found.append(Violation(f"/{name}", message))
    if "timestamp" in value and not is_timestamp(value["timestamp"]):
        wanted = "UTC with six digits and +00:00 (2025-12-26T01:00:00.000000+00:00)"
        found.append(
            Violation("/timestamp", f"expected {wanted}, found {quote(value['timestamp'])}")
        )
    return found + _typed(value)


def _typed(value: Mapping[str, Any]) -> list[Violation]:
    """What is wrong with an event's type, and with the payload that belongs to it."""
    event_type = value.get("event_type")
    if "event_type" in value and (not isinstance(event_type, str) or not event_type):
        message = f"expected a non-empty text, found {quote(event_type)}"
        return [Violation("/event_type", message)]
    if "data" not in value:
        return []
    data = value["data"]
    if not isinstance(data, dict):
        return [Violation("/data", f"expected an object, found {quote(data)}")]
    model = KNOWN_PAYLOADS.get(event_type) if isinstance(event_type, str) else None
    return [] if model is None else _of_model(model, data, "/data")


def _of_model(model: type[BaseModel], value: Any, at: str = "") -> list[Violation]:
    if not isinstance(value, dict):
        return [_no_object(value, at)]
    try:
        model.model_validate(value)
    except ValidationError as error:
        return violations(error, model, at)
    return []


def _no_object(value: Any, at: str = "") -> Violation:
    return Violation(at, f"expected an object, found {quote(value)}")


def _payload(model: type[BaseModel]) -> Callable[[Any], list[Violation]]:
    return lambda value: _of_model(model, value)


def _result(value: Any) -> list[Violation]:
    if is_valid_result(value):
        return []
    return [violation for _, violation in result_faults(value)]


def _pac(value: Any, at: str = "") -> list[Violation]:
    return _of_model(Pac, value, at)


def _document(value: Any) -> list[Violation]:
    """What is wrong with the PAC, with the result as an answer to it, and with what is beside."""
    if not isinstance(value, dict):
        return [_no_object(value)]
    pac = None
    runner, problem = named_runner(value)
    needed = ("pac",) if runner is not None or problem is not None else _MEMBERS
    found = [
        Violation(pointer((name,)), "the required field is missing")
        for name in needed
        if name not in value
    ]
    if "pac" in value:
        try:
            pac = Pac.parse(value["pac"])
        except InvalidPac:
            found += _pac(value["pac"], "/pac")
    if "execution_result" in value:
        faults = result_faults(value["execution_result"], pac, "/execution_result")
        found += [violation for _, violation in faults]
    known = _MEMBERS if runner is None else (*_MEMBERS, "agent")
    stray = {name: member for name, member in value.items() if name not in known}
    problems = {} if problem is None else {"agent": problem}
    return found + [violation for _, violation in stray_faults(stray, problems)]


def _artifact(value: Any) -> list[Violation]:
    found = _of_model(BerTelemetryArtifact, value)
    telemetry = value.get("telemetry") if isinstance(value, dict) else None
    return found + (_events_of(telemetry, "/telemetry") if isinstance(telemetry, dict) else [])


def _telemetry(value: Any) -> list[Violation]:
    found = _of_model(Telemetry, value)
    return found + (_events_of(value, "") if isinstance(value, dict) else [])


def _events_of(block: Mapping[str, Any], at: str) -> list[Violation]:
    """What is wrong with the events of a telemetry block, with their trail and their summary."""
    events = block.get("events")
    if not isinstance(events, list):
        return []
    found: list[Violation] = []
    rules = TrailRules(one_dispatch=True)
    for index, event in enumerate(events):
        place = f"{at}/events/{index}"
        if is_valid_event(event):
            complaint = rules.event(index, event)
            if complaint is not None:
                found.append(Violation(place + complaint.path, complaint.message))
        else:
            rules.lost(index, event)
            found += [Violation(place + v.path, v.message) for v in _event(event)]
        if len(found) >= MAX_VIOLATIONS:
            return found[:MAX_VIOLATIONS]
    summary = block.get("summary")
    return found + ([] if found or not isinstance(summary, dict) else _sums(summary, events, at))


def _sums(
    summary: Mapping[str, Any], events: Sequence[Mapping[str, Any]], at: str
) -> list[Violation]:
    wanted = {
        "total_events": len(events),
        "event_types": list(dict.fromkeys(event["event_type"] for event in events)),
        "first_event": events[0]["timestamp"] if events else None,
        "last_event": events[-1]["timestamp"] if events else None,
    }
    return [
        Violation(
            f"{at}/summary/{name}",
            f"the events say {_told(true)}, found {_told(summary[name])}",
        )
        for name, true in wanted.items()
        if name in summary and summary[name] != true
    ]


def _told(value: Any) -> str:
    is_list = isinstance(value, list) and len(value) <= 12
    return f"[{', '.join(map(quote, value))}]" if is_list else quote(value)


_JUDGES: Final[Mapping[str, Callable[[Any], Sequence[Violation]]]] = {
    "event": _event,
    **{str(t).lower().replace("_", "-"): _payload(m) for t, m in KNOWN_PAYLOADS.items()},
    "telemetry": _telemetry,
    "agent-execution-result": _result,
    "pac": _pac,
    "document": _document,
    "ber-telemetry-artifact": _artifact,
}
