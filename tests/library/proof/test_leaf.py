"""The leaf of a closed dispatch: read as it was written, and nothing else is read."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benson_execution.proof.leaf import HEADER_VERSION, Header, Leaf, Provenance
from tests.library.helpers import law

HEADER: Final = Header(
    trail_id="7d0c" * 8,
    dispatch_id="d" * 32,
    run_id="run/1",
    number=3,
    pac_id="PAC-DAN-P44",
    document_sha256="ab" * 32,
    provenance=Provenance("01" * 32, "02" * 32, "03" * 32, "04" * 32, "1.2.3"),
)
LEAF: Final = Leaf(HEADER.to_bytes(), 17, bytes(range(32)), bytes(range(64, 96)))
LEAF_END: Final = LEAF.to_bytes().removeprefix(HEADER.to_bytes())
MEMBERS: Final = [
    "header_version", "trail_id", "dispatch_id", "run_id", "number", "pac_id", "document_sha256",
    "pac_sha256", "result_sha256", "policy_sha256", "registry_sha256", "benson_version",
]  # fmt: skip
TEXTS: Final = ["trail_id", "dispatch_id", "run_id", "pac_id"]
OPTIONAL: Final = MEMBERS[6:]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
optional = st.none() | texts
traces = st.text(st.sampled_from("0123456789abcdef"), min_size=32, max_size=32).filter(
    lambda text: text.strip("0")
)
headers = st.builds(
    Header,
    trail_id=texts,
    dispatch_id=texts,
    run_id=texts,
    number=st.integers(0, 2**63 - 1),
    pac_id=texts,
    document_sha256=optional,
    provenance=st.builds(
        Provenance, optional, optional, optional, optional, optional, st.none() | traces
    ),
)
hashes = st.binary(min_size=32, max_size=32)


def changed(**members: Any) -> bytes:
    """The header's line with other members."""
    return json.dumps(json.loads(HEADER.to_bytes()) | members, separators=(",", ":")).encode()


def refused(kind: type[Header | Leaf], content: bytes) -> bool:
    """Whether these bytes are refused by a `ValueError`; any other error is the test's."""
    try:
        kind.from_bytes(content)
    except ValueError:
        return True
    return False


def test_a_header_is_one_flat_object_in_a_fixed_order() -> None:
    """Written out, for whoever reads it with another program in ten years."""
    named = zip(("document", "pac", "result", "policy", "registry"), "a0000", "b1234", strict=True)
    digests = ",".join(f'"{name}_sha256":"{(a + b) * 32}"' for name, a, b in named)
    expected = (
        f'{{"header_version":1,"trail_id":"{"7d0c" * 8}","dispatch_id":"{"d" * 32}",'
        f'"run_id":"run/1","number":3,"pac_id":"PAC-DAN-P44",{digests},"benson_version":"1.2.3"}}'
    )
    assert HEADER.to_bytes().decode() == expected
    assert list(json.loads(expected)) == MEMBERS
    assert HEADER_VERSION == 1


def test_a_header_has_the_trace_last_and_only_where_there_is_one() -> None:
    """So the bytes of a dispatch that nobody traced are those that they always were."""
    provenance = dataclasses.replace(HEADER.provenance, trace_id="0af7" * 8)
    traced = dataclasses.replace(HEADER, provenance=provenance)
    expected = HEADER.to_bytes().removesuffix(b"}") + b',"trace_id":"' + b"0af7" * 8 + b'"}'
    assert traced.to_bytes() == expected
    assert Header.from_bytes(expected) == traced


@pytest.mark.parametrize(
    "trace_id",
    [None, "", "0" * 32, "0AF7" * 8, "0af7" * 7, "0af7" * 9, "0af7" * 8 + "\n", "g" * 32, 7, []],
)
def test_a_header_with_what_is_no_trace_is_refused(trace_id: object) -> None:
    """Also with null: one that was not traced does not have the member."""
    assert refused(Header, changed(trace_id=trace_id))


def test_a_leaf_is_the_header_and_the_end_of_the_chain() -> None:
    """Two lines, the second without an end."""
    chain, head = bytes(range(32)).hex(), bytes(range(64, 96)).hex()
    end = f'\n{{"events":17,"chain":"{chain}","previous_head_sha256":"{head}"}}'
    expected = HEADER.to_bytes() + end.encode()
    assert LEAF.to_bytes() == expected


@given(header=headers)
@law
def test_a_header_is_read_as_it_was_written(header: Header) -> None:
    """Whatever is in its texts; and the same bytes are written again."""
    written = header.to_bytes()
    assert Header.from_bytes(written) == header
    assert Header.from_bytes(written).to_bytes() == written


@given(header=headers, events=st.integers(1, 2**63 - 1), chain=hashes, head=hashes)
@law
def test_a_leaf_is_read_as_it_was_written(
    header: Header, events: int, chain: bytes, head: bytes
) -> None:
    """The header's bytes are kept as they are."""
    leaf = Leaf(header.to_bytes(), events, chain, head)
    assert Leaf.from_bytes(leaf.to_bytes()) == leaf
    assert Leaf.from_bytes(leaf.to_bytes()).to_bytes() == leaf.to_bytes()


@given(header=headers, pac_id=st.text(st.sampled_from('\n\r\t\0\x0b\x0c\x1c\x1d\x1e"\\,:{}a')))
@example(header=HEADER, pac_id='\n{"events":1,"chain":""}')
@law
def test_a_header_is_one_line_whatever_is_in_it(header: Header, pac_id: str) -> None:
    """No id can end the line, and so none can pass itself off as the leaf's second line."""
    written = dataclasses.replace(header, pac_id=pac_id, run_id=pac_id).to_bytes()
    assert written.splitlines() == [written]
    assert not any(byte < 0x20 for byte in written)
    assert Leaf.from_bytes(LEAF._replace(header=written).to_bytes()).header == written


@given(one=headers, other=headers)
@law
def test_two_headers_never_have_the_same_bytes(one: Header, other: Header) -> None:
    """What differs is written differently."""
    assert (one.to_bytes() == other.to_bytes()) is (one == other)


def test_none_is_not_an_empty_text() -> None:
    """An agent that handed nothing over is no agent whose result has no digest."""
    for name in OPTIONAL:
        members = {name: None}
        assert Header.from_bytes(changed(**members)) != Header.from_bytes(changed(**{name: ""}))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_header_without_one_of_its_members_is_refused(name: str) -> None:
    """Each is written, also when it is null."""
    members = json.loads(HEADER.to_bytes())
    assert not refused(Header, json.dumps(members, separators=(",", ":")).encode())
    del members[name]
    assert refused(Header, json.dumps(members, separators=(",", ":")).encode())


@pytest.mark.parametrize("name", ["provenance", "self", "cls", "note", "", "__class__", "é"])
def test_a_header_with_another_member_is_refused(name: str) -> None:
    """Whatever it is called."""
    assert refused(Header, changed(**{name: None}))
    assert refused(Header, changed(**{name: {"pac_sha256": None}}))


@pytest.mark.parametrize("version", [0, 2, -1, None, "1", [1], {}, 2**64, True, False, 1.0, 1.5])
def test_a_header_of_another_version_is_refused(version: object) -> None:
    """Also one that Python takes for 1."""
    assert refused(Header, changed(header_version=version))


@pytest.mark.parametrize("depth", [10, 500, 1000, 1020, 1100, 100_000])
@pytest.mark.parametrize("name", ["header_version", "trail_id", "number", "pac_sha256"])
def test_a_header_that_is_nested_deeply_is_refused(name: str, depth: int) -> None:
    """However deeply: reading it must end with a `ValueError`, not with the stack's end."""
    nested = b"[" * depth + b"]" * depth
    assert refused(Header, changed(**{name: "HERE"}).replace(b'"HERE"', nested))


NO_TEXTS: Final[list[Any]] = [1, True, [], {}, ["a"], 1.5]
NO_NUMBERS: Final[list[Any]] = [None, "1", True, 1.0, [], -1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in TEXTS for value in [None, *NO_TEXTS]],
        *[(name, value) for name in OPTIONAL for value in NO_TEXTS],
        *[("number", value) for value in NO_NUMBERS],
    ],
)
def test_a_header_with_a_member_of_another_type_is_refused(name: str, value: object) -> None:
    """Whoever reads it may rely on its types."""
    assert refused(Header, changed(**{name: value}))


@pytest.mark.parametrize("line", [b"", b"null", b"[]", b"1", b'"x"', b"{}", b"{", b"\xff", b"{}{}"])
def test_what_is_no_header_is_refused(line: bytes) -> None:
    """No JSON, no object, no member."""
    assert refused(Header, line)


@pytest.mark.parametrize(
    "end",
    [
        b"",
        b"\n",
        b"\n{}",
        b"\nnull",
        b"\n[17]",
        b'\n{"events":17,"chain":"@"}',
        b'\n{"events":17,"chain":"@","previous_head_sha256":"@","more":1}',
        b'\n{"chain":"@","events":17,"previous_head_sha256":"@"}',
        b'\n{"events":17,"previous_head_sha256":"@","chain":"@"}',
        *[
            b'\n{"events":%b,"chain":"@","previous_head_sha256":"@"}' % value
            for value in (b'"17"', b"17.0", b"true", b"null", b"18446744073709551616", b"[]")
        ],
        *[
            b'\n{"events":17,"chain":%b,"previous_head_sha256":%b}' % values
            for value in (b"17", b"null", b'"xy"', '"é"'.encode(), b"[]", b'"@@"', b'""', b'"@')
            for values in ((value, b'"@"'), (b'"@"', value))
        ],
        b"\n" + LEAF_END,
        LEAF_END[1:],
        LEAF_END + LEAF_END,
    ],
)
def test_what_is_no_leaf_is_refused(end: bytes) -> None:
    """What follows the header's line must be exactly the end of a chain."""
    assert HEADER.to_bytes() + LEAF_END == LEAF.to_bytes()
    assert refused(Leaf, HEADER.to_bytes() + end.replace(b"@", LEAF.chain.hex().encode()))


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_a_leaf_whose_hashes_are_none_is_refused(length: int) -> None:
    """A chain ends with 32 bytes, and a head has a digest of so many."""
    assert refused(Leaf, LEAF._replace(chain=bytes(length)).to_bytes())
    assert refused(Leaf, LEAF._replace(previous_head=bytes(length)).to_bytes())


@pytest.mark.parametrize("events", [-1, -(2**63), 0])
def test_a_leaf_of_no_events_is_refused(events: int) -> None:
    """A dispatch is opened by its first event, and closed by its last."""
    assert refused(Leaf, LEAF._replace(events=events).to_bytes())


@given(content=st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
@example(content=b"")
@example(content=b"\n")
@law
def test_arbitrary_bytes_are_refused(content: bytes) -> None:
    """By a `ValueError`, and never by another error."""
    assert refused(Leaf, content)
    assert refused(Leaf, content + b"\n" + content)
    assert refused(Header, content)


@given(
    at=st.integers(0, len(LEAF.to_bytes())),
    cut=st.integers(0, 20),
    put=st.binary(max_size=6) | st.sampled_from([b'"', b"{", b"}", b",", b":", b"\\", b"0", b"\n"]),
)
@settings(law, max_examples=400)
def test_a_changed_leaf_is_refused_or_read_as_changed(at: int, cut: int, put: bytes) -> None:
    """Whatever is cut out, and put in: never another error; a blank more is another hash."""
    content = LEAF.to_bytes()
    content = content[:at] + put + content[at + cut :]
    header = content.partition(b"\n")[0]
    if not refused(Leaf, content):
        assert without_blanks(Leaf.from_bytes(content).to_bytes()) == without_blanks(content)
    if not refused(Header, header):
        assert without_blanks(Header.from_bytes(header).to_bytes()) == without_blanks(header)


def without_blanks(content: bytes) -> bytes:
    """The bytes that JSON cares for; the hash is of all of them."""
    return b"".join(content.split())
