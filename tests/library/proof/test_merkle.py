"""The tree of RFC 9162: roots, inclusion paths, and what a wrong path can never prove."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_inclusion  # type: ignore[import-untyped]
from pymerkle.proof import InclusionProof, InvalidProof  # type: ignore[import-untyped]

from benson_execution.proof.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    add_leaf,
    leaf_hash,
    newest_inclusion_path,
    node_hash,
    root_of_inclusion,
    root_of_peaks,
    split,
)
from tests.library.helpers import law

from .rfc9162 import VECTOR_ROOTS, VECTORS, entry, mth, path_of, way_to

LARGEST = 300
SQUARE = 70
"""Every index of every log up to this size is proved."""


def grown(size: int) -> list[bytes]:
    """The peaks of a log that was appended to `size` times."""
    peaks: list[bytes] = []
    for n in range(size):
        peaks = add_leaf(n, peaks, leaf_hash(entry(n)))
    return peaks


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    """An independent implementation, with the same entries."""
    tree = InmemoryTree(algorithm="sha256")
    for n in range(LARGEST):
        tree.append_entry(entry(n))
    return tree


@st.composite
def places(draw: st.DrawFn, largest: int = LARGEST) -> tuple[int, int]:
    """An index, and the size of a log that has it."""
    size = draw(st.integers(1, largest))
    return draw(st.integers(0, size - 1)), size


def other_root(*args: object) -> bool:
    """Whether these arguments prove no root, or another one than the right one of the log."""
    leaf, index, size, path, root = args
    try:
        return root_of_inclusion(leaf, index, size, path) != root  # type: ignore[arg-type]
    except ValueError:
        return True


def test_the_empty_log_has_the_hash_of_nothing() -> None:
    """Section 2.1.1: MTH({}) = HASH()."""
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert EMPTY_ROOT.hex() == root_of_peaks([]).hex() == expected
    assert HASH_BYTES == len(EMPTY_ROOT) == 32


def test_the_known_vectors_have_their_known_roots() -> None:
    """Eight entries that every implementation of these trees is tried with."""
    peaks: list[bytes] = []
    roots = [root_of_peaks(peaks).hex()]
    for n, known in enumerate(VECTORS):
        peaks = add_leaf(n, peaks, leaf_hash(known))
        roots.append(root_of_peaks(peaks).hex())
    assert roots == VECTOR_ROOTS


def test_a_leaf_and_a_node_are_hashed_apart() -> None:
    """Prefix 0 and prefix 1: two hashes side by side, taken for an entry, are another hash."""
    left, right = leaf_hash(b"l"), leaf_hash(b"r")
    assert left == hashlib.sha256(b"\x00l").digest()
    assert node_hash(left, right) == hashlib.sha256(b"\x01" + left + right).digest()
    assert node_hash(left, right) != node_hash(right, left)
    assert leaf_hash(left + right) != node_hash(left, right)


def test_the_peaks_have_the_root_of_every_size(oracle: InmemoryTree) -> None:
    """Appended one by one, a log has the root of the definition and of the oracle."""
    peaks: list[bytes] = []
    for size in range(LARGEST + 1):
        assert root_of_peaks(peaks) == mth(0, size) == oracle.get_root(size), size
        peaks = add_leaf(size, peaks, leaf_hash(entry(size)))


def test_the_peaks_are_perfect_subtrees_from_the_left() -> None:
    """One for each bit that is set in the size, the largest first."""
    for size in range(LARGEST + 1):
        expected, start = [], 0
        for bit in reversed(range(size.bit_length())):
            if size >> bit & 1:
                expected.append(mth(start, start + (1 << bit)))
                start += 1 << bit
        assert grown(size) == expected, size
        if size > SQUARE:  # beyond, the peaks are tried by their roots
            break


def test_appending_leaves_the_peaks_it_was_given_alone() -> None:
    """The caller's list is the caller's."""
    peaks = grown(7)
    kept = list(peaks)
    assert add_leaf(7, peaks, leaf_hash(b"")) != kept
    assert peaks == kept
    assert add_leaf(7, tuple(peaks), leaf_hash(b"")) == add_leaf(7, peaks, leaf_hash(b""))


@pytest.mark.parametrize("size", range(1, SQUARE + 1))
def test_every_entry_is_proved_by_its_path(size: int, oracle: InmemoryTree) -> None:
    """By the path of the definition, which is the oracle's too."""
    for index in range(size):
        path = path_of(index, 0, size)
        leaf = leaf_hash(entry(index))
        assert root_of_inclusion(leaf, index, size, path) == mth(0, size)
        proof = oracle.prove_inclusion(index + 1, size)  # it counts from one, the leaf's hash first
        assert [leaf, *path] == proof.path
        verify_inclusion(leaf, mth(0, size), proof, index=index + 1, size=size)


def test_the_newest_entry_is_proved_by_the_peaks_before_it() -> None:
    """No other hash of the log is needed when an entry is appended."""
    peaks: list[bytes] = []
    for index in range(LARGEST):
        path = newest_inclusion_path(peaks)
        leaf = leaf_hash(entry(index))
        assert path == path_of(index, 0, index + 1)
        peaks = add_leaf(index, peaks, leaf)
        assert root_of_inclusion(leaf, index, index + 1, path) == root_of_peaks(peaks)


@given(place=places(SQUARE), data=st.data())
@law
def test_a_path_is_accepted_as_the_oracle_accepts_it(
    place: tuple[int, int], data: st.DataObject
) -> None:
    """For a path of an entry, offered as the path of any place."""
    index, size = data.draw(places(SQUARE), "offered as")
    leaf, path, root = leaf_hash(entry(place[0])), path_of(place[0], 0, place[1]), mth(0, place[1])
    rule = [*(int(way == "L") for way in way_to(index, size)), 0]
    proof = InclusionProof("sha256", True, size, index + 1, rule, [leaf, *path])
    try:
        verify_inclusion(leaf, root, proof, index=index + 1, size=size)
        accepted = True
    except InvalidProof:
        accepted = False
    assert other_root(leaf, index, size, path, root) is not accepted


@given(place=places(), data=st.data())
@law
def test_a_changed_hash_proves_another_root(place: tuple[int, int], data: st.DataObject) -> None:
    """Any bit of the leaf, or of any hash in the path."""
    index, size = place
    hashes = [leaf_hash(entry(index)), *path_of(index, 0, size)]
    at = data.draw(st.integers(0, len(hashes) - 1), "hash")
    bit = data.draw(st.integers(0, HASH_BYTES * 8 - 1), "bit")
    changed = int.from_bytes(hashes[at]) ^ (1 << bit)
    hashes[at] = changed.to_bytes(HASH_BYTES)
    assert other_root(hashes[0], index, size, hashes[1:], mth(0, size))


@given(place=places(), index=st.integers(-3, LARGEST + 3))
@example(place=(0, 1), index=1)
@example(place=(0, 1), index=-1)
@law
def test_a_changed_index_proves_another_root(place: tuple[int, int], index: int) -> None:
    """The way through a tree is an entry's alone, so no two entries share a path."""
    right, size = place
    assume(index != right)
    path = path_of(right, 0, size)
    assert other_root(leaf_hash(entry(right)), index, size, path, mth(0, size))


@given(place=places(), size=st.integers(-3, 2 * LARGEST))
@example(place=(0, 3), size=4)  # the path has the same shape: a leaf, and twice a right sibling
@example(place=(0, 2), size=0)
@example(place=(0, 2), size=-2)
@law
def test_a_changed_size_proves_another_root_unless_the_way_is_the_same(
    place: tuple[int, int], size: int
) -> None:
    """A path says where it turns, not how large the log is: that, the signed head says."""
    index, right = place
    assume(size != right)
    same_way = index < size and way_to(index, size) == way_to(index, right)
    changed = other_root(
        leaf_hash(entry(index)), index, size, path_of(index, 0, right), mth(0, right)
    )
    assert changed is not same_way


def test_swapped_hashes_of_a_path_prove_another_root() -> None:
    """The order is part of the proof."""
    for size in range(3, SQUARE):
        for index in range(size):
            path = path_of(index, 0, size)
            for at in range(len(path) - 1):
                swapped = [*path[:at], path[at + 1], path[at], *path[at + 2 :]]
                assert other_root(leaf_hash(entry(index)), index, size, swapped, mth(0, size))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: [*path, bytes(32)], "too long"),
        (lambda path: [*path, *path, bytes(32)], "too long"),
        (lambda path: path[:-1], "too short"),
        (lambda path: [], "too short"),
    ],
)
def test_a_path_of_another_length_is_refused(
    change: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    """Too long and too short, at every place."""
    for size in range(2, SQUARE):
        for index in range(size):
            path = change(path_of(index, 0, size))
            with pytest.raises(ValueError, match=words):
                root_of_inclusion(leaf_hash(entry(index)), index, size, path)


def test_a_log_of_one_entry_has_an_empty_path() -> None:
    """Its root is the leaf's hash, and a path with anything in it is too long."""
    leaf = leaf_hash(b"only")
    assert root_of_inclusion(leaf, 0, 1, []) == leaf
    with pytest.raises(ValueError, match="too long"):
        root_of_inclusion(leaf, 0, 1, [leaf])


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (1, 1), (-1, 1), (-1, 0), (0, -1), (-2, -1), (5, 4), (2**70, 2**70)]
)
def test_an_entry_that_no_log_of_the_size_has_is_refused(index: int, size: int) -> None:
    """There is nothing to prove, whatever the path."""
    for path in ([], [bytes(32)], [bytes(32)] * 100):
        with pytest.raises(ValueError, match="has no entry"):
            root_of_inclusion(bytes(32), index, size, path)


def test_the_largest_log_is_as_good_as_a_small_one() -> None:
    """2**63 - 1 entries: the first has 63 hashes on its way, and so has the last, of peaks."""
    size = 2**63 - 1
    path = [bytes([n]) * 32 for n in range(63)]
    for index, way in ((0, "R" * 63), (size - 1, "L" * 62)):
        expected = leaf_hash(b"far")
        for turn, sibling in zip(way, path, strict=False):
            pair = expected + sibling if turn == "R" else sibling + expected
            expected = hashlib.sha256(b"\x01" + pair).digest()
        proved = root_of_inclusion(leaf_hash(b"far"), index, size, path[: len(way)])
        assert proved == expected


@pytest.mark.parametrize("size", range(20))
def test_peaks_that_do_not_fit_the_size_are_refused(size: int) -> None:
    """A log that lost a peak, or has one too many, takes no entry."""
    peaks = [bytes(32)] * size.bit_count()
    for wrong in ([*peaks, bytes(32)], peaks[:-1] if peaks else [bytes(32)]):
        with pytest.raises(ValueError, match="one peak for each bit"):
            add_leaf(size, wrong, bytes(32))


@pytest.mark.parametrize("peaks", [0, 1, 2])
def test_a_log_of_less_than_nothing_takes_no_entry(peaks: int) -> None:
    """A size that was tampered with is refused as one, however many peaks come with it."""
    with pytest.raises(ValueError, match=r"peak|size"):
        add_leaf(-1, [bytes(32)] * peaks, bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_what_has_not_the_length_of_a_hash_is_none(length: int) -> None:
    """Two hashes must never be cut apart elsewhere than where they were joined."""
    wrong = bytes(length)
    with pytest.raises(ValueError, match="hash"):
        root_of_inclusion(wrong, 0, 2, [bytes(32)])
    with pytest.raises(ValueError, match="hash"):
        root_of_inclusion(bytes(32), 0, 2, [wrong])


def test_hashes_are_split_where_they_were_joined() -> None:
    """However many there are, also none."""
    for count in range(5):
        hashes = [leaf_hash(bytes([n])) for n in range(count)]
        assert split(b"".join(hashes)) == hashes
    for length in (1, 31, 33, 63, 65):
        with pytest.raises(ValueError, match="whole number"):
            split(bytes(length))
