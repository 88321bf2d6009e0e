"""Whether nothing is wrong with an AgentExecutionResult, ten times faster than asking what is.

In a file of a million results nearly all are valid. For them no model is built: what its fields
say is asked of the plain value. Whatever does not pass here is judged by the model, which has the
words for what is wrong; so this may refuse what the model lets pass, and never the other way round.
"""

from __future__ import annotations

from collections.abc import Callable
from types import GenericAlias
from typing import Annotated, Any, Final, NotRequired, get_args

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from pydantic.fields import FieldInfo

# Pydantic takes Python's own only from 3.12 on.
from typing_extensions import TypedDict

from benson_execution.forbidden import forbidden_fields
from benson_execution.registry import BENSON_GID
from benson_execution.result import TIMESTAMP, AgentExecutionResult, adds_up, is_date
from benson_execution.schema import JsonArray


def is_valid_result(value: Any) -> bool:
    """Whether this plain JSON value is an AgentExecutionResult without a fault.

    The fields are known but for the names inside two of them, and any GID that has the form of one
    and is not Benson's does not look like Benson's either.
    """
    if type(value) is not dict or not _NAMES.issuperset(value) or not _fits(value):
        return False
    if (
        value["agent_gid"] == BENSON_GID
        or not adds_up(value["tasks_total"], value["tasks_completed"])
        or not is_date(value["execution_timestamp"])
    ):
        return False
    artifacts, warnings = value.get("artifacts"), value.get("warnings")
    is_free = artifacts or warnings
    return not is_free or next(forbidden_fields([artifacts, warnings]), None) is None


def _plain_fields() -> Callable[[Any], bool]:
    """A check of the model's own fields with their own constraints, which builds no model.

    What its validators in Python say is no part of it: that is asked above.
    """
    fields = AgentExecutionResult.model_fields
    members = {name: _of_plain_json(name, field) for name, field in fields.items()}
    # Pydantic compares names more slowly than a set does, which has been asked already.
    config: ConfigDict = {**AgentExecutionResult.model_config, "extra": "ignore"}
    # The type checker knows a TypedDict only where its members are written out.
    shape = with_config(config)(TypedDict("_Result", members))  # type: ignore[operator]
    return TypeAdapter(shape).validator.isinstance_python


def _of_plain_json(name: str, field: FieldInfo) -> Any:
    wanted: Any = field.annotation
    constraints = list(field.metadata)
    if JsonArray in constraints:  # a model keeps a tuple, and here nothing is kept
        constraints.remove(JsonArray)
        wanted = GenericAlias(list, get_args(wanted)[:1])
    if name == "execution_timestamp":
        constraints.append(Field(pattern=TIMESTAMP))
    member = Annotated[wanted, *constraints] if constraints else wanted
    return member if field.is_required() else NotRequired[member]


_NAMES: Final = frozenset(AgentExecutionResult.model_fields)
_fits: Final = _plain_fields()
