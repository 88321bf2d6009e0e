"""Verifying what was archived: its events stand among those of the trail, as if they had stayed.

Every archive's note is signed by a key that was trusted then; its file has the digest of the
note; and there is a receipt for each dispatch in it, and no other. The events of the files are
then merged into those of the database, where they have to lead to the leaves of the log.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from operator import itemgetter
from typing import Final

import orjson

from benson_execution.archive.content import ArchivedDispatch, Content, Unreadable
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.archive.merging import events_in, merged
from benson_execution.archive.receipts import ranges_in, receipt_of, summary_of
from benson_execution.errors import TrailUnavailable
from benson_execution.proof.archive_note import ArchiveNote
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.leaf import Leaf
from benson_execution.proof.merkle import leaf_hash
from benson_execution.trail.rows import ArchiveRow, Damaged, EventRow, EventTuple, ReceiptRow, Rows
from benson_execution.verification.findings import Finding, Kind
from benson_execution.verification.opened import text
from benson_execution.verification.wraps import Claim

_UNREADABLE: Final = (ValueError, TypeError, AttributeError, KeyError, TrailUnavailable)


class ArchiveVerifier:
    """The archives of a trail; `check` comes first.

    `documents` are the digests of what they hold. `absent` are the dispatches whose file is not
    there, or is not to be looked at: of them only the receipts speak.
    """

    def __init__(self, rows: Rows, trusted: TrustedKeys, folder: ArchiveFolder | None) -> None:
        self.documents: set[str] = set()
        self.absent: set[str] = set()
        self.archives = 0
        self.archived: dict[str, str] = {}
        """The archived dispatches, and the archive of each."""
        self._rows = rows
        self._trusted = trusted
        self._folder = folder
        self._files: dict[str, ArchiveRow] = {}
        self._ranges: list[tuple[int, int]] = []
        self._claims: list[Claim] = []
        self._named: dict[str, set[str]] = {}
        self._unnamed: set[str] = set()
        self._left: set[str] = set()

    def check(self, trail_id: str | None) -> Iterator[Finding]:
        """Whether the archives are what was signed, and the receipts what they hold."""
        for document in self._rows.archived_documents():
            self._named.setdefault(document.archive_id, set()).add(document.sha256)
        known = set()
        for row in self._rows.archives():
            known.add(row.archive_id)
            self.archives += 1
            yield from self._check_archive(row, trail_id)
        for receipt in self._rows.receipts():
            self.archived[receipt.dispatch_id] = receipt.archive_id
            if receipt.archive_id not in known:
                self._believe(receipt)
                message = f"it has a receipt of an archive that there is not: {receipt.archive_id}"
                yield Finding(Kind.RECEIPT_ALTERED, message, text(receipt.dispatch_id))
        for archive_id in self._named.keys() - known:
            message = f"documents are said to be in an archive that there is not: {archive_id}"
            yield Finding(Kind.RECEIPT_ALTERED, message)
        self._ranges = _joined(self._ranges)
        self._unnamed -= set().union(*self._named.values())

    def check_documents(self, kept: Collection[str]) -> Iterator[Finding]:
        """Whether what is in the files is kept in the database too, or said to be in them."""
        for sha256 in sorted(self._unnamed.difference(kept)):
            message = f"the document {sha256} is in an archive only, and nothing says so"
            yield Finding(Kind.DOCUMENT_MISSING, message)

    def _check_archive(self, row: ArchiveRow, trail_id: str | None) -> Iterator[Finding]:
        name, receipts = text(row.file), self._rows.receipts_of(row.archive_id)
        yield from self._check_note(row, trail_id)
        if len(receipts) != row.dispatches:
            message = f"the archive {name} has {len(receipts)} receipts for {row.dispatches}"
            yield Finding(Kind.RECEIPT_ALTERED, f"{message} dispatches")
        content = None
        if self._folder is not None:
            try:
                content = self._folder.read(row.archive_id, row.file, row.size)
                if self._folder.note(row.file) != row.note:
                    message = f"the note beside the archive {name} is gone, or another one"
                    yield Finding(Kind.ARCHIVE_ALTERED, message)
            except (Unreadable, TypeError) as error:
                gone = "is not in" in str(error)
                kind = Kind.ARCHIVE_MISSING if gone else Kind.ARCHIVE_ALTERED
                message = f"the archive {name} of {len(receipts)} dispatches: {error}"
                yield Finding(kind, message)
        if content is None:
            self.documents |= self._named.get(row.archive_id, set())
            for receipt in receipts:
                yield from self._believed(receipt)
            return
        self._files[row.archive_id] = row
        self.documents |= content.documents.keys()
        self._unnamed |= content.documents.keys()
        for sha256 in self._named.get(row.archive_id, set()) - content.documents.keys():
            message = f"the document {sha256} is said to be in the archive {name}, and is not"
            yield Finding(Kind.DOCUMENT_MISSING, message)
        yield from self._check_receipts(row, content, receipts)

    def _check_note(self, row: ArchiveRow, trail_id: str | None) -> Iterator[Finding]:
        try:
            note = ArchiveNote.parse(row.note)
        except _UNREADABLE as error:
            message = f"the note of the archive {text(row.file)} was changed: {error}"
            yield Finding(Kind.ARCHIVE_ALTERED, message)
            return
        said = (note.file, note.sha256, note.size, note.dispatches)
        if said != (row.file, row.archive_id, row.size, row.dispatches):
            message = f"the archive {text(row.file)} is not the one that its note speaks of"
            yield Finding(Kind.ARCHIVE_ALTERED, f"{message}: {note.file}")
        if note.trail_id != trail_id:
            message = f"the archive {text(row.file)} is of another trail: {note.trail_id}"
            yield Finding(Kind.FOREIGN_DISPATCH, message)
        elif not self._trusted.signed_archive(note):
            message = f"the note of the archive {text(row.file)} is not signed by a key that was"
            yield Finding(Kind.ARCHIVE_UNTRUSTED, f"{message} trusted then: {note.key_id}")

    def _check_receipts(
        self, row: ArchiveRow, content: Content, receipts: list[ReceiptRow]
    ) -> Iterator[Finding]:
        missing = {receipt.dispatch_id: receipt for receipt in receipts}
        if (content.first_position, content.last_position) != (
            row.first_position,
            row.last_position,
        ):
            message = f"the archive {text(row.file)} is said to hold other positions than it does"
            yield Finding(Kind.ARCHIVE_ALTERED, message)
        for one in content.dispatches:
            dispatch_id = one.row.dispatch_id
            receipt = missing.pop(dispatch_id, None)
            if receipt is None:
                message = f"it is in the archive {text(row.file)}, and has no receipt of it"
                yield Finding(Kind.RECEIPT_ALTERED, message, dispatch_id)
                continue
            if not _says(receipt, one):
                message = f"its receipt does not say what the archive {text(row.file)} holds"
                yield Finding(Kind.RECEIPT_ALTERED, message, dispatch_id)
            leaf = self._rows.leaf(dispatch_id)
            if leaf is not None and (leaf.leaf_index, leaf.entry) != (one.leaf_index, one.entry):
                message = f"its entry in the log is not the one in the archive {text(row.file)}"
                yield Finding(Kind.LEAF_ALTERED, message, dispatch_id)
            if self._rows.dispatch(dispatch_id) != one.row:
                message = f"it is stored as another one than in the archive {text(row.file)}"
                yield Finding(Kind.DISPATCH_ALTERED, message, dispatch_id)
        for receipt in missing.values():
            message = f"it has a receipt, and is not in the archive {text(row.file)}"
            yield Finding(Kind.RECEIPT_ALTERED, message, text(receipt.dispatch_id))
            self._believe(receipt)

    def _believed(self, receipt: ReceiptRow) -> Iterator[Finding]:
        if not self._believe(receipt):
            message = "its receipt was changed: it can't be read any more"
            yield Finding(Kind.RECEIPT_ALTERED, message, text(receipt.dispatch_id))
            return
        leaf = self._rows.leaf(receipt.dispatch_id)
        said = (receipt.leaf_index, receipt.leaf_hash)
        if leaf is None or said != (leaf.leaf_index, leaf_hash(leaf.entry)):
            message = "its receipt is of an entry of the log that is not its own"
            yield Finding(Kind.RECEIPT_ALTERED, message, text(receipt.dispatch_id))
            return
        dispatch = self._rows.dispatch(receipt.dispatch_id)
        if dispatch is None or not leaf.entry.startswith(dispatch.header + b"\n"):
            message = "what it was opened with is not what the log commits to"
            yield Finding(Kind.DISPATCH_ALTERED, message, text(receipt.dispatch_id))
        elif not _has_its_events(receipt, dispatch.position, leaf.entry):
            message = "its receipt speaks of other positions than the log has events of it"
            yield Finding(Kind.RECEIPT_ALTERED, message, text(receipt.dispatch_id))

    def _believe(self, receipt: ReceiptRow) -> bool:
        """Take for granted what a receipt says; whether it says anything."""
        self.absent.add(receipt.dispatch_id)
        try:
            self._ranges += ranges_in(receipt.positions)
            said = orjson.loads(receipt.summary)
            if said["wrap_id"] is not None:
                self._claims.append((receipt.dispatch_id, said["pac_id"], said["wrap_id"]))
        except _UNREADABLE:
            return False
        return True

    def believed_claims(self) -> list[Claim]:
        """The WRAPs of which only receipts speak."""
        return self._claims

    def covers(self, first: int, behind: int) -> bool:
        """Whether receipts alone speak of all positions from `first` up to one before `behind`."""
        begun = bisect_right(self._ranges, first, key=itemgetter(0))
        return begun > 0 and first < behind <= self._ranges[begun - 1][1] + 1

    def events(self) -> Iterator[EventTuple]:
        """All events by position: those that stayed, and those of the files."""
        if not self.archived:
            yield from self._rows.events()
            return
        files = [(row.first_position, row.archive_id) for row in self._files.values()]
        yield from merged(self._staying(), files, self._moved)

    def _staying(self) -> Iterator[EventTuple]:
        for event in self._rows.events():
            if event[1] in self.archived:
                self._left.add(event[1])
            else:
                yield event

    def left_behind(self) -> Iterator[Finding]:
        """The archived dispatches of which the database has events all the same."""
        for dispatch_id in sorted(self._left):
            message = "it is archived, and there are events of it in the database"
            yield Finding(Kind.EVENT_INSERTED, message, dispatch_id)

    def _moved(self, archive_id: str) -> Iterator[EventTuple]:
        here = [one for one in self._read(archive_id) if self._is_here(one, archive_id)]
        return events_in(here)

    def _is_here(self, one: ArchivedDispatch, archive_id: str) -> bool:
        return self.archived.get(one.row.dispatch_id) == archive_id

    def events_of(self, dispatch_id: str) -> list[EventRow]:
        """One dispatch's events, wherever they are, by sequence."""
        archive_id = self.archived.get(dispatch_id)
        if archive_id not in self._files:
            return list(self._rows.events_of(dispatch_id))
        found = [one for one in self._read(archive_id) if one.row.dispatch_id == dispatch_id]
        return [event for one in found for event in one.events]

    def _read(self, archive_id: str) -> list[ArchivedDispatch]:
        row = self._files[archive_id]
        assert self._folder is not None
        try:
            return list(self._folder.read(archive_id, row.file, row.size).dispatches)
        except Unreadable as error:
            raise Damaged(
                f"the archive {row.file} was changed while it was read: {error}"
            ) from None


def _says(receipt: ReceiptRow, one: ArchivedDispatch) -> bool:
    """Whether a receipt is that of this dispatch, and what is counted follows from its events.

    The program that archived it may have counted less than this one.
    """
    try:
        counted = summary_of(one.row.dispatch_id, one.events)
        follows = {name: counted[name] for name in one.summary} == one.summary
        return follows and receipt_of(one, receipt.archive_id) == receipt
    except _UNREADABLE:
        return False


def _has_its_events(receipt: ReceiptRow, first: int, entry: bytes) -> bool:
    """Whether a receipt's positions rise from the first one, and are as many as its leaf says."""
    try:
        ranges, events = list(ranges_in(receipt.positions)), Leaf.from_bytes(entry).events
    except _UNREADABLE:
        return False
    flat = [position for ends in ranges for position in dict.fromkeys(ends)]
    return (
        (flat[0], flat[-1]) == (first, receipt.last_position)
        and flat == sorted(set(flat))
        and sum(high - low + 1 for low, high in ranges) == events
    )


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order, without gaps or overlaps between those that touch."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return joined
