"""The trail in a database, through SQLAlchemy Core. SQLite is the embedded default."""

from __future__ import annotations

import functools
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    bindparam,
    create_engine,
    func,
    insert,
    select,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.event import listens_for
from sqlalchemy.exc import SQLAlchemyError

from benson_execution.errors import EventRefused, TrailUnavailable
from benson_execution.events import Event, EventType
from benson_execution.trail import tables
from benson_execution.trail.port import (
    Batch,
    DispatchRef,
    NewEvent,
    Recorder,
    StoredEvent,
    WrapClaim,
    refuse_closed,
    refuse_taken,
    refuse_wrapped,
    unavailable,
)

_END: Final = EventType.PAC_DISPATCH_END
_PAGE: Final = 1000
"""How many events one read takes from the database at a time."""
BUSY_TIMEOUT_SECONDS: Final = 10.0
"""How long a write waits for another process's before it is refused."""


class _RecorderFailed(Exception):
    """Carries what a recorder raised past the place where a database's errors are told."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class SqlTrail:
    """A `Trail` in a SQLite database: WAL, `synchronous=FULL`, one writer at a time."""

    def __init__(self, url: str | URL) -> None:
        self._url = make_url(url)
        self._where = self._url.render_as_string(hide_password=True)
        # One writer per process: SQLite lets one write at a time, and its waiting writers poll
        # with growing pauses, so that sixteen threads would starve one another.
        self._writing = threading.Lock()
        self._engine = _sqlite_engine(self._url)
        with self._reporting():
            if self._url.database:
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
        with self._transaction() as connection:
            tables.metadata.create_all(connection)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Every way in which a database can be out of reach is one error of ours."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise unavailable(self._where, error) from error

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._reporting(), self._writing, self._engine.begin() as connection:
            # A deferred transaction that reads before it writes fails at once with "database is
            # locked" when another process wrote in between, whatever the time-out. An immediate
            # one waits for its turn.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def append(self, batch: Batch, *, before_commit: Recorder | None = None) -> list[StoredEvent]:
        try:
            return self._append(batch, before_commit)
        except _RecorderFailed as failed:
            raise failed.error from None

    def _append(self, batch: Batch, before_commit: Recorder | None) -> list[StoredEvent]:
        with self._transaction() as connection:
            for sha256, content in batch.documents:
                if self._document(connection, sha256) is None:
                    connection.execute(_ADD_DOCUMENT, {"sha256": sha256, "content": content})
            if batch.dispatch is None:
                return []
            stored, new = _place(connection, batch.dispatch, batch.events)
            if new:
                if new[0].sequence == 1:
                    _open(connection, batch.dispatch)
                if batch.claim is not None:
                    _claim(connection, batch.dispatch, batch.claim)
                connection.execute(_ADD_EVENT, [_row(s) for s in new])
                if before_commit is not None:
                    try:
                        before_commit([s.event for s in new])
                    except (SQLAlchemyError, OSError) as error:
                        raise _RecorderFailed(error) from error
        return stored

    def events(
        self,
        *,
        run_id: str | None = None,
        dispatch_id: str | None = None,
        pac_id: str | None = None,
        event_type: str | None = None,
        after: int = 0,
    ) -> Iterator[StoredEvent]:
        wanted = {
            "run_id": run_id,
            "dispatch_id": dispatch_id,
            "pac_id": pac_id,
            "event_type": event_type,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        query = _query(frozenset(given))
        # Page by page, so that a reader who stops in the middle holds nothing open.
        while True:
            with self._reporting(), self._engine.connect() as connection:
                rows = connection.execute(query, {**given, "after": after}).all()
            for row in rows:
                yield _stored(row)
            if len(rows) < _PAGE:
                return
            after = rows[-1].position

    def document(self, sha256: str) -> bytes | None:
        with self._reporting(), self._engine.connect() as connection:
            return self._document(connection, sha256)

    @staticmethod
    def _document(connection: Connection, sha256: str) -> bytes | None:
        content: bytes | None = connection.execute(_DOCUMENT, {"sha256": sha256}).scalar()
        return content

    def close(self) -> None:
        self._engine.dispose()


_SELECT: Final = select(
    tables.events.c.position,
    tables.events.c.sequence,
    tables.events.c.key,
    tables.events.c.event,
    tables.dispatches.c.run_id,
    tables.dispatches.c.number,
    tables.dispatches.c.pac_id,
    tables.dispatches.c.document_sha256,
).join_from(tables.events, tables.dispatches)


# Made once: building a statement takes longer than SQLite takes to execute it.
_LAST: Final = select(
    select(func.max(tables.events.c.position)).scalar_subquery(),
    select(func.max(tables.events.c.sequence))
    .where(tables.events.c.dispatch_id == bindparam("dispatch_id"))
    .scalar_subquery(),
    *(
        select(column)
        .where(tables.dispatches.c.dispatch_id == bindparam("dispatch_id"))
        .scalar_subquery()
        for column in (tables.dispatches.c.pac_id, tables.dispatches.c.document_sha256)
    ),
)
_KNOWN: Final = _SELECT.where(
    tables.events.c.dispatch_id == bindparam("dispatch_id"),
    tables.events.c.key.in_(bindparam("keys", expanding=True)),
)
_ADD_EVENT: Final = insert(tables.events)
_ADD_DISPATCH: Final = insert(tables.dispatches)
_ADD_DOCUMENT: Final = insert(tables.documents)
_ADD_WRAP: Final = insert(tables.wraps)
_DOCUMENT: Final = select(tables.documents.c.content).where(
    tables.documents.c.sha256 == bindparam("sha256")
)


@functools.cache
def _query(filters: frozenset[str]) -> Select[Any]:
    """One page of the events that match these filters, after a position."""
    columns = {
        "run_id": tables.dispatches.c.run_id,
        "dispatch_id": tables.events.c.dispatch_id,
        "pac_id": tables.dispatches.c.pac_id,
        "event_type": tables.events.c.event_type,
    }
    position = tables.events.c.position
    return (
        _SELECT.where(position > bindparam("after"))
        .where(*(columns[name] == bindparam(name) for name in sorted(filters)))
        .order_by(position)
        .limit(_PAGE)
    )


def _stored(row: Any) -> StoredEvent:
    ref = DispatchRef(row.run_id, row.number, row.pac_id, row.document_sha256)
    try:
        event = Event.from_json(row.event)
    except EventRefused as error:
        raise TrailUnavailable(f"the trail's event {row.position} can't be read: {error}") from None
    return StoredEvent(row.position, ref, row.sequence, row.key, event)


def _row(stored: StoredEvent) -> dict[str, Any]:
    return {
        "position": stored.position,
        "dispatch_id": stored.dispatch.dispatch_id,
        "sequence": stored.sequence,
        "key": stored.key,
        "event_type": stored.event.event_type,
        "event": stored.event.json,
    }


def _place(
    connection: Connection, dispatch: DispatchRef, events: Sequence[NewEvent]
) -> tuple[list[StoredEvent], list[StoredEvent]]:
    """Where each event stands or will stand, and those that are new."""
    this = {"dispatch_id": dispatch.dispatch_id}
    last_of_all, last, pac_id, document_sha256 = connection.execute(_LAST, this).one()
    position, sequence = last_of_all or 0, last or 0
    known: dict[str, StoredEvent] = {}
    if sequence:
        # What it was opened with stays what it is.
        dispatch = DispatchRef(dispatch.run_id, dispatch.number, pac_id, document_sha256)
        keys = [key for key, _ in events if key is not None] + [_END]
        rows = connection.execute(_KNOWN, {**this, "keys": keys})
        known = {row.key: _stored(row) for row in rows}
    stored: list[StoredEvent] = []
    new: list[StoredEvent] = []
    for key, one in events:
        at = None if key is None else known.get(key)
        if at is None:
            if _END in known:
                raise refuse_closed(dispatch.dispatch_id)
            position, sequence = position + 1, sequence + 1
            at = StoredEvent(position, dispatch, sequence, key, one)
            new.append(at)
            if key is not None:
                known[key] = at
        stored.append(at)
    return stored, new


def _open(connection: Connection, dispatch: DispatchRef) -> None:
    connection.execute(
        _ADD_DISPATCH,
        {
            "dispatch_id": dispatch.dispatch_id,
            "run_id": dispatch.run_id,
            "number": dispatch.number,
            "pac_id": dispatch.pac_id,
            "document_sha256": dispatch.document_sha256,
        },
    )


def _claim(connection: Connection, dispatch: DispatchRef, claim: WrapClaim) -> None:
    """Take the PAC's one WRAP; the writers' lock makes looking and taking one step."""
    wraps = tables.wraps.c
    mine = select(wraps.wrap_id).where(wraps.pac_id == claim.pac_id)
    if (wrap_id := connection.execute(mine).scalar()) is not None:
        raise refuse_wrapped(claim.pac_id, wrap_id)
    family = select(func.max(wraps.number)).where(wraps.family == claim.family)
    if claim.number <= (last := connection.execute(family).scalar() or 0):
        raise refuse_taken(claim, last + 1)
    connection.execute(_ADD_WRAP, {**claim._asdict(), "dispatch_id": dispatch.dispatch_id})


def _sqlite_engine(url: URL) -> Engine:
    # QueuePool's overflow is unbounded here: readers hold a connection for one page only, and a
    # pool that makes them wait would add a second time-out to SQLite's own.
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}, max_overflow=-1, pool_size=4
    )

    @listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own BEGIN is deferred, and comes only before the first change.
        connection.isolation_level = None
        cursor = connection.cursor()
        _use_wal(cursor)
        # In WAL, FULL is what makes a commit survive a power cut.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    return engine


def _use_wal(cursor: Any) -> None:
    """Switch the database to WAL; SQLite's own waiting does not cover this switch.

    Only the first connection of a new database switches, while another process may be at it too.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
