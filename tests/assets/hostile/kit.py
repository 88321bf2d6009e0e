"""How a hostile document is made: a good one with one defect, and what must come of it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

EXIT_CODES: Final = {
    "COMPLETED": 0,
    "BLOCKED": 1,
    "unreadable": 2,
    "invalid_pac": 2,
    "FAILED": 3,
}
"""The contract's: what was not judged at all is 2, and an execution that failed is 3."""
ALL_BUT_CP_01: Final = ("CP-02", "CP-03", "CP-04")
"""The gates that need a result; CP-01 asks the PAC alone."""

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
    "quality_score": 0.9,
    "scope_compliance": True,
    "execution_time_ms": 1200,
    "notes": "done",
}


class _Missing:
    """The value of a member that is to be left out."""


MISSING: Final = _Missing()


class Asset(NamedTuple):
    """A document's file, and the answer to it."""

    name: str
    content: bytes
    answer: str
    error_code: str | None = None
    failed: tuple[str, ...] = ()
    words: str = ""
    """What the answer must say, somewhere, to name the defect."""

    @property
    def is_text(self) -> bool:
        """Whether a parameter that is a string can carry it."""
        try:
            self.content.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def expected(self) -> dict[str, Any]:
        """The members of `expected.json`."""
        said: dict[str, Any] = {
            "answer": self.answer,
            "exit_code": EXIT_CODES[self.answer],
            "error_code": self.error_code,
            "failed": list(self.failed),
            "words": self.words,
        }
        return said if self.is_text else {**said, "bytes_only": True}


def pac_id_of(name: str) -> str:
    """A PAC id that no other document has: a PAC is closed only once."""
    words = re.sub("[^A-Z0-9]+", "-", name.upper()).strip("-")
    return f"PAC-HOSTILE-P7-{words}"


def _without_missing(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not MISSING}


def document(
    name: str,
    *,
    pac: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    beside: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A document that passes every gate, but for these changes."""
    pac_id = pac_id_of(name)
    made = {
        "pac": _without_missing({"pac_id": pac_id, **_PAC, **(pac or {})}),
        "execution_result": _without_missing({"pac_id": pac_id, **_RESULT, **(result or {})}),
        **(beside or {}),
    }
    return copy.deepcopy(made)


def written(value: Any) -> bytes:
    """A JSON text of it, in UTF-8 and on one line."""
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def good(name: str) -> str:
    """The text of a document that passes every gate."""
    return written(document(name)).decode()


def put(name: str, *changes: tuple[str, str]) -> str:
    """That text after changes to its letters, each at exactly one place."""
    text = good(name)
    for old, new in changes:
        assert text.count(old) == 1, (name, old)
        text = text.replace(old, new)
    return text


def raw(
    name: str, content: str | bytes, answer: str, words: str = "", *, suffix: str = "json"
) -> Asset:
    """A document of exactly these letters or bytes, which is not judged, or passes."""
    data = content if isinstance(content, bytes) else content.encode()
    return Asset(f"{name}.{suffix}", data, answer, words=words)


def unreadable(name: str, content: str | bytes, words: str = "", *, suffix: str = "json") -> Asset:
    """No dispatch: there is no value in it, or none that all readers agree about."""
    return raw(name, content, "unreadable", words, suffix=suffix)


def spoilt(name: str, old: str, new: str, words: str) -> Asset:
    """Unreadable by one change to the letters of a good document."""
    return unreadable(name, put(name, (old, new)), words)


def judged(
    name: str,
    code: str | None = None,
    *failed: str,
    words: str = "",
    pac: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    beside: dict[str, Any] | None = None,
) -> Asset:
    """A readable document with a valid PAC; COMPLETED when nothing is wrong with it."""
    answer = "BLOCKED" if code or failed else "COMPLETED"
    made = document(name, pac=pac, result=result, beside=beside)
    return Asset(f"{name}.json", written(made), answer, code, failed, words)


def lettered(name: str, code: str | None, *failed: str, old: str, new: str) -> Asset:
    """A readable document in which it matters how something is spelt."""
    answer = "BLOCKED" if code or failed else "COMPLETED"
    return Asset(f"{name}.json", put(name, (old, new)).encode(), answer, code, failed)


def with_result(
    name: str, code: str | None = None, *failed: str, words: str = "", **result: Any
) -> Asset:
    """A document whose result has these changes."""
    return judged(name, code, *failed, words=words, result=result)


def invalid_pac(name: str, words: str, **pac: Any) -> Asset:
    """A document by whose PAC nothing can be judged."""
    content = written(document(name, pac=pac))
    return Asset(f"{name}.json", content, "invalid_pac", words=words)


def unique(assets: Iterable[Asset]) -> list[Asset]:
    """All of them by name; no name may stand for two."""
    made = sorted(assets)
    names = [asset.name for asset in made]
    assert len(set(names)) == len(names), [n for n in names if names.count(n) > 1]
    return made
