"""What the PAC and the AgentExecutionResult share: strict models, and violations with a path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, NamedTuple, TypeGuard

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from benson_execution.text import did_you_mean, plain, quote, shorten

MAX_VIOLATIONS: Final = 1000
"""How many violations of one kind are kept: a hostile result must not grow its own record."""


MAX_POINTER: Final = 500
"""How many characters of a place are told: sixty keys of a thousand characters may lead there."""
MAX_GUESSES: Final = 20
"""For how many unknown fields it is guessed what was meant."""


class Violation(NamedTuple):
    """One thing that is wrong: where (a JSON Pointer, RFC 6901), and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: {self.message}"


class Strict(BaseModel):
    """Exact types, known fields only, and no changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _array(value: Any) -> Any:
    """A JSON array arrives as a list; a frozen model keeps it as a tuple."""
    return tuple(value) if isinstance(value, list) else value


JsonArray = BeforeValidator(_array, json_schema_input_type=list[Any])
"""Marks a tuple field that a JSON array may fill, which strictness alone would refuse.

Beside it stands `FailFast`: of a million wrong items, telling the first one is enough.
"""

NonEmpty = Annotated[str, Field(min_length=1)]
AgentGid = Annotated[str, Field(pattern=r"^GID-[0-9]{2}$")]
PacId = Annotated[str, Field(pattern=r"^PAC-[A-Z0-9-]+$", max_length=128)]


_PAC_ID: Final = TypeAdapter(PacId)


def is_pac_id(value: Any) -> TypeGuard[str]:
    """Whether this is a well-formed PAC id."""
    try:
        _PAC_ID.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def pointer(location: Iterable[Any]) -> str:
    """The JSON Pointer (RFC 6901) of a place in a document; overlong keys are cut, and so is it."""
    text = ""
    for part in location:
        text += "/" + plain(str(part)).replace("~", "~0").replace("/", "~1")
        if len(text) > MAX_POINTER:
            break  # the rest is not told; and somebody may have made it very long
    return shorten(text, MAX_POINTER)


def violations(error: ValidationError, model: type[BaseModel], at: str = "") -> list[Violation]:
    """What pydantic found wrong, in our words where they say more than pydantic's.

    `at` is the JSON Pointer of what was validated in its document.
    """
    found: list[Violation] = []
    for one in error.errors(include_url=False, include_context=True)[:MAX_VIOLATIONS]:
        location = one["loc"]
        match one["type"]:
            case "missing":
                message = "the required field is missing"
            case "extra_forbidden":
                # A guess costs more than a refusal, and a thousand guesses help nobody.
                may_guess = len(location) == 1 and len(found) < MAX_GUESSES
                known = model.model_fields if may_guess else ()
                message = f"the field is unknown{did_you_mean(str(location[-1]), known)}"
            case "model_type":
                message = f"expected an object, found {quote(one['input'])}"
            case "tuple_type":
                message = f"expected a list, found {quote(one['input'])}"
            case "value_error":  # raised by a validator of ours, which says it all
                message = str(one["ctx"]["error"])
            case _:
                said = one["msg"]
                message = f"{said[:1].lower()}{said[1:]}, found {quote(one['input'])}"
        found.append(Violation(at + pointer(location), message))
    return found


def as_dict(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, otherwise an empty one: for reading what may not be there."""
    return value if isinstance(value, Mapping) else {}
