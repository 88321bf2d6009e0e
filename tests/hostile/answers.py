"""What is expected of each hostile document, and what no answer may show."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.assets.hostile.make import EXPECTED

ASSETS: Final = Path(__file__).parents[1] / "assets" / "hostile"
REFUSED: Final = frozenset({"unreadable", "invalid_pac"})
"""The answers to what is not judged: no dispatch, a refusal record, exit code 2."""
_ALLOWED: Final = frozenset("\n")
_CONTROLS: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_DIRECTIONS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


class Expected(NamedTuple):
    """What `expected.json` says of a document."""

    answer: str
    exit_code: int
    error_code: str | None
    failed: list[str]
    words: str
    bytes_only: bool = False
    """It is no text, so that no parameter that is a string can carry it."""

    @property
    def is_refused(self) -> bool:
        return self.answer in REFUSED

    @property
    def verdict(self) -> tuple[str, str | None, list[str]]:
        """Status, error code, failed checkpoints."""
        return self.answer, self.error_code, self.failed


EXPECTATIONS: Final[Mapping[str, Expected]] = {
    name: Expected(**said) for name, said in json.loads((ASSETS / EXPECTED).read_bytes()).items()
}
READABLE: Final = [name for name, said in EXPECTATIONS.items() if not said.is_refused]
UNJUDGED: Final = [name for name, said in EXPECTATIONS.items() if said.is_refused]


def content_of(name: str) -> bytes:
    return (ASSETS / name).read_bytes()


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def verdict_of(told: Mapping[str, Any]) -> tuple[str | None, str | None, list[str]]:
    """The same three of what `--json` prints."""
    failed = [c["checkpoint_id"] for c in told["checkpoints"] if c["status"] == "FAIL"]
    return told["status"], told["error_code"], failed


def raw_in(shown: str) -> list[str]:
    """The characters that a terminal or an eye would obey, by name; a line feed is ours."""
    found = (
        set(_CONTROLS.findall(shown))
        | (_DIRECTIONS & set(shown))
        | ({"\u2028", "\u2029"} & set(shown))
    )
    return sorted(unicodedata.name(c, f"U+{ord(c):04X}") for c in found - _ALLOWED)


def files_in(folder: Path) -> set[str]:
    """The names of everything below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
