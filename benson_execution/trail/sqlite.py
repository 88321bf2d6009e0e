"""The trail's database as a SQLite file: WAL, `synchronous=FULL`, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.event import listens_for
from sqlalchemy.exc import SQLAlchemyError

from benson_execution.trail.database import BUSY_TIMEOUT_SECONDS, Database, Session
from benson_execution.trail.migrations.archive_guards import all_sqlite_guards
from benson_execution.trail.rows import Weakness
from benson_execution.trail.structure import wrong_guards, wrong_tables
from benson_execution.trail.tables import metadata

_MAX_PROBLEMS: Final = 20
"""How much of its damage SQLite is asked to name."""
_FILE: Final = "benson-file"
"""Under which a pooled connection keeps the identity of the file that it has opened."""


class SqliteDatabase(Database):
    """A file, or one that is made; with `read_only` it must be there, and stays as it is."""

    errors = sqlite3.Error

    def __init__(self, url: URL, *, read_only: bool = False) -> None:
        path = self._path = Path(url.database or "")

        # QueuePool's overflow is unbounded here: readers hold a connection for one page only, and
        # a pool that makes them wait would add a second time-out to SQLite's own.
        def connect() -> sqlite3.Connection:
            _require_file(path)
            # A reader never changes the file, which may be evidence.
            mode = _reading_mode(path) if read_only else "mode=rwc"
            return sqlite3.connect(
                f"file:{quote(url.database or '')}?{mode}",
                uri=True,
                timeout=BUSY_TIMEOUT_SECONDS,
                check_same_thread=False,
            )

        engine = create_engine(url, creator=connect, max_overflow=-1, pool_size=4)
        super().__init__(url, engine)
        if not read_only:
            with self.reporting():
                path.parent.mkdir(parents=True, exist_ok=True)

        @listens_for(engine, "connect")
        def configure(connection: Any, record: Any) -> None:
            # The driver's own BEGIN is deferred, and comes only before the first change.
            connection.isolation_level = None
            cursor = connection.cursor()
            if not read_only:
                _use_wal(cursor)
            # In WAL, FULL is what makes a commit survive a power cut.
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()
            record.info[_FILE] = _identity(path)

    def begin_write(self, session: Session) -> None:
        # A deferred transaction that reads before it writes fails at once with "database is
        # locked" when another process wrote in between, whatever the time-out. An immediate
        # one waits for its turn.
        session.sql("BEGIN IMMEDIATE")
        self._require_same_file(session)

    def begin_snapshot(self, session: Session) -> None:
        session.sql("BEGIN")

    def commit(self, session: Session) -> None:
        self._require_same_file(session)
        session.sql("COMMIT")

    def _require_same_file(self, session: Session) -> None:
        # SQLite goes on writing into a file that has no name any more, and says nothing.
        if session.connection.info[_FILE] != _identity(self._path):
            raise OSError("its file was removed or replaced while it was open")

    def rollback(self, session: Session) -> None:
        # Some errors (a full disk) have ended the transaction already.
        if session.connection.driver_connection.in_transaction:
            session.sql("ROLLBACK")

    def now(self, session: Session) -> float:  # noqa: ARG002  # its clock is this machine's
        return time.time()

    def has_table(self, session: Session, name: str) -> bool:
        found = session.sql("SELECT 1 FROM sqlite_master WHERE type='table' AND name=?", name)
        return bool(found)

    def is_away(self, error: Exception) -> bool:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR)

    def weaknesses(self, session: Session) -> list[Weakness]:
        try:
            # Every page, but not whether each index has each row: nothing is verified by an index.
            checked = session.sql(f"PRAGMA quick_check({_MAX_PROBLEMS})")
            found = [Weakness("damage", f"the database: {text}") for (text,) in checked]
            if found == [Weakness("damage", "the database: ok")]:
                found = []
            triggers = dict(session.sql("SELECT name, sql FROM sqlite_master WHERE type='trigger'"))
            return found + wrong_guards(all_sqlite_guards(), triggers) + wrong_tables(self.engine)
        except (sqlite3.Error, SQLAlchemyError) as error:
            return [Weakness("damage", f"the database can't be read: {error}")]


def _identity(path: Path) -> tuple[int, int]:
    """The device and inode of the file that has this name now; raises `OSError` without one."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _require_file(path: Path) -> None:
    """SQLite would wait for ever at a pipe, and call a folder a file that it can't open."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("no file, but something else is there")


def _reading_mode(path: Path) -> str:
    """Reading needs SQLite's shared memory beside the file, except where nobody can write."""
    alone = not path.with_name(f"{path.name}-wal").exists()
    return "mode=ro&immutable=1" if alone and not os.access(path.parent, os.W_OK) else "mode=ro"


def _use_wal(cursor: Any) -> None:
    """Switch the database to WAL; SQLite's own waiting does not cover this switch.

    Only the first connection of a new database switches, while another process may be at it too.
    """
    names = {name for (name,) in cursor.execute("SELECT name FROM sqlite_master")}
    if names & set(metadata.tables) and "alembic_version" not in names:
        return  # somebody else's tables, which will be refused as they are
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
