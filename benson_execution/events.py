"""The telemetry event of the contract: five fields, eight payloads, immutable once made.

Source: Benson execution telemetry contract 1.0.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import Field, ValidationError, model_validator

from benson_execution.errors import EventRefused
from benson_execution.frozen import FrozenObject, freeze
from benson_execution.jsonable import PlainCopy
from benson_execution.own_events import OWN_PAYLOADS
from benson_execution.payload import IdText, Payload
from benson_execution.text import shorten
from benson_execution.timestamps import is_timestamp, utc_now

TELEMETRY_VERSION: Final = "1.0.0"
AUTHORITY: Final = "BENSON (GID-00)"
_FIELDS: Final = ("telemetry_version", "timestamp", "event_type", "authority", "data")


class EventType(StrEnum):
    """The eight event types of the contract, in the order in which a dispatch emits them."""

    PAC_DISPATCH_START = "PAC_DISPATCH_START"
    """Benson begins dispatching a PAC to an agent."""
    AGENT_EXECUTION_START = "AGENT_EXECUTION_START"
    """The execution phase began; it does not say that a process of the agent did."""
    CHECKPOINT = "CHECKPOINT"
    """One of the four gates was judged, or could not be."""
    SCHEMA_VALIDATION = "SCHEMA_VALIDATION"
    """The agent's result was validated against its schema."""
    AGENT_EXECUTION_END = "AGENT_EXECUTION_END"
    """The execution phase ended."""
    BER_GENERATION_DECISION = "BER_GENERATION_DECISION"
    """It was decided whether there will be a Benson Execution Report."""
    WRAP_GENERATION = "WRAP_GENERATION"
    """The WRAP was generated, or blocked."""
    PAC_DISPATCH_END = "PAC_DISPATCH_END"
    """The dispatch is closed."""


class DispatchStatus(StrEnum):
    """How a dispatch, or its execution phase, ended. FAILED outranks BLOCKED outranks COMPLETED."""

    COMPLETED = "COMPLETED"
    """All checkpoints passed."""
    BLOCKED = "BLOCKED"
    """A gate refused."""
    FAILED = "FAILED"
    """The execution itself failed, so that something was not judged or not recorded."""


class CheckpointName(StrEnum):
    """The four gates: the member is the checkpoint's id with an underscore."""

    CP_01 = "AGENT_ACTIVATION_VALIDATION"
    CP_02 = "SCOPE_COMPLIANCE_VALIDATION"
    CP_03 = "QUALITY_SCORE_VALIDATION"
    CP_04 = "TASK_COMPLETION_VALIDATION"

    @property
    def checkpoint_id(self) -> str:
        """`CP-01` to `CP-04`."""
        return self.name.replace("_", "-")


class ErrorCode(StrEnum):
    """Why an AgentExecutionResult does not fit its schema."""

    GS_130 = "GS_130"
    """AgentExecutionResult schema violation."""
    GS_131 = "GS_131"
    """Forbidden WRAP field present."""
    GS_132 = "GS_132"
    """Self-closure attempt detected."""
    GS_133 = "GS_133"
    """Authority violation."""


_Status = Literal["COMPLETED", "BLOCKED", "FAILED"]


class PacDispatchStart(Payload):
    """`PAC_DISPATCH_START`."""

    pac_id: IdText
    agent_gid: str
    agent_name: str
    phase: Literal["DISPATCH"]


class PacDispatchEnd(Payload):
    """`PAC_DISPATCH_END`; `duration_ms` is milliseconds since the dispatch began."""

    pac_id: IdText
    status: _Status
    duration_ms: Annotated[int, Field(ge=0)]
    phase: Literal["DISPATCH_COMPLETE"]


class AgentExecutionStart(Payload):
    """`AGENT_EXECUTION_START`."""

    pac_id: IdText
    agent_gid: str
    phase: Literal["EXECUTION"]


class AgentExecutionEnd(Payload):
    """`AGENT_EXECUTION_END`; `tasks_completed` is a count, `quality_score` lies in [0, 1]."""

    pac_id: IdText
    agent_gid: str
    status: _Status
    tasks_completed: Annotated[int, Field(ge=0)]
    quality_score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    phase: Literal["EXECUTION_COMPLETE"]


class SchemaValidation(Payload):
    """`SCHEMA_VALIDATION`; there is an `error_code` exactly when it is not valid."""

    pac_id: IdText
    schema_type: str
    valid: bool
    error_code: Literal["GS_130", "GS_131", "GS_132", "GS_133"] | None
    phase: Literal["VALIDATION"]

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.valid is not (self.error_code is None):
            raise ValueError("error_code must be given exactly when valid is false")
        return self


class Checkpoint(Payload):
    """`CHECKPOINT`; `details` says what was expected and what was found."""

    checkpoint_id: Literal["CP-01", "CP-02", "CP-03", "CP-04"]
    checkpoint_name: str
    status: Literal["PASS", "FAIL"]
    details: str
    phase: Literal["CHECKPOINT"]

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.checkpoint_name != CHECKPOINT_NAMES[self.checkpoint_id]:
            raise ValueError(
                f"checkpoint_name of {self.checkpoint_id} must be "
                f"{CHECKPOINT_NAMES[self.checkpoint_id]}"
            )
        return self


class BerGenerationDecision(Payload):
    """`BER_GENERATION_DECISION`; `reason` names every failure where it is not eligible."""

    pac_id: IdText
    eligible: bool
    reason: str
    human_review_required: bool
    phase: Literal["BER_DECISION"]


class WrapGeneration(Payload):
    """`WRAP_GENERATION`; a blocked one has no `wrap_id`."""

    pac_id: IdText
    wrap_id: str | None
    status: Literal["WRAP_GENERATED", "WRAP_BLOCKED"]
    blocked: bool
    phase: Literal["WRAP"]

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if not (self.blocked is (self.status == "WRAP_BLOCKED") is (self.wrap_id is None)):
            raise ValueError("wrap_id, status and blocked contradict one another")
        return self


CHECKPOINT_NAMES: Final[Mapping[str, str]] = {c.checkpoint_id: c.value for c in CheckpointName}

PAYLOADS: Final[Mapping[str, type[Payload]]] = {
    EventType.PAC_DISPATCH_START: PacDispatchStart,
    EventType.AGENT_EXECUTION_START: AgentExecutionStart,
    EventType.CHECKPOINT: Checkpoint,
    EventType.SCHEMA_VALIDATION: SchemaValidation,
    EventType.AGENT_EXECUTION_END: AgentExecutionEnd,
    EventType.BER_GENERATION_DECISION: BerGenerationDecision,
    EventType.WRAP_GENERATION: WrapGeneration,
    EventType.PAC_DISPATCH_END: PacDispatchEnd,
}

KNOWN_PAYLOADS: Final[Mapping[str, type[Payload]]] = {**PAYLOADS, **OWN_PAYLOADS}
"""The payload of every event type that takes no other: the contract's, and Benson's own."""

_VALIDATE: Final = {str(name): m.__pydantic_validator__ for name, m in KNOWN_PAYLOADS.items()}


class Event(FrozenObject):
    """One telemetry event: a frozen JSON object whose `json` is its one serialisation.

    Make one with `Event.create`, or with `Event.from_json` from bytes that were recorded.
    """

    # Made often, read seldom: the payload is read from the bytes when somebody first asks for it.
    __slots__ = ("_data", "event_type", "json", "timestamp")

    _data: FrozenObject | None
    timestamp: str
    event_type: str
    json: bytes
    """The exact UTF-8 bytes that are printed, stored and hashed."""

    telemetry_version = property(lambda _: TELEMETRY_VERSION)
    authority = property(lambda _: AUTHORITY)

    def __new__(cls, *_: object, **__: object) -> Self:
        """Refused: nothing would validate it."""
        raise TypeError("an event is made by Event.create or Event.from_json")

    @classmethod
    def create(cls, event_type: str, data: Mapping[str, Any]) -> Event:
        """A new event, now; `EventRefused` names the field that does not fit.

        A known type takes exactly its own payload; any other type takes any JSON object.
        """
        if type(event_type) is not str and isinstance(event_type, str):
            event_type = str.__str__(event_type)  # a member of an enum, say: its text is kept
        members = {
            "telemetry_version": TELEMETRY_VERSION,
            "timestamp": utc_now(),
            "event_type": event_type,
            "authority": AUTHORITY,
            "data": _payload(event_type, data),
        }
        try:
            json = orjson.dumps(members)
        except (TypeError, ValueError) as error:  # a lone surrogate, an integer beyond 64 bits
            raise EventRefused(f"{event_type!r}: data: {error}") from None
        return cls._build(members, json)

    @classmethod
    def from_json(cls, json: bytes) -> Event:
        """The event that these bytes hold; they are kept to the letter."""
        json = bytes(json)  # a buffer of the caller's could still be changed
        try:
            members = orjson.loads(json)
        except orjson.JSONDecodeError as error:
            raise EventRefused(f"not a telemetry event: {error}") from None
        if not isinstance(members, dict) or tuple(members) != _FIELDS:
            raise EventRefused(f"a telemetry event has exactly the fields {', '.join(_FIELDS)}")
        for field, wanted in (("telemetry_version", TELEMETRY_VERSION), ("authority", AUTHORITY)):
            if members[field] != wanted:
                raise EventRefused(f"{field} must be {wanted!r}, found {members[field]!r}")
        timestamp = members["timestamp"]
        if not is_timestamp(timestamp):
            raise EventRefused(f"timestamp must be UTC with microseconds, found {timestamp!r}")
        members["data"] = _payload(members["event_type"], members["data"])
        return cls._build(members, json)

    @classmethod
    def _build(cls, members: dict[str, Any], json: bytes) -> Event:
        self = object.__new__(cls)
        _set_data(self, None)
        _set_event_type(self, members["event_type"])
        _set_timestamp(self, members["timestamp"])
        _set_json(self, json)
        return self

    @property
    def data(self) -> FrozenObject:
        """The payload."""
        if self._data is None:
            frozen: FrozenObject = freeze(orjson.loads(self.json)["data"])
            _set_data(self, frozen)
            return frozen
        return self._data

    @property
    def _members(self) -> Mapping[str, Any]:  # type: ignore[override]  # made when it is read
        return MappingProxyType({name: getattr(self, name) for name in _FIELDS})

    def __reduce__(self) -> tuple[Any, ...]:
        return (Event.from_json, (self.json,))


# The slots' own setters: an event refuses to be changed, so it is filled past its own refusal.
_set_data: Final = Event._data.__set__  # type: ignore[union-attr]  # noqa: SLF001
_set_event_type: Final = Event.event_type.__set__  # type: ignore[attr-defined]
_set_timestamp: Final = Event.timestamp.__set__  # type: ignore[attr-defined]
_set_json: Final = Event.json.__set__  # type: ignore[attr-defined]


def _payload(event_type: str, data: Mapping[str, Any]) -> Any:
    """The payload as members that nobody else can reach, in the contract's order."""
    validator = _VALIDATE.get(event_type) if isinstance(event_type, str) else None
    if validator is not None:
        try:
            if type(data) is not dict:
                data = _as_dict(event_type, data)
            return validator.validate_python(data).__dict__
        except ValidationError as error:
            raise EventRefused(f"{event_type}: {_describe(error)}") from None
    if not isinstance(event_type, str) or not event_type:
        raise EventRefused(f"event_type must be a non-empty string, found {event_type!r}")
    if not isinstance(data, Mapping):
        raise EventRefused(f"{event_type}: data must be an object, found {type(data).__name__}")
    plain = PlainCopy(data)
    for path, problem in plain.problems:
        place = "/".join(map(str, ("data", *path)))
        raise EventRefused(f"{event_type}: {shorten(place)}: {problem}")
    return plain.copy


def _as_dict(event_type: str, data: Any) -> dict[str, Any]:
    if isinstance(data, Mapping):
        with suppress(Exception):  # whatever a mapping of somebody else's raises
            return dict(data)
    raise EventRefused(f"{event_type}: data must be an object, found {type(data).__name__}")


def _describe(error: ValidationError) -> str:
    return "; ".join(
        f"data.{'.'.join(map(str, e['loc']))}: {e['msg']}" if e["loc"] else f"data: {e['msg']}"
        for e in error.errors(include_url=False, include_context=False)
    )
