"""Forged notes: whatever is changed in a signed one, by whomever, it stands no more."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

import pytest

from benson_execution.proof.keys import PublicKey

from .notes import (
    NOTES,
    ORIGIN,
    SIGNED,
    SIGNERS,
    TRAIL,
    A,
    B,
    C,
    Note,
    both,
    lines_of,
    signed,
    stands,
)

ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's group: S and S + ORDER would be two signatures of one message."""


@both
def test_every_flipped_bit_of_a_note_is_noticed(said: Note) -> None:
    """Above the blank line, in it, and in the signatures' lines: there is no slack."""
    assert stands(said.note, type(said))
    for at in range(len(said.note)):
        for bit in range(8):
            note = bytearray(said.note)
            note[at] ^= 1 << bit
            assert not stands(bytes(note), type(said)), (at, bit)


@both
def test_every_other_byte_of_the_signature_lines_is_noticed(said: Note) -> None:
    """Base64 has letters that mean nothing; here all mean something."""
    for at in range(said.note.index(b"\n\n"), len(said.note)):
        for byte in set(range(256)) - {said.note[at]}:
            note = said.note[:at] + bytes([byte]) + said.note[at + 1 :]
            assert not stands(note, type(said)), (at, byte)


@both
def test_every_byte_left_out_or_put_in_is_noticed(said: Note) -> None:
    """Wherever, and whatever white space is tried."""
    for at in range(len(said.note) + 1):
        if at < len(said.note):
            assert not stands(said.note[:at] + said.note[at + 1 :], type(said)), at
            assert not stands(said.note[:at], type(said)), at
        for put in (b"\n", b"\r", b" ", b"\t", b"\0", b"=", b"A", "\u2028".encode(), b"\xff"):
            assert not stands(said.note[:at] + put + said.note[at:], type(said)), (at, put)


def other_lines(line: bytes) -> Iterator[tuple[str, bytes]]:
    """What a lenient reader takes for the same signature, or for one more."""
    start, _, word = line.removesuffix(b"\n").rpartition(b" ")
    start += b" "
    signature = base64.b64decode(word)
    yield "CRLF", line.replace(b"\n", b"\r\n")
    yield "a carriage return", line.replace(b"\n", b"\r")
    yield "twice", line + line
    yield "twice, apart", line + b"\n" + line
    yield "another before it", signed(["x"], C)[3:] + line
    yield "another after it", line + SIGNED + b"witness AAAA\n"
    yield "no name", SIGNED + word + b"\n"
    yield "a hyphen", line.replace(SIGNED, b"- ")
    yield "url-safe", start + word.translate(bytes.maketrans(b"+/", b"-_")) + b"\n"
    yield "unpadded", start + word.rstrip(b"=") + b"\n"
    yield "padded more", start + word + b"=\n"
    yield "broken", start + word[:20] + b"\n" + word[20:] + b"\n"
    assert word.endswith(b"=")  # 68 bytes: the last letter but one has two bits that mean nothing
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for slack in (1, 2, 3):
        last = letters[letters.index(word[-2]) ^ slack]
        spelled = word[:-2] + bytes([last]) + b"="
        assert base64.b64decode(spelled) == signature
        yield f"slack {slack}", start + spelled + b"\n"
    s = int.from_bytes(signature[36:], "little") + ORDER
    for name, other in {
        "S + ORDER": signature[:36] + s.to_bytes(32, "little"),
        "a byte more": signature + b"\0",
        "a byte less": signature[:-1],
        "the hint alone": signature[:4],
        "less than the hint": signature[:3],
        "nothing": b"",
        "no hint": signature[4:],
        "no key's hint": bytes(4) + signature[4:],
        "the old key's hint": A.public.hint(ORIGIN) + signature[4:],
        "the new key's hint": B.public.hint(ORIGIN) + signature[4:],
    }.items():
        yield name, start + base64.b64encode(other) + b"\n"


def other_spellings(note: bytes) -> Iterator[tuple[str, bytes]]:
    """What a lenient reader takes for the same note."""
    yield "CRLF", note.replace(b"\n", b"\r\n")
    yield "a byte order mark", b"\xef\xbb\xbf" + note
    yield "two blank lines", note.replace(b"\n\n", b"\n\n\n")
    body, blank, tail = note.partition(b"\n\n")
    lines = tail.splitlines(keepends=True)
    yield "the signatures twice", note + tail
    yield "the signatures in one line", body + blank + tail[:-1].replace(b"\n", b" ") + b"\n"
    for at, line in enumerate(lines):
        for name, other in other_lines(line):
            changed = [*lines[:at], other, *lines[at + 1 :]]
            yield f"signature {at + 1}: {name}", body + blank + b"".join(changed)


@pytest.mark.parametrize(
    ("said", "note"),
    [
        pytest.param(said, note, id=f"{type(said).__name__}, {name}")
        for said in NOTES
        for name, note in other_spellings(said.note)
        if note != said.note  # no letter that is another one when url-safe; its own key's hint
    ],
)
def test_a_note_has_one_spelling(said: Note, note: bytes) -> None:
    """Two texts that both verify would be two heads to whoever compares them."""
    assert not stands(note, type(said))


@both
def test_another_key_did_not_sign_it(said: Note) -> None:
    """Not even one that is passed off under the name of the right one."""
    for other in (B, C):
        assert not said.is_signed_by(other.public)
        assert not said.is_signed_by(PublicKey(other.public.raw, A.key_id))
    _, *rest = SIGNERS[type(said)]
    assert not stands(signed(lines_of(said), C, *rest), type(said))
    assert not stands(signed(lines_of(said), C, *rest), type(said), C.public)
    named = [line.replace(A.key_id, C.key_id) for line in lines_of(said)]
    assert not stands(signed(named, A, *rest), type(said))
    assert not stands(signed(named, A, *rest), type(said), C.public)
    assert stands(signed(named, C, *rest), type(said), C.public)


@both
def test_a_note_of_another_trail_is_not_of_this_one(said: Note) -> None:
    """The trail's id is signed, and every signature's line has it once more."""
    other = "f" * 32
    assert not stands(said.note.replace(TRAIL.encode(), other.encode()), type(said))
    keys = SIGNERS[type(said)]
    assert stands(signed(lines_of(said), *keys), type(said))
    assert not stands(signed(lines_of(said), *keys, origin=f"benson/{other}"), type(said))
    body, *lines = said.note.split(SIGNED)
    assert len(lines) == len(keys)
    moved = body.replace(TRAIL.encode(), other.encode())
    assert not stands(SIGNED.join([moved, *lines]), type(said))
    for at, line in enumerate(lines):
        changed = [*lines[:at], line.replace(TRAIL.encode(), other.encode()), *lines[at + 1 :]]
        assert not stands(SIGNED.join([body, *changed]), type(said))


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "benson/",
        "benson/7D0C" + "7d0c" * 7,
        f"benson/{TRAIL}0",
        f"benson/{TRAIL[1:]}",
        "benson/" + "\u0660" * 32,
        f"other/{TRAIL}",
        TRAIL,
        f" {ORIGIN}",
        f"{ORIGIN} ",
        f"{ORIGIN}\r",
    ],
)
@both
def test_a_note_of_no_trail_is_refused(said: Note, origin: str) -> None:
    """However well it is signed."""
    note = signed([origin, *lines_of(said)[1:]], *SIGNERS[type(said)], origin=origin)
    with pytest.raises(ValueError, match="trail"):
        type(said).parse(note)
