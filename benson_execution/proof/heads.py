"""Signed heads: what Benson has said about the log, in texts that anybody can check.

A head is a checkpoint as transparency logs write it (C2SP `tlog-checkpoint`): the trail, how
many entries, their root, then a line each for the time and the whole id of the key; a blank
line; and the Ed25519 signature of all lines above the blank one.

    benson/7d0c…                                the trail
    42                                          how many dispatches are closed
    Qp3x…=                                      the root of the log
    time 2025-12-26T10:30:45.123456+00:00
    key 9f2d…

    — benson/7d0c… 8Ux…                         4 bytes that name the key, and the signature

The head of size 0 is made with the trail, and is where the trail's id and first key stand.
A rotation is a note of the same shape, signed by the old key and by the new one that it names.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from benson_execution.proof.archive_note import ArchiveNote
from benson_execution.proof.keys import PublicKey, SigningKey
from benson_execution.proof.merkle import EMPTY_ROOT, HASH_BYTES
from benson_execution.proof.notes import (
    DIGEST,
    body_of,
    count,
    from_base64,
    is_signed,
    named,
    parse,
    sign,
    signatures_of,
    to_base64,
)
from benson_execution.timestamps import is_timestamp, utc_now

_ROTATION: Final = "rotation of the signing key"


@dataclass(frozen=True, slots=True)
class Head:
    """What a signed head says. `note` are its bytes, signature included."""

    trail_id: str
    size: int
    root: bytes
    time: str
    key_id: str
    note: bytes

    @classmethod
    def sign(cls, key: SigningKey, trail_id: str, size: int, root: bytes) -> Head:
        """A new head, now."""
        if size < 0 or len(root) != HASH_BYTES:
            raise ValueError("not a head: its size or its root is none")
        time = utc_now()
        lines = [str(size), to_base64(root), f"time {time}", f"key {key.key_id}"]
        note = sign(trail_id, lines, key)
        return cls(trail_id, size, root, time, key.key_id, note)

    @classmethod
    def first(cls, key: SigningKey, trail_id: str) -> Head:
        """The head of an empty trail."""
        return cls.sign(key, trail_id, 0, EMPTY_ROOT)

    @staticmethod
    def beginning(trail_id: str | None, size: int, root: bytes) -> bytes:
        """How the note of every head of this trail, size and root begins."""
        return f"benson/{trail_id}\n{size}\n{to_base64(root)}\ntime ".encode()

    @classmethod
    def parse(cls, note: bytes) -> Head:
        """What a note says, whoever signed it; `ValueError` when it is no head."""
        trail_id, lines = parse(note)
        if len(lines) != 4:
            raise ValueError("not a head: it has other lines")
        root = from_base64(lines[1])
        time, key_id = named(lines[2], "time"), named(lines[3], "key")
        if len(root) != HASH_BYTES or not is_timestamp(time) or not DIGEST.fullmatch(key_id):
            raise ValueError("not a head: its root, its time or its key is none")
        return cls(trail_id, count(lines[0]), root, time, key_id, note)

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether this key signed it, to the last byte."""
        return key.key_id == self.key_id and _is_signed(self, key)

    def to_dict(self) -> dict[str, object]:
        """The members that are written where the database is not."""
        return {
            "trail_id": self.trail_id,
            "size": self.size,
            "root": self.root.hex(),
            "time": self.time,
            "key_id": self.key_id,
            "note": self.note.decode(),
        }


@dataclass(frozen=True, slots=True)
class Rotation:
    """The old key's word that heads of more than `size` entries are signed by the new key.

    Both keys sign it: the new one vouches for the head that it takes over, so that whoever signs
    with it need not trust anything else that the database says of the past.
    """

    trail_id: str
    size: int
    time: str
    key_id: str
    """The old key's."""
    new_key: PublicKey
    head_sha256: str
    """The digest of the head of this size."""
    note: bytes

    @classmethod
    def sign(cls, key: SigningKey, new_key: SigningKey, head: Head) -> Rotation:
        """A new rotation, now, behind this head."""
        if head.size < 0:
            raise ValueError("not a rotation: its size is none")
        time, digest = utc_now(), hashlib.sha256(head.note).hexdigest()
        lines = [
            _ROTATION,
            str(head.size),
            f"time {time}",
            f"key {key.key_id}",
            f"new {new_key.public.text}",
            f"head {digest}",
        ]
        note = sign(head.trail_id, lines, key, new_key)
        return cls(head.trail_id, head.size, time, key.key_id, new_key.public, digest, note)

    @classmethod
    def parse(cls, note: bytes) -> Rotation:
        """What a note says, whoever signed it; `ValueError` when it is no rotation."""
        trail_id, lines = parse(note)
        if len(lines) != 6 or lines[0] != _ROTATION:
            raise ValueError("not a rotation: it has other lines")
        new_key = PublicKey.from_text(named(lines[4], "new"))
        time, key_id = named(lines[2], "time"), named(lines[3], "key")
        digest = named(lines[5], "head")
        if not (is_timestamp(time) and DIGEST.fullmatch(key_id) and DIGEST.fullmatch(digest)):
            raise ValueError("not a rotation: its time, its key or its head is none")
        return cls(trail_id, count(lines[1]), time, key_id, new_key, digest, note)

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether this old key signed it, and the new one too, to the last byte."""
        return key.key_id == self.key_id and _is_signed(self, key, self.new_key)

    def takes_over(self, head: Head, new_key: PublicKey) -> bool:
        """Whether this new key itself signed that it follows this very head."""
        signatures = signatures_of(self.note, self.trail_id)
        return (
            _is_said(self)
            and self.new_key == new_key
            and self.head_sha256 == hashlib.sha256(head.note).hexdigest()
            and len(signatures) == 2
            and new_key.verifies(signatures[1][4:], body_of(self.note))
        )


class TrustedKeys:
    """Which key a head of which size must be signed by, from the keys that somebody trusts.

    Keys are trusted by name only; those that come with the data count for nothing, except by a
    rotation that a trusted key signed, and then only for what came after it.
    """

    def __init__(self, keys: list[PublicKey]) -> None:
        self._named = {key.key_id: key for key in keys}
        # By trail and key: one key may sign several trails, and be handed over in one of them.
        self._handed: dict[tuple[str, str], PublicKey] = {}
        self._since: dict[tuple[str, str], int] = {}
        self._until: dict[tuple[str, str], int] = {}

    def __contains__(self, key_id: object) -> bool:
        return key_id in self._named or any(key_id == handed for _, handed in self._handed)

    def accept(self, rotation: Rotation) -> bool:
        """Whether a trusted key signed it; then the new key is trusted, and the old one is over.

        Not by a key that is over already, nor from before it was trusted, nor to a key that is
        over or the same.
        """
        old = (rotation.trail_id, rotation.key_id)
        new = (rotation.trail_id, rotation.new_key.key_id)
        key = self._key(old)
        if key is None or not rotation.is_signed_by(key):
            return False
        if old in self._until or new == old or new in self._until:
            return False
        if rotation.size < self._since.get(old, 0):
            return False
        self._until[old] = rotation.size
        if self._key(new) is None:
            self._handed[new] = rotation.new_key
            self._since[new] = rotation.size
        return True

    def signed(self, head: Head) -> bool:
        """Whether a key that is trusted for heads of this size signed it."""
        place = (head.trail_id, head.key_id)
        key = self._key(place)
        if key is None or not self._since.get(place, -1) < head.size:
            return False
        return head.size <= self._until.get(place, head.size) and head.is_signed_by(key)

    def signed_archive(self, note: ArchiveNote) -> bool:
        """Whether a key that was trusted when the log had the note's size signed it."""
        place = (note.trail_id, note.key_id)
        key = self._key(place)
        if key is None or note.log_size < self._since.get(place, 0):
            return False
        return note.log_size <= self._until.get(place, note.log_size) and note.is_signed_by(key)

    def _key(self, place: tuple[str, str]) -> PublicKey | None:
        return self._named.get(place[1]) or self._handed.get(place)


def _is_said(said: Head | Rotation) -> bool:
    """Whether its note says this, and nothing else."""
    try:
        return type(said).parse(said.note) == said
    except ValueError:
        return False


def _is_signed(said: Head | Rotation, *keys: PublicKey) -> bool:
    """Whether a note says this, and these keys signed it, in this order and nobody else."""
    return _is_said(said) and is_signed(said.note, said.trail_id, *keys)
