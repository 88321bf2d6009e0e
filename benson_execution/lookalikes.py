"""Which letters a character may be taken for: Unicode's confusables, and what they leave out."""

from __future__ import annotations

import functools
import re
import unicodedata
from itertools import islice
from typing import Any, Final

_ALIKE: Final = {ord(c): "i" for c in "1l|!"} | {ord("0"): "o"}
"""ASCII's own look-alikes, after case is gone."""
_TABLE: Final = {ord(c): None for c in map(chr, range(128)) if not c.isalnum()} | _ALIKE
ODD: Final = re.compile(r"[@$!|345780+]")
"""What may stand for a letter in ASCII; all else has one reading there."""
_FOR: Final = {"@": "a", "4": "a", "3": "e", "$": "s", "5": "s", "7": "t", "+": "t", "8": "b"}
_ALSO: Final = {"\N{GREEK SMALL LETTER OMEGA}", "\N{CYRILLIC SMALL LETTER SHA}"} | set(
    "\N{LATIN SMALL LETTER TURNED W}\N{CANADIAN SYLLABICS CARRIER GU}\N{COPTIC SMALL LETTER OOU}"
)
"""Taken for a w, though Unicode's table does not list them."""
WITHOUT_SIGHT: Final = re.compile(
    "[\u00ad\u0300-\u036f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff"
    "\ufe00-\ufe0f\ufeff\ufff0-\ufff8\U000e0000-\U000e0fff]+"
)
"""Accents and what is not seen at all: removed first, since a name may have a thousand of them."""
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by their category, and blank to the eye."""
_SEPARATING: Final = ("M", "Z", "P", "S", "Cf", "Cc", "Lm")
"""Categories, or their beginnings, of what may stand between two letters of a name."""
_LATIN: Final = re.compile(
    r"(?:.*\b(?:LATIN|REGIONAL INDICATOR)\b.*) LETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .*)?"
)
"""Letters with strokes and hooks, in circles and squares, and small capitals."""
_MARK: Final = "\N{LEFT-TO-RIGHT MARK}"
"""Stands around the table's letters that are written from right to left."""


def fold_ascii(text: str) -> str:
    """A text as it looks: lower-case letters, and digits that are no letters in disguise."""
    return text.lower().translate(_TABLE)


@functools.lru_cache(maxsize=1 << 15)
def readings(character: str) -> frozenset[str]:
    """The letters (as `fold_ascii` has them) that a character may be taken for.

    The empty text is one of them where it may be overlooked; there is none where it is a letter
    of its own.
    """
    found = set()
    category = unicodedata.category(character)
    if category.startswith(_SEPARATING) or character in _FILLERS:
        found.add("")
    if character.isascii():
        found.update(filter(None, (fold_ascii(character), _FOR.get(character))))
        return frozenset(found)
    found.update(map(fold_ascii, filter(_is_letters, _twins(character))))
    if character.casefold() in _ALSO:
        found.add("w")
    return frozenset(found)


def alike(one: str, other: str) -> bool:
    """Whether two names may be taken for one another; neither has to be ASCII.

    Those that differ only behind their first `_COMPARED` visible characters may be.
    """
    left, right = _letters(one), _letters(other)
    if not left or not right:
        return False
    # All readings of both at once: how far into each, and what one of them is ahead by.
    reached = {(0, 0, "", "")}
    rest = list(reached)
    while rest:
        at, by, here, there = rest.pop()
        if (at, by, here, there) == (len(left), len(right), "", ""):
            return True
        steps = []
        if not here and at < len(left):
            steps += [(at + 1, by, letter, there) for letter in left[at]]
        if not there and by < len(right):
            steps += [(at, by + 1, here, letter) for letter in right[by]]
        for i, j, ahead, behind in steps:
            common = min(len(ahead), len(behind))
            step = (i, j, ahead[common:], behind[common:])
            if ahead[:common] == behind[:common] and step not in reached:
                reached.add(step)
                rest.append(step)
    return False


_COMPARED: Final = 200


def _letters(text: str) -> list[frozenset[str]]:
    """What each character of a text may be read as, but those that nobody reads."""
    seen = WITHOUT_SIGHT.sub("", compared(text))
    shown = (c for c in seen if not unicodedata.category(c).startswith("C"))
    found = (readings(c) or frozenset({c}) for c in shown)
    return list(islice((letters for letters in found if letters != {""}), _COMPARED))


def compared(text: str) -> str:
    """A text in the one of its spellings that Unicode holds for the same, without case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_letters(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _twins(character: str) -> set[str]:
    """All that a character is or looks like, in other letters."""
    confusables = _confusables()
    forms = {character, character.lower(), character.upper(), character.casefold()}
    near = {twin for form in forms for twin in confusables.get(form, ())}
    far = {twin for form in near for twin in confusables.get(form, ())}
    twins = {t.replace(_MARK, "") for t in forms | near | far}
    named = {found[1] for one in twins if len(one) == 1 and (found := _named(one)) is not None}
    plain = {_without_accents(one) for one in twins}
    return twins | named | plain


def _named(character: str) -> re.Match[str] | None:
    return _LATIN.fullmatch(unicodedata.name(character, ""))


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@functools.cache
def _confusables() -> dict[str, frozenset[str]]:
    """Unicode's table; it takes a while to load, and nearly all names are ASCII."""
    from confusable_homoglyphs.confusables import confusables_data

    table: dict[str, Any] = confusables_data
    return {
        character.replace(_MARK, ""): frozenset(twin["c"].replace(_MARK, "") for twin in twins)
        for character, twins in table.items()
    }
