"""Foreign text in our own sentences: bounded, on one line, and without control characters."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

MAX_QUOTED = 120
"""How many characters of foreign text a sentence of ours quotes at most."""


def quote(value: Any) -> str:
    """A JSON value as it may stand in a sentence: `'T1'`, `0.9`, `true`, `a list of 3`.

    Of anything else only the type is told: its own words may be anything, or raise.
    """
    kind = type(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is str:
        return f"'{plain(value)}'"
    if kind is int and value.bit_length() > MAX_QUOTED:
        return f"an integer of {value.bit_length()} bits"
    if kind is int or kind is float:
        return repr(value)
    if kind is list or kind is tuple:
        return f"a list of {len(value)}"
    if kind is dict:
        return "an object"
    return f"a value of type {plain(kind.__name__)}"


def plain(text: str, length: int = MAX_QUOTED) -> str:
    """At most `length` characters of a text, all of them printable.

    Line ends, control characters and whatever turns the direction of writing show as escapes.
    """
    text = shorten(text, length)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def shorten(text: str, length: int = MAX_QUOTED) -> str:
    """The first `length` characters, with an ellipsis where there were more."""
    return text if len(text) <= length else text[: length - 1] + "…"


def enumerate_some(items: Iterable[str], most: int = 5, more: int = 0) -> str:
    """`a, b, c`, and how many more: those beyond `most`, and `more` that were left out."""
    known = list(items)
    more = max(more, 0) + max(len(known) - most, 0)
    return ", ".join(known[:most]) + (f" and {more} more" if more > 0 else "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'tasks'?)` where a known word is close, or nothing."""
    close = difflib.get_close_matches(word[:MAX_QUOTED], list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def number(value: float) -> str:
    """A score with at least two decimals, and with all of them where two would round it."""
    return f"{value:.2f}" if round(value, 2) == value else repr(value)


def nearby(path: Path) -> str:
    """A path as a person would type it: relative to the current folder, or to their home."""
    with contextlib.suppress(ValueError, OSError):
        return str(path.absolute().relative_to(Path.cwd()))
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.absolute().relative_to(Path.home())}"
    return str(path)


def markdown(text: str, length: int = 2000) -> str:
    """Foreign text for the middle of a line of Markdown, where it shows just these characters.

    No table cell ends, and no link, image or HTML begins; bare addresses do not become links.
    """
    escaped = _MARKDOWN.sub(r"\\\g<0>", plain(text, length))
    return _ADDRESS.sub(lambda m: f"{m[0][:-1]}<!---->{m[0][-1]}", escaped)


_MARKDOWN: Final = re.compile(r"[\\`*_\[\]<>|~&$]")
"""What means something to Markdown or HTML in the middle of a line."""
_ADDRESS: Final = re.compile(r":/|www\.|:\w|@", re.IGNORECASE)
"""What makes a renderer take bare words for an address; an empty comment breaks it up."""
