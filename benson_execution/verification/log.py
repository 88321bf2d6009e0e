"""Verifying the log: that its leaves and heads fit one another, and extend what was seen before.

The newest head's signature covers the root of all leaves; every leaf has the digest of the head
before it. So the newest signature, and those where keys changed, vouch for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from benson_execution.proof import merkle
from benson_execution.proof.heads import Head, Rotation, TrustedKeys
from benson_execution.proof.heads_file import read_line
from benson_execution.proof.leaf import Leaf
from benson_execution.proof.refusal import RefusalEntry
from benson_execution.trail.rows import HeadRow, LeafRow, RotationRow
from benson_execution.verification.findings import Finding, Kind

_NO_DIGEST: Final = b""


class LogVerifier:
    """Takes the leaves in order, and beside each the head that was signed with it.

    `roots` has the root of every size so far, one after another: what pinned heads are
    compared with.
    """

    def __init__(self, trusted: TrustedKeys, heads: Iterator[HeadRow]) -> None:
        self.trail_id: str | None = None
        self.size = 0
        self.roots = bytearray()
        self._newest = b""
        self._trusted = trusted
        self._heads = heads
        self._next_head: HeadRow | None = None
        self._misplaced = 0
        self._peaks: list[bytes] = []
        self._digest = _NO_DIGEST
        self._keys: list[tuple[int, str]] = []
        self._handed_over: dict[int, str] = {}
        self._rotations: set[bytes] = set()

    @property
    def newest(self) -> Head | None:
        """The newest head, as it says; None when it says nothing that can be read."""
        try:
            return Head.parse(self._newest) if self._newest else None
        except ValueError:
            return None

    def begin(self, rotations: Iterable[RotationRow]) -> Iterator[Finding]:
        """The head that every trail begins with, and who may sign."""
        self._next_head = next(self._heads, None)
        row = self._head_of_size(0)
        if row is None and self._next_head is None:
            yield Finding(Kind.TRAIL_EMPTY, "there is not even the head that a trail begins with")
            return
        if row is None:
            yield Finding(Kind.HEAD_MISSING, "the head of size 0, with which the trail began")
        else:
            yield from self._take_head(row, merkle.EMPTY_ROOT)
            if (first := self.newest) is not None:
                self.trail_id = first.trail_id
                self._keys = [(-1, first.key_id)]
                yield from self._check_signature(first)
        self.roots += merkle.EMPTY_ROOT
        for expected, rotation in enumerate(rotations, start=1):
            yield from self._take_rotation(rotation, expected)
        if row is not None and 0 in self._handed_over:
            yield from self._check_handed_over(0)

    def _take_rotation(self, row: RotationRow, expected: int) -> Iterator[Finding]:
        try:
            rotation = Rotation.parse(row.note)
        except (ValueError, TypeError, AttributeError) as error:
            yield Finding(Kind.HEAD_ALTERED, f"rotation {row.number} was changed: {error}")
            return
        if row.number != expected:
            message = f"a rotation of the signing key stands where number {expected} is due"
            yield Finding(Kind.HEAD_MISSING, message)
        in_force = self._keys[-1][1] if self._keys else rotation.key_id
        if rotation.trail_id != self.trail_id or not self._trusted.accept(rotation):
            message = (
                f"rotation {row.number} is not signed by the trusted key that was in force, and "
                "by the one that it names"
            )
            yield Finding(Kind.HEAD_UNTRUSTED, message)
        elif rotation.key_id != in_force:
            message = (
                f"rotation {row.number} hands over from {rotation.key_id}, while {in_force} was "
                "in force: the one before it is gone"
            )
            yield Finding(Kind.HEAD_MISSING, message)
        self._rotations.add(rotation.note)
        self._keys.append((rotation.size, rotation.new_key.key_id))
        self._handed_over[rotation.size] = rotation.head_sha256

    def take(self, row: LeafRow, leaf: Leaf | RefusalEntry | None) -> Iterator[Finding]:
        """The next entry (None when it can't be read); then the head that was signed with it."""
        if row.leaf_index != self.size:
            gone = f"entry {self.size} of the log is gone: {row.leaf_index} comes next"
            yield Finding(Kind.LEAF_MISSING, gone, row.dispatch_id)
            # Go on behind the gap, with what this entry says was before it.
            yield from self._skip_to(row)
        if row.peaks != b"".join(self._peaks):
            message = f"what entry {row.leaf_index} says of the log before it was changed"
            yield Finding(Kind.LEAF_ALTERED, message, row.dispatch_id)
        hashed = merkle.EMPTY_ROOT if leaf is None else merkle.leaf_hash(row.entry)
        if self._digest and leaf is not None and leaf.previous_head != self._digest:
            yield from self._misfit(row)
        self._peaks = merkle.add_leaf(self.size, self._peaks, hashed)
        self.size += 1
        root = merkle.root_of_peaks(self._peaks)
        self.roots += root
        head = self._head_of_size(self.size)
        self._digest = _NO_DIGEST
        if head is None:
            yield Finding(
                Kind.HEAD_MISSING, f"the head of size {self.size} is gone", row.dispatch_id
            )
        else:
            yield from self._take_head(head, root, row)

    def _misfit(self, row: LeafRow) -> Iterator[Finding]:
        """A leaf follows another head than the one before it: which of the two was changed?"""
        head = self.newest
        if head is None:
            message = f"the head of size {self.size} was changed: it can't be read any more"
            yield Finding(Kind.HEAD_ALTERED, message, row.dispatch_id)
            return
        if not self._trusted.signed(head):
            yield from self._check_signature(head)
            return
        message = f"entry {row.leaf_index} of the log does not follow the head before it"
        yield Finding(Kind.LEAF_ALTERED, message, row.dispatch_id)

    def _skip_to(self, row: LeafRow) -> Iterator[Finding]:
        while self.size < row.leaf_index and row.leaf_index - self.size < 1 << 20:
            self.size += 1
            self.roots += bytes(merkle.HASH_BYTES)
            self._head_of_size(self.size)
        self.size = row.leaf_index
        self._digest = _NO_DIGEST
        try:
            self._peaks = merkle.split(row.peaks)
            merkle.add_leaf(self.size, self._peaks, merkle.EMPTY_ROOT)
        except (ValueError, TypeError):
            yield Finding(Kind.LEAF_ALTERED, f"entry {row.leaf_index} can't be placed in the log")
            self.size, self._peaks = 0, []

    def _take_head(
        self, row: HeadRow, root: bytes, leaf: LeafRow | None = None
    ) -> Iterator[Finding]:
        if type(row.note) is bytes:
            self._digest = hashlib.sha256(row.note).digest()
            if self._newest and row.note.startswith(Head.beginning(self.trail_id, row.size, root)):
                # Read in full when it turns out to be the last, or the last of its key.
                self._newest = row.note
                if row.size in self._handed_over:
                    yield from self._check_handed_over(row.size)
                return
        dispatch_id = None if leaf is None else leaf.dispatch_id
        try:
            head = Head.parse(row.note)
        except (ValueError, TypeError, AttributeError) as error:
            message = f"the head of size {row.size} was changed: {error}"
            yield Finding(Kind.HEAD_ALTERED, message, dispatch_id)
            self._digest = _NO_DIGEST  # said already: that the next entry does not follow it
            return
        self._newest = row.note
        if head.size != row.size:
            message = f"the head of size {row.size} says {head.size}"
            yield Finding(Kind.HEAD_ALTERED, message, dispatch_id)
        elif self.trail_id is not None and head.trail_id != self.trail_id:
            message = f"the head of size {row.size} is another trail's: {head.trail_id}"
            yield Finding(Kind.FOREIGN_DISPATCH, message, dispatch_id)
        elif head.root != root:
            if self._trusted.signed(head):
                message = (
                    f"the head of size {row.size} was signed for other entries: entry "
                    f"{row.size - 1}, or one before it, was changed"
                )
                yield Finding(Kind.LEAF_ALTERED, message, dispatch_id)
            else:
                yield from self._check_signature(head)

    def _check_handed_over(self, size: int) -> Iterator[Finding]:
        """The head behind which another key took over: nothing later has its signature checked."""
        head = self.newest
        if head is None or self._digest.hex() != self._handed_over[size]:
            message = f"the head of size {size} is not the one that the next key took over"
            yield Finding(Kind.HEAD_ALTERED, message)
        else:
            yield from self._check_signature(head)

    def _check_signature(self, head: Head) -> Iterator[Finding]:
        in_force = next((k for since, k in reversed(self._keys) if since < head.size), head.key_id)
        if not self._trusted.signed(head):
            if head.key_id in self._trusted:
                message = (
                    f"the head of size {head.size} does not have the signature of its key "
                    f"{head.key_id}, or that key was not trusted for this size"
                )
                yield Finding(Kind.HEAD_ALTERED, message)
            else:
                message = (
                    f"the head of size {head.size} is signed by {head.key_id}, which is not trusted"
                )
                yield Finding(Kind.HEAD_UNTRUSTED, message)
        elif head.key_id != in_force:
            message = (
                f"the head of size {head.size} is signed by {head.key_id}, while {in_force} was in "
                "force: a rotation is gone, or a key was used that was handed over"
            )
            yield Finding(Kind.HEAD_UNTRUSTED, message)

    def finish(self) -> Iterator[Finding]:
        """The newest head's signature, and heads of more than there is."""
        newest = self.newest
        if newest is not None and newest.size > 0:
            yield from self._check_signature(newest)
        elif newest is None and self._newest:
            yield Finding(Kind.HEAD_ALTERED, f"the head of size {self.size} was changed")
        while self._next_head is not None:
            row = self._next_head
            self._next_head = next(self._heads, None)
            yield Finding(
                Kind.LEAF_MISSING,
                f"the head of size {row.size} was signed, and the log ends at {self.size}",
            )
        if self._misplaced:
            message = f"{self._misplaced} heads stand where none belongs"
            yield Finding(Kind.HEAD_ALTERED, message)
        for size in self._handed_over:
            if size > self.size:
                message = f"a rotation follows a head of size {size}: entries are gone"
                yield Finding(Kind.LEAF_MISSING, message)

    def check_pin(self, head: Head) -> Iterator[Finding]:
        """Whether the log extends a head that was kept elsewhere."""
        if head.trail_id != self.trail_id:
            yield Finding(Kind.OTHER_TRAIL, f"the head of size {head.size} is {head.trail_id}'s")
        elif not self._trusted.signed(head):
            yield from self._check_signature(head)
        else:
            yield from self._check_root(head.size, head.root)

    def check_heads_file(self, lines: Iterable[bytes], where: str) -> Iterator[Finding]:
        """Whether the log extends every head that a heads file has of it.

        A home may keep several trails; but where this one stands, no other one may have stood.
        """
        others: set[str] = set()
        for number, line in enumerate(lines, start=1):
            if self._is_as_expected(line):
                continue
            noted = read_line(line)
            if noted is None:
                message = f"line {number} of the heads file is no head: it was torn, or changed"
                yield Finding(Kind.HEADS_FILE_DAMAGED, message)
            elif noted.said.trail_id == self.trail_id:
                yield from self._check_noted(noted.said)
            elif noted.where == where and noted.said.trail_id not in others:
                others.add(noted.said.trail_id)
                message = (
                    f"the trail {noted.said.trail_id} stood here before: it was removed, and "
                    f"{self.trail_id or 'nothing'} was put into its place"
                )
                yield Finding(Kind.OTHER_TRAIL, message)

    def _check_noted(self, said: Head | Rotation) -> Iterator[Finding]:
        if isinstance(said, Head):
            yield from self._check_root(said.size, said.root)
        elif said.note not in self._rotations:
            message = f"the rotation to {said.new_key.key_id}, behind the head {said.size}, is gone"
            yield Finding(Kind.HEAD_MISSING, message)

    def _is_as_expected(self, line: bytes) -> bool:
        """Whether a line has a head of this log; there are many, and nearly all of them do."""
        try:
            members = orjson.loads(line)
            size, note = members["size"], members["note"].encode()
            beginning = Head.beginning(self.trail_id, size, self._root(size))
        except (ValueError, KeyError, TypeError, AttributeError):
            return not line.strip()
        return bool(note.startswith(beginning))

    def _root(self, size: int) -> bytes:
        at = size * merkle.HASH_BYTES
        return bytes(self.roots[at : at + merkle.HASH_BYTES])

    def _check_root(self, size: int, root: bytes) -> Iterator[Finding]:
        """Whether the log had this root when it had this size."""
        if size > self.size:
            yield Finding(
                Kind.TRAIL_SHORTENED,
                f"a head of size {size} was signed, and the log ends at {self.size}: its "
                "newest entries are gone, or an older copy was put back",
            )
        elif self._root(size) != root:
            yield Finding(
                Kind.TRAIL_REWRITTEN,
                f"the log's first {size} entries are not those that the head of size {size} was "
                "signed for",
            )

    def _head_of_size(self, size: int) -> HeadRow | None:
        row = self._next_head
        while row is not None and row.size < size:
            self._misplaced += 1
            row = self._next_head = next(self._heads, None)
        if row is None or row.size != size:
            return None
        self._next_head = next(self._heads, None)
        return row
