"""A trail's raw rows with those that were archived, for who reads all of it at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from benson_execution.archive.content import ArchivedDispatch
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.archive.merging import events_in, merged
from benson_execution.archive.reading import ReadingTrail, read_archive, require_positions
from benson_execution.archive.receipts import ranges_in
from benson_execution.trail.database import Database, Session, foreign
from benson_execution.trail.port import Trail
from benson_execution.trail.rows import Damaged, EventTuple, Rows
from benson_execution.trail.sql_rows import SqlRows


@contextmanager
def whole_rows(trail: Trail) -> Iterator[Rows]:
    """`Trail.rows` as if nothing had been archived.

    Raises `TrailUnavailable` for an archive that can't be read.
    """
    if not isinstance(trail, ReadingTrail):
        with trail.rows() as rows:
            yield rows
        return
    with trail.database.snapshot() as session, foreign():
        yield _WholeRows(trail.database, session, trail.folder)


class _WholeRows(SqlRows):
    """Rows of which the events are wherever they are, in one order."""

    def __init__(self, database: Database, session: Session, folder: ArchiveFolder) -> None:
        super().__init__(database, session)
        self._folder = folder
        self._files = {row.archive_id: row for row in self.archives()}
        for row in self._files.values():
            require_positions(row.archive_id, row.first_position, row.last_position)

    def events(self, after: int | None = None) -> Iterator[EventTuple]:
        if not self._files:
            return super().events(after)
        files = [
            (row.first_position, row.archive_id)
            for row in self._files.values()
            if row.last_position > (after or 0)
        ]
        every = merged(super().events(after), files, lambda one: events_in(self._read(one)))
        return (event for event in every if event[0] > (after or 0))

    def count_events(self) -> int:
        try:
            archived = sum(
                last - first + 1
                for receipt in self.receipts()
                for first, last in ranges_in(receipt.positions)
            )
        except (ValueError, TypeError) as error:
            raise Damaged(f"a receipt does not say which events were moved: {error}") from None
        return super().count_events() + archived

    def _read(self, archive_id: str) -> Iterable[ArchivedDispatch]:
        row = self._files[archive_id]
        return read_archive(self._folder, archive_id, row.file, row.size, row.dispatches).dispatches
