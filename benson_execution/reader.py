"""Reading JSON and YAML that nobody vouches for: one value, and no surprises in it.

Refused by name: what is not UTF-8, too large or too deep, a key twice in one object, NaN and
infinities, integers beyond 2^53, YAML's tags, aliases and second documents. Every common parser
lets some of these through, and two that disagree about a document can be played against each
other.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import orjson
import yaml

from benson_execution.errors import UnreadableDocument
from benson_execution.frozen import MAX_DEPTH
from benson_execution.jsonable import MAX_INTEGER
from benson_execution.text import plain, quote

MAX_DOCUMENT_BYTES: Final = 10 * 1024 * 1024
MAX_YAML_BYTES: Final = 128 * 1024
"""YAML is read a hundred times slower than JSON; what is larger should be JSON."""


def read_value(content: bytes, *, limit: int = MAX_DOCUMENT_BYTES) -> Any:
    """The JSON value that these bytes hold; `UnreadableDocument` says what is wrong, and where.

    A text that begins with `{` or `[` is JSON, any other is YAML. `limit` is in bytes.
    """
    if len(content) > limit:
        raise UnreadableDocument(f"the document has {len(content)} bytes; at most {limit} are read")
    if content.startswith(b"\xef\xbb\xbf"):
        raise UnreadableDocument("the document begins with a byte-order mark", line=1)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableDocument(
            f"the document is not UTF-8: {error.reason} at byte {error.start}", line=line
        ) from None
    if not text.strip():
        raise UnreadableDocument("the document is empty", line=1)
    try:
        value = _read_json(text) if _is_json(text) else _read_yaml(text)
        _refuse_unsafe(value, text)
    except RecursionError:
        raise UnreadableDocument(f"the document nests more than {MAX_DEPTH} deep") from None
    return value


def read_json(content: bytes) -> Any:
    """The value of a JSON text of our own making, with no limit but that no key stands twice."""
    try:
        return _read_json(content.decode())
    except UnicodeDecodeError as error:
        raise UnreadableDocument(f"not UTF-8: {error.reason}") from None
    except RecursionError:
        raise UnreadableDocument("nested too deep") from None


def line_of(content: bytes, path: str) -> int | None:
    """The line (from 1) of the value at a JSON Pointer, or of its nearest ancestor there is.

    For readable content only; it is read once more, since only the rare bad one needs lines.
    """
    try:
        text = content.decode()
        steps = [s.replace("~1", "/").replace("~0", "~") for s in path.split("/")[1:]]
        if not _is_json(text):
            return _yaml_line(text, steps)
        return text.count("\n", 0, _json_offset(text, steps)) + 1
    except (ValueError, OverflowError, yaml.YAMLError, RecursionError):
        return None


def member_bytes(content: bytes) -> dict[str, bytes]:
    """The bytes that a readable object has for each of its members.

    For JSON the value's text to the letter; for YAML from where the value begins to where the
    next member does, since a block of text may end in blank lines that belong to it.
    """
    text = content.decode()
    if _is_json(text):
        return {
            key: text[at : _SKIP.raw_decode(text, at)[1]].encode()
            for key, _, at in _json_members(text, _blank(text, 0))
        }
    root = yaml.compose(text, Loader=_StrictLoader)
    members = root.value if isinstance(root, yaml.MappingNode) else ()
    return {
        key.value: text[value.start_mark.index : value.end_mark.index].encode()
        for key, value in members
    }


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


class _Refused(ValueError):
    """Raised inside a parser, where the position is not known yet."""


def _read_json(text: str) -> Any:
    try:
        return _JSON.decode(text)
    except json.JSONDecodeError as error:
        raise UnreadableDocument(
            f"the document is not JSON: {error.msg} at column {error.colno}", line=error.lineno
        ) from None
    except _Refused as error:
        at = _refused_at(text)
        line = None if at is None else text.count("\n", 0, at) + 1
        raise UnreadableDocument(str(error), line=line) from None


def _refused_at(text: str) -> int | None:
    """The offset of the first key or number that is refused: the parser does not tell it."""
    keys: list[set[str] | None] = []  # of each open object, None for an open array
    key_next = False
    for token in _TOKEN.finditer(text):
        word = token[0]
        try:
            if word in "{[":
                keys.append(set() if word == "{" else None)
            elif word in "}]":
                keys.pop()
            elif word[0] == '"':
                if key_next and keys and (known := keys[-1]) is not None:
                    if (key := json.loads(word)) in known:
                        return token.start()
                    known.add(key)
            elif word not in ",:":
                _SCALAR.decode(word)
        except _Refused:
            return token.start()
        key_next = word in "{,"
    return None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]  # add returns None: the key is new
        raise _Refused(f"the key {quote(twice)} stands twice in one object")
    return members


def _integer(digits: str) -> int:
    # The length first: converting a million digits takes longer than any document is worth.
    if len(digits) > 17 or abs(value := int(digits)) > MAX_INTEGER:
        raise _Refused(f"the integer {quote(digits)[1:-1]} is beyond 2^53")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Refused(f"the number {quote(digits)[1:-1]} is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a JSON number")


_JSON: Final = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)
_SCALAR: Final = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_SKIP: Final = json.JSONDecoder()
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_BLANK: Final = re.compile(r"[ \t\n\r]*")


def _json_offset(text: str, steps: list[str]) -> int:
    """The offset of the member that `steps` lead to in a readable JSON text."""
    shown = at = _blank(text, 0)
    for step in steps:
        members = _json_members(text, at)
        found = next(((start, value) for key, start, value in members if key == step), None)
        if found is None:
            break
        shown, at = found
    return shown


def _json_members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """The key or index, and the offsets of member and value, of each in an object or array."""
    opening = text[at]
    if opening not in "{[":
        return
    at = _blank(text, at + 1)
    index = 0
    while text[at] not in "}]":
        key = str(index)
        start = at
        if opening == "{":
            key, at = _SKIP.raw_decode(text, at)
            at = _blank(text, _blank(text, at) + 1)
        yield key, start, at
        _, at = _SKIP.raw_decode(text, at)
        at = _blank(text, at)
        if text[at] == ",":
            at = _blank(text, at + 1)
        index += 1


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return at if match is None else match.end()


class _StrictLoader(yaml.SafeLoader):
    """YAML's JSON-like core: no tags, no aliases, no dates, no `yes`, no key twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own way to configure a loader

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs lack it
        is_alias: bool = isinstance(event, yaml.AliasEvent)
        if is_alias:
            raise yaml.MarkedYAMLError(
                problem="aliases are not read", problem_mark=event.start_mark
            )
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem="tags are not read", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_strict_mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                problem = f"the key {quote(key)} is not a string"
            elif key in members:
                problem = f"the key {quote(key)} stands twice in one object"
            else:
                members[key] = self.construct_object(value_node, deep=True)
                continue
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
        return members


for _tag, _pattern, _first in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-0123456789")),
    # Read as what they are, so that they are refused by name and not taken for text.
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
):
    _StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )


def _construct_number(_loader: _StrictLoader, node: yaml.ScalarNode) -> float:
    read = _integer if node.tag.endswith("int") else _float
    try:
        return _constant(node.value) if node.value[-1].isalpha() else read(node.value)
    except _Refused as error:
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _StrictLoader.construct_strict_mapping)
_StrictLoader.add_constructor("tag:yaml.org,2002:int", _construct_number)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _construct_number)


def _read_yaml(text: str) -> Any:
    if len(text) > MAX_YAML_BYTES:
        raise UnreadableDocument(
            f"the YAML document has {len(text)} characters; at most {MAX_YAML_BYTES} are read",
            "write it as JSON",
        )
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader, and stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnreadableDocument(
            f"the document is not YAML: {error.problem}",
            line=None if mark is None else mark.line + 1,
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        character = f"U+{ord(text[error.position]):04X}"
        raise UnreadableDocument(
            f"the document is not text: it holds {character}", line=line
        ) from None
    except (ValueError, OverflowError) as error:  # PyYAML's own scanner, at escapes and versions
        raise UnreadableDocument(f"the document is not YAML: {plain(str(error))}") from None


def _yaml_line(text: str, steps: list[str]) -> int:
    node = yaml.compose(text, Loader=_StrictLoader)
    line = 0 if node is None else node.start_mark.line
    for step in steps:
        members = (
            [(k.value, k, v) for k, v in node.value]
            if isinstance(node, yaml.MappingNode)
            else [(str(i), v, v) for i, v in enumerate(node.value)]
            if isinstance(node, yaml.SequenceNode)
            else []
        )
        found = next(((at, value) for name, at, value in members if name == step), None)
        if found is None:
            break
        line, node = found[0].start_mark.line, found[1]
    return line + 1


def _refuse_unsafe(value: Any, text: str) -> None:
    """Too deep a nesting, and escapes for characters that no record can hold."""
    if text.count("{") + text.count("[") > MAX_DEPTH or not _is_json(text):
        _refuse_deep(value)
    if "\\" not in text:
        return  # only an escape can hold what the text itself could not
    try:
        written = orjson.dumps(value)
    except TypeError:
        raise UnreadableDocument("the document holds a lone surrogate, which is no text") from None
    if _NUL.search(written):
        raise UnreadableDocument("the document holds the character NUL, which is no text")


def _refuse_deep(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            member
            for parent in level
            if isinstance(parent, dict | list)
            for member in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(member, dict | list)
        ]
        if not level:
            return
    raise UnreadableDocument(f"the document nests more than {MAX_DEPTH} deep")
