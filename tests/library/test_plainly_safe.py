"""A text that is plainly safe holds nothing that a look at its values would refuse."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from benson_execution.errors import UnreadableDocument
from benson_execution.limits import MAX_DEPTH, MAX_KEY
from benson_execution.reading import read_json, read_value
from benson_execution.reading import value as module
from benson_execution.reading.json_text import is_plainly_safe
from tests.hostile.answers import ASSETS

from .helpers import DAN, PAYLOADS, law

NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,5})?", fullmatch=True
) | st.sampled_from(
    [
        "9007199254740992",
        "9007199254740993",
        "-9007199254740993",
        "999999999999999",
        "1e308",
        "1e309",
        "1E309",
        "-1e+309",
        "1e0309",
        "0.1e310",
        "1.5e-999",
        "123456789012345.678e294",
        "9" * 309 + ".0",
        "9" * 400 + ".5",
    ]
)
STRINGS = st.text(max_size=20).map(json.dumps) | st.sampled_from(
    [r'"\u0000"', r'"\\u0000"', r'"a\u0000b"', '"1e999"', '"9007199254740993"', '"[[{{"', r'"\n"']
)
TEXTS = st.recursive(
    NUMBERS | STRINGS | st.sampled_from(["true", "false", "null"]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(STRINGS, inner), max_size=4).map(
            lambda members: "{" + ",".join(f"{key}:{value}" for key, value in members) + "}"
        )
    ),
    max_leaves=12,
)


def answer(read: Any, content: bytes) -> tuple[str, Any]:
    """The value, or what is said instead."""
    try:
        value = read(content)
    except UnreadableDocument as error:
        return f"{error} in line {error.line}", None
    return "read", value


def assert_same(content: bytes) -> str:
    """Reading says the same, whether or not the bytes are asked first; what it says."""
    said = ""
    for read in (read_value, read_json):
        said, value = answer(read, content)
        with mock.patch.object(module, "is_plainly_safe", return_value=False):
            assert (said, value) == answer(read, content)
    return said


@settings(law, max_examples=600)
@given(TEXTS, st.integers(0, MAX_DEPTH + 2))
@example("1e999", 1)
@example("9007199254740993", 1)
@example(r'"\u0000"', 1)
@example("1", MAX_DEPTH)
@example("1", MAX_DEPTH + 1)
def test_no_text_is_read_that_would_be_refused(text: str, depth: int) -> None:
    content = ("[" * depth + text + "]" * depth).encode()
    said = assert_same(content)
    event(f"{said == 'read'}, {is_plainly_safe(content)}")


@settings(law, max_examples=600)
@given(NUMBERS)
def test_no_number_is_read_that_would_be_refused(number: str) -> None:
    """Between other signs that are looked at."""
    for text in (f'{{"a":{number}}}', f"[{number},{number}]", f'{{"1e": {number} , "2":"e9"}}'):
        assert_same(text.encode())


@pytest.mark.parametrize("path", sorted(p for p in ASSETS.iterdir() if p.is_file()), ids=ascii)
def test_the_same_is_said_of_every_hostile_document(path: Any) -> None:
    content = path.read_bytes()
    assert_same(content)
    assert_same(content[: MAX_KEY // 2])


@pytest.mark.parametrize(
    "value",
    [DAN["execution_result"], *PAYLOADS.values(), {"at": "2025-12-26T01:00:00.000000+00:00"}],
    ids=lambda value: ascii(value)[:40],
)
def test_what_records_are_made_of_is_plainly_safe(value: Any) -> None:
    """Otherwise nothing would be gained."""
    assert is_plainly_safe(json.dumps(value, separators=(",", ":")).encode())
    assert is_plainly_safe(json.dumps(value).encode())


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740993",
        "1e309",
        "1E+309",
        "1" * 16 + "e300",
        r'"\u0000"',
        r'{"\u0000":1}',
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        json.dumps({"k" * (MAX_KEY + 1): 1}),
    ],
    ids=lambda text: text[:30],
)
def test_what_may_be_beyond_a_limit_is_not(text: str) -> None:
    assert not is_plainly_safe(text.encode())
