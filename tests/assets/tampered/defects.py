"""What a defect is: how a file came to be, and what verification must say of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benson_execution.verification.findings import Kind
from tests.verification.honest import Honest

FIRST: Final = "first"
"""The trail when it had one dispatch: completed, with a WRAP."""
EARLY: Final = "early"
"""The same trail with an open dispatch behind that."""
LATER: Final = "later"
"""The same trail with a blocked dispatch behind these."""
FULL: Final = "full"
"""The same trail with a further completed dispatch: all that was recorded."""
ROTATED: Final = "rotated"
"""The early trail, handed over to a second key, with a blocked dispatch signed by that."""

REFUSED: Final = "refused"
"""The first trail, with a refusal behind its dispatch, and a blocked dispatch behind that."""

HEAD: Final = "head.json"
HEADS: Final = "heads.jsonl"
TRUSTED: Final = "trusted.pem"
EXPECTED: Final = "expected.json"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What verification finds in a file: these kinds and no other, and these words in it."""

    kinds: tuple[Kind, ...]
    words: tuple[str, ...]
    against: str | None = None
    """What was kept elsewhere, without which nothing is found."""

    def to_dict(self) -> dict[str, Any]:
        """As `expected.json` has it."""
        members: dict[str, Any] = {"kinds": sorted(self.kinds), "words": list(self.words)}
        return members if self.against is None else {**members, "against": self.against}


@dataclass(frozen=True, slots=True)
class World:
    """What somebody has who changes trails: copies of one from several days, and another one."""

    trails: dict[str, Honest]
    other: Honest

    def copy(self, name: str, target: Path) -> None:
        """A copy of a trail, in one file."""
        target.write_bytes(self.trails[name].path.read_bytes())


Tamper = Callable[[sqlite3.Connection, World], None]
Spoil = Callable[[bytes], bytes]
Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class TrailDefect:
    """A change to the rows of a trail."""

    base: str
    tamper: Tamper
    expected: Expectation
    guarded: bool = True
    """Whether the guards stand again afterwards."""


TRAILS: Final[dict[str, TrailDefect]] = {}
FILES: Final[dict[str, tuple[Spoil, Expectation]]] = {}
ARTIFACTS: Final[dict[str, tuple[Change | Spoil, Expectation]]] = {}


def trail(
    name: str,
    *kinds: Kind,
    words: tuple[str, ...],
    base: str = FIRST,
    against: str | None = None,
    guarded: bool = True,
) -> Callable[[Tamper], Tamper]:
    """Name a change to rows, and say what is found."""

    def keep(tamper: Tamper) -> Tamper:
        assert name not in TRAILS, name
        TRAILS[name] = TrailDefect(base, tamper, Expectation(kinds, words, against), guarded)
        return tamper

    return keep


def flipped(content: bytes, at: int) -> bytes:
    """These bytes with one of them another one."""
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def one(connection: sqlite3.Connection, query: str, *values: object) -> Any:
    """The one value that a query has."""
    ((value,),) = connection.execute(query, values).fetchall()
    return value
