"""The trail's database as one in PostgreSQL: for several machines that share a trail."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.event import listens_for
from sqlalchemy.exc import SQLAlchemyError

from benson_execution.trail.database import BUSY_TIMEOUT_SECONDS, Database, Session
from benson_execution.trail.migrations.archive_guards import (
    POSTGRESQL_FUNCTIONS,
    all_postgresql_guards,
    postgresql_body,
)
from benson_execution.trail.rows import Weakness
from benson_execution.trail.structure import wrong_guards, wrong_tables
from benson_execution.trail.tables import APPEND_ONLY

WRITERS_LOCK: Final = 0x42656E736F6E  # "Benson"
"""The advisory lock that every write takes, in this database only."""


class PostgresqlDatabase(Database):
    """A database that is there already; its tables are made in its current schema."""

    errors = psycopg.Error

    def __init__(self, url: URL, *, read_only: bool = False) -> None:
        # A server that was started again left dead connections in the pool: they are tried first.
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=4,
            max_overflow=-1,
            connect_args={
                "connect_timeout": int(BUSY_TIMEOUT_SECONDS),
                "tcp_user_timeout": int(BUSY_TIMEOUT_SECONDS * 1000),
                "application_name": "benson",
            },
        )
        super().__init__(url, engine)

        @listens_for(engine, "connect")
        def configure(connection: Any, _record: object) -> None:
            wait = int(BUSY_TIMEOUT_SECONDS * 1000)
            with connection.cursor() as cursor:
                # Durable when the call returns, whatever the server's default is.
                cursor.execute("SET synchronous_commit = on")
                cursor.execute(f"SET lock_timeout = {wait}")
                cursor.execute(f"SET idle_in_transaction_session_timeout = {6 * wait}")
                if read_only:
                    cursor.execute("SET default_transaction_read_only = on")
                else:
                    cursor.execute(f"SET statement_timeout = {3 * wait}")
            connection.commit()

    def begin_write(self, session: Session) -> None:
        # Positions and the log grow by one writer at a time, and in the order of the commits, so
        # that who reads on from a position misses nothing.
        # Whatever the database's default is, each statement sees what was committed before it: the
        # snapshot of a stricter level would be older than the lock.
        session.sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        session.sql("SELECT pg_advisory_xact_lock(%s)", WRITERS_LOCK)

    def begin_snapshot(self, session: Session) -> None:
        session.sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # A reader that takes its time is no idle transaction.
        session.sql("SET LOCAL idle_in_transaction_session_timeout = 0")

    def commit(self, session: Session) -> None:
        session.connection.commit()

    def rollback(self, session: Session) -> None:
        session.connection.rollback()

    def now(self, session: Session) -> float:
        ((seconds,),) = session.sql("SELECT extract(epoch FROM clock_timestamp())::float8")
        return float(seconds)

    def has_table(self, session: Session, name: str) -> bool:
        ((found,),) = session.sql("SELECT to_regclass(%s) IS NOT NULL", name)
        return bool(found)

    def is_away(self, error: Exception) -> bool:
        return isinstance(error, psycopg.OperationalError)

    def weaknesses(self, session: Session) -> list[Weakness]:
        try:
            if session.driver.info.transaction_status is TransactionStatus.INERROR:
                session.driver.rollback()  # what could not be read has ended the transaction
            return self._weaknesses(session)
        except (psycopg.Error, SQLAlchemyError) as error:
            return [Weakness("damage", f"the database can't be read: {error}")]

    def _weaknesses(self, session: Session) -> list[Weakness]:
        rows = session.sql(
            "SELECT tgname, tgrelid::regclass::text, tgenabled::text, prosrc, tgtype, "
            "tgqual IS NULL AND tgattr::text = '', array_to_string(proconfig, ';') "
            "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
            "JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace"
        )
        there = {name: (table, *rest) for name, table, *rest in rows}
        ((schema,),) = session.sql("SELECT quote_ident(current_schema())")
        made = {
            name: (
                guard.table,
                "A",
                postgresql_body(guard.function),
                guard.bits,
                True,
                f"search_path={schema}, pg_temp"
                if guard.function in POSTGRESQL_FUNCTIONS
                else None,
            )
            for name, guard in all_postgresql_guards().items()
        }
        rules = session.sql(
            "SELECT rulename FROM pg_rules WHERE schemaname = current_schema() "
            "AND tablename = ANY(%s)",
            [table.name for table in APPEND_ONLY],
        )
        found = [Weakness("tables", f"the rule {name} was added") for (name,) in rules]
        return found + wrong_guards(made, there) + wrong_tables(self.engine)
