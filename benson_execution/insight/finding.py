"""A finding: one thing that kept a dispatch from passing, and what would make it pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from benson_execution.frozen import FrozenObject
from benson_execution.schema import pointer
from benson_execution.text import enumerate_some, quote

MAX_PLACES: Final = 50
"""How many places a finding names; the artifact has the document, and so all of them."""
AGAIN: Final = "judge it again (`benson run FILE`, or `benson submit FILE`)"
"""What to do where nothing in the document needs a change."""
_NAMED: Final = 3
"""How many places or values a sentence names."""


Said = Mapping[str, FrozenObject]
"""What a dispatch's events say, by their types."""


class Kept(StrEnum):
    """What kept a dispatch from passing, where it is neither a checkpoint nor an error code."""

    NO_RESULT = "NO_RESULT"
    """The agent handed nothing over, or nothing that could be judged at all."""
    NOT_JUDGED = "NOT_JUDGED"
    """A phase raised: what was not judged has not passed."""
    UNEXPLAINED = "UNEXPLAINED"
    """The record does not say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What kept a dispatch from passing.

    `cause` is a checkpoint's id, an error code, a `Cause` of the summaries, or one of `Kept`.
    `what` says what was found, `fix` what would make it pass, each in one sentence that may quote
    foreign text, in escapes. `where` are JSON Pointers into the document, and `more` how many
    were left out of them.
    """

    cause: str
    what: str
    fix: str
    where: tuple[str, ...] = ()
    more: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The members that `--json` prints."""
        return {**asdict(self), "where": list(self.where)}


def found_at(cause: str, what: str, fix: str, places: Sequence[str] = (), more: int = 0) -> Finding:
    """A finding at these places, of which it names the first."""
    left_out = max(len(places) - MAX_PLACES, 0)
    return Finding(cause, what, fix, tuple(places[:MAX_PLACES]), more + left_out)


def in_result(place: Iterable[str | int]) -> str:
    """The JSON Pointer of a place in the result, in the document that it came in."""
    return pointer(("execution_result", *place))


def some(values: Sequence[Any], most: int = _NAMED) -> str:
    """The first of some values, quoted, and how many more."""
    return enumerate_some(map(quote, values[:most]), more=len(values) - most)


def some_places(places: Sequence[str]) -> str:
    """The first of some JSON Pointers, and how many more."""
    return enumerate_some(places[:_NAMED], more=len(places) - _NAMED)
