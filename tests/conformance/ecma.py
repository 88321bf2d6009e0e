"""The published schemas in an independent implementation, with patterns as ECMA-262 reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator

from benson_execution.conformance import schema_of


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    # Python's `$` also matches before a line end; ECMA-262's, which JSON Schema has, does not.
    python = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(python, value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = jsonschema.validators.extend(Draft202012Validator, {"pattern": _pattern})
_known: dict[str, Any] = {}


def fits(value: Any, kind: str) -> bool:
    """Whether a value fits the published schema of a kind."""
    if kind not in _known:
        schema = schema_of(kind)
        Draft202012Validator.check_schema(schema)
        _known[kind] = _Validator(schema)
    return bool(_known[kind].is_valid(value))
