"""YAML's JSON-like core: no tags, no aliases, no dates, no `yes`, no key twice.

The nodes are built here from the parser's events, so that nesting and parts are bounded while
they are read, and nothing is constructed but strings, numbers, booleans, nulls, lists, objects.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from benson_execution.errors import UnreadableDocument
from benson_execution.limits import MAX_DEPTH, MAX_INTEGER, MAX_YAML_BYTES
from benson_execution.text import plain, quote

_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where PyYAML was built with it: ten times faster."""
_BREAK: Final = re.compile("[\x85\u2028\u2029]|\r(?!\n)")
_NULL: Final = frozenset({"", "~", "null"})
_BOOLEANS: Final = {"true": True, "false": False}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
# Read as what they are, so that they are refused by name and not taken for text.
_NO_NUMBER: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


@dataclass(slots=True)
class Node:
    """A value and where it stands: `line` from 0, `start` and `end` in characters.

    `value` is a scalar, a list of nodes, or a dict from keys to pairs of key and value nodes.
    """

    value: Any
    line: int
    start: int
    end: int

    def plain(self) -> Any:
        """The JSON value."""
        if type(self.value) is dict:
            return {key: member.plain() for key, (_, member) in self.value.items()}
        if type(self.value) is list:
            return [item.plain() for item in self.value]
        return self.value


def parse_yaml(text: str) -> Any:
    """The JSON value of a YAML text; `UnreadableDocument` for what JSON does not have."""
    return compose_yaml(text).plain()


def compose_yaml(text: str) -> Node:
    """The nodes of a YAML text."""
    if len(text) > MAX_YAML_BYTES:
        raise UnreadableDocument(
            f"the YAML document has {len(text)} characters; at most {MAX_YAML_BYTES} are read",
            "write it as JSON",
        )
    if (found := _BREAK.search(text)) is not None:
        # A line's end to YAML 1.1 and a blank to YAML 1.2: what is a comment to one reader is
        # a member to the other.
        raise UnreadableDocument(
            f"the YAML document holds U+{ord(found[0]):04X}, a line's end to some readers only",
            "write it as an escape in a quoted text, or the document as JSON",
            line=text.count("\n", 0, found.start()) + 1,
        )
    try:
        return _Composer(yaml.parse(text, Loader=_PARSER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem)
        if "Unicode character escape" in problem:
            problem = "an escape stands for a character that is no text"
        raise _refused(problem, None if mark is None else mark.line) from None
    except yaml.reader.ReaderError as error:
        # Its position counts bytes in one parser, and characters in the other.
        at = text.find(chr(error.character))
        raise UnreadableDocument(
            f"the document is not text: it holds U+{error.character:04X}",
            line=text.count("\n", 0, max(at, 0)) + 1,
        ) from None
    except (ValueError, OverflowError) as error:  # PyYAML's own, at escapes and versions
        raise _refused(plain(str(error)), None) from None


class _Composer:
    """Builds nodes from the parser's events."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events

    def document(self) -> Node:
        """The one document that the text holds."""
        next(self._events)  # the stream begins
        begin = next(self._events)
        if isinstance(begin, yaml.StreamEndEvent):
            return Node(None, 0, 0, 0)  # nothing but comments
        if begin.tags or begin.version:
            what = "tags" if begin.tags else "directives"
            raise _refused(f"{what} are not read", begin.start_mark.line)
        root = self._node(next(self._events), 0)
        next(self._events)  # the document ends
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _refused("another document begins", after.start_mark.line)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        mark: Any = event.start_mark
        line = mark.line
        if isinstance(event, yaml.AliasEvent):
            raise _refused("aliases are not read", line)
        if event.tag is not None:
            raise _refused("tags are not read", line)
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event.value, line) if event.implicit[0] else event.value
            stop: Any = event.end_mark
            return Node(value, line, mark.index, stop.index)
        if depth > MAX_DEPTH:
            raise UnreadableDocument(
                f"the document nests more than {MAX_DEPTH} deep", line=line + 1
            )
        is_list = isinstance(event, yaml.SequenceStartEvent)
        node = Node([] if is_list else {}, line, mark.index, 0)
        end = self._items(node, depth) if is_list else self._members(node, depth)
        node.end = end.end_mark.index
        if node.value and not event.flow_style:
            # The parser's mark stands before the blanks and comments that come first.
            first = node.value[0] if is_list else next(iter(node.value.values()))[0]
            node.line = first.line
        return node

    def _items(self, node: Node, depth: int) -> Any:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return event
            node.value.append(self._node(event, depth + 1))
        raise AssertionError("the parser ends what it begins")

    def _members(self, node: Node, depth: int) -> Any:
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                return event
            key = self._node(event, depth + 1)
            is_merge = key.value == "<<" and event.implicit[0]
            if type(key.value) is not str:
                raise _refused(f"the key {quote(key.plain())} is not a string", key.line)
            if key.value in node.value:
                raise _refused(f"the key {quote(key.value)} stands twice in one object", key.line)
            node.value[key.value] = (key, self._node(next(self._events), depth + 1))
            if is_merge:  # other readers put its members beside the others
                raise _refused("merge keys are not read", key.line)
        raise AssertionError("the parser ends what it begins")


def _scalar(text: str, line: int) -> Any:
    """What a plain scalar means: as in JSON, and anything else is text."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        # The length first: converting a million digits takes longer than any document is worth.
        if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
            raise _refused(f"the integer {quote(text)[1:-1]} is beyond 2^53", line)
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise _refused(f"the number {quote(text)[1:-1]} is too large", line)
        return number
    if _NO_NUMBER.fullmatch(text):
        raise _refused(f"{text} is not a JSON number", line)
    return text


def _refused(problem: str, line: int | None) -> UnreadableDocument:
    return UnreadableDocument(
        f"the document is not YAML: {problem}", line=None if line is None else line + 1
    )
