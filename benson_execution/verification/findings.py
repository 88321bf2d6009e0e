"""What verification can find, each by its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What is wrong."""

    EVENT_ALTERED = "event-altered"
    """An event's bytes, key, type, place or hash were changed."""
    EVENT_MISSING = "event-missing"
    """An event was removed."""
    EVENT_INSERTED = "event-inserted"
    """An event was added that Benson did not record there."""
    EVENTS_SWAPPED = "events-swapped"
    """Two events stand in each other's place."""
    EVENT_RENUMBERED = "event-renumbered"
    """An event stands under another number than it was recorded with."""
    DISPATCH_CUT_OFF = "dispatch-cut-off"
    """The last events of a dispatch were removed."""
    DISPATCH_REWRITTEN = "dispatch-rewritten"
    """A dispatch's hashes fit one another, but not the log: all of it was made anew."""
    DISPATCH_ALTERED = "dispatch-altered"
    """What a dispatch was opened with was changed."""
    DISPATCH_MISSING = "dispatch-missing"
    """All of a dispatch was removed."""
    FOREIGN_DISPATCH = "foreign-dispatch"
    """A dispatch was recorded in another trail."""
    DOCUMENT_ALTERED = "document-altered"
    """A document's bytes are not those that were received."""
    DOCUMENT_MISSING = "document-missing"
    """A document was removed that a dispatch was judged by."""
    WRAP_ALTERED = "wrap-altered"
    """A PAC's claim to its WRAP does not fit the WRAP in the trail."""
    LEAF_ALTERED = "leaf-altered"
    """An entry of the log was changed."""
    LEAF_MISSING = "leaf-missing"
    """An entry of the log was removed."""
    HEAD_ALTERED = "head-altered"
    """A signed head was changed."""
    HEAD_MISSING = "head-missing"
    """A signed head was removed."""
    HEAD_UNTRUSTED = "head-untrusted"
    """A head or a rotation is signed by a key that is not trusted for it."""
    TRAIL_EMPTY = "trail-empty"
    """There is nothing, not even the head that every trail begins with."""
    TRAIL_SHORTENED = "trail-shortened"
    """A head was signed that the trail does not reach any more: an older copy was put back."""
    TRAIL_REWRITTEN = "trail-rewritten"
    """A head was signed that the trail does not extend: its past is another one."""
    OTHER_TRAIL = "other-trail"
    """A head that was to be extended is another trail's, or another one stood here before."""
    HEADS_FILE_DAMAGED = "heads-file-damaged"
    """A line of the heads file is no head."""
    DATABASE_DAMAGED = "database-damaged"
    """The database itself says that it is damaged."""
    GUARD_MISSING = "guard-missing"
    """A trigger that keeps rows from being changed is not there."""
    TABLES_ALTERED = "tables-altered"
    """The database's tables, indexes or triggers are not those that were made."""
    ARCHIVE_MISSING = "archive-missing"
    """A file that dispatches were moved into is not there, or not what a receipt speaks of."""
    ARCHIVE_ALTERED = "archive-altered"
    """An archive's file, its note, or what the database says of it was changed."""
    ARCHIVE_UNTRUSTED = "archive-untrusted"
    """An archive's note is not signed by a key that was trusted then."""
    RECEIPT_ALTERED = "receipt-altered"
    """A receipt does not say what the archive holds, or one is missing or was added."""
    ARTIFACT_ALTERED = "artifact-altered"
    """A member of an artifact does not follow from its evidence."""
    EVIDENCE_ALTERED = "evidence-altered"
    """An artifact's evidence does not hold together, or holds nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `sequence` is the event's number in its dispatch."""

    kind: Kind
    message: str
    dispatch_id: str | None = None
    sequence: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The members that `--json` prints."""
        return {
            "kind": self.kind.value,
            "message": _text(self.message),
            "dispatch_id": None if self.dispatch_id is None else _text(self.dispatch_id),
            "sequence": self.sequence,
        }


def _text(value: object) -> str:
    """A row may hold anything where a text should be; JSON takes only what is one."""
    text = value if isinstance(value, str) else repr(value)
    return text.encode("utf-8", "backslashreplace").decode()
