"""AgentExecutionResult: what an agent hands over, and its validation with GS_130 to GS_133."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sized
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Annotated, Any, Final, Self

from pydantic import FailFast, Field, ValidationError, field_validator, model_validator

from benson_execution.events import ErrorCode
from benson_execution.forbidden import ForbiddenField, forbidden_fields, looks_like
from benson_execution.jsonable import PlainCopy
from benson_execution.pac import Pac
from benson_execution.registry import BENSON_GID
from benson_execution.schema import (
    MAX_VIOLATIONS,
    AgentGid,
    JsonArray,
    NonEmpty,
    PacId,
    Strict,
    Violation,
    pointer,
    violations,
)
from benson_execution.text import enumerate_some, quote

SCHEMA_TYPE: Final = "AgentExecutionResult"

_WHY: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.GS_130: "AgentExecutionResult schema violation",
    ErrorCode.GS_131: "Forbidden WRAP field present",
    ErrorCode.GS_132: "Self-closure attempt detected",
    ErrorCode.GS_133: "Authority violation",
}
_PRECEDENCE: Final = (ErrorCode.GS_131, ErrorCode.GS_132, ErrorCode.GS_133, ErrorCode.GS_130)
TIMESTAMP: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-]00(?::?00)?)$"
)
"""The form of an execution_timestamp, for Python's engine and for the one inside pydantic."""
_TIMESTAMP: Final = re.compile(TIMESTAMP)

Milliseconds = Annotated[int, Field(ge=0)]


class TestResults(Strict):
    """How many tests the agent says passed, failed and were skipped."""

    __test__ = False  # this is no test, whatever its name makes pytest think

    passed: Annotated[int, Field(ge=0)]
    failed: Annotated[int, Field(ge=0)]
    skipped: Annotated[int, Field(ge=0)]


class AgentExecutionResult(Strict):
    """What an agent hands over when it has executed a PAC: its own word, all of it.

    `execution_timestamp` is ISO 8601 in UTC, `quality_score` lies in [0, 1], and
    `execution_time_ms` is milliseconds.
    """

    pac_id: PacId
    agent_gid: AgentGid
    agent_name: NonEmpty
    execution_timestamp: str
    tasks_completed: Annotated[tuple[NonEmpty, ...], FailFast(), JsonArray]
    tasks_total: Annotated[int, Field(ge=0)]
    files_modified: Annotated[tuple[str, ...], FailFast(), JsonArray]
    quality_score: Annotated[float, Field(ge=0, le=1)]
    scope_compliance: bool
    execution_time_ms: Milliseconds
    files_created: Annotated[tuple[str, ...], FailFast(), JsonArray] = ()
    notes: str | None = None
    artifacts: dict[str, Any] | None = None
    warnings: Annotated[tuple[Any, ...], FailFast(), JsonArray] = ()
    test_results: TestResults | None = None

    @field_validator("execution_timestamp")
    @classmethod
    def _utc(cls, text: str) -> str:
        if _TIMESTAMP.fullmatch(text) and is_date(text):
            return text
        raise ValueError(f"expected ISO 8601 in UTC (2025-12-24T20:12:00Z), found {quote(text)}")

    @model_validator(mode="after")
    def _total(self) -> Self:
        if not adds_up(self.tasks_total, self.tasks_completed):
            raise ValueError(
                f"tasks_total is {self.tasks_total}, "
                f"but {len(self.tasks_completed)} tasks are completed"
            )
        return self


def is_date(text: str) -> bool:
    """Whether there is the day and the time that a text of the right form says."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def adds_up(total: int, completed: Sized) -> bool:
    """Whether there are at least as many tasks as were completed."""
    return total >= len(completed)


_FIELDS: Final = frozenset(AgentExecutionResult.model_fields)


@dataclass(frozen=True, slots=True)
class ResultValidation:
    """Whether a result fits its schema, and if not, everything that is wrong with it.

    `error_code` is the gravest one (None when valid), `message` names every forbidden field, or
    else the first of the other violations, and `violations` has them all with their paths, and
    `codes` the code of each. `error` says why it could not be validated at all: then it is not
    valid either.
    """

    valid: bool
    error_code: ErrorCode | None
    message: str
    violations: tuple[Violation, ...] = ()
    error: str | None = None
    codes: tuple[ErrorCode, ...] = ()


_VALID: Final = ResultValidation(True, None, "AgentExecutionResult is valid")


Found = list[tuple[ErrorCode, Violation]]
"""What was found wrong, each with the code that it stands for."""


def validate_execution_result(data: Any, pac: Pac | None = None) -> ResultValidation:
    """Validate what an agent handed over, and that it answers this PAC where one is given.

    Forbidden fields are looked for first, at every depth. Never raises, whatever `data` is.
    """
    plain = PlainCopy(data)
    problems = plain.problems[:MAX_VIOLATIONS]
    no_json = [(ErrorCode.GS_130, Violation(pointer(path), said)) for path, said in problems]
    hidden = [
        _forbidden(field, pointer(path))
        for path, member in plain.nameless
        for field in forbidden_fields(member)
    ]
    return conclude(no_json + hidden + result_faults(plain.copy, pac))


def result_faults(data: Any, pac: Pac | None = None, at: str = "") -> Found:
    """What is wrong with a result, a plain JSON value; `at` is its pointer in its document."""
    found = [_forbidden(field, at) for field in forbidden_fields(data)] + _identity(data, at)
    named = {violation.path for _, violation in found}
    schema = _schema(data, pac, at)
    return found + [(ErrorCode.GS_130, v) for v in schema if v.path not in named]


def stray_faults(
    stray: Mapping[str, Any], problems: Mapping[str, str] = MappingProxyType({})
) -> Found:
    """What is wrong with fields that stand in a document where none belong: all of it.

    `problems` are those of fields of which more is known.
    """
    found = [_forbidden(field, "") for field in forbidden_fields(stray)]
    named = {violation.path for _, violation in found}
    message = "the field is unknown beside pac and execution_result"
    unknown = [Violation(pointer((key,)), problems.get(key, message)) for key in stray]
    return found + [(ErrorCode.GS_130, v) for v in unknown if v.path not in named]


def conclude(found: Found) -> ResultValidation:
    """One code for all that was found: the gravest, whose violations the message names first."""
    if not found:
        return _VALID
    ranked = sorted(found, key=lambda one: _PRECEDENCE.index(one[0]))
    code = ranked[0][0]
    grave = [str(v) for c, v in ranked if c is not ErrorCode.GS_130]
    mild = [str(v) for c, v in ranked if c is ErrorCode.GS_130]
    told = enumerate_some(grave, most=MAX_VIOLATIONS) or enumerate_some(mild, most=10)
    return ResultValidation(
        False,
        code,
        f"{_WHY[code]}: {told}",
        tuple(v for _, v in found),
        codes=tuple(c for c, _ in found),
    )


def _forbidden(field: ForbiddenField, at: str) -> tuple[ErrorCode, Violation]:
    message = f"the field {quote(field.path[-1])} is forbidden"
    return field.code, Violation(at + pointer(field.path), message)


def _identity(data: Any, at: str) -> Found:
    gid = data.get("agent_gid") if isinstance(data, Mapping) else None
    if isinstance(gid, str) and looks_like(gid, BENSON_GID):
        message = f"{BENSON_GID} judges and never executes"
        return [(ErrorCode.GS_133, Violation(f"{at}/agent_gid", message))]
    return []


def _schema(data: Any, pac: Pac | None, at: str) -> list[Violation]:
    if not isinstance(data, Mapping):
        return [Violation(at, f"expected an object, found {quote(data)}")]
    try:
        AgentExecutionResult.model_validate(_bounded(data))
    except ValidationError as error:
        found = violations(error, AgentExecutionResult, at)
    else:
        found = []
    return found if pac is None else found + _answers(data, pac, at)


def _bounded(data: Mapping[str, Any]) -> dict[str, Any]:
    """The known fields, and as many of the unknown ones as are told."""
    known = {name: data[name] for name in _FIELDS if name in data}
    unknown = islice((name for name in data if name not in _FIELDS), MAX_VIOLATIONS)
    return known | {name: data[name] for name in unknown}


def _answers(data: Mapping[str, Any], pac: Pac, at: str) -> list[Violation]:
    """Whether the result is one for this PAC, by the agent that it was dispatched to."""
    found = []
    for field, wanted in (
        ("pac_id", pac.pac_id),
        ("agent_gid", pac.agent_gid),
        ("agent_name", pac.agent_name),
    ):
        given = data.get(field)
        if not isinstance(given, str):
            continue  # missing or of a wrong type: the schema says so
        named_alike = field == "agent_name" and given.casefold() == wanted.casefold()
        if given != wanted and not named_alike:
            message = f"expected {quote(wanted)} as dispatched, found {quote(given)}"
            found.append(Violation(f"{at}/{field}", message))
    return found
