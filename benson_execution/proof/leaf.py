"""The leaf: what a closed dispatch leaves in the log, as two lines of JSON.

The first line is the dispatch's header, fixed when its first event was recorded: which trail,
which dispatch, which document, and what was in force. The chain of its events begins with it.
The second line says where that chain ended: how many events there are, and the last one's hash;
and the digest of the head that was signed before. So the newest head commits to all heads.

The bytes are what is stored and hashed. They are written here once, and never again.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

import orjson

HEADER_VERSION: Final = 1
_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What was judged, and by what: SHA-256 digests in lower-case hexadecimal.

    `pac_sha256` and `result_sha256` are of the bytes that the document has for these members;
    `result_sha256` is None when the agent handed nothing over. `trace_id` is of the trace that the
    dispatch is part of, 32 hexadecimal digits; without one the header does not have the member.
    """

    pac_sha256: str | None = None
    result_sha256: str | None = None
    policy_sha256: str | None = None
    registry_sha256: str | None = None
    benson_version: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """Everything that is fixed when a dispatch opens."""

    trail_id: str
    dispatch_id: str
    run_id: str
    number: int
    pac_id: str
    document_sha256: str | None
    provenance: Provenance

    def to_bytes(self) -> bytes:
        """One line of JSON, without its end."""
        fixed = asdict(self)
        provenance = fixed.pop("provenance")
        if provenance["trace_id"] is None:
            del provenance["trace_id"]
        return orjson.dumps({"header_version": HEADER_VERSION, **fixed, **provenance})

    @classmethod
    def from_bytes(cls, line: bytes) -> Header:
        """The header that these bytes hold; `ValueError` when they hold none."""
        members = members_of(line, "header")
        version = members.pop("header_version", None)
        if type(version) is not int or version != HEADER_VERSION:
            raise ValueError("a header of a version that this program does not know")
        names = [name for name in Provenance.__slots__ if name != "trace_id"]
        if "trace_id" in members:
            names.append("trace_id")
        try:
            provenance = Provenance(**{name: members.pop(name) for name in names})
            header = cls(provenance=provenance, **members)
        except (KeyError, TypeError):
            raise ValueError("a header with other members than it has") from None
        if "trace_id" in names and not is_trace_id(provenance.trace_id):
            raise ValueError("a header whose trace has no id of a trace")
        if not header._is_typed():
            raise ValueError("a header whose members are of other types")
        return header

    def _is_typed(self) -> bool:
        texts = (self.trail_id, self.dispatch_id, self.run_id, self.pac_id)
        judged = (getattr(self.provenance, name) for name in Provenance.__slots__)
        return (
            all(type(text) is str for text in texts)
            and type(self.number) is int
            and self.number >= 0
            and all(text is None or type(text) is str for text in (self.document_sha256, *judged))
        )


class Leaf(NamedTuple):
    """An entry of the log."""

    header: bytes
    events: int
    """How many events the dispatch has."""
    chain: bytes
    """The hash of the last one."""
    previous_head: bytes
    """The SHA-256 of the note of the head before this leaf."""

    def to_bytes(self) -> bytes:
        """The entry, as it is stored and hashed."""
        end = {
            "events": self.events,
            "chain": self.chain.hex(),
            "previous_head_sha256": self.previous_head.hex(),
        }
        return self.header + b"\n" + orjson.dumps(end)

    @classmethod
    def from_bytes(cls, entry: bytes) -> Leaf:
        """The leaf that these bytes hold; `ValueError` when they hold none."""
        header, newline, end = entry.partition(b"\n")
        members = members_of(end, "leaf")
        if (
            not newline
            or not end.startswith(b"{")
            or list(members) != ["events", "chain", "previous_head_sha256"]
        ):
            raise ValueError("not a leaf of two lines")
        events, chain, previous = members.values()
        if type(events) is not int or type(chain) is not str or type(previous) is not str:
            raise ValueError("a leaf with a member of another type")
        leaf = cls(header, events, bytes.fromhex(chain), bytes.fromhex(previous))
        if events < 1 or not len(leaf.chain) == len(leaf.previous_head) == 32:
            raise ValueError("a leaf of no events, or of hashes that are none")
        return leaf


def is_trace_id(text: object) -> bool:
    """Whether this is the id of a trace: 32 hexadecimal digits, not all of them zero."""
    return isinstance(text, str) and _TRACE_ID.fullmatch(text) is not None


def members_of(line: bytes, what: str) -> dict[str, Any]:
    """The members of a line of JSON that is an object; `ValueError` when it is none."""
    try:
        members = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"a {what} that is not JSON: {error}") from None
    if not isinstance(members, dict):
        raise ValueError(f"a {what} that is no object")
    return members
