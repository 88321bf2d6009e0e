"""Documents: kept as received, once each, found by their SHA-256."""

from __future__ import annotations

import hashlib
import os

import pytest

from benson_execution.trail import Batch, Trail

from .stores import append, dispatch, note


def named(content: bytes) -> tuple[str, bytes]:
    """A document with its SHA-256."""
    return hashlib.sha256(content).hexdigest(), content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"pac": {}}\r\n',
        bytes(range(256)),
        b"\x00\x00",
        b"\xff\xfe not UTF-8",
        os.urandom(3_000_000),
    ],
    ids=["empty", "json", "every-byte", "nul", "not-utf-8", "large"],
)
def test_a_document_is_read_back_byte_for_byte(trail: Trail, content: bytes) -> None:
    """Whatever its bytes are, and whatever its size."""
    sha256, _ = named(content)
    assert trail.document(sha256) is None
    trail.append(Batch(documents=(named(content),)))
    assert trail.document(sha256) == content


def test_a_document_is_stored_once(trail: Trail) -> None:
    """What a digest was first stored with stays; storing it again is a no-op."""
    sha256, content = named(b"first")
    trail.append(Batch(documents=((sha256, content),)))
    trail.append(Batch(documents=((sha256, content),)))
    trail.append(Batch(documents=((sha256, b"something else"),)))
    assert trail.document(sha256) == b"first"


def test_a_document_twice_in_one_batch_is_stored_once(trail: Trail) -> None:
    """Also beside another one."""
    one, other = named(b"one"), named(b"other")
    trail.append(Batch(documents=(one, other, one)))
    assert trail.document(one[0]) == b"one"
    assert trail.document(other[0]) == b"other"


def test_a_document_needs_no_dispatch(trail: Trail) -> None:
    """It may come before its run, and is no event."""
    assert trail.append(Batch(documents=(named(b"alone"),))) == []
    assert list(trail.events()) == []


def test_a_document_comes_with_its_events(trail: Trail) -> None:
    """One transaction holds both, also when the events are known already."""
    append(trail, dispatch(), note("a", key="A"), documents=[named(b"one")])
    append(trail, dispatch(), note("b", key="A"), documents=[named(b"two")])
    assert trail.document(named(b"one")[0]) == b"one"
    assert trail.document(named(b"two")[0]) == b"two"


def test_an_unknown_document_is_none(trail: Trail) -> None:
    """A digest in capitals is another name, and so is a part of one."""
    sha256, content = named(b"known")
    trail.append(Batch(documents=((sha256, content),)))
    for unknown in (sha256.upper(), sha256[:-1], "", "%", "0" * 64):
        assert trail.document(unknown) is None
