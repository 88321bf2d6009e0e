"""What a trail says, without what differs from trail to trail: its id, its key, its times.

What is left out is made sure of first: a chain, an entry, a path or a signature that is not
what it must be fails here, so that "the same" means the same and right.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from benson_execution.proof import merkle
from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.heads import Head, Rotation, TrustedKeys
from benson_execution.proof.keys import PublicKey
from benson_execution.proof.leaf import Header, Leaf
from benson_execution.trail import Proof, Trail
from benson_execution.trail.rows import EventRow, LeafRow, Rows

EVERYTHING = ("dispatches", "events", "documents", "wraps", "leaves", "heads", "rotations")


def all_rows(rows: Rows) -> dict[str, list[Any]]:
    """Every row of every kind, read now."""
    return {kind: list(getattr(rows, kind)()) for kind in EVERYTHING}


def described(found: dict[str, list[Any]], key: PublicKey) -> dict[str, Any]:
    """The rows in words that are the same for every trail with the same appends."""
    heads = [Head.parse(row.note) for row in found["heads"]]
    (trail_id,) = {head.trail_id for head in heads}
    headers = {row.dispatch_id: row.header for row in found["dispatches"]}
    chains = assert_chained(headers, [EventRow._make(row) for row in found["events"]])
    assert_logged(headers, chains, found["leaves"], heads)
    trusted = TrustedKeys([key])
    assert all(trusted.accept(Rotation.parse(row.note)) for row in found["rotations"])
    assert all(trusted.signed(head) for head in heads)
    return {
        **{kind: [tuple(row) for row in found[kind]] for kind in ("documents", "wraps")},
        "dispatches": [
            (*row[:-1], dataclasses.replace(Header.from_bytes(row.header), trail_id=""))
            for row in found["dispatches"]
            if Header.from_bytes(row.header).trail_id == trail_id
        ],
        "events": [tuple(row)[:-1] for row in found["events"]],
        "leaves": [(row.leaf_index, row.dispatch_id) for row in found["leaves"]],
        "heads": [row.size for row in found["heads"]],
        "rotations": [row.number for row in found["rotations"]],
    }


def assert_chained(headers: dict[str, bytes], events: list[EventRow]) -> dict[str, EventRow]:
    """Each event's hash commits to its header and all before it; the last of each dispatch."""
    last: dict[str, EventRow] = {}
    for row in events:
        before = last.get(row.dispatch_id)
        link = first_link(headers[row.dispatch_id]) if before is None else before.chain
        assert row.sequence == 1 + (0 if before is None else before.sequence)
        assert row.chain == next_link(
            link, row.position, row.sequence, row.key, row.event_type, row.event
        )
        last[row.dispatch_id] = row
    assert last.keys() == headers.keys()
    return last


def assert_logged(
    headers: dict[str, bytes],
    last: dict[str, EventRow],
    leaves: list[LeafRow],
    heads: list[Head],
) -> None:
    """Every dispatch whose last event is its end has one leaf, and every leaf its head."""
    assert [head.size for head in heads] == list(range(len(leaves) + 1))
    assert [row.leaf_index for row in leaves] == list(range(len(leaves)))
    closed = [name for name, row in last.items() if row.key == "PAC_DISPATCH_END"]
    assert sorted(str(row.dispatch_id) for row in leaves) == sorted(closed)
    peaks: list[bytes] = []
    for size, (row, before, head) in enumerate(zip(leaves, heads[:-1], heads[1:], strict=True)):
        dispatch_id = str(row.dispatch_id)
        end = last[dispatch_id]
        digest = hashlib.sha256(before.note).digest()
        entry = Leaf(headers[dispatch_id], end.sequence, end.chain, digest)
        assert row.entry == entry.to_bytes()
        assert merkle.split(row.peaks) == peaks
        peaks = merkle.add_leaf(size, peaks, merkle.leaf_hash(row.entry))
        assert head.root == merkle.root_of_peaks(peaks)


def assert_proved(proof: Proof, key: PublicKey) -> None:
    """The path leads from the entry to the root of its head, and a trusted key signed that."""
    leaf = merkle.leaf_hash(proof.entry)
    head = proof.head
    assert head.size == proof.leaf_index + 1
    assert merkle.root_of_inclusion(leaf, proof.leaf_index, head.size, proof.path) == head.root
    assert head == Head.parse(head.note)
    trusted = TrustedKeys([key])
    for rotation in proof.rotations:
        trusted.accept(rotation)
    assert trusted.signed(head)


def key_of(trail: Trail) -> PublicKey:
    """The key that a trail of these tests began with."""
    keyring = getattr(trail, "_keyring", None)
    key: PublicKey = (trail.signing_key if keyring is None else keyring.key(None)).public  # type: ignore[attr-defined]
    return key
