"""The JSON Schemas (2020-12) of everything that Benson reads and leaves, made from its models.

A model says most of it. What its validators do beyond types is said again here in the schema's
own words where it has any; what it can't say is named in the description, as judged beyond it.
"""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from benson_execution.conformance import patterns
from benson_execution.conformance.artifact_model import BerTelemetryArtifact, Telemetry
from benson_execution.events import (
    AUTHORITY,
    CHECKPOINT_NAMES,
    KNOWN_PAYLOADS,
    TELEMETRY_VERSION,
)
from benson_execution.forbidden import FORBIDDEN
from benson_execution.pac import MAX_PATH, Pac
from benson_execution.result import AgentExecutionResult

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SUFFIX: Final = ".schema.json"
Schema = dict[str, Any]


class Kind(NamedTuple):
    """A kind of document: its schema's title, what it is, and what its schema can't say."""

    title: str
    what: str
    beyond: tuple[str, ...] = ()


_PAYLOAD_TITLES: Final = {str(t).lower().replace("_", "-"): str(t) for t in KNOWN_PAYLOADS}
_EVERYWHERE: Final = (
    "no key twice in one object, no NUL and no lone surrogate in a text, at most 64 levels deep",
    "no integer beyond 2^53",
    "an integer is written without a fraction: 5, not 5.0",
)
_RESULT: Final = (
    "tasks_total is at least the number of tasks_completed",
    "the day of execution_timestamp exists",
    "forbidden fields in letters that only look like these",
)
_PAC: Final = ("no two tasks have the same id", "path rules have printable characters only")
_TELEMETRY: Final = (
    "the summary is that of the events",
    "the events make the trail of one dispatch",
)

KINDS: Final[Mapping[str, Kind]] = {
    "event": Kind(
        "Event",
        "One telemetry event. Each of the contract's eight types, and of Benson's own, has exactly "
        "its own payload; any other event_type takes any object.",
        ("the day of the timestamp exists",),
    ),
    **{
        name: Kind(KNOWN_PAYLOADS[title].__name__, f"The payload (data) of {title} events.")
        for name, title in _PAYLOAD_TITLES.items()
    },
    "telemetry": Kind(
        "Telemetry",
        "The contract's telemetry block: the events of one dispatch, and their summary.",
        _TELEMETRY,
    ),
    "agent-execution-result": Kind(
        "AgentExecutionResult",
        "What an agent hands over when it has executed a PAC: its own word, all of it.",
        _RESULT,
    ),
    "pac": Kind("Pac", "A work order for one agent: who does what, and where.", _PAC),
    "document": Kind(
        "Document",
        "What is submitted: a PAC, and its agent's result, or how that agent is to be run.",
        (
            *_PAC,
            *_RESULT,
            "the result answers the PAC: the same pac_id, agent_gid and agent_name (in any case)",
        ),
    ),
    "ber-telemetry-artifact": Kind(
        "BerTelemetryArtifact",
        "What every judged dispatch leaves. It says who executed what and how it ended, has the "
        "Benson Execution Report or why there is none, the telemetry, and the evidence for all of "
        "it; `benson verify` says whether an artifact is true.",
        (*_TELEMETRY, *_PAC),
    ),
}
"""Every kind of document there is, by its name."""


@functools.cache
def _text(name: str) -> str:
    return json.dumps(_schema(name), indent=2, ensure_ascii=True) + "\n"


def schema_text(name: str) -> str:
    """The schema of a kind, as it is published; `KeyError` for no kind."""
    KINDS[name]
    return _text(name)


def schema_of(name: str) -> Schema:
    """The schema of a kind, as a value of its own; `KeyError` for no kind."""
    found: Schema = json.loads(schema_text(name))
    return found


def _schema(name: str) -> Schema:
    kind = KINDS[name]
    parts = _parts()
    body = parts[kind.title]
    beyond = "; ".join((*kind.beyond, *_EVERYWHERE))
    needed: set[str] = set()
    _closure(body, parts, needed)
    schema = {
        "$schema": DIALECT,
        "$id": f"urn:benson-execution:schema:{name}:1",
        "title": kind.title,
        "description": f"{kind.what} Judged beyond the schema: {beyond}.",
        **{key: value for key, value in body.items() if key not in ("title", "description")},
    }
    if needed:
        schema["$defs"] = {part: parts[part] for part in sorted(needed)}
    return schema


def _closure(schema: Any, parts: Mapping[str, Schema], found: set[str]) -> None:
    for part in _references(schema):
        if part not in found:
            found.add(part)
            _closure(parts[part], parts, found)


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix("#/$defs/")
        for member in schema.values():
            yield from _references(member)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


@functools.cache
def _parts() -> dict[str, Schema]:
    """Every schema that another may refer to, by its name."""
    parts: dict[str, Schema] = {}
    models: list[type[BaseModel]] = [*KNOWN_PAYLOADS.values(), Pac, AgentExecutionResult]
    models += [Telemetry, BerTelemetryArtifact]
    for model in models:
        parts |= _of_model(model)
    parts["Event"] = _event()
    parts["NoForbiddenFields"] = _no_forbidden_fields()
    parts["Document"] = _document()
    _say_what_validators_do(parts)
    return parts


def _of_model(model: type[BaseModel]) -> dict[str, Schema]:
    """The schemas of a model and of those inside it, without the titles that say nothing."""
    # As it is written: the reading side of a strict tuple says only that it is a list.
    schema = model.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    parts = schema.pop("$defs", {})
    parts[model.__name__] = schema
    for part in parts.values():
        for member in part.get("properties", {}).values():
            member.pop("title", None)
        if "description" in part:
            part["description"] = " ".join(part["description"].split())
    return copy.deepcopy(parts)


def _say_what_validators_do(parts: dict[str, Schema]) -> None:
    _say_payloads(parts)
    result = parts["AgentExecutionResult"]["properties"]
    result["agent_gid"]["pattern"] = patterns.AGENT_NOT_BENSON
    for part in ("AgentExecutionResult", "SelfReported"):
        members = parts[part]["properties"]
        members["execution_timestamp"]["pattern"] = patterns.RESULT_TIMESTAMP
        for free in ("artifacts", "warnings"):
            members[free] = {**members[free], **_ref("NoForbiddenFields")}
    rule = {
        "type": "string",
        "maxLength": MAX_PATH + 1,
        "pattern": patterns.PATH_RULE,
        "not": {"pattern": patterns.DRIVE},
    }
    for paths in ("allowed_paths", "forbidden_paths"):
        parts["Pac"]["properties"][paths]["items"] = rule
    timestamp = {"anyOf": [_timestamp(), {"type": "null"}]}
    summary, record = parts["TelemetrySummary"], parts["DispatchRecord"]
    for schema, members in ((summary, ("first_event", "last_event")), (record, _TIMES)):
        for name in members:
            schema["properties"][name] = timestamp
    summary["properties"]["event_types"]["uniqueItems"] = True
    parts["Telemetry"]["properties"]["events"]["items"] = _ref("Event")
    parts["BerTelemetryArtifact"]["anyOf"] = [
        {
            "properties": {
                "report": {"type": report},
                "dispatch": {"properties": {"no_report_because": {"type": reason}}},
            }
        }
        for report, reason in (("object", "null"), ("null", "string"))
    ]
    _say_wrap(parts["ReportWrap"])


_TIMES: Final = ("started_at", "ended_at")


def _say_payloads(parts: dict[str, Schema]) -> None:
    parts["Checkpoint"]["anyOf"] = [
        {
            "properties": {
                "checkpoint_id": {"const": checkpoint_id},
                "checkpoint_name": {"const": name},
            }
        }
        for checkpoint_id, name in CHECKPOINT_NAMES.items()
    ]
    parts["SchemaValidation"] |= {
        "if": {"properties": {"valid": {"const": True}}},
        "then": {"properties": {"error_code": {"type": "null"}}},
        "else": {"properties": {"error_code": {"type": "string"}}},
    }
    parts["AgentRunEnd"] |= {
        "if": {"properties": {"answered": {"const": True}}},
        "then": {"properties": {"cause": {"type": "null"}, "result_sha256": {"type": "string"}}},
        "else": {"properties": {"cause": {"type": "string"}, "result_sha256": {"type": "null"}}},
    }
    _say_wrap(parts["WrapGeneration"])


def _say_wrap(schema: Schema) -> None:
    """A WRAP is blocked in all its members, or in none."""
    schema |= {
        "if": {"properties": {"status": {"const": "WRAP_BLOCKED"}}},
        "then": {"properties": {"wrap_id": {"type": "null"}, "blocked": {"const": True}}},
        "else": {"properties": {"wrap_id": {"type": "string"}, "blocked": {"const": False}}},
    }


def _document() -> Schema:
    """A PAC, and either the result of its agent or how that is to be run."""
    document = _object(
        {
            "pac": _ref("Pac"),
            "execution_result": _ref("AgentExecutionResult"),
            "agent": {
                "description": "How the agent is run: by a command or a deployment of this name "
                "in the operator's file.",
                "type": "object",
                "properties": {
                    kind: {"type": "string", "pattern": patterns.RUNNER_NAME}
                    for kind in ("command", "deployment")
                },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
            },
        }
    )
    document["required"] = ["pac"]
    document["oneOf"] = [{"required": ["execution_result"]}, {"required": ["agent"]}]
    return document


def _event() -> Schema:
    event = _object(
        {
            "telemetry_version": {"const": TELEMETRY_VERSION},
            "timestamp": _timestamp(),
            "event_type": {"type": "string", "minLength": 1},
            "authority": {"const": AUTHORITY},
            "data": {"type": "object"},
        }
    )
    event["allOf"] = [
        {
            "if": {"properties": {"event_type": {"const": str(event_type)}}},
            "then": {"properties": {"data": _ref(model.__name__)}},
        }
        for event_type, model in KNOWN_PAYLOADS.items()
    ]
    return event


def _timestamp() -> Schema:
    length = patterns.EVENT_TIMESTAMP_LENGTH
    pattern = patterns.EVENT_TIMESTAMP
    return {"type": "string", "format": "date-time", "maxLength": length, "pattern": pattern}


def _no_forbidden_fields() -> Schema:
    here = _ref("NoForbiddenFields")
    return {
        "description": "No field, at any depth, claims what is Benson's to say.",
        "propertyNames": {"not": {"pattern": patterns.forbidden_name(FORBIDDEN)}},
        "additionalProperties": here,
        "items": here,
    }


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(part: str) -> Schema:
    return {"$ref": f"#/$defs/{part}"}
