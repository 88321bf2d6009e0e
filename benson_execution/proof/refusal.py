"""A refusal: what could not even be judged leaves an entry in the log, as two lines of JSON.

The first line says what was refused and why, the second which head was signed before it. So a
refusal can be neither removed nor changed without the next head saying so, like a dispatch's leaf.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, NamedTuple, Self

import orjson

from benson_execution.proof.leaf import members_of

REFUSAL_VERSION: Final = 1
_NUMBER: Final = {"size": int, "complete": bool}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused: no dispatch was opened for it.

    `kind` is `unreadable` or `invalid_pac`. `sha256` (lower-case hexadecimal) and `size` are of the
    bytes as received; of its first `size` bytes where it was longer than anybody reads, and then
    `complete` is false. `cause` is the sentence that whoever handed it in was told, `source` where
    it came from: a file's name, or a flow run's id.
    """

    timestamp: str
    kind: str
    sha256: str
    size: int
    complete: bool
    cause: str
    source: str | None = None

    def to_dict(self) -> dict[str, object]:
        """The members that `--json` prints."""
        return asdict(self)


class RefusalEntry(NamedTuple):
    """A refusal as the log has it."""

    trail_id: str
    refusal: Refusal
    previous_head: bytes
    """The SHA-256 of the note of the head before this entry."""

    def to_bytes(self) -> bytes:
        """The entry, as it is stored and hashed."""
        said = {"refusal_version": REFUSAL_VERSION, "trail_id": self.trail_id}
        end = {"previous_head_sha256": self.previous_head.hex()}
        return orjson.dumps({**said, **asdict(self.refusal)}) + b"\n" + orjson.dumps(end)

    @classmethod
    def from_bytes(cls, entry: bytes) -> Self:
        """The refusal that these bytes hold; `ValueError` when they hold none."""
        first, _, second = entry.partition(b"\n")
        said, end = members_of(first, "refusal"), members_of(second, "refusal")
        version, trail_id = said.pop("refusal_version", None), said.pop("trail_id", None)
        if type(version) is not int or version != REFUSAL_VERSION:
            raise ValueError("a refusal of a version that this program does not know")
        if list(said) != list(Refusal.__slots__) or list(end) != ["previous_head_sha256"]:
            raise ValueError("a refusal with other members than it has")
        for name, value in {**said, **end, "trail_id": trail_id}.items():
            if type(value) is not _NUMBER.get(name, str) and (name, value) != ("source", None):
                raise ValueError("a refusal whose members are of other types")
        previous = bytes.fromhex(end["previous_head_sha256"])
        if len(previous) != 32 or said["size"] < 0:
            raise ValueError("a refusal with a hash that is none, or a size that is none")
        made = cls(str(trail_id), Refusal(**said), previous)
        if made.to_bytes() != entry:
            raise ValueError("a refusal that was written otherwise than it is")
        return made
