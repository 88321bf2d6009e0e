"""The hash chain: one way to write an event into it, and no two events written the same."""

from __future__ import annotations

import hashlib
import struct
from typing import Any, Final

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from benson_execution.proof import chain
from benson_execution.proof.chain import first_link, next_link
from tests.library.helpers import law

START: Final = bytes(range(32))
LINK: Final[tuple[Any, ...]] = (START, 7, 3, "PAC-1/START", "GATE", b'{"a":1}')
"""previous, position, sequence, key, event_type, event."""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(0, 300) | st.integers(0, 2**64 - 1)
links = st.tuples(
    st.binary(min_size=32, max_size=32),
    numbers,
    numbers,
    st.none() | texts,
    texts,
    st.binary(max_size=12),
)


def with_other(place: int, value: object) -> tuple[Any, ...]:
    """The link above, with another value at a place."""
    return (*LINK[:place], value, *LINK[place + 1 :])


def described(
    previous: bytes, position: int, sequence: int, key: str | None, kind: str, event: bytes
) -> bytes:
    """What is hashed, as the module's docstring describes it, and by nothing else."""
    named = b"\xff\xff\xff\xff"
    if key is not None:
        named = struct.pack(">L", len(key.encode("utf-8"))) + key.encode("utf-8")
    typed = struct.pack(">L", len(kind.encode("utf-8"))) + kind.encode("utf-8")
    counted = position.to_bytes(8, "big") + sequence.to_bytes(8, "big")
    return b"benson event 1\0" + previous + counted + named + typed + event


def read_back(preimage: bytes) -> tuple[object, ...]:
    """The only event that these bytes can be of: each length says where the next part begins."""
    rest = preimage.removeprefix(b"benson event 1\0")
    previous, position, sequence, length = struct.unpack(">32sQQL", rest[:52])
    rest, key = rest[52:], None
    if length != 0xFFFFFFFF:
        key, rest = rest[:length].decode(), rest[length:]
    length = int.from_bytes(rest[:4], "big")
    return previous, position, sequence, key, rest[4 : 4 + length].decode(), rest[4 + length :]


def test_a_chain_of_known_events_has_known_hashes() -> None:
    """What an earlier version has hashed is hashed for ever: these are written out."""
    first = first_link(b'{"header_version":1}')
    assert first == hashlib.sha256(b'benson chain 1\0{"header_version":1}').digest()
    second = next_link(first, 41, 1, None, "PAC_DISPATCH_START", b'{"n":1}')
    by_hand = (
        b"benson event 1\0"
        + first
        + b"\0\0\0\0\0\0\0\x29"
        + b"\0\0\0\0\0\0\0\x01"
        + b"\xff\xff\xff\xff"
        + b"\0\0\0\x12PAC_DISPATCH_START"
        + b'{"n":1}'
    )
    assert second == hashlib.sha256(by_hand).digest()
    third = next_link(second, 42, 2, "ü", "É", b"")
    by_hand = (
        b"benson event 1\0"
        + second
        + b"\0\0\0\0\0\0\0\x2a"
        + b"\0\0\0\0\0\0\0\x02"
        + b"\0\0\0\x02\xc3\xbc"
        + b"\0\0\0\x02\xc3\x89"
    )
    assert third == hashlib.sha256(by_hand).digest()
    assert [link.hex() for link in (first, second, third)] == [
        "bd6f619eafd8e533333ec7596c533494b8f96c8824956a4d8c33a1640bee9953",
        "65ab9bb7cb0afd3945262875a12bc56ae36b4c21192da7b2f4f402a903a84c1d",
        "bceb2cbda4caa577a86e53b4a1ab85a5c6f5915c71ab53613115459ee59a3270",
    ]


@given(header=st.binary(max_size=64))
@law
def test_a_chain_begins_with_its_header(header: bytes) -> None:
    """The hash of the header's bytes, behind the name of what it is."""
    assert first_link(header) == hashlib.sha256(b"benson chain 1\0" + header).digest()


@given(link=links)
@law
def test_an_event_is_hashed_as_described(link: Any) -> None:
    """For any numbers, texts and bytes that an event can have."""
    assert next_link(*link) == hashlib.sha256(described(*link)).digest()


@given(link=links)
@law
def test_what_is_hashed_is_of_one_event_only(link: Any) -> None:
    """It can be read back, so no two events have the same bytes hashed."""
    hashed: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "hashlib", Recorder(hashed))
        next_link(*link)
    assert [read_back(preimage) for preimage in hashed] == [link]


class Recorder:
    """`hashlib` as far as the chain uses it, which keeps what it is given."""

    def __init__(self, hashed: list[bytes]) -> None:
        self._hashed = hashed

    def sha256(self, preimage: bytes) -> Any:
        self._hashed.append(preimage)
        return hashlib.sha256(preimage)


@given(one=links, other=links)
@law
def test_two_events_never_have_one_hash(one: Any, other: Any) -> None:
    """Any two that differ, in whatever."""
    assert (next_link(*one) == next_link(*other)) is (one == other)


@given(key=texts, kind=texts, event=texts, cut=st.integers(0, 24), again=st.integers(0, 24))
@example(key="", kind="", event="x", cut=0, again=1)
@example(key="a", kind="", event="", cut=0, again=1)
@law
def test_bytes_can_not_be_shifted_between_key_type_and_event(
    key: str, kind: str, event: str, cut: int, again: int
) -> None:
    """The same text, cut elsewhere, is another event."""
    text = key + kind + event
    cut, again = sorted((min(cut, len(text)), min(again, len(text))))
    other = (text[:cut], text[cut:again], text[again:])
    assume(other != (key, kind, event))
    one = next_link(START, 1, 1, key, kind, event.encode())
    assert one != next_link(START, 1, 1, other[0], other[1], other[2].encode())


@given(key=texts, kind=texts, event=st.binary(max_size=12))
@law
def test_no_key_is_not_an_empty_one_nor_any_other(key: str, kind: str, event: bytes) -> None:
    """Also not one that is hidden in what follows: in the type, or in the event."""
    without = next_link(START, 1, 1, None, kind, event)
    assert without != next_link(START, 1, 1, key, kind, event)
    assert without != next_link(START, 1, 1, "", kind, event)
    length = struct.pack(">L", len(kind.encode()))
    assert without != next_link(START, 1, 1, "", "", length + kind.encode() + event)


def test_every_changed_bit_makes_another_hash() -> None:
    """Of the link before, the numbers, the event; and every changed letter of key and type."""
    links = {LINK}
    previous, position, sequence, key, kind, event = LINK
    for at in range(32 * 8):
        changed = (int.from_bytes(previous) ^ 1 << at).to_bytes(32)
        links.add((changed, *LINK[1:]))
    for at in range(64):
        links.add((previous, position ^ 1 << at, *LINK[2:]))
        links.add((previous, position, sequence ^ 1 << at, *LINK[3:]))
    for at in range(len(event) * 8):
        changed = (int.from_bytes(event) ^ 1 << at).to_bytes(len(event))
        links.add((*LINK[:5], changed))
    for letter in map(chr, (*range(128), 0xFC, 0x2028, 0x1F600)):
        for at in range(len(key)):
            links.add((*LINK[:3], key[:at] + letter + key[at + 1 :], kind, event))
        for at in range(len(kind)):
            links.add((*LINK[:4], kind[:at] + letter + kind[at + 1 :], event))
    assert len(links) > 1 + 256 + 128 + 56 + 11 * 100
    assert len({next_link(*link) for link in links}) == len(links)


@given(header=st.binary(max_size=64), link=links)
@law
def test_a_dispatch_is_no_event(header: bytes, link: Any) -> None:
    """The begin of a chain can't be taken for a link of one, not even by a chosen header."""
    assert first_link(header) != next_link(*link)
    preimage = described(*link)
    assert first_link(preimage) != next_link(*link)
    assert first_link(preimage.removeprefix(b"benson event 1\0")) != next_link(*link)


@given(events=st.lists(st.binary(max_size=4), max_size=6), data=st.data())
@law
def test_the_end_of_a_chain_commits_to_all_of_it(events: list[bytes], data: st.DataObject) -> None:
    """One event less, one more, two swapped, or another header: another end."""

    def end(header: bytes, some: list[bytes]) -> bytes:
        link = first_link(header)
        for sequence, event in enumerate(some, 1):
            link = next_link(link, sequence, sequence, None, "T", event)
        return link

    other = data.draw(st.permutations(events) | st.lists(st.binary(max_size=4), max_size=6))
    assert (end(b"h", events) == end(b"h", other)) is (events == other)
    assert end(b"h", events) != end(b"g", events)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_a_link_of_another_length_is_followed_by_none(length: int) -> None:
    """Padded or cut to 32 bytes, it would be taken for another link."""
    with pytest.raises(ValueError, match=r"32|hash|link"):
        next_link(b"\0" * length, *LINK[1:])


@pytest.mark.parametrize("number", [-1, 2**64, -(2**63)])
@pytest.mark.parametrize("place", [1, 2])
def test_a_number_that_can_not_be_written_is_refused(number: int, place: int) -> None:
    """As a `ValueError`: whoever verifies reads such a number from a store that was changed."""
    with pytest.raises(ValueError):  # noqa: PT011  # the message is the encoder's
        next_link(*with_other(place, number))


@pytest.mark.parametrize("place", [3, 4])
def test_a_text_that_is_none_is_refused(place: int) -> None:
    """A lone surrogate has no bytes in UTF-8."""
    with pytest.raises(ValueError, match="surrogates"):
        next_link(*with_other(place, "\ud800"))
