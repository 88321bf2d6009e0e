"""A database as the trail uses it: write transactions, reads, snapshots, each bounded in time.

Statements are SQLAlchemy Core's, compiled once for the database's dialect; they run on the
driver's own cursor, since building and adapting a statement takes longer than executing it.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import ClauseElement

from benson_execution.trail.refused import unavailable
from benson_execution.trail.rows import Weakness

BUSY_TIMEOUT_SECONDS: Final = 10.0
"""How long a write waits for its turn before it is refused."""


_Adapt = Callable[[Mapping[str, Any]], Any]


class Session:
    """One connection while a transaction or a read lasts."""

    __slots__ = ("_compile", "_cursor", "connection")

    def __init__(self, connection: Any, cursor: Any, compile_: Any) -> None:
        self.connection = connection
        self._cursor = cursor
        self._compile = compile_

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self._cursor.connection

    def run(self, statement: ClauseElement, parameters: Mapping[str, Any]) -> None:
        """Execute a statement that returns nothing."""
        self._execute(statement, parameters)

    def run_many(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute a statement for each of these rows."""
        text, adapt = self._compile(statement)
        self._cursor.executemany(text, [adapt(row) for row in rows])

    def first(self, statement: ClauseElement, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        self._execute(statement, parameters)
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def all(self, statement: ClauseElement, **parameters: Any) -> list[tuple[Any, ...]]:
        """All rows."""
        self._execute(statement, parameters)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def changed(self) -> int:
        """How many rows the last statement changed."""
        count: int = self._cursor.rowcount
        return count

    def sql(self, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Execute a text in the database's own SQL."""
        self._cursor.execute(text, parameters)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall() if self._cursor.description else []
        return rows

    def _execute(self, statement: ClauseElement, parameters: Mapping[str, Any]) -> None:
        text, adapt = self._compile(statement)
        self._cursor.execute(text, adapt(parameters))


def shown(url: URL) -> str:
    """A URL for people: without a password, wherever in it that stands."""
    return url.difference_update_query(_SECRETS).render_as_string(hide_password=True)


_SECRETS: Final = ("password", "sslpassword", "passfile")


class Database(ABC):
    """What SQLite and PostgreSQL do differently, behind one face."""

    errors: type[Exception]
    """What the driver raises."""

    def __init__(self, url: URL, engine: Engine) -> None:
        self.url = url
        self.where = shown(url)
        self.engine = engine
        self._compiled: dict[int, tuple[ClauseElement, str, _Adapt]] = {}
        # One writer per process: the database lets one write at a time, and its waiting writers
        # would each hold a connection, or poll with growing pauses and starve one another.
        self._writing = threading.Lock()

    @abstractmethod
    def begin_write(self, session: Session) -> None:
        """Begin a transaction that no other write can interleave with."""

    @abstractmethod
    def begin_snapshot(self, session: Session) -> None:
        """Begin a transaction that sees one moment, however long it lasts."""

    @abstractmethod
    def commit(self, session: Session) -> None:
        """Commit; when it returns, what was written survives a power cut."""

    @abstractmethod
    def rollback(self, session: Session) -> None:
        """Forget the transaction, if there is one."""

    @abstractmethod
    def now(self, session: Session) -> float:
        """The database's clock, in seconds since 1970: one for all who share the trail."""

    @abstractmethod
    def has_table(self, session: Session, name: str) -> bool:
        """Whether the trail's place in the database has this table."""

    @abstractmethod
    def is_away(self, error: Exception) -> bool:
        """Whether the database is out of reach, and not damaged."""

    @abstractmethod
    def weaknesses(self, session: Session) -> list[Weakness]:
        """Damage that the database sees itself, and guards and tables that are not as made."""

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for a few reads, each of which sees the newest state."""
        with self.reporting(), self._connected() as session:
            try:
                yield session
            finally:
                self._forget(session)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are all durable when it ends, or none when it raises.

        Errors of the database are `TrailUnavailable`; others go through as they are.
        """
        with self.reporting():
            if not self._writing.acquire(timeout=BUSY_TIMEOUT_SECONDS):
                raise TimeoutError(f"not written within {BUSY_TIMEOUT_SECONDS:.0f} seconds")
            try:
                with self._connected() as session:
                    try:
                        self.begin_write(session)
                        yield session
                        self.commit(session)
                    except BaseException:
                        self._forget(session)
                        raise
            finally:
                self._writing.release()

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session that sees one moment."""
        with self.reporting(), self._connected() as session:
            self.begin_snapshot(session)
            try:
                yield session
            finally:
                self._forget(session)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Every way in which a database can be out of reach is one error of ours."""
        try:
            yield
        except _Foreign as foreign:
            raise foreign.error from foreign.error.__cause__
        except (self.errors, SQLAlchemyError, OSError) as error:
            raise unavailable(self.where, error) from error

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            try:
                yield Session(connection, cursor, self._compile)
            finally:
                cursor.close()
        finally:
            connection.close()  # back into the pool

    def _forget(self, session: Session) -> None:
        """Roll back; a connection that can't even do that is not used again."""
        try:
            self.rollback(session)
        except Exception:
            with suppress(Exception):
                session.connection.invalidate()

    def _compile(self, statement: ClauseElement) -> tuple[str, _Adapt]:
        known = self._compiled.get(id(statement))
        if known is None:
            compiled: Any = statement.compile(dialect=self.engine.dialect)
            # With the statement itself, so that its address is not given to another one.
            known = self._compiled[id(statement)] = (statement, str(compiled), _adapter(compiled))
        return known[1], known[2]


class _Foreign(Exception):
    """Carries what somebody else's code raised past the place where errors are translated."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


@contextmanager
def foreign() -> Iterator[None]:
    """Inside a session, run code that is not the database's: what it raises stays what it is."""
    try:
        yield
    except Exception as error:
        raise _Foreign(error) from error


def _adapter(compiled: Any) -> _Adapt:
    """How a statement's parameters are handed to the driver: by name, or in their order."""
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    if compiled.positional:
        order = tuple(compiled.positiontup)
        if not fixed:
            return lambda given: [given[name] for name in order]
        return lambda given: [given[n] if n in given else fixed[n] for n in order]
    return lambda given: {**fixed, **given}
