"""A trail that reads what was archived as if it had stayed, from files that are what was signed.

Every event and document comes from a file with the digest that the database has of it, in which
every event leads to its leaf. Whether the database was changed is what `benson verify` finds out.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, select
from sqlalchemy.engine import URL

from benson_execution.archive.content import ArchivedDispatch, Content, Unreadable
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.errors import TrailUnavailable
from benson_execution.text import plain, quote
from benson_execution.trail.port import MAX_POSITION, DispatchRef, StoredEvent
from benson_execution.trail.sql import SqlTrail
from benson_execution.trail.sql_mapping import read_event
from benson_execution.trail.statements import PAGE
from benson_execution.trail.tables import (
    archive_receipts,
    archived_documents,
    archives,
    dispatches,
)

_COLUMNS: Final = (
    archives.c.archive_id,
    archives.c.file,
    archives.c.size,
    archives.c.dispatches,
    archives.c.first_position,
)
_AFTER: Final = archives.c.last_position > bindparam("after")
_ALL: Final = select(*_COLUMNS).where(_AFTER)
_OF_DOCUMENT: Final = (
    select(*_COLUMNS)
    .join(archived_documents, archived_documents.c.archive_id == archives.c.archive_id)
    .where(archived_documents.c.sha256 == bindparam("sha256"))
    .limit(1)
)


def _of(name: str) -> Select[Any]:
    """The archives that have dispatches of a run or a PAC, or the one."""
    receipts = (
        select(archive_receipts.c.archive_id)
        .join(dispatches, dispatches.c.dispatch_id == archive_receipts.c.dispatch_id)
        .where(dispatches.c[name] == bindparam(name))
    )
    return _ALL.where(archives.c.archive_id.in_(receipts))


_OF: Final = {name: _of(name) for name in ("dispatch_id", "run_id", "pac_id")}


class _File(NamedTuple):
    """A row of `archives`, as far as reading needs it."""

    archive_id: str
    file: str
    size: int
    dispatches: int
    first_position: int


class ReadingTrail(SqlTrail):
    """A trail to read only, with what was archived from it in this folder."""

    def __init__(self, url: str | URL, folder: Path) -> None:
        super().__init__(url, None)
        self.folder = ArchiveFolder(folder)

    def events(
        self,
        *,
        run_id: str | None = None,
        dispatch_id: str | None = None,
        pac_id: str | None = None,
        event_type: str | None = None,
        after: int = 0,
    ) -> Iterator[StoredEvent]:
        ids = {"dispatch_id": dispatch_id, "run_id": run_id, "pac_id": pac_id}
        given = {name: value for name, value in ids.items() if value is not None}
        live = super().events(
            run_id=run_id,
            dispatch_id=dispatch_id,
            pac_id=pac_id,
            event_type=event_type,
            after=after,
        )
        if after > MAX_POSITION or any("\0" in value for value in given.values()):
            return live
        return self._with_archived(live, given, event_type, after)

    def _with_archived(
        self,
        live: Iterator[StoredEvent],
        given: Mapping[str, str],
        event_type: str | None,
        after: int,
    ) -> Iterator[StoredEvent]:
        """Both in one order; what is archived meanwhile is found in its file."""

        def opened(file: _File) -> Iterator[StoredEvent]:
            found = self._events_in(file, given)
            kept = [s for s in found if event_type in (None, s.event.event_type)]
            return iter(sorted(kept, key=lambda stored: stored.position))

        merging = _Merging(after)
        while True:
            page = list(itertools.islice(live, PAGE))
            # Only now: what was missing from this page, and was moved before, is found here.
            for file in self._files(given, merging.last):
                merging.expect(file)
            is_last = len(page) < PAGE
            yield from merging.until(page, MAX_POSITION if is_last else page[-1].position, opened)
            if is_last:
                return

    def document(self, sha256: str) -> bytes | None:
        content = super().document(sha256)
        if content is not None or "\0" in sha256:
            return content
        with self.database.read() as session:
            row = session.first(_OF_DOCUMENT, sha256=sha256)
        return None if row is None else self._read(_File(*row)).documents.get(sha256)

    def _files(self, given: Mapping[str, str], after: int) -> list[_File]:
        name = next(iter(given), None)
        query = _ALL if name is None else _OF[name]
        parameters = {} if name is None else {name: given[name]}
        with self.database.read() as session:
            files = [_File(*row) for row in session.all(query, **parameters, after=after)]
        for file in files:
            require_positions(file.archive_id, file.first_position)
        return files

    def _events_in(self, file: _File, given: Mapping[str, str]) -> Iterator[StoredEvent]:
        for one in self._read(file).dispatches:
            if all(getattr(one.row, name) == value for name, value in given.items()):
                yield from stored_events(one)

    def _read(self, file: _File) -> Content:
        return read_archive(self.folder, file.archive_id, file.file, file.size, file.dispatches)


def require_positions(archive_id: object, *positions: object) -> None:
    """Raise `TrailUnavailable` where an archive has something else for its positions.

    SQLite keeps anything in any column.
    """
    if any(type(position) is not int for position in positions):
        raise TrailUnavailable(
            f"the row of the archive {quote(archive_id)} can't be read",
            "`benson verify` says what was changed",
        )


def read_archive(
    folder: ArchiveFolder, archive_id: str, file: str, size: int, dispatches: int
) -> Content:
    """The content of an archive that a row of `archives` speaks of; `TrailUnavailable`."""
    try:
        return folder.read(archive_id, file, size)
    except (Unreadable, TypeError) as error:
        raise TrailUnavailable(
            f"{dispatches} dispatches are archived in {plain(file)}, which can't be read: {error}",
            "BENSON_ARCHIVE names the folder; `benson verify` says more",
        ) from None


def stored_events(one: ArchivedDispatch) -> Iterator[StoredEvent]:
    """The events of an archived dispatch, as the trail had them."""
    row = one.row
    ref = DispatchRef(row.run_id, row.number, row.pac_id, row.document_sha256)
    for event in one.events:
        at = event.position
        read = read_event(event.event, at)
        yield StoredEvent(at, ref, event.sequence, event.key, read, event.chain)


class _Merging:
    """Merges pages of the trail with files, each of which is opened when it is its turn."""

    def __init__(self, after: int) -> None:
        self.last = after
        """The position of the newest event that was told."""
        self._known: set[str] = set()
        self._waiting: list[tuple[int, str, _File]] = []
        self._open: list[tuple[int, int, StoredEvent, Iterator[StoredEvent]]] = []
        self._number = itertools.count()

    def expect(self, file: _File) -> None:
        """A file that may have events behind what was told; twice is as once."""
        if file.archive_id not in self._known:
            self._known.add(file.archive_id)
            heapq.heappush(self._waiting, (file.first_position, file.archive_id, file))

    def until(self, page: Iterable[StoredEvent], last: int, opened: Any) -> Iterator[StoredEvent]:
        """The events of a page and of the files, up to a position, each once."""
        self._push(iter(page))
        while True:
            due = min(self._open[0][0], last) if self._open else last
            if self._waiting and self._waiting[0][0] <= due:
                self._push(opened(heapq.heappop(self._waiting)[2]))
                continue
            if not self._open or self._open[0][0] > last:
                return
            position, _, stored, rest = heapq.heappop(self._open)
            self._push(rest)
            if position > self.last:
                self.last = position
                yield stored

    def _push(self, events: Iterator[StoredEvent]) -> None:
        for stored in events:
            if stored.position > self.last:
                entry = (stored.position, next(self._number), stored, events)
                heapq.heappush(self._open, entry)
                return
