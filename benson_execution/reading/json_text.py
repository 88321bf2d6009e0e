"""JSON, strictly: one parser that refuses a key that stands twice, and names what it refuses."""

from __future__ import annotations

import re
from typing import Any, Final

import jiter

from benson_execution.errors import UnreadableDocument
from benson_execution.limits import MAX_DEPTH, MAX_INTEGER, MAX_KEY, MAX_VALUES
from benson_execution.text import plain, quote

_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
"""A string, or what is left of the text where it does not end: so every scan stays linear."""
_PARTS: Final = re.compile(_STRING + rb"|[,\[{]", re.DOTALL)
_WORDS: Final = re.compile(_STRING + rb"|[^\s\[\]{}:,\"]++", re.DOTALL)
_WHERE: Final = re.compile(r" at line (\d+) column (\d+)$")
_NO_NUMBER: Final = re.compile(rb"(?:NaN|Infinity)\b")
_HALF_PAIRS: Final = (
    "unexpected end of hex escape",
    "lone leading surrogate in hex escape",
)
_LONG: Final = 40
"""How many digits of a number are told."""


def parse_json(content: bytes, *, most: int | None = MAX_VALUES) -> Any:
    """The value of a JSON text in UTF-8, with at most twice `most` parts.

    Numbers are as they stand: integers of any size, and floats that may be infinite.
    """
    if most is not None and len(content) > 2 * most:
        _require_few_parts(content, most)
    try:
        # Keys are met again and again; to look for every other string costs more than to make it.
        return jiter.from_json(
            content, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys"
        )
    except ValueError as error:
        raise _named(str(error), content) from None


def is_plainly_safe(content: bytes) -> bool:
    """Whether the bytes alone show that a readable JSON text holds nothing beyond the limits.

    Most lines of JSON Lines do, and to see it costs half of a look at every value. That a text does
    not is no accusation: then its values are looked at.
    """
    # So short a text has no key that is too long, and neither too many members nor values.
    if len(content) > MAX_KEY or (_BACKSLASH in content and _NUL in content):
        return False
    signs = content.translate(_SIGNS, _OTHERS)
    return (
        _SIXTEEN_DIGITS not in signs
        and _LARGE_EXPONENT not in signs
        and signs.count(b"[") <= MAX_DEPTH
    )


# All that a number can hold is kept, so that each stays in one piece. Letters and blanks go: the
# less there is to search, the better. What separates is kept as well, or the digits of harmless
# numbers and times would run together, and look like a large one.
_KEPT: Final = b'0123456789+eE[{".-:,'
_OTHERS: Final = bytes(set(range(256)).difference(_KEPT))
_SIGNS: Final = bytes.maketrans(b"123456789+E{", b"0000000000e[")
_SIXTEEN_DIGITS: Final = b"0" * 16
"""2^53 has as many: an integer of fewer is below it, and a float of fewer needs an exponent."""
_LARGE_EXPONENT: Final = b"0e000"
"""A float of fewer digits and an exponent below 100 is far from infinity; `+` counts as a digit."""
_BACKSLASH: Final = ord("\\")
_NUL: Final = b"\\u0000"
"""In JSON only an escape can be one."""


def offset_of_number(content: bytes) -> tuple[int, str] | None:
    """Where a readable JSON text has its first number beyond what is read, and its digits."""
    for word in _WORDS.finditer(content):
        text = word[0]
        if text[:1] not in b"-0123456789":
            continue
        is_float = any(mark in text for mark in (b".", b"e", b"E"))
        if float(text) in _INFINITIES if is_float else abs(int(text)) > MAX_INTEGER:
            return word.start(), plain(text[:_LONG].decode()) + ("…" if len(text) > _LONG else "")
    return None


_INFINITIES: Final = (float("inf"), float("-inf"))


def _require_few_parts(content: bytes, most: int) -> None:
    """Refuse more than twice `most` parts before anything is built of them.

    Every value but the first follows a comma or an opening bracket, and an empty one has a bracket
    of its own: so there are at most twice as many of these as there are values.
    """
    few = 2 * most + 1
    if content.count(b",") + content.count(b"[") + content.count(b"{") < few:
        return
    parts = 0
    for word in _PARTS.finditer(content):
        parts += word[0][:1] != b'"'
        if parts > few:
            raise UnreadableDocument(f"the document has more than {most} values")


def _named(said: str, content: bytes) -> UnreadableDocument:
    """The parser's refusal in our words, with its line."""
    where = _WHERE.search(said)
    line, column = (int(where[1]), int(where[2])) if where else (1, 1)
    message = said[: where.start()] if where else said
    if message.startswith("Detected duplicate key "):
        key = message.removeprefix("Detected duplicate key ")[1:-1]
        return UnreadableDocument(f"the key {quote(key)} stands twice in one object", line=line)
    if message in _HALF_PAIRS:
        what = "the document holds a lone surrogate, which is no text"
    elif message == "recursion limit exceeded":
        what = f"the document nests more than {MAX_DEPTH} deep"
    elif message == "number out of range":
        what = "a number of more than 4300 digits is beyond 2^53"
    elif message.startswith("control character"):
        what = "the document is not JSON: a control character stands in a string"
        line -= column == 0  # the parser is on the next line when it finds a line's end
    elif (found := _constant(content, line, column)) is not None:
        what = f"{found} is not a JSON number"
    else:
        what = f"the document is not JSON: {plain(message)} at column {column}"
    return UnreadableDocument(what, line=line)


def _constant(content: bytes, line: int, column: int) -> str | None:
    """The name of a number that JSON does not have, where the parser stopped at one."""
    at = _offset(content, line, column)
    found = _NO_NUMBER.match(content, at)
    if found is None:
        return None
    return ("-" if content[at - 1 : at] == b"-" else "") + found[0].decode()


def _offset(content: bytes, line: int, column: int) -> int:
    """The offset of a place that the parser names: lines from 1, columns in bytes from 1."""
    start, end = 0, len(content)
    while start < end:  # halved, not walked: there may be ten million lines
        middle = (start + end) // 2
        if content.count(b"\n", 0, middle) < line - 1:
            start = middle + 1
        else:
            end = middle
    return start + max(column - 1, 0)
