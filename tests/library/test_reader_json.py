"""Reading JSON that nobody vouches for: what is refused, by name and with its line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benson_execution.errors import BadInput, UnreadableDocument
from benson_execution.limits import MAX_DOCUMENT_BYTES
from benson_execution.reading import line_of, read_value

from .helpers import json_objects, law


def refusal(content: bytes, **options: Any) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as refused:
        read_value(content, **options)
    assert str(refused.value).isprintable()
    return refused.value


@pytest.mark.parametrize(
    ("content", "cause", "line"),
    [
        (b'{"a": 1,\n "b": 2,\n "a": 3}', "the key 'a' stands twice", 3),
        (b'{"a": {"b": 1,\n\n"b": 1}}', "the key 'b' stands twice", 3),
        (b'{"a": 1,\n"\\u0061": 2}', "the key 'a' stands twice", 2),
        (b'[{"a": 1}, {"a": 1},\n{"a": 1, "x": [],\n"a": 2}]', "the key 'a' stands twice", 3),
        (b'{"a":\nNaN}', "NaN", 2),
        (b'{"a": [0,\n\nInfinity]}', "Infinity", 3),
        (b'{"a":\n-Infinity}', "-Infinity", 2),
        (b'{"a": 0,\n"b": 1e999}', "1e999", 2),
        (b'{"a": 0,\n"b": -1e999}', "-1e999", 2),
        (b'{"a": "9007199254740993",\n"b": 9007199254740993}', "9007199254740993", 2),
        (b'{"a":\n-9007199254740993}', "-9007199254740993", 2),
        (b'{"a":\n1' + b"0" * 5000 + b"}", "beyond 2^53", 2),
        (b'{"a": 1,\n"b" 2}', "not JSON", 2),
        (b'{"a": 1,}', "not JSON", 1),
        (b'{"a": 01}', "not JSON", 1),
        (b"{'a': 1}", "not JSON", 1),
        (b'{"a": 1} {}', "not JSON", 1),
        (b'{"a": 1}\n\ntrailing', "not JSON", 3),
        (b'{"a": "b\nc"}', "not JSON", 1),
        (b'{"a": tru}', "not JSON", 1),
        (b'{"a": 1 // comment\n}', "not JSON", 1),
        (b"[", "not JSON", 1),
        (b'\xef\xbb\xbf{"a": 1}', "byte-order mark", 1),
        (b'{"a": 1,\n"b": "\xff"}', "not UTF-8", 2),
        (b'{"a":\n\n"\xed\xa0\x80"}', "not UTF-8", 3),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8", 1),
        (b"", "empty", 1),
        (b" \n\t\n ", "empty", 1),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_unreadable_document_is_refused_by_name_with_its_line(
    content: bytes, cause: str, line: int
) -> None:
    """The message says what is wrong, and `line` where."""
    error = refusal(content)
    assert cause in str(error)
    assert error.line == line
    assert isinstance(error, BadInput)
    assert error.exit_code == 2


def test_the_same_key_may_stand_in_two_objects() -> None:
    """Twice in one object is refused, not twice in a document."""
    assert read_value(b'{"a": {"a": [{"a": 1}, {"a": 2}]}}') == {"a": {"a": [{"a": 1}, {"a": 2}]}}


@pytest.mark.parametrize("number", [2**53, -(2**53), 0, -1, 2**53 - 1])
def test_integers_up_to_two_to_the_53_are_read_exactly(number: int) -> None:
    """Beyond it a number may not survive the next reader; up to it, it does."""
    value = read_value(json.dumps({"a": number}).encode())["a"]
    assert value == number
    assert type(value) is int


@law
@given(st.integers())
def test_an_integer_is_read_exactly_or_refused(number: int) -> None:
    """Never rounded."""
    content = b'{"a": %d}' % number
    if abs(number) <= 2**53:
        assert read_value(content) == {"a": number}
    else:
        assert "beyond 2^53" in str(refusal(content))


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": "\\u0000"}',
        b'{"a": "\\ud800"}',
        b'{"a": "x\\udfffy"}',
        b'{"a": "\\ud800\\ud800"}',
        b'{"a": "\\ude00\\ud83d"}',
        b'{"\\ud800": 1}',
        b'{"a": "\\\\\\ud800"}',
        b'{"a": "\\\\ud83d\\ude00"}',
        b'{"a": "\\ud83d\\\\ude00"}',
    ],
)
def test_an_escape_for_what_is_no_text_is_refused(content: bytes) -> None:
    """NUL and lone surrogates: no record can hold them."""
    assert "no text" in str(refusal(content))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": "\\ud83d\\ude00"}', "😀"),
        (b'{"a": "\\\\u0000"}', "\\u0000"),
        (b'{"a": "\\\\ud800"}', "\\ud800"),
        (b'{"a": "\\\\\\ud83d\\ude00"}', "\\😀"),
        (b'{"a": "\\u0001\\t"}', "\x01\t"),
    ],
)
def test_an_escape_for_text_is_read(content: bytes, value: str) -> None:
    """Pairs of surrogates are one character, and an escaped backslash begins no escape."""
    assert read_value(content) == {"a": value}


@settings(law, max_examples=300)
@given(st.lists(st.sampled_from(["\\\\", "\\ud83d", "\\ude00", "ud83d", "\\u0000"]), max_size=4))
def test_what_is_read_can_be_written(parts: list[str]) -> None:
    """Whatever is accepted is UTF-8 text without NUL."""
    content = ('{"a": "' + "".join(parts) + '"}').encode()
    try:
        value = read_value(content)["a"]
    except UnreadableDocument:
        value = json.loads(content)["a"]
        assert "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)
    else:
        assert value == json.loads(content)["a"]
        assert "\x00" not in value
        value.encode()


@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b"[", b"]")])
def test_nesting_has_an_end(opening: bytes, closing: bytes) -> None:
    """At most 64 levels inside the outermost; a hundred thousand are refused as soon."""

    def nested(levels: int) -> bytes:
        return opening * levels + b"[]" + closing * levels

    assert read_value(nested(64))
    for levels in (65, 66, 500, 100_000):
        assert "nests more than 64 deep" in str(refusal(nested(levels)))


def test_a_document_has_a_largest_size() -> None:
    """Ten megabytes by default; the message says how many bytes there are."""
    content = b'{"a": "' + b"x" * 100 + b'"}'
    assert read_value(content, limit=len(content))
    assert str(len(content)) in str(refusal(content, limit=len(content) - 1))
    assert MAX_DOCUMENT_BYTES == 10 * 1024 * 1024
    assert "at most" in str(refusal(b" " * (MAX_DOCUMENT_BYTES + 1)))


@law
@given(json_objects, st.sampled_from([None, 2]), st.booleans())
def test_what_json_writes_is_read(value: dict[str, Any], indent: int | None, escape: bool) -> None:
    """Any JSON object that a record can hold, however it is laid out."""
    content = json.dumps(value, indent=indent, ensure_ascii=escape).encode()
    if "\\u0000" in json.dumps(value):
        return
    read = read_value(content)
    assert json.dumps(read) == json.dumps(value)


@pytest.mark.parametrize("content", [b"\xc2\xa0{}", b"\x0c{}", b"\x1c{}"])
def test_only_jsons_own_blanks_stand_before_json(content: bytes) -> None:
    """What another reader would refuse is not read here."""
    refusal(content)


LAID_OUT = b"""
{
  "pac": {
    "tasks": [
      {"id": "T1"},

      {"id": "T2", "b/c": {
        "~": 1
      }}
    ],
    "10": [[1,
      2], 3]
  }
}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 2),
        ("/pac", 3),
        ("/pac/tasks", 4),
        ("/pac/tasks/0", 5),
        ("/pac/tasks/1", 7),
        ("/pac/tasks/1/b~1c", 7),
        ("/pac/tasks/1/b~1c/~0", 8),
        ("/pac/10/0/1", 12),
        ("/pac/10/1", 12),
        ("/pac/missing", 3),
        ("/pac/tasks/7", 4),
        ("/missing", 2),
        ("/pac/tasks/1/id/deeper", 7),
    ],
)
def test_a_place_has_its_line(path: str, line: int) -> None:
    """That of the member, or of its nearest ancestor that there is; also with CRLF."""
    assert line_of(LAID_OUT, path) == line
    assert line_of(LAID_OUT.replace(b"\n", b"\r\n"), path) == line


def test_a_line_is_not_known_of_what_can_not_be_read() -> None:
    """No line is better than a wrong one, and nothing is raised."""
    assert line_of(b"\xff", "/a") is None
    assert line_of(b'{"a": nul', "/a/b") in (None, 1)
