"""Documents to judge: one that passes, and how to change it."""

from __future__ import annotations

import copy
import itertools
import json
from pathlib import Path
from typing import Any, Final

EXAMPLES: Final = Path(__file__).parents[2] / "examples"

_PAC: Final[dict[str, Any]] = {
    "agent_gid": "GID-07",
    "agent_name": "Dan",
    "tasks": [{"id": "T1", "description": "first"}, {"id": "T2", "description": "second"}],
    "allowed_paths": ["src/", "README.md"],
    "forbidden_paths": ["src/secret/"],
}
_RESULT: Final[dict[str, Any]] = {
    "agent_gid": "GID-07",
    "agent_name": "Dan",
    "execution_timestamp": "2025-12-24T20:12:00Z",
    "tasks_completed": ["T1", "T2"],
    "tasks_total": 2,
    "files_modified": ["src/app.py"],
    "files_created": ["README.md"],
    "quality_score": 0.9,
    "scope_compliance": True,
    "execution_time_ms": 1200,
}
REQUIRED: Final = (
    "pac_id",
    "agent_gid",
    "agent_name",
    "execution_timestamp",
    "tasks_completed",
    "tasks_total",
    "files_modified",
    "quality_score",
    "scope_compliance",
    "execution_time_ms",
)
"""The required fields of a result, as the contract lists them."""

MISSING: Final = object()
"""The value of a field that is to be left out."""

_numbers = itertools.count(1)


def document(
    pac_id: str | None = None,
    *,
    pac: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A document of a PAC of its own that passes every gate, but for these changes."""
    pac_id = pac_id or f"PAC-DAN-P53-CLI-{next(_numbers):03d}"
    made = {
        "pac": {"pac_id": pac_id, **_PAC, **(pac or {})},
        "execution_result": {"pac_id": pac_id, **_RESULT, **(result or {})},
    }
    made = {
        member: {field: value for field, value in fields.items() if value is not MISSING}
        for member, fields in made.items()
    }
    return copy.deepcopy(made)


def line(content: Any) -> bytes:
    """A document as one line of JSON Lines; text goes in as it is."""
    return (content if isinstance(content, str) else json.dumps(content)).encode() + b"\n"


def save(folder: Path, name: str, content: Any) -> Path:
    """A document in a file; text and bytes go in as they are."""
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return path
