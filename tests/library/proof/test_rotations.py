"""What makes a rotation: both keys' signatures, and the head that the new key takes over."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import PublicKey, SigningKey

from .notes import (
    HEAD,
    ORIGIN,
    ROOT,
    ROTATION,
    SIGNED,
    TRAIL,
    A,
    B,
    C,
    body_of,
    digest,
    lines_of,
    note_of,
    signed,
)

OTHER_HEAD: Final = Head.sign(A, TRAIL, 42, bytes(32))
OTHER_ROTATION: Final = Rotation.sign(A, B, OTHER_HEAD)
Signers = tuple[SigningKey, ...]


def named(signers: Signers) -> str:
    """The letters of these keys, in their order."""
    return "".join("ABC"[(A, B, C).index(key)] for key in signers) or "nobody"


def spliced(first: Rotation, second: Rotation) -> Rotation:
    """What the first says, with its first signature and the second one of the second."""
    body, old, _ = first.note.split(SIGNED)
    return Rotation.parse(SIGNED.join([body, old, second.note.split(SIGNED)[2]]))


def is_read_as_taking_over(note: bytes, head: Head, key: PublicKey) -> bool:
    """Whether these bytes are a rotation, and it takes over; errors but ValueError are raised."""
    try:
        return Rotation.parse(note).takes_over(head, key)
    except ValueError:
        return False


def test_a_rotation_is_signed_by_its_old_key_and_takes_over_its_head() -> None:
    """As it was made, and as it is read from the data."""
    for rotation in (ROTATION, Rotation.parse(ROTATION.note)):
        assert rotation.is_signed_by(A.public)
        assert rotation.takes_over(HEAD, B.public)
        assert rotation.takes_over(Head.parse(HEAD.note), B.public)


@pytest.mark.parametrize(
    ("signers", "takes_over"),
    [
        pytest.param(signers, takes_over, id=named(signers))
        for signers, takes_over in [
            ((), False),
            ((A,), False),
            ((B,), False),
            ((B, A), False),
            ((A, A), False),
            ((B, B), True),
            ((A, C), False),
            ((C, B), True),
            ((B, C), False),
            ((A, B, C), False),
            ((A, B, B), False),
            ((A, C, B), False),
            ((C, A, B), False),
        ]
    ],
)
def test_a_rotation_takes_two_signatures_and_no_third(signers: Signers, takes_over: bool) -> None:
    """The old key's, then the new key's. A head is taken over by the word of the new key alone.

    Who signs with the new key knows it, and need not know the old one; but the place of its
    signature and their number are part of the note.
    """
    rotation = Rotation.parse(signed(lines_of(ROTATION), *signers))
    for key in (A, B, C):
        assert not rotation.is_signed_by(key.public)
    assert rotation.takes_over(HEAD, B.public) is takes_over
    for key in (A, C):
        assert not rotation.takes_over(HEAD, key.public)
    assert not rotation.takes_over(OTHER_HEAD, B.public)


@pytest.mark.parametrize("place", [0, 1])
def test_a_signature_passed_off_under_another_keys_hint_is_refused(place: int) -> None:
    """The 4 bytes name the right key, and the signature behind them is somebody else's."""
    keys = [A, B]
    keys[place] = C
    lines = lines_of(ROTATION)
    pairs = zip((A, B), keys, strict=True)
    words = [right.public.hint(ORIGIN) + key.sign(body_of(lines)) for right, key in pairs]
    rotation = Rotation.parse(note_of(lines, words))
    assert not rotation.is_signed_by(A.public)
    assert rotation.takes_over(HEAD, B.public) is (place == 0)


def test_a_signature_of_another_rotation_is_none_of_this_one() -> None:
    """Both keys signed two rotations; of these no third is made."""
    for rotation in (spliced(ROTATION, OTHER_ROTATION), spliced(OTHER_ROTATION, ROTATION)):
        assert not rotation.is_signed_by(A.public)
        assert not rotation.takes_over(HEAD, B.public)
        assert not rotation.takes_over(OTHER_HEAD, B.public)
    assert spliced(ROTATION, ROTATION) == ROTATION


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(OTHER_HEAD, id="another root"),
        pytest.param(Head.sign(A, TRAIL, 41, ROOT), id="another size"),
        pytest.param(Head.sign(A, "f" * 32, 42, ROOT), id="another trail"),
        pytest.param(Head.sign(A, TRAIL, 42, ROOT), id="another time"),
        pytest.param(Head.sign(B, TRAIL, 42, ROOT), id="another key"),
        pytest.param(Head.parse(signed(lines_of(HEAD), C)), id="another signature"),
        pytest.param(Head.parse(signed(lines_of(HEAD), A, B)), id="one more signature"),
        pytest.param(Head.parse(signed(lines_of(HEAD))), id="no signature"),
    ],
)
def test_a_rotation_takes_over_one_head_and_no_other(head: Head) -> None:
    """Down to the last byte of its signature, which is what the next entry follows."""
    assert ROTATION.takes_over(HEAD, B.public)
    assert not ROTATION.takes_over(head, B.public)
    own = Rotation.sign(A, B, head)
    assert own.takes_over(head, B.public)
    assert not own.takes_over(HEAD, B.public)


def test_a_rotation_takes_over_for_one_key_and_no_other() -> None:
    """The old key does not take over from itself, nor another key under the new one's name."""
    for key in (A.public, C.public):
        assert not ROTATION.takes_over(HEAD, key)
        assert not ROTATION.takes_over(HEAD, PublicKey(key.raw, B.key_id))
    assert not ROTATION.takes_over(HEAD, PublicKey(B.public.raw, A.key_id))


def test_a_rotation_that_was_pointed_elsewhere_is_nobodys_word() -> None:
    """To another head, or to another key, and the signatures left as they were."""
    pointed = ROTATION.note.replace(digest(HEAD).encode(), digest(OTHER_HEAD).encode())
    rotation = Rotation.parse(pointed)
    assert rotation.head_sha256 == digest(OTHER_HEAD)
    assert not rotation.takes_over(OTHER_HEAD, B.public)
    assert not rotation.is_signed_by(A.public)
    rotation = Rotation.parse(ROTATION.note.replace(B.public.text.encode(), C.public.text.encode()))
    assert rotation.new_key == C.public
    assert not rotation.takes_over(HEAD, C.public)
    assert not rotation.is_signed_by(A.public)


def test_whoever_hands_over_to_himself_takes_nothing_over_for_another_key() -> None:
    """Everybody can sign a rotation to his own key; it is that key's word, and nobody else's."""
    forged = Rotation.sign(C, C, HEAD)
    assert forged.takes_over(HEAD, C.public)
    assert not forged.takes_over(HEAD, B.public)
    assert not forged.is_signed_by(A.public)
    lines = [line.replace(C.public.text, B.public.text) for line in lines_of(forged)]
    renamed = Rotation.parse(signed(lines, C, C))
    assert renamed.new_key == B.public
    assert not renamed.takes_over(HEAD, B.public)
    assert not renamed.is_signed_by(C.public)


def test_every_flipped_bit_of_what_the_new_key_signed_is_noticed() -> None:
    """Above the blank line, and in the new key's signature itself: nothing is taken over then."""
    note = ROTATION.note
    assert is_read_as_taking_over(note, HEAD, B.public)
    signature = note.rindex(b" ") + 1 + 8  # the hint's 4 bytes end within the letters before
    for at in (*range(note.index(b"\n\n") + 2), *range(signature, len(note))):
        for bit in range(8):
            changed = bytearray(note)
            changed[at] ^= 1 << bit
            assert not is_read_as_taking_over(bytes(changed), HEAD, B.public), (at, bit)


@pytest.mark.parametrize(
    ("claim", "head", "key"),
    [
        pytest.param(replace(ROTATION, new_key=C.public), HEAD, C.public, id="its new key"),
        pytest.param(replace(ROTATION, trail_id="f" * 32), HEAD, B.public, id="its trail"),
        pytest.param(
            replace(ROTATION, head_sha256=digest(OTHER_HEAD)),
            OTHER_HEAD,
            B.public,
            id="its head",
        ),
        pytest.param(
            replace(ROTATION, note=OTHER_ROTATION.note),
            HEAD,
            B.public,
            id="its note",
        ),
    ],
)
def test_what_takes_over_is_what_the_note_says(claim: Rotation, head: Head, key: PublicKey) -> None:
    """A rotation put together from other parts than its note's takes nothing over."""
    assert not claim.is_signed_by(A.public)
    assert not claim.takes_over(head, key)


@pytest.mark.parametrize(
    "signers",
    [
        pytest.param(signers, id=named(signers))
        for signers in [(), (B,), (A, A), (A, B), (B, A), (A, B, C)]
    ],
)
def test_a_head_has_one_signature(signers: Signers) -> None:
    """Also when a second key that signed it is a right one: a head is not handed over."""
    assert Head.parse(signed(lines_of(HEAD), A)).is_signed_by(A.public)
    head = Head.parse(signed(lines_of(HEAD), *signers))
    for key in (A, B, C):
        assert not head.is_signed_by(key.public)
