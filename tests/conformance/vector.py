"""A vector: a document, and what is expected of it. `make_vectors.py` writes what is made here."""

from __future__ import annotations

import json
from typing import Any, Final

Vector = dict[str, Any]


def valid(name: str, content: Any, **more: Any) -> Vector:
    """A document that is valid, and fits its schema."""
    return _vector(name, content, True, [], "fits", more)


def refused(name: str, content: Any, *pointers: str, **more: Any) -> Vector:
    """A document that is invalid at these places; its schema refuses it too."""
    return _vector(name, content, False, list(pointers), "refuses", more)


def beyond(name: str, content: Any, *pointers: str, **more: Any) -> Vector:
    """A document that is invalid at these places, by a rule that no JSON Schema can say."""
    return _vector(name, content, False, list(pointers), "fits", more)


def unreadable(name: str, text: str, /, line: int | None = 1, **more: Any) -> Vector:
    """A text that is refused before anybody asks what it is meant to be."""
    members = {"name": name, "text": text, "readable": False, "valid": False, "line": line}
    return {**members, "violations": [], "schema": None, **more}


def _vector(
    name: str, content: Any, is_valid: bool, at: list[str], schema: str, more: Any
) -> Vector:
    text = content if isinstance(content, str) else json.dumps(content)
    members = {"name": name, "text": text, "readable": True, "valid": is_valid}
    return {**members, "violations": at, "schema": schema, **more}


def verdict(status: str | None, code: str | None, gates: str, exit_code: int) -> dict[str, Any]:
    """What judging says: `gates` has P for PASS and F for FAIL, in order."""
    said = {"P": "PASS", "F": "FAIL"}
    checkpoints = {f"CP-0{n}": said[gate] for n, gate in enumerate(gates, 1)}
    members = {"status": status, "error_code": code, "checkpoints": checkpoints}
    return {"verdict": {**members, "exit_code": exit_code}}


COMPLETED: Final = verdict("COMPLETED", None, "PPPP", 0)
NOT_JUDGED: Final = verdict(None, None, "", 2)
