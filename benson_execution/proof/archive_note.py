"""The signed note of an archive: which file some closed dispatches were moved into.

    benson/7d0c…                                the trail
    archive of closed dispatches
    42                                          how many entries the log had then
    time 2026-11-26T10:30:45.123456+00:00
    key 9f2d…
    file benson-7d0c1a2b-….jsonl.gz
    sha256 4be1…                                of the file's bytes
    bytes 73112
    dispatches 500

    — benson/7d0c… 8Ux…                         as in a head (notes.py)

What the file holds is bound by the log: its events lead to the leaves that stay there. The note
says that who has the trail's key moved them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from benson_execution.proof.keys import PublicKey, SigningKey
from benson_execution.proof.notes import DIGEST, count, is_signed, named, parse, sign
from benson_execution.timestamps import is_timestamp, utc_now

_KIND: Final = "archive of closed dispatches"
FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""The name of an archive's file: it leads to no other folder."""


@dataclass(frozen=True, slots=True)
class ArchiveNote:
    """What a signed note says of an archive. `note` are its bytes, signature included."""

    trail_id: str
    log_size: int
    """How many entries the log had: says which key was in force."""
    time: str
    key_id: str
    file: str
    sha256: str
    """Of the file's bytes, in lower-case hexadecimal."""
    size: int
    """The file's, in bytes."""
    dispatches: int
    note: bytes

    @classmethod
    def sign(  # noqa: PLR0917  # a note's lines, in their order
        cls,
        key: SigningKey,
        trail_id: str,
        log_size: int,
        file: str,
        sha256: str,
        size: int,
        dispatches: int,
    ) -> ArchiveNote:
        """A new note, now."""
        time = utc_now()
        lines = [
            _KIND,
            str(log_size),
            f"time {time}",
            f"key {key.key_id}",
            f"file {file}",
            f"sha256 {sha256}",
            f"bytes {size}",
            f"dispatches {dispatches}",
        ]
        return cls.parse(sign(trail_id, lines, key))

    @classmethod
    def parse(cls, note: bytes) -> ArchiveNote:
        """What a note says, whoever signed it; `ValueError` when it is no archive's."""
        trail_id, lines = parse(note)
        if len(lines) != 8 or lines[0] != _KIND:
            raise ValueError("not the note of an archive: it has other lines")
        time, key_id = named(lines[2], "time"), named(lines[3], "key")
        file, sha256 = named(lines[4], "file"), named(lines[5], "sha256")
        if not (is_timestamp(time) and DIGEST.fullmatch(key_id) and DIGEST.fullmatch(sha256)):
            raise ValueError("not the note of an archive: its time, its key or its digest is none")
        if not FILE.fullmatch(file):
            raise ValueError("not the note of an archive: it names no file")
        size, dispatches = count(named(lines[6], "bytes")), count(named(lines[7], "dispatches"))
        return cls(trail_id, count(lines[1]), time, key_id, file, sha256, size, dispatches, note)

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether this key signed it, to the last byte."""
        return key.key_id == self.key_id and is_signed(self.note, self.trail_id, key)
