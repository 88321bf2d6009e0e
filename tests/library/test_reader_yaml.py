"""Reading YAML as the JSON that it could be: no tags, no aliases, no surprises."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from benson_execution.errors import UnreadableDocument
from benson_execution.limits import MAX_YAML_BYTES
from benson_execution.reading import line_of, read_value

from .helpers import EXAMPLES, json_objects, law


def refusal(content: bytes) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as refused:
        read_value(content)
    return refused.value


@pytest.mark.parametrize(
    ("content", "cause", "line"),
    [
        (b"a: 1\nb: 2\na: 3", "the key 'a' stands twice", 3),
        (b"x:\n  a: 1\n  'a': 2", "the key 'a' stands twice", 3),
        (b"x: {a: 1,\n  a: 2}", "the key 'a' stands twice", 2),
        (b"a: 0\nb: !!str 5", "tags are not read", 2),
        (b"a: !!python/object/apply:os.system ['true']", "tags are not read", 1),
        (b"a: !custom 5", "tags are not read", 1),
        (b"a: ! 5", "tags are not read", 1),
        (b"!!map\na: 5", "tags are not read", 1),
        (b"a: &x 1\nb: *x", "aliases are not read", 2),
        (b"a: &x {b: 1}\nc:\n  <<: *x", "aliases are not read", 3),
        (b"a: 1\n---\nb: 2", "another document", None),
        (b"a: 1\n...\n---\nb: 2\n", "another document", None),
        (b"a: 0\n1: 2", "the key 1 is not a string", 2),
        (b"a: 0\ntrue: 2", "the key true is not a string", 2),
        (b"a: 0\n~: 2", "the key null is not a string", 2),
        (b"a: 0\nnull: 2", "the key null is not a string", 2),
        (b"a: 0\n1.5: 2", "the key 1.5 is not a string", 2),
        (b"? [a, b]\n: 1", "is not a string", 1),
        (b"? {a: 1}\n: 1", "is not a string", 1),
        (b"a: 0\nb: .nan", ".nan", 2),
        (b"a: 0\nb: .NaN", ".NaN", 2),
        (b"a: 0\nb: .inf", ".inf", 2),
        (b"a: 0\nb: -.Inf", "-.Inf", 2),
        (b"a: 0\nb: +.INF", "+.INF", 2),
        (b"a: 0\nb: 1e999", "1e999", 2),
        (b"a: 0\nb: 9007199254740993", "9007199254740993", 2),
        (b"a: 0\nb: -9007199254740993", "-9007199254740993", 2),
        (b"a: 1\nb: c: d", "not YAML", 2),
        (b"a: [1\nb: 2", "not YAML", 2),
        (b"a: 1\n\tb: 2", "not YAML", 2),
        (b"a: @x", "not YAML", 1),
        (b"a: 'x", "not YAML", None),
        (b"a: 1\nb: x\x07y", "U+0007", 2),
        (b"a: 1\nb: x\x00y", "U+0000", 2),
        (b'a: "\\0"', "no text", None),
        (b'a: "\\ud800"', "no text", None),
        (b"\xef\xbb\xbfa: 1", "byte-order mark", 1),
        (b"a: 1\nb: \xff", "not UTF-8", 2),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_unreadable_yaml_is_refused_by_name_with_its_line(
    content: bytes, cause: str, line: int | None
) -> None:
    """The message says what is wrong, and `line` where."""
    error = refusal(content)
    assert cause in str(error)
    if line is not None:
        assert error.line == line


@pytest.mark.parametrize(
    "scalar",
    [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "True",
        "FALSE",
        "Null",
        "2025-12-24",
        "2025-12-24T20:12:00Z",
        "2025-12-24 20:12:00",
        "12:30:45",
        "0x1F",
        "0o17",
        "017",
        "0b11",
        "1_000",
        "+1",
        ".5",
        "1.",
        "1.5.2",
        "=",
        "<<",
        "GID-07",
        "PAC-DAN-P44",
        "a text",
    ],
)
def test_a_scalar_that_json_does_not_know_stays_a_string(scalar: str) -> None:
    """No date, no `yes`, no octal number: it is the text that stands there."""
    assert read_value(f"a: {scalar}".encode()) == {"a": scalar}


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-0", 0),
        ("42", 42),
        ("-7", -7),
        ("9007199254740992", 2**53),
        ("0.5", 0.5),
        ("-1.25", -1.25),
        ("1e3", 1000.0),
        ("1.5E-2", 0.015),
        ("'5'", "5"),
        ('"true"', "true"),
        ('"😀\\n"', "😀\n"),
        ("[]", []),
        ("{}", {}),
        ("[1, a, {b: c}]", [1, "a", {"b": "c"}]),
        ("|\n  one\n  two", "one\ntwo"),
    ],
)
def test_a_scalar_of_json_is_read_as_such(scalar: str, value: Any) -> None:
    """With its exact type."""
    read = read_value(f"a: {scalar}".encode())["a"]
    assert read == value
    assert type(read) is type(value)


def test_an_escaped_pair_of_surrogates_is_no_text() -> None:
    """YAML's escapes are code points, so that a pair of surrogates is no character: what is read
    could not be written."""
    try:
        value = read_value(b'a: "\\ud83d\\ude00"')["a"]
    except UnreadableDocument:
        return
    assert value.encode().decode() == "😀"


def test_an_anchor_that_nothing_refers_to_is_harmless() -> None:
    """And comments, document marks and block texts are YAML."""
    assert read_value(b"# comment\n---\na: &x 1 # one\n") == {"a": 1}


def test_a_scalar_or_a_list_is_a_value_too() -> None:
    """Whether it may be a document is decided by who asked for one."""
    assert read_value(b"just text") == "just text"
    assert read_value(b"- a\n- 5\n") == ["a", 5]


def test_yaml_nests_as_deep_as_json() -> None:
    """64 levels inside the outermost are read, one more is refused, and so are thousands."""

    def nested(levels: int) -> bytes:
        return b"a: " + b"[" * levels + b"]" * levels

    assert read_value(nested(64))
    for levels in (65, 500, 50_000):
        assert "nests more than 64 deep" in str(refusal(nested(levels)))


def test_yaml_has_a_largest_size_of_its_own() -> None:
    """It is read much slower than JSON, which the hint recommends."""
    error = refusal(b"a: " + b"x" * MAX_YAML_BYTES)
    assert "at most" in str(error)
    assert error.hint is not None
    assert "JSON" in error.hint
    assert read_value(b'{"a": "' + b"x" * MAX_YAML_BYTES + b'"}')


@law
@given(json_objects)
def test_what_is_read_from_yaml_is_what_json_says(value: dict[str, Any]) -> None:
    """A JSON text is YAML too, and as a member of a block both are read alike."""
    plain = json.dumps(value)
    if "\\u" in plain:
        return  # YAML's escapes are another matter
    assert read_value(b"a: " + plain.encode()) == {"a": value}


@law
@given(json_objects, st.booleans())
def test_what_pyyaml_writes_is_read(value: dict[str, Any], flow: bool) -> None:
    """Any JSON object that a record can hold; its floats are of JSON's form or refused as text."""
    content = yaml.safe_dump({"a": value}, default_flow_style=flow, allow_unicode=True).encode()
    plain = json.dumps(value)
    if "\\u" in plain or "e+" in plain or "e-" in plain or "&id" in content.decode():
        return
    assert read_value(b"# YAML\n" + content) == {"a": value}


def test_the_examples_read_the_same_from_yaml() -> None:
    """An example written as YAML is the same value."""
    for path in EXAMPLES.glob("*.json"):
        value = json.loads(path.read_text())
        content = yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()
        assert read_value(content) == value


LAID_OUT = b"""# a document
pac:
  tasks:
    - id: T1

    - id: T2
      "b/c": {x: 1,
        "~": 2}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 2),
        ("/pac", 2),
        ("/pac/tasks", 3),
        ("/pac/tasks/0", 4),
        ("/pac/tasks/1/id", 6),
        ("/pac/tasks/1/b~1c", 7),
        ("/pac/tasks/1/b~1c/~0", 8),
        ("/pac/tasks/9", 3),
        ("/missing", 2),
    ],
)
def test_a_place_in_yaml_has_its_line(path: str, line: int) -> None:
    """That of the member, or of its nearest ancestor that there is."""
    assert line_of(LAID_OUT, path) == line
    assert line_of(b"a: *x", "/a") is None
