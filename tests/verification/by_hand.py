"""Logs that are made by hand, as rows that a test may spoil, and what is said of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import orjson

from benson_execution import BensonExecutionEngine, Settings
from benson_execution.proof import merkle
from benson_execution.proof.heads import Head, Rotation, TrustedKeys
from benson_execution.proof.keys import PublicKey, SigningKey
from benson_execution.proof.leaf import Leaf
from benson_execution.trail import SqlTrail
from benson_execution.trail.rows import HeadRow, LeafRow, RotationRow
from benson_execution.verification.findings import Finding, Kind
from benson_execution.verification.log import LogVerifier

from .honest import url

TRAIL, OTHER = "a" * 32, "b" * 32
Said = list[tuple[Kind, str, str | None]]


def said(found: Iterable[Finding]) -> Said:
    return [(one.kind, one.message, one.dispatch_id) for one in found]


class Log:
    """A log of `size` entries with their heads, as rows that a test may spoil."""

    def __init__(self, size: int = 0, trail_id: str = TRAIL) -> None:
        self.trail_id = trail_id
        self.key = self.first_key = SigningKey.generate()
        self.signed = [Head.first(self.key, trail_id)]
        self.heads = [HeadRow(0, self.signed[0].note)]
        self.leaves: list[LeafRow] = []
        self.rotations: list[RotationRow] = []
        self.roots = [merkle.EMPTY_ROOT]
        self.peaks: list[bytes] = []
        self.add(size)

    def add(self, count: int) -> None:
        for index in range(len(self.leaves), len(self.leaves) + count):
            before = hashlib.sha256(self.signed[-1].note).digest()
            entry = Leaf(b'{"n": %d}' % index, 1, bytes(32), before).to_bytes()
            self.leaves.append(LeafRow(index, f"d{index}", entry, b"".join(self.peaks)))
            self.peaks = merkle.add_leaf(index, self.peaks, merkle.leaf_hash(entry))
            self.roots.append(merkle.root_of_peaks(self.peaks))
            self.signed.append(Head.sign(self.key, self.trail_id, index + 1, self.roots[-1]))
            self.heads.append(HeadRow(index + 1, self.signed[-1].note))

    def rotate(self, by: SigningKey | None = None) -> Rotation:
        new = SigningKey.generate()
        rotation = Rotation.sign(by or self.key, new, self.signed[-1])
        self.rotations.append(RotationRow(len(self.rotations) + 1, rotation.note))
        self.key = new
        return rotation

    def verified(self, *trusted: PublicKey) -> tuple[LogVerifier, Said]:
        keys = TrustedKeys(list(trusted) or [self.first_key.public])
        verifier = LogVerifier(keys, iter(self.heads))
        found = list(verifier.begin(self.rotations))
        for row in self.leaves:
            try:
                leaf = Leaf.from_bytes(row.entry)
            except (ValueError, TypeError, AttributeError):
                leaf = None
            found += verifier.take(row, leaf)
        return verifier, said([*found, *verifier.finish()])

    def found(self, *trusted: PublicKey) -> Said:
        return self.verified(*trusted)[1]


def time_spoilt(note: bytes) -> bytes:
    """A note that still begins as it must, and can't be read."""
    return note.replace(b"\ntime ", b"\ntime x")


def unsigned(head: Head) -> str:
    return (
        f"the head of size {head.size} does not have the signature of its key {head.key_id}, or "
        "that key was not trusted for this size"
    )


def not_its_own(head: Head, in_force: SigningKey) -> str:
    return (
        f"the head of size {head.size} is signed by {head.key_id}, while {in_force.key_id} was in "
        "force: a rotation is gone, or a key was used that was handed over"
    )


def line(one: Head | Rotation, where: str = "here") -> bytes:
    """A line of the heads file."""
    kind = "head" if isinstance(one, Head) else "rotation"
    members = {"kind": kind, "trail": where, "trail_id": one.trail_id, "size": one.size}
    return orjson.dumps({**members, "note": one.note.decode()}) + b"\n"


def judge_bytes(trail: SqlTrail, path: Path, document: bytes) -> None:
    """Judge a document that is no example; its artifact lies beside the trail."""
    settings = Settings(home=path.parent, trail_url=url(path))
    BensonExecutionEngine(
        enable_telemetry=False, trail=trail, settings=settings, artifacts=path.parent / "artifacts"
    ).execute_pac(document)
