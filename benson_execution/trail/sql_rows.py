"""A database's rows for verification: paged by key, in one snapshot, as raw as they come."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, TypeVar

from sqlalchemy import Column, Select, Table, bindparam, func, select

from benson_execution.trail import tables
from benson_execution.trail.database import Database, Session
from benson_execution.trail.refused import unavailable
from benson_execution.trail.rows import (
    ArchivedDocumentRow,
    ArchiveRow,
    Damaged,
    DispatchRow,
    DocumentRow,
    EventRow,
    EventTuple,
    HeadRow,
    LeafRow,
    ReceiptRow,
    RotationRow,
    Weakness,
    WrapRow,
)
from benson_execution.trail.statements import LEAF_OF_DISPATCH

Row = TypeVar("Row", bound=tuple[Any, ...])

_PAGE: Final = 2000
_DOCUMENTS_PAGE: Final = 20
"""Documents may be megabytes each."""


def _page(table: Table, key: Column[Any], size: int = _PAGE) -> tuple[Select[Any], Select[Any]]:
    """The statements for the first page by a key, and for one after a key."""
    ordered = select(table).order_by(key).limit(size)
    return ordered, ordered.where(key > bindparam("after"))


_PAGES: Final = {
    "dispatches": _page(tables.dispatches, tables.dispatches.c.position),
    "events": _page(tables.events, tables.events.c.position),
    "documents": _page(tables.documents, tables.documents.c.sha256, _DOCUMENTS_PAGE),
    "wraps": _page(tables.wraps, tables.wraps.c.pac_id),
    "leaves": _page(tables.leaves, tables.leaves.c.leaf_index),
    "heads": _page(tables.heads, tables.heads.c.size),
    "rotations": _page(tables.rotations, tables.rotations.c.number),
    "archives": _page(tables.archives, tables.archives.c.archive_id),
    "archived_documents": _page(tables.archived_documents, tables.archived_documents.c.sha256),
    "archive_receipts": _page(tables.archive_receipts, tables.archive_receipts.c.last_position),
}
_EVENTS_OF: Final = (
    select(tables.events)
    .where(tables.events.c.dispatch_id == bindparam("dispatch_id"))
    .order_by(tables.events.c.sequence)
)
_RECEIPTS_OF: Final = (
    select(tables.archive_receipts)
    .where(tables.archive_receipts.c.archive_id == bindparam("archive_id"))
    .order_by(tables.archive_receipts.c.last_position)
)
_DISPATCH: Final = select(tables.dispatches).where(
    tables.dispatches.c.dispatch_id == bindparam("dispatch_id")
)
_COUNT: Final = select(func.count()).select_from(tables.events)


class SqlRows:
    """`Rows` in a database, while its snapshot lasts."""

    def __init__(self, database: Database, session: Session) -> None:
        self._database = database
        self._session = session

    def dispatches(self) -> Iterator[DispatchRow]:
        return map(DispatchRow._make, self._pages("dispatches", 1))

    def dispatch(self, dispatch_id: str) -> DispatchRow | None:
        found = self._all(_DISPATCH, dispatch_id=dispatch_id)
        return DispatchRow._make(found[0]) if found else None

    def events(self, after: int | None = None) -> Iterator[EventTuple]:
        return self._pages("events", 0, after=after)

    def documents(self) -> Iterator[DocumentRow]:
        return map(DocumentRow._make, self._pages("documents", 0, _DOCUMENTS_PAGE))

    def wraps(self) -> Iterator[WrapRow]:
        return map(WrapRow._make, self._pages("wraps", 0))

    def leaves(self, after: int | None = None) -> Iterator[LeafRow]:
        return map(LeafRow._make, self._pages("leaves", 0, after=after))

    def heads(self) -> Iterator[HeadRow]:
        return map(HeadRow._make, self._pages("heads", 0))

    def rotations(self) -> Iterator[RotationRow]:
        return map(RotationRow._make, self._pages("rotations", 0))

    def archives(self) -> Iterator[ArchiveRow]:
        return map(ArchiveRow._make, self._pages("archives", 0))

    def receipts(self, after: int | None = None) -> Iterator[ReceiptRow]:
        return map(ReceiptRow._make, self._pages("archive_receipts", 4, after=after))

    def receipts_of(self, archive_id: str) -> list[ReceiptRow]:
        return [ReceiptRow._make(row) for row in self._all(_RECEIPTS_OF, archive_id=archive_id)]

    def archived_documents(self) -> Iterator[ArchivedDocumentRow]:
        return map(ArchivedDocumentRow._make, self._pages("archived_documents", 0))

    def events_of(self, dispatch_id: str) -> Iterable[EventRow]:
        return [EventRow._make(row) for row in self._all(_EVENTS_OF, dispatch_id=dispatch_id)]

    def leaf(self, dispatch_id: str) -> LeafRow | None:
        found = self._all(LEAF_OF_DISPATCH, dispatch_id=dispatch_id)
        return LeafRow._make(found[0]) if found else None

    def count_events(self) -> int:
        ((count,),) = self._all(_COUNT)
        return int(count)

    def weaknesses(self) -> list[Weakness]:
        return self._database.weaknesses(self._session)

    def _pages(
        self, table: str, key: int, size: int = _PAGE, after: int | None = None
    ) -> Iterator[tuple[Any, ...]]:
        return chain.from_iterable(self._lists(table, key, size, after))

    def _lists(
        self, table: str, key: int, size: int, after: Any
    ) -> Iterator[list[tuple[Any, ...]]]:
        first, following = _PAGES[table]
        rows = self._all(first) if after is None else self._all(following, after=after)
        while rows:
            yield rows
            if len(rows) < size:
                return
            after = rows[-1][key]
            rows = self._all(following, after=after)
            if rows and rows[0][key] == after:  # the key is not unique any more
                raise Damaged(f"{table} has a key twice: {after!r}")

    def _all(self, statement: Select[Any], **parameters: Any) -> list[tuple[Any, ...]]:
        try:
            try:
                return self._session.all(statement, **parameters)
            except sqlite3.OperationalError as error:
                if "decode" not in str(error):
                    raise
                # Somebody made a text of bytes that are none: it is read as what it is.
                connection = self._session.connection.driver_connection
                connection.text_factory = _any_text
                try:
                    return self._session.all(statement, **parameters)
                finally:
                    connection.text_factory = str
        except self._database.errors as error:
            if self._database.is_away(error):
                raise unavailable(self._database.where, error) from error
            raise Damaged(str(error)) from error


def _any_text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")
