"""The fields that no agent may hand over, found at any depth and under any spelling.

An agent that could name a WRAP in Cyrillic letters would have found a way past every reader who
looks for one. So names are compared by how they look: without case, separators, accents and
invisible characters, with look-alikes taken for the letters that they imitate (Unicode TR39).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from benson_execution.events import ErrorCode
from benson_execution.schema import MAX_VIOLATIONS

FORBIDDEN: Final[Mapping[str, ErrorCode]] = {
    "wrap_id": ErrorCode.GS_131,
    "wrap_status": ErrorCode.GS_131,
    "wrap_accepted": ErrorCode.GS_131,
    "positive_closure": ErrorCode.GS_132,
    "closure_authority": ErrorCode.GS_132,
    "wrap_authority": ErrorCode.GS_133,
}
_ALIKE: Final = {ord(c): "i" for c in "1l|!"} | {ord("0"): "o"}
"""ASCII's own look-alikes, after case is gone."""
_TABLE: Final = {ord(c): None for c in map(chr, range(128)) if not c.isalnum()} | _ALIKE
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by their category, and blank to the eye."""
_INVISIBLE: Final = frozenset({"Mn", "Me", "Mc", "Cf", "Cc", "Cs", "Co", "Cn"})


class ForbiddenField(NamedTuple):
    """A field that was found: the keys and indexes that lead to it, the last being its name."""

    path: tuple[Any, ...]
    code: ErrorCode


def forbidden_fields(value: Any) -> Iterator[ForbiddenField]:
    """The forbidden fields of a plain JSON value, those of an object before those inside it.

    Of each code as many as are told; one grave one is not crowded out by others. What a program
    put into several places is walked at the first, or a small value could unfold without end.
    """
    codes: dict[str, ErrorCode | None] = {}
    noted: Counter[ErrorCode] = Counter()
    seen: set[int] = set()
    rest: list[tuple[Any, Any]] = [(value, None)]
    while rest:
        parent, place = rest.pop()
        if type(parent) is dict:
            for key in parent:
                if key not in codes:
                    codes[key] = code_of(key)
                code = codes[key]
                if code is not None:
                    noted[code] += 1
                    if noted[code] <= MAX_VIOLATIONS:
                        yield ForbiddenField(_path((place, key)), code)
        inside = []
        for step, member in _members(parent):
            if type(member) in _CONTAINERS and id(member) not in seen:
                seen.add(id(member))
                inside.append((member, (place, step)))
        rest += reversed(inside)


_CONTAINERS: Final = (dict, list)


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    if type(value) is dict:
        return value.items()
    return enumerate(value) if type(value) is list else ()


def _path(place: Any) -> tuple[Any, ...]:
    """The steps to a place, which is linked to the one above it."""
    steps = []
    while place is not None:
        place, step = place
        steps.append(step)
    return tuple(reversed(steps))


def code_of(name: str) -> ErrorCode | None:
    """What it means that a field has this name; None when it may have it."""
    if name.isascii():
        return _CODES.get(_fold_ascii(name))
    # Compatibility forms and look-alikes can differ: the long s is an s to one, an f to the other.
    for form in (unicodedata.normalize("NFKD", name), unicodedata.normalize("NFD", name)):
        code = _CODES.get(_fold(form))
        if code is not None:
            return code
    return None


def looks_like(text: str, other: str) -> bool:
    """Whether two names are one to whoever reads them."""
    return _fold(unicodedata.normalize("NFKD", text)) == _fold_ascii(other)


def _fold_ascii(text: str) -> str:
    return text.lower().translate(_TABLE).replace("vv", "w")


def _fold(decomposed: str) -> str:
    """A name as it looks: lower-case letters, and digits that are no letters in disguise."""
    shown = (c if c.isascii() else _imitated(c) for c in decomposed)
    return _fold_ascii("".join(shown))


_LATIN: Final = re.compile(
    "LATIN (?:SMALL|CAPITAL) LETTER ([A-Z])(?: WITH .*)?|LATIN LETTER SMALL CAPITAL ([A-Z])"
)
"""Letters with strokes and hooks, and small capitals, which no table takes for the plain ones."""


@functools.lru_cache(maxsize=4096)
def _imitated(character: str) -> str:
    """The ASCII letters that a character looks like; nothing where it is not seen."""
    if character in _FILLERS or unicodedata.category(character) in _INVISIBLE:
        return ""
    if (named := _LATIN.fullmatch(unicodedata.name(character, ""))) is not None:
        return named[1] or named[2]
    # Its table takes a while to load, and nearly all keys are ASCII.
    from confusable_homoglyphs.confusables import confusables_data

    forms = dict.fromkeys((character, character.lower(), character.upper(), character.casefold()))
    near = [twin["c"] for form in forms for twin in confusables_data.get(form, ())]
    far = [twin["c"] for form in near for twin in confusables_data.get(form, ())]
    for twin in (*forms, *near, *far):
        letters = "".join(c for c in twin if unicodedata.category(c) not in _INVISIBLE)
        if letters.isascii() and letters.isalnum():
            return letters
    return character if character.isalnum() else ""


_CODES: Final = {_fold_ascii(name): code for name, code in FORBIDDEN.items()}
