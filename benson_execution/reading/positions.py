"""Where in a readable text a value stands: its line, for people, and its bytes, for digests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from benson_execution.errors import UnreadableDocument
from benson_execution.reading.beginning import looks_like_json
from benson_execution.reading.yaml_text import Node, compose_yaml

_BLANK: Final = re.compile(rb"[ \t\n\r]*")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^\s,\]}]+")
_BRACKET: Final = re.compile(rb'(?:[^\[\]{}"]++|' + _STRING.pattern + rb")*+([\[\]{}])", re.DOTALL)
"""The next bracket, and all before it that has none: an array of strings at once."""

_Wanted = dict[str, Any]
"""The places that are asked for, as a tree of the steps that lead to them."""


def line_of(content: bytes, path: str) -> int | None:
    """The line (from 1) of the value at a JSON Pointer, or of its nearest ancestor there is.

    None for what can't be read: it is read once more, since only the rare bad one needs lines.
    """
    return lines_of(content, [path])[0]


def lines_of(content: bytes, paths: Iterable[str]) -> list[int | None]:
    """The line of each of these JSON Pointers, in one walk through the text."""
    asked = [[_step(s) for s in path.split("/")[1:]] for path in paths]
    wanted: _Wanted = {}
    for steps in asked:
        branch = wanted
        for step in steps:
            branch = branch.setdefault(step, {})
    try:
        if looks_like_json(content):
            found = _json_lines(content, wanted)
        else:
            root = compose_yaml(content.decode())
            found = {(): root.line}
            _yaml_lines(root, wanted, (), found)
    except (ValueError, OverflowError, IndexError, RecursionError, UnreadableDocument):
        return [None] * len(asked)
    return [_nearest(found, tuple(steps)) + 1 for steps in asked]


def member_bytes(content: bytes) -> dict[str, bytes]:
    """The bytes that a readable object has for each of its members.

    For JSON the value's text to the letter; for YAML from where the value begins to where the
    next member does, since a block of text may end in blank lines that belong to it.
    """
    # A text of its own would be four times as large where a single character is beyond U+FFFF.
    if looks_like_json(content):
        return {
            key: content[at : _end(content, at)]
            for key, _, at in _json_members(content, _blank(content, 0))
        }
    text = content.decode()
    root = compose_yaml(text)
    members = root.value if type(root.value) is dict else {}
    return {key: text[value.start : value.end].encode() for key, (_, value) in members.items()}


def _step(text: str) -> str:
    return text.replace("~1", "/").replace("~0", "~")


def _nearest(found: dict[tuple[str, ...], int], steps: tuple[str, ...]) -> int:
    while steps not in found:
        steps = steps[:-1]
    return found[steps]


def _json_lines(content: bytes, wanted: _Wanted) -> dict[tuple[str, ...], int]:
    """The lines (from 0) of the places that are wanted and there."""
    begin = _blank(content, 0)
    offsets: dict[tuple[str, ...], int] = {(): begin}
    _json_offsets(content, begin, wanted, (), offsets)
    lines: dict[tuple[str, ...], int] = {}
    line = before = 0
    for path, at in sorted(offsets.items(), key=lambda item: item[1]):
        line += content.count(b"\n", before, at)
        before = at
        lines[path] = line
    return lines


def _json_offsets(
    content: bytes,
    at: int,
    wanted: _Wanted,
    path: tuple[str, ...],
    found: dict[tuple[str, ...], int],
) -> None:
    missing = len(wanted)
    for key, start, value in _json_members(content, at) if wanted else ():
        if key in wanted:
            found[(*path, key)] = start
            _json_offsets(content, value, wanted[key], (*path, key), found)
            missing -= 1
            if not missing:
                return


def _json_members(content: bytes, at: int) -> Iterator[tuple[str, int, int]]:
    """The key or index, and the offsets of member and value, of each in an object or array."""
    opening = content[at : at + 1]
    if opening not in (b"{", b"["):
        return
    at = _blank(content, at + 1)
    index = 0
    while content[at : at + 1] not in (b"}", b"]"):
        key = str(index)
        start = at
        if opening == b"{":
            at = _end(content, at)
            key = json.loads(content[start:at])
            at = _blank(content, _blank(content, at) + 1)
        yield key, start, at
        at = _blank(content, _end(content, at))
        if content[at : at + 1] == b",":
            at = _blank(content, at + 1)
        index += 1


def _end(content: bytes, at: int) -> int:
    """Where the value that begins here ends; `ValueError` when it does not."""
    first = content[at : at + 1]
    if first in (b"{", b"["):
        depth = 0
        for found in _BRACKET.finditer(content, at):
            mark = found[1]
            depth += (mark in (b"{", b"[")) - (mark in (b"}", b"]"))
            if not depth:
                return found.end()
    else:
        scalar = (_STRING if first == b'"' else _SCALAR).match(content, at)
        if scalar is not None:
            return scalar.end()
    raise ValueError("not a readable JSON text")


def _blank(content: bytes, at: int) -> int:
    match = _BLANK.match(content, at)
    return at if match is None else match.end()


def _yaml_lines(
    node: Node, wanted: _Wanted, path: tuple[str, ...], found: dict[tuple[str, ...], int]
) -> None:
    if type(node.value) is dict:
        members = [(key, at, value) for key, (at, value) in node.value.items()]
    elif type(node.value) is list:
        members = [(str(index), item, item) for index, item in enumerate(node.value)]
    else:
        return
    for key, at, value in members:
        if key in wanted:
            found[(*path, key)] = at.line
            _yaml_lines(value, wanted[key], (*path, key), found)
