"""Moving closed dispatches into files, batch by batch; killed anywhere, a batch moved or did not.

1. A batch is read and held against the log: its events lead to their leaves, and those to heads
that a trusted key signed. Nothing of a trail that was changed is moved.
2. Its file is written under a name of its own, and read back; then the signed note beside it.
3. One transaction writes the receipts and deletes the events, and those documents that nothing
which stays needs. The database's guards refuse everything else.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from benson_execution.archive.content import (
    ArchivedDispatch,
    Content,
    Unreadable,
    dispatch_line,
    document_line,
)
from benson_execution.archive.folder import (
    MAX_FILE_BYTES,
    NOTE_SUFFIX,
    ArchiveFolder,
    file_name,
    read_content,
)
from benson_execution.archive.receipts import receipt_of, summary_of
from benson_execution.errors import ArchiveNotWritten, BadInput, NotVerified
from benson_execution.events import EventType
from benson_execution.evidence import sha256
from benson_execution.own_events import OwnEventType
from benson_execution.proof.archive_note import ArchiveNote
from benson_execution.proof.heads import Rotation, TrustedKeys
from benson_execution.proof.keys import PublicKey
from benson_execution.proof.leaf import Header
from benson_execution.proof.merkle import leaf_hash, root_of_inclusion
from benson_execution.trail.rows import ArchiveRow, Rows
from benson_execution.trail.sql import SqlTrail
from benson_execution.trail.sql_archive import Move, ended, named, policies

MONTHS: Final = 6
"""What ended later than so many months ago stays, unless somebody insists."""
MAX_DISPATCHES: Final = 500
"""How many dispatches a file has at most; the database is locked while so many are deleted."""
MAX_BATCH_BYTES: Final = 16 << 20
"""How many bytes a file unfolds to, unless one dispatch alone has more."""


class Candidate(NamedTuple):
    """A dispatch that is closed, finished and old enough."""

    leaf_index: int
    dispatch_id: str
    ended_at: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes into one file; `packed` are the file's bytes."""

    content: Content
    packed: bytes
    unpacked_size: int

    @property
    def file(self) -> str:
        """The file's name."""
        indexes = [one.leaf_index for one in self.content.dispatches]
        return file_name(self.content.trail_id, min(indexes), max(indexes), self.sha256)

    @property
    def sha256(self) -> str:
        """The file's digest."""
        return sha256(self.packed)

    def to_dict(self) -> dict[str, Any]:
        """The members that `--json` prints."""
        first, last = self.content.ended
        return {
            "file": self.file,
            "sha256": self.sha256,
            "bytes": len(self.packed),
            "dispatches": len(self.content.dispatches),
            "documents": len(self.content.documents),
            "events": sum(len(one.events) for one in self.content.dispatches),
            "unpacked_bytes": self.unpacked_size,
            "first_ended_at": first,
            "last_ended_at": last,
        }


def require_old_enough(before: datetime, now: datetime) -> None:
    """Raise `BadInput` for a moment that is less than six months ago, by the calendar, in UTC."""
    months = now.year * 12 + now.month - 1 - MONTHS
    year, month = divmod(months, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    oldest = now.replace(year=year, month=month + 1, day=day)
    if before > oldest:
        raise BadInput(
            f"--before {before:%Y-%m-%dT%H:%M} would move dispatches younger than {MONTHS} months",
            f"`--before {oldest:%Y-%m-%d}` moves what is older; --force moves younger ones too",
        )


def batches(trail: SqlTrail, before: datetime, keys: Sequence[PublicKey]) -> Iterator[Batch]:
    """What ended before a moment and may move, file by file, in the order of the log.

    Raises `NotVerified` for a dispatch that is not what the log says: it is evidence, and stays.
    """
    content: list[ArchivedDispatch] = []
    documents: dict[str, bytes] = {}
    size = 0
    for candidate in _candidates(trail, before):
        with trail.rows() as rows:
            one = _read(rows, candidate)
        if one is None:
            if trail.archived(dispatch_id=candidate.dispatch_id):
                continue  # by another archiver meanwhile, which has a folder of its own
            raise _changed(candidate.dispatch_id, "its events are gone")
        _require_proved(trail, one, keys)
        its = _documents(trail, one)
        more = len(dispatch_line(one))
        more += sum(len(document_line(*item)) for item in its.items() if item[0] not in documents)
        if content and (len(content) == MAX_DISPATCHES or size + more > MAX_BATCH_BYTES):
            yield _packed(content, documents, size)
            content, documents, size = [], {}, 0
            more = len(dispatch_line(one)) + sum(len(document_line(*i)) for i in its.items())
        content.append(one)
        documents.update(its)
        size += more
    if content:
        yield _packed(content, documents, size)


class Needed:
    """Who needs which documents, as far as the trail was read: each look reads only what is new."""

    def __init__(self) -> None:
        self.seen = 0
        """The position up to which the trail was searched."""
        self._kept: set[str] = set()
        self._naming: dict[str, set[str]] = {}
        self._moved: set[str] = set()

    def look(self, trail: SqlTrail) -> None:
        """Read what was recorded since the last look."""
        seen = trail.last_position()
        with trail.database.read() as session:
            self._kept.update(policies(session, self.seen))
            for digest, dispatch_id in named(session, self.seen):
                self._naming.setdefault(digest, set()).add(dispatch_id)
        self.seen = seen

    def elsewhere(self, content: Content) -> set[str]:
        """Those of a batch's documents that somebody else needs; policies and registries stay."""
        gone = self._moved.union(one.row.dispatch_id for one in content.dispatches)
        return {
            digest
            for digest in content.documents
            if digest in self._kept or not self._naming.get(digest, gone) <= gone
        }

    def forget(self, content: Content) -> None:
        """These dispatches were moved: they need nothing here any more."""
        self._moved.update(one.row.dispatch_id for one in content.dispatches)


def store(
    trail: SqlTrail,
    folder: ArchiveFolder,
    batch: Batch,
    keys: Sequence[PublicKey],
    needed: Needed | None = None,
) -> list[str]:
    """Write a batch's file and note, read them back, and move it; the documents that went.

    Whoever moves several batches hands over one `needed` for all, so that the trail is read once.
    Raises `ArchiveNotWritten` and `AppendRefused`; then the trail is as it was.
    """
    folder.write(batch.file, batch.packed)
    try:
        kept = read_content(folder.read_bytes(batch.file, len(batch.packed)), batch.sha256)
    except Unreadable as error:
        raise ArchiveNotWritten(
            f"nothing was moved: {folder.path / batch.file} is not what was written: {error}",
            "the disk may be damaged; look at it, and move the file away",
        ) from None
    note = _note(trail, folder, batch, keys)
    content = batch.content
    archive = ArchiveRow(
        batch.sha256,
        batch.file,
        len(batch.packed),
        len(content.dispatches),
        content.first_position,
        content.last_position,
        note.note,
    )
    receipts = [receipt_of(one, batch.sha256) for one in kept.dispatches]
    needed = needed or Needed()
    needed.look(trail)
    stays = needed.elsewhere(kept)
    gone = trail.move_out(Move(archive, receipts, tuple(kept.documents), stays, needed.seen))
    needed.forget(kept)
    return gone


def _candidates(trail: SqlTrail, before: datetime) -> Iterator[Candidate]:
    after = -1
    while True:
        with trail.database.read() as session:
            page = ended(session, after)
        for leaf_index, dispatch_id, event, archive_id in page:
            if archive_id is not None:
                message = "it has a receipt as if it had been archived, which was forged"
                raise _changed(dispatch_id, message)
            try:
                at = orjson.loads(event)["timestamp"]
                is_old = datetime.fromisoformat(at) < before
            except (ValueError, KeyError, TypeError):
                raise _changed(dispatch_id, "its end can't be read") from None
            if is_old:
                yield Candidate(leaf_index, dispatch_id, at)
        if not page:
            return
        after = page[-1][0]


def _read(rows: Rows, candidate: Candidate) -> ArchivedDispatch | None:
    """The dispatch as it is stored; None when it has no events here any more."""
    dispatch_id = candidate.dispatch_id
    row, leaf = rows.dispatch(dispatch_id), rows.leaf(dispatch_id)
    if row is None or leaf is None:
        raise _changed(dispatch_id, "its beginning is gone")
    events = list(rows.events_of(dispatch_id))
    if not events:
        return None
    one = ArchivedDispatch(row, leaf.leaf_index, leaf.entry, events, {})
    misfit = one.misfit()
    if misfit is None and one.events[-1].event_type != EventType.PAC_DISPATCH_END:
        misfit = "its last event is not its end"
    if misfit is not None:
        raise _changed(dispatch_id, misfit)
    return one._replace(summary=summary_of(dispatch_id, events))


def _require_proved(trail: SqlTrail, one: ArchivedDispatch, keys: Sequence[PublicKey]) -> None:
    """Its leaf is in the log that a trusted key signed."""
    proof = trail.proof(one.row.dispatch_id)
    trusted = _trusted(keys, () if proof is None else proof.rotations)
    try:
        if proof is None or not trusted.signed(proof.head):
            raise _changed(one.row.dispatch_id, "its head is not signed by a trusted key")
        hashed = leaf_hash(one.entry)
        root = root_of_inclusion(hashed, one.leaf_index, proof.head.size, proof.path)
    except ValueError as error:
        raise _changed(one.row.dispatch_id, str(error)) from None
    if root != proof.head.root:
        raise _changed(one.row.dispatch_id, "its entry is not in the log that was signed")


def _trusted(keys: Sequence[PublicKey], rotations: Sequence[Rotation]) -> TrustedKeys:
    trusted = TrustedKeys(list(keys))
    for rotation in rotations:
        trusted.accept(rotation)
    return trusted


def _documents(trail: SqlTrail, one: ArchivedDispatch) -> dict[str, bytes]:
    """The document as it was received, and the result that its agent handed over."""
    header = Header.from_bytes(one.row.header)
    ran = (e.event for e in one.events if e.event_type == OwnEventType.AGENT_RUN_END)
    results = [orjson.loads(event)["data"]["result_sha256"] for event in ran]
    digests = [header.document_sha256, *results]
    found = {}
    for digest in digests:
        content = None if digest is None else trail.document(digest)
        if content is not None and sha256(content) != digest:
            raise _changed(one.row.dispatch_id, f"the document {digest} was changed")
        if content is None and digest is not None and header.provenance.benson_version:
            raise _changed(one.row.dispatch_id, f"the document {digest} is gone")
        if content is not None and digest is not None:
            found[digest] = content
    return found


def _packed(
    content: Sequence[ArchivedDispatch], documents: Mapping[str, bytes], size: int
) -> Batch:
    trail_id = Header.from_bytes(content[0].row.header).trail_id
    whole = Content(trail_id, tuple(content), dict(documents))
    packed = whole.to_bytes()
    if len(packed) > MAX_FILE_BYTES:
        raise ArchiveNotWritten(
            f"dispatch {content[0].row.dispatch_id} is larger than an archive may be"
        )
    return Batch(whole, packed, size)


def _note(
    trail: SqlTrail, folder: ArchiveFolder, batch: Batch, keys: Sequence[PublicKey]
) -> ArchiveNote:
    """The signed note beside the file: the one that a killed run left, or a new one."""
    try:
        left = folder.note(batch.file)
        if left is None:
            dispatches = len(batch.content.dispatches)
            made = trail.sign_archive(batch.file, batch.sha256, len(batch.packed), dispatches)
            folder.write(f"{batch.file}{NOTE_SUFFIX}", made.note)
            return made
        found = ArchiveNote.parse(left)
        with trail.rows() as rows:
            rotations = [Rotation.parse(row.note) for row in rows.rotations()]
    except (Unreadable, ValueError) as error:
        raise _other_note(folder, batch, str(error)) from None
    said = (found.trail_id, found.file, found.sha256, found.size, found.dispatches)
    due = (
        batch.content.trail_id,
        batch.file,
        batch.sha256,
        len(batch.packed),
        len(batch.content.dispatches),
    )
    if said != due or not _trusted(keys, rotations).signed_archive(found):
        raise _other_note(folder, batch, "it is not of this file, or no trusted key signed it")
    return found


def _changed(dispatch_id: str, why: str) -> NotVerified:
    return NotVerified(
        f"dispatch {dispatch_id} is not what the log commits to, and stays: {why}",
        "`benson verify` says what was changed",
    )


def _other_note(folder: ArchiveFolder, batch: Batch, why: str) -> ArchiveNotWritten:
    return ArchiveNotWritten(
        f"nothing was moved: {folder.path / (batch.file + NOTE_SUFFIX)} is another note: {why}",
        "nothing is overwritten: look at it, and move it away",
    )
