"""The value that bytes hold, as JSON or YAML, within the limits.

Refused by name: what is not UTF-8, too large, too deep or of too many parts, a key twice in one
object, NaN and infinities, integers beyond 2^53, surrogates and NUL, YAML's tags and aliases.
Every common parser lets some of these through, and two that disagree about a document can be
played against each other.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

from benson_execution.errors import UnreadableDocument
from benson_execution.limits import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    MAX_INTEGER,
    MAX_KEY,
    MAX_MEMBERS,
    MAX_VALUES,
)
from benson_execution.reading.beginning import looks_like_json, require_text
from benson_execution.reading.json_text import is_plainly_safe, offset_of_number, parse_json
from benson_execution.reading.yaml_text import parse_yaml
from benson_execution.text import quote

_OWN_DEPTH: Final = 8
"""How much deeper an artifact may nest than the result that it quotes."""


def read_value(content: bytes, *, limit: int = MAX_DOCUMENT_BYTES) -> Any:
    """The JSON value that these bytes hold; `UnreadableDocument` says what is wrong, and where.

    A text that begins with `{` or `[` is JSON, any other is YAML. `limit` is in bytes. The time
    is linear in the size, whatever the bytes are.
    """
    if len(content) > limit:
        raise UnreadableDocument(f"the document has {len(content)} bytes; at most {limit} are read")
    # Nearly always these two say it all, and nothing more has to be asked.
    if content[:1] != b"{" or not content.isascii():
        require_text(content)
        if not looks_like_json(content):
            value = parse_yaml(content.decode())
            _require_safe(value, content, is_json=False)
            return value
    value = parse_json(content)
    if not is_plainly_safe(content):
        _require_safe(value, content)
    return value


def read_json(content: bytes) -> Any:
    """The value of a JSON text of our own making; it may have as many parts as it has.

    What is no JSON, or could be read in two ways, is refused as from anybody else.
    """
    require_text(content)
    value = parse_json(content, most=None)
    if not is_plainly_safe(content):
        _require_safe(value, content, counted=False)
    return value


def _require_safe(
    value: Any, content: bytes, *, is_json: bool = True, counted: bool = True
) -> None:
    """Look at every part: what no parser refuses, and what there is too much of."""
    containers = _containers(value, content if is_json else None, counted=counted)
    # In JSON only an escape can be a NUL; a key is shorter than the text that it stands in.
    if not is_json or b"\\u0000" in content:
        _require_no_nul(containers)
    if counted and len(content) > MAX_KEY:
        _require_keys(containers)


def _containers(value: Any, json: bytes | None, *, counted: bool) -> list[list[Any]]:
    """All objects and arrays, by their depth; numbers, depth and number of values are right."""
    count = 0
    level: list[Any] = [[value]]  # as the one member of nothing
    levels = [level]
    while level:
        deeper: list[Any] = []
        for parent in level:
            members = parent.values() if type(parent) is dict else parent
            count += len(members)
            for member in members:
                kind = type(member)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    deeper.append(member)
                # The difference of an infinity and itself is no number, and differs from 0.
                elif (kind is int and not -MAX_INTEGER <= member <= MAX_INTEGER) or (
                    kind is float and member - member != 0
                ):
                    raise _beyond(member, json)
        if counted and count > MAX_VALUES:
            raise UnreadableDocument(f"the document has more than {MAX_VALUES} values")
        if len(levels) > MAX_DEPTH + 2 + (0 if counted else _OWN_DEPTH):
            raise UnreadableDocument(f"the document nests more than {MAX_DEPTH} deep")
        levels.append(deeper)
        level = deeper
    return levels


def _require_no_nul(levels: list[list[Any]]) -> None:
    for parent in itertools.chain.from_iterable(levels):
        members = itertools.chain(parent, parent.values()) if type(parent) is dict else parent
        if any(type(member) is str and "\0" in member for member in members):
            raise UnreadableDocument("the document holds the character NUL, which is no text")


def _require_keys(levels: list[list[Any]]) -> None:
    for members in itertools.chain.from_iterable(levels):
        if type(members) is not dict:
            continue
        if len(members) > MAX_MEMBERS:
            raise UnreadableDocument(f"an object has more than {MAX_MEMBERS} members")
        for key in members:
            if len(key) > MAX_KEY:
                raise UnreadableDocument(
                    f"the document has a key of more than {MAX_KEY} characters: {quote(key)}"
                )


def _beyond(number: float, json: bytes | None) -> UnreadableDocument:
    """The error for a number that the next reader may take for another; YAML's were refused."""
    digits, line = quote(number), None
    if json is not None and (found := offset_of_number(json)) is not None:
        at, digits = found
        line = json.count(b"\n", 0, at) + 1
    what = (
        f"the integer {digits} is beyond 2^53"
        if isinstance(number, int)
        else f"the number {digits} is too large"
    )
    return UnreadableDocument(what, line=line)
