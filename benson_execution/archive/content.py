"""What an archive's file holds: JSON Lines, compressed with gzip, the same bytes for the same rows.

The first line says which trail it is of and what it holds. Then comes a line for each dispatch,
with its row, its leaf and its events as they were stored, behind lines with the documents that
it was judged by: as received, and as its agent handed over. `zcat FILE | jq` shows them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.leaf import Header, Leaf
from benson_execution.proof.merkle import leaf_hash
from benson_execution.trail.rows import DispatchRow, EventRow

ARCHIVE_VERSION: Final = 1
MAX_CONTENT: Final = 1 << 30
"""How many bytes a file may unfold to."""
_GZIP: Final = 31
"""zlib's window bits for gzip."""
_EVENT: Final = ("position", "sequence", "key", "event_type", "event", "chain")


class Unreadable(ValueError):
    """A file that is no archive, or not the one that it should be."""


class ArchivedDispatch(NamedTuple):
    """A dispatch with its events, and the entry of the log that commits to them."""

    row: DispatchRow
    leaf_index: int
    entry: bytes
    events: Sequence[EventRow]
    summary: Mapping[str, Any]
    """What is counted of it: the members of a `DispatchSummary`, as the program had them then."""

    @property
    def ended_at(self) -> str:
        """The time of its last event."""
        return str(orjson.loads(self.events[-1].event)["timestamp"])

    def misfit(self) -> str | None:
        """Why it is not the dispatch that its leaf commits to; None when it is."""
        try:
            leaf = Leaf.from_bytes(self.entry)
            link = first_link(self.row.header)
            for number, event in enumerate(self.events, start=1):
                if (event.sequence, event.dispatch_id) != (number, self.row.dispatch_id):
                    return f"event {number} is gone, or stands elsewhere"
                link = next_link(
                    link, event.position, number, event.key, event.event_type, event.event
                )
                if link != event.chain:
                    return f"event {number} does not have its hash"
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            return f"a row holds what it can't: {error}"
        if leaf.header != self.row.header or not self._is_stored_as_opened():
            return "what it was opened with is not what the log commits to"
        if (leaf.events, leaf.chain) != (len(self.events), link):
            return f"its {len(self.events)} events are not the {leaf.events} of its leaf"
        return None

    def _is_stored_as_opened(self) -> bool:
        """Whether the columns of its row say what its header does."""
        try:
            said = Header.from_bytes(self.row.header)
        except ValueError:
            return False
        opened = (said.dispatch_id, said.run_id, said.number, said.pac_id, said.document_sha256)
        dispatch_id, position, run_id, number, pac_id, document_sha256, _ = self.row
        stored = (dispatch_id, run_id, number, pac_id, document_sha256)
        return stored == opened and position == self.events[0].position


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds; `documents` by their SHA-256."""

    trail_id: str
    dispatches: Sequence[ArchivedDispatch]
    documents: Mapping[str, bytes]

    @property
    def first_position(self) -> int:
        """Of all its events, the lowest."""
        return min(event.position for one in self.dispatches for event in one.events)

    @property
    def last_position(self) -> int:
        """Of all its events, the highest."""
        return max(event.position for one in self.dispatches for event in one.events)

    @property
    def ended(self) -> tuple[str, str]:
        """When the first of them ended, and when the last one."""
        times = [one.ended_at for one in self.dispatches]
        return min(times), max(times)

    def to_bytes(self) -> bytes:
        """The file's bytes."""
        first, last = self.ended
        head = {
            "archive_version": ARCHIVE_VERSION,
            "trail_id": self.trail_id,
            "dispatches": len(self.dispatches),
            "documents": len(self.documents),
            "first_ended_at": first,
            "last_ended_at": last,
        }
        packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)  # it writes no time and no name
        packed = [packer.compress(orjson.dumps(head) + b"\n")]
        for sha256, content in sorted(self.documents.items()):
            packed.append(packer.compress(document_line(sha256, content)))
        packed += [packer.compress(dispatch_line(one)) for one in self.dispatches]
        return b"".join([*packed, packer.flush()])

    @classmethod
    def from_bytes(cls, packed: bytes) -> Content:
        """What these bytes hold; `Unreadable` when they are no archive."""
        unpacker = zlib.decompressobj(_GZIP)
        try:
            content = unpacker.decompress(packed, MAX_CONTENT)
        except zlib.error as error:
            raise Unreadable(f"it is not compressed with gzip: {error}") from None
        if not unpacker.eof or unpacker.unused_data:
            raise Unreadable("it is cut off, or longer than it should be")
        lines = content.split(b"\n")
        if lines.pop() != b"":
            raise Unreadable("its last line has no end")
        try:
            return cls._of_lines(lines)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise Unreadable(f"it does not hold what an archive holds: {error!r}") from None

    @classmethod
    def _of_lines(cls, lines: Sequence[bytes]) -> Content:
        head = orjson.loads(lines[0])
        if head["archive_version"] != ARCHIVE_VERSION:
            raise Unreadable("it is of a version that this program does not know")
        documents: dict[str, bytes] = {}
        dispatches: list[ArchivedDispatch] = []
        for line in lines[1:]:
            members = orjson.loads(line)
            if "document" in members:
                sha256, content = _document(members["document"])
                documents[sha256] = content
            else:
                dispatches.append(_dispatch(members))
        if not dispatches or (head["dispatches"], head["documents"]) != (
            len(dispatches),
            len(documents),
        ):
            raise Unreadable("it does not hold as many lines as it says")
        return cls(_exactly(str, head["trail_id"]), dispatches, documents)


def document_line(sha256: str, content: bytes) -> bytes:
    """The line of a document; bytes that are no text are written in base64."""
    try:
        written = {"text": content.decode()}
    except UnicodeDecodeError:
        written = {"base64": base64.b64encode(content).decode()}
    return orjson.dumps({"document": {"sha256": sha256, **written}}) + b"\n"


def dispatch_line(one: ArchivedDispatch) -> bytes:
    """The line of a dispatch; `ValueError` when a row is not what was recorded."""
    row = {**one.row._asdict(), "header": one.row.header.decode()}
    events = [
        {
            **{name: getattr(event, name) for name in _EVENT},
            "event": event.event.decode(),
            "chain": event.chain.hex(),
        }
        for event in one.events
    ]
    leaf = {
        "index": one.leaf_index,
        "hash": leaf_hash(one.entry).hex(),
        "entry": one.entry.decode(),
    }
    members = {"dispatch": row, "leaf": leaf, "events": events, "summary": one.summary}
    return orjson.dumps(members) + b"\n"


def _document(given: Mapping[str, Any]) -> tuple[str, bytes]:
    try:
        content = (
            given["text"].encode()
            if "text" in given
            else base64.b64decode(given["base64"], validate=True)
        )
    except binascii.Error as error:
        raise Unreadable(f"a document that can't be read: {error}") from None
    if hashlib.sha256(content).hexdigest() != given["sha256"]:
        raise Unreadable(f"the document {given['sha256']!r} does not have its digest")
    return given["sha256"], content


def _dispatch(members: Mapping[str, Any]) -> ArchivedDispatch:
    given, leaf = members["dispatch"], members["leaf"]
    texts = [_exactly(str, given[name]) for name in ("dispatch_id", "run_id", "pac_id")]
    numbers = [_exactly(int, given[name]) for name in ("position", "number")]
    document = given["document_sha256"]
    row = DispatchRow(
        texts[0],
        numbers[0],
        texts[1],
        numbers[1],
        texts[2],
        None if document is None else _exactly(str, document),
        given["header"].encode(),
    )
    events = [
        EventRow(
            _exactly(int, event["position"]),
            row.dispatch_id,
            _exactly(int, event["sequence"]),
            None if event["key"] is None else _exactly(str, event["key"]),
            _exactly(str, event["event_type"]),
            event["event"].encode(),
            bytes.fromhex(event["chain"]),
        )
        for event in members["events"]
    ]
    entry = leaf["entry"].encode()
    if leaf_hash(entry).hex() != leaf["hash"] or not events:
        raise Unreadable(f"the leaf of {row.dispatch_id!r} does not have its hash")
    index = _exactly(int, leaf["index"])
    return ArchivedDispatch(row, index, entry, events, _exactly(dict, members["summary"]))


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
