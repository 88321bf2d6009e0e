"""Which key may sign a head of which size: the keys somebody trusts, and their rotations."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution.proof.heads import Head, Rotation, TrustedKeys
from benson_execution.proof.keys import PublicKey, SigningKey
from tests.library.helpers import law

from .notes import TRAIL, A, B, C, D, lines_of, signed

OTHER: Final = "0b3e" * 8


def rotation(old: SigningKey, size: int, new: SigningKey, trail: str = TRAIL) -> Rotation:
    """As it is read from the data, behind a head of this size."""
    return Rotation.parse(Rotation.sign(old, new, Head.sign(old, trail, size, bytes(32))).note)


def holds(keys: TrustedKeys, key: SigningKey, size: int, trail: str = TRAIL) -> bool:
    """Whether a head of this size, signed by this key, is one of a trusted key."""
    return keys.signed(Head.parse(Head.sign(key, trail, size, bytes(32)).note))


def reach(keys: TrustedKeys, key: SigningKey, trail: str = TRAIL) -> list[int]:
    """The sizes below 40 for which a key is trusted."""
    return [size for size in range(40) if holds(keys, key, size, trail)]


def test_a_trusted_key_signs_heads_of_every_size() -> None:
    """Until it is handed over."""
    keys = TrustedKeys([A.public, D.public])
    assert reach(keys, A) == reach(keys, D) == list(range(40))
    assert holds(keys, A, 2**63 - 1)
    assert A.key_id in keys
    assert D.key_id in keys


def test_a_key_that_came_with_the_data_counts_for_nothing() -> None:
    """A head may name its key as often as it likes."""
    keys = TrustedKeys([A.public])
    assert reach(keys, B) == []
    assert B.key_id not in keys
    assert reach(TrustedKeys([]), A) == []


def test_an_id_alone_is_not_a_key() -> None:
    """A head that names a trusted key, but is signed by another, is signed by none."""
    keys = TrustedKeys([A.public])
    note = Head.sign(B, TRAIL, 7, bytes(32)).note.replace(B.key_id.encode(), A.key_id.encode())
    assert not keys.signed(Head.parse(note))
    assert not TrustedKeys([PublicKey(B.public.raw, A.key_id)]).signed(
        Head.sign(A, TRAIL, 7, bytes(32))
    )


def test_a_head_that_was_changed_is_signed_by_no_trusted_key() -> None:
    """The name of the key is right, the signature is not."""
    note = Head.sign(A, TRAIL, 7, bytes(32)).note.replace(b"\n7\n", b"\n8\n")
    assert not TrustedKeys([A.public]).signed(Head.parse(note))


def test_a_head_that_two_trusted_keys_signed_is_refused() -> None:
    """Heads are signed by one key; that both are trusted makes no note of two signatures one."""
    keys = TrustedKeys([A.public, B.public])
    lines = lines_of(Head.sign(A, TRAIL, 7, bytes(32)))
    assert keys.signed(Head.parse(signed(lines, A)))
    for signers in ((A, B), (B, A), (A, A)):
        assert not keys.signed(Head.parse(signed(lines, *signers)))


@pytest.mark.parametrize("size", [0, 1, 10])
def test_a_rotation_hands_over_from_its_size_on(size: int) -> None:
    """Heads up to it are the old key's, those after it the new key's, and none is of both."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, size, B))
    assert reach(keys, A) == list(range(size + 1))
    assert reach(keys, B) == list(range(size + 1, 40))
    assert B.key_id in keys


def test_rotations_are_chained_in_their_order() -> None:
    """Each by the key that the one before named."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, 10, B))
    assert keys.accept(rotation(B, 20, C))
    assert keys.accept(rotation(C, 30, D))
    assert reach(keys, A) == list(range(11))
    assert reach(keys, B) == list(range(11, 21))
    assert reach(keys, C) == list(range(21, 31))
    assert reach(keys, D) == list(range(31, 40))


def test_a_rotation_before_that_of_its_key_is_refused() -> None:
    """The key is not trusted yet; and that it was tried changes nothing."""
    keys = TrustedKeys([A.public])
    assert not keys.accept(rotation(B, 20, C))
    assert reach(keys, A) == list(range(40))
    assert reach(keys, B) == reach(keys, C) == []
    assert keys.accept(rotation(A, 10, B))
    assert reach(keys, B) == list(range(11, 40))
    assert keys.accept(rotation(B, 20, C))


def test_a_rotation_by_a_key_that_nobody_trusts_is_refused() -> None:
    """Also if it names a trusted key as the new one, or as its signer."""
    keys = TrustedKeys([A.public])
    assert not keys.accept(rotation(B, 10, C))
    assert not keys.accept(rotation(B, 10, A))
    forged = rotation(B, 10, C).note.replace(B.key_id.encode(), A.key_id.encode())
    assert not keys.accept(Rotation.parse(forged))
    changed = rotation(A, 10, B).note.replace(B.public.text.encode(), C.public.text.encode())
    assert not keys.accept(Rotation.parse(changed))
    assert reach(keys, A) == list(range(40))
    assert reach(keys, B) == reach(keys, C) == []


@pytest.mark.parametrize(
    "signers",
    [
        pytest.param(signers, id="".join("ABC"[(A, B, C).index(key)] for key in signers) or "none")
        for signers in [(), (A,), (B,), (B, A), (A, A), (B, B), (A, C), (C, B), (A, B, C)]
    ],
)
def test_a_rotation_that_not_both_keys_signed_is_refused(signers: tuple[SigningKey, ...]) -> None:
    """Even when all that signed it are trusted; and that it was tried changes nothing."""
    keys = TrustedKeys([A.public, C.public])
    lines = lines_of(rotation(A, 10, B))
    assert not keys.accept(Rotation.parse(signed(lines, *signers)))
    assert reach(keys, A) == reach(keys, C) == list(range(40))
    assert reach(keys, B) == []
    assert B.key_id not in keys
    assert keys.accept(Rotation.parse(signed(lines, A, B)))
    assert reach(keys, B) == list(range(11, 40))


@pytest.mark.parametrize("size", [0, 5, 9, 10, 11, 30])
def test_a_key_that_was_handed_over_hands_over_nothing_any_more(size: int) -> None:
    """Whoever stole the old key can't name a new one: neither before its end nor after it."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, 10, B))
    assert not keys.accept(rotation(A, size, C))
    assert reach(keys, A) == list(range(11))
    assert reach(keys, B) == list(range(11, 40))
    assert reach(keys, C) == []


@pytest.mark.parametrize("size", [0, 5, 9])
def test_a_key_hands_over_nothing_from_before_it_was_trusted(size: int) -> None:
    """It has no say in what came before its own rotation."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, 10, B))
    assert not keys.accept(rotation(B, size, C))
    assert reach(keys, C) == []
    assert reach(keys, B) == list(range(11, 40))


def test_a_key_can_be_handed_over_before_it_signed_a_head() -> None:
    """Two rotations in a row, and no dispatch was closed between them."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, 10, B))
    assert keys.accept(rotation(B, 10, C))
    assert reach(keys, A) == list(range(11))
    assert reach(keys, B) == []
    assert reach(keys, C) == list(range(11, 40))


def test_a_rotation_to_the_same_key_is_refused() -> None:
    """It would end a key and put none in its place."""
    keys = TrustedKeys([A.public])
    assert not keys.accept(rotation(A, 10, A))
    assert reach(keys, A) == list(range(40))


def test_a_rotation_back_to_a_key_that_was_handed_over_is_refused() -> None:
    """What is over is over; that nobody is left to sign must be seen, not accepted."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, 10, B))
    assert not keys.accept(rotation(B, 20, A))
    assert reach(keys, A) == list(range(11))
    assert reach(keys, B) == list(range(11, 40))


def test_a_key_that_is_trusted_by_name_stays_so_when_it_is_handed_to() -> None:
    """Somebody vouches for it; a rotation takes nothing from that, but ends the old key."""
    keys = TrustedKeys([A.public, B.public])
    assert keys.accept(rotation(A, 10, B))
    assert reach(keys, A) == list(range(11))
    assert reach(keys, B) == list(range(40))
    assert keys.accept(rotation(B, 20, C))
    assert reach(keys, B) == list(range(21))


def test_a_rotation_of_one_trail_says_nothing_about_another() -> None:
    """One key may sign several trails; who is handed one of them is not handed the others."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, 10, B, OTHER))
    assert reach(keys, A, OTHER) == list(range(11))
    assert reach(keys, B, OTHER) == list(range(11, 40))
    assert reach(keys, A) == list(range(40))
    assert reach(keys, B) == []


def test_a_key_is_handed_over_in_each_trail_for_itself() -> None:
    """At another size, to another key; what it is over for is the one trail."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, 20, B, OTHER))
    assert keys.accept(rotation(A, 10, C))
    assert reach(keys, A, OTHER) == list(range(21))
    assert reach(keys, A) == list(range(11))
    assert reach(keys, B, OTHER) == list(range(21, 40))
    assert reach(keys, C) == list(range(11, 40))
    assert reach(keys, B) == reach(keys, C, OTHER) == []
    assert not keys.accept(rotation(A, 30, D))
    assert not keys.accept(rotation(A, 30, D, OTHER))


def test_a_key_that_was_handed_one_trail_hands_over_no_other() -> None:
    """It is known, but in the other trail it has no say: neither before its size nor after it."""
    keys = TrustedKeys([A.public])
    assert keys.accept(rotation(A, 10, B, OTHER))
    for size in (0, 10, 30):
        assert not keys.accept(rotation(B, size, C))
    assert B.key_id in keys
    assert C.key_id not in keys
    assert reach(keys, A) == list(range(40))
    assert reach(keys, B) == reach(keys, C) == []
    assert keys.accept(rotation(A, 5, B))
    assert reach(keys, B) == list(range(6, 40))
    assert reach(keys, B, OTHER) == list(range(11, 40))
    assert keys.accept(rotation(B, 5, C))


def test_two_trails_may_be_handed_over_in_opposite_directions() -> None:
    """A key that is over in one trail is not over in the other, and can be handed that one."""
    keys = TrustedKeys([A.public, B.public])
    assert keys.accept(rotation(A, 10, B, OTHER))
    assert keys.accept(rotation(B, 20, A))
    assert reach(keys, A, OTHER) == list(range(11))
    assert reach(keys, B, OTHER) == list(range(40))
    assert reach(keys, A) == list(range(40))
    assert reach(keys, B) == list(range(21))


def test_a_rotation_ends_the_old_key_also_for_heads_seen_before() -> None:
    """A head is asked about again once all rotations are known."""
    keys = TrustedKeys([A.public])
    head = Head.sign(A, TRAIL, 11, bytes(32))
    assert keys.signed(head)
    keys.accept(rotation(A, 10, B))
    assert not keys.signed(head)


@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from([A, B, C, D]),
            st.integers(0, 12),
            st.sampled_from([A, B, C, D]),
            st.sampled_from([TRAIL, OTHER]),
        ),
        max_size=6,
    )
)
@law
def test_of_one_trusted_key_never_come_two_for_one_size(
    moves: list[tuple[SigningKey, int, SigningKey, str]],
) -> None:
    """Whatever rotations are tried, by whichever keys, in whichever order: a log has no fork."""
    keys = TrustedKeys([A.public])
    for move in moves:
        keys.accept(rotation(*move))
    for trail in (TRAIL, OTHER):
        for size in (0, 5, 12, 13):
            assert sum(holds(keys, key, size, trail) for key in (A, B, C, D)) == 1
