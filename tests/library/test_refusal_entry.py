"""A refusal's bytes: they say all of it, and nothing else is read as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution.proof.leaf import Leaf
from benson_execution.proof.refusal import Refusal, RefusalEntry

from .helpers import law

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
refusals = st.builds(
    Refusal,
    timestamp=texts,
    kind=texts,
    sha256=texts,
    size=st.integers(0, 2**40),
    complete=st.booleans(),
    cause=texts,
    source=st.none() | texts,
)
entries = st.builds(
    RefusalEntry,
    trail_id=texts,
    refusal=refusals,
    previous_head=st.binary(min_size=32, max_size=32),
)
ONE = RefusalEntry("t", Refusal("now", "unreadable", "00", 1, True, "why", None), bytes(32))


@law
@given(entries)
def test_what_is_written_is_read(entry: RefusalEntry) -> None:
    """All members, to the letter."""
    assert RefusalEntry.from_bytes(entry.to_bytes()) == entry


@law
@given(entries)
def test_no_refusal_is_a_leaf(entry: RefusalEntry) -> None:
    """A row that says it is a dispatch's must not pass for one."""
    with pytest.raises(ValueError, match="leaf"):
        Leaf.from_bytes(entry.to_bytes())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"refusal_version":1', b'"refusal_version":2'),
        (b'"refusal_version":1', b'"refusal_version":true'),
        (b'"size":1', b'"size":"1"'),
        (b'"size":1', b'"size":-1'),
        (b'"size":1', b'"size":true'),
        (b'"complete":true', b'"complete":1'),
        (b'"cause":"why"', b'"cause":null'),
        (b'"cause":"why"', b'"cause":"why","more":1'),
        (b'"cause":"why",', b""),
        (b'"source":null', b'"source":3'),
        (b'"trail_id":"t"', b'"trail_id":null'),
        (b"00" * 32, b"00" * 31),
        (b"00" * 32, b"zz" * 32),
        (b"\n", b""),
        (b"\n", b"\n\n"),
    ],
)
def test_what_was_changed_is_no_refusal(before: bytes, after: bytes) -> None:
    """`ValueError`, whatever it is."""
    content = ONE.to_bytes()
    assert content.count(before) == 1
    with pytest.raises(ValueError, match=r"\w"):
        RefusalEntry.from_bytes(content.replace(before, after))
