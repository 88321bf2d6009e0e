"""The Merkle tree of RFC 9162, section 2.1: hashes and proofs, and nothing else.

Pure arithmetic over SHA-256: no store, no signature, no clock. A log of n entries has one root;
the root, the entry's index and about log2(n) hashes prove that the entry is in it.

An append-only log needs only its *peaks* to grow: the roots of the perfect subtrees that its
entries form, from the largest (the oldest) to the smallest, one for each bit that is set in n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a log without entries."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry; its prefix keeps an inner node from being passed off as an entry."""
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(_NODE + left + right).digest()


def add_leaf(size: int, peaks: Sequence[bytes], leaf: bytes) -> list[bytes]:
    """The peaks of a log of `size` entries once the entry with this leaf hash is appended."""
    _require(size >= 0, "a log has no size below 0")
    _require(len(peaks) == size.bit_count(), "a log has one peak for each bit set in its size")
    grown = list(peaks)
    node = leaf
    while size & 1:  # two perfect subtrees of one size become the next larger one
        node = node_hash(grown.pop(), node)
        size >>= 1
    return [*grown, node]


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """The root of the log with these peaks."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def newest_inclusion_path(peaks_before: Sequence[bytes]) -> list[bytes]:
    """The inclusion path of a log's newest entry, from the log's peaks before it was appended.

    All that is to the left of the newest entry is those peaks, so no other hash is needed.
    """
    return list(reversed(peaks_before))


def root_of_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a log of `size` entries has, if `path` proves `leaf` to be entry `index`.

    Whoever compares it with a root that they trust has verified the proof (section 2.1.3.2).
    Raises `ValueError` when no log of this size has such a path.
    """
    _require(0 <= index < size, f"a log of {size} entries has no entry {index}")
    _require(all(len(one) == HASH_BYTES for one in (leaf, *path)), "a hash has 32 bytes")
    at, last = index, size - 1
    root = leaf
    for sibling in path:
        _require(last > 0, "the inclusion path is too long")
        if at & 1 or at == last:
            root = node_hash(sibling, root)
            while not at & 1 and at:  # levels at which the entry's subtree has no sibling
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        at, last = at >> 1, last >> 1
    _require(last == 0, "the inclusion path is too short")
    return root


def split(hashes: bytes) -> list[bytes]:
    """Hashes that were stored one after another; `ValueError` when they are not whole."""
    _require(len(hashes) % HASH_BYTES == 0, "not a whole number of hashes")
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
