"""No foreign connection changes or removes a row of a trail in PostgreSQL, unless it says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import psycopg
import pytest

from benson_execution.trail import SqlTrail
from benson_execution.trail.database import Session
from benson_execution.trail.tables import APPEND_ONLY

from .stores import RING, append, archive_one, claim, connect, dispatch, end, note

KEYS = {
    "dispatches": ("dispatch_id", "header"),
    "events": ("position", "event"),
    "documents": ("sha256", "content"),
    "wraps": ("pac_id", "wrap_id"),
    "leaves": ("leaf_index", "entry"),
    "heads": ("size", "note"),
    "rotations": ("number", "note"),
    "file_claims": ("claim_id", "claimed_at"),
    "file_moves": ("claim_id", "target"),
    "archives": ("archive_id", "note"),
    "archive_receipts": ("dispatch_id", "summary"),
    "archived_documents": ("sha256", "archive_id"),
}
"""Each guarded table: its key, and another column."""
tables = pytest.mark.parametrize("table", KEYS)


@pytest.fixture
def filled(postgres_url: str) -> Iterator[SqlTrail]:
    """A trail with rows in every table."""
    trail = SqlTrail(postgres_url, RING)
    append(trail, dispatch(), note("a", key="A"), claim=claim(), documents=[("0" * 64, b"doc")])
    append(trail, dispatch(), note("b", key="B"), end())
    append(trail, dispatch("other"), note("a"))
    trail.rotate(RING.keys[1])
    trail.record_move(trail.claim_file("a.json", "0" * 64).claim.claim_id, "run", "done/a.json")
    archive_one(trail)
    yield trail
    trail.close()


@pytest.fixture
def foreign(filled: SqlTrail, postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection of a superuser's own."""
    with connect(postgres_url) as connection:
        yield connection


def sql(connection: psycopg.Connection, statement: str) -> list[tuple[object, ...]]:
    """Run one, and what it returns."""
    cursor = connection.execute(statement.encode())
    return cursor.fetchall() if cursor.description else []


def weaknesses_of(trail: SqlTrail) -> list[str]:
    """What a trail says of itself."""
    with trail.rows() as rows:
        return [weakness.message for weakness in rows.weaknesses()]


def test_every_append_only_table_is_tried_here() -> None:
    """A table that is added to the trail is added to these tests."""
    assert set(KEYS) == {table.name for table in APPEND_ONLY}


@pytest.mark.parametrize("role", ["origin", "replica", "local"])
def test_no_row_is_changed_or_removed(foreign: psycopg.Connection, role: str) -> None:
    """By no statement that PostgreSQL has, also of a session that plays a replica."""
    sql(foreign, f"SET session_replication_role = {role}")
    for table, (key, column) in KEYS.items():
        before = sql(foreign, f"SELECT * FROM {table} ORDER BY {key}")
        assert before
        copied = f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE"
        merged = f"MERGE INTO {table} t USING (SELECT * FROM {table}) s ON t.{key} = s.{key}"
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"UPDATE {table} SET {key} = {key} WHERE false",
            f"UPDATE ONLY {table} SET {column} = NULL",
            f"DELETE FROM {table}",
            f"DELETE FROM {table} WHERE {key} IS NOT NULL",
            f"WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone",
            f"TRUNCATE {table} CASCADE",
            f"TRUNCATE {', '.join(KEYS)}, leases",
            f"{copied} SET {column} = excluded.{column}",
            f"{merged} WHEN MATCHED THEN UPDATE SET {column} = s.{column}",
            f"{merged} WHEN MATCHED THEN DELETE",
        ):
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="append-only"):
                sql(foreign, statement)
        assert sql(foreign, f"SELECT * FROM {table} ORDER BY {key}") == before


def test_what_is_put_in_replaces_nothing(foreign: psycopg.Connection) -> None:
    """A duplicate is refused or ignored, by INSERT and by COPY; the old row stands."""
    for table, (key, _) in KEYS.items():
        before = sql(foreign, f"SELECT * FROM {table} ORDER BY {key}")
        with foreign.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT".encode()) as out:
            rows = b"".join(bytes(chunk) for chunk in out)
        refused: type[psycopg.Error] = psycopg.errors.UniqueViolation
        ignored: AbstractContextManager[object] = nullcontext()
        if table == "events":  # at a position that was archived: not even compared
            refused = psycopg.errors.ObjectNotInPrerequisiteState
            ignored = pytest.raises(refused)
        with pytest.raises(refused):
            copy_in(foreign, table, rows)
        with pytest.raises(refused):
            sql(foreign, f"INSERT INTO {table} SELECT * FROM {table}")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            sql(foreign, f"TRUNCATE {table} CASCADE")
        with ignored:
            sql(foreign, f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT DO NOTHING")
        assert sql(foreign, f"SELECT * FROM {table} ORDER BY {key}") == before


def copy_in(connection: psycopg.Connection, table: str, rows: bytes) -> None:
    """COPY these rows into a table."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as into:
        into.write(rows)


def test_a_trail_that_nobody_touched_has_no_weakness(filled: SqlTrail) -> None:
    """Or the tests below would prove nothing."""
    assert weaknesses_of(filled) == []


WEAKENED = {
    "dropped": "DROP TRIGGER guard_{0} ON {0}",
    "disabled": "ALTER TABLE {0} DISABLE TRIGGER guard_{0}",
    "all disabled": "ALTER TABLE {0} DISABLE TRIGGER ALL",
    "not for replicas": "ALTER TABLE {0} ENABLE TRIGGER guard_{0}",
    "for replicas only": "ALTER TABLE {0} ENABLE REPLICA TRIGGER guard_{0}",
    "renamed": "ALTER TRIGGER guard_{0} ON {0} RENAME TO something_else",
    "for updates only": "DROP TRIGGER guard_{0} ON {0}; CREATE TRIGGER guard_{0} BEFORE UPDATE ON "
    "{0} FOR EACH STATEMENT EXECUTE FUNCTION benson_append_only(); "
    "ALTER TABLE {0} ENABLE ALWAYS TRIGGER guard_{0}",
    "afterwards": "DROP TRIGGER guard_{0} ON {0}; CREATE TRIGGER guard_{0} AFTER UPDATE OR DELETE "
    "OR TRUNCATE ON {0} FOR EACH STATEMENT EXECUTE FUNCTION benson_append_only(); "
    "ALTER TABLE {0} ENABLE ALWAYS TRIGGER guard_{0}",
    "never": "DROP TRIGGER guard_{0} ON {0}; CREATE TRIGGER guard_{0} BEFORE UPDATE OR DELETE "
    "OR TRUNCATE ON {0} FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION benson_append_only(); "
    "ALTER TABLE {0} ENABLE ALWAYS TRIGGER guard_{0}",
    "for one column": "DROP TRIGGER guard_{0} ON {0}; CREATE TRIGGER guard_{0} BEFORE UPDATE OF "
    "{1} OR DELETE OR TRUNCATE ON {0} FOR EACH STATEMENT EXECUTE FUNCTION benson_append_only(); "
    "ALTER TABLE {0} ENABLE ALWAYS TRIGGER guard_{0}",
    "on a copy": "ALTER TABLE {0} RENAME TO before; CREATE TABLE {0} AS SELECT * FROM before",
}


@pytest.mark.parametrize("how", WEAKENED)
def test_a_guard_that_is_weakened_is_named(
    filled: SqlTrail, foreign: psycopg.Connection, how: str
) -> None:
    """Each table's, by its name, and no other: its owner can do that, and can't hide it."""
    for table in ("dispatches", "archive_receipts", "heads"):
        with foreign.transaction(force_rollback=True):
            for statement in WEAKENED[how].format(table, KEYS[table][0]).split("; "):
                sql(foreign, statement)
            found = weaknesses_in(filled, foreign)
            named = [one for one in found if "the guard " in one]
            assert [f"guard_{table} " in one for one in named] == [True], (table, found)


def weaknesses_in(trail: SqlTrail, connection: psycopg.Connection) -> list[str]:
    """What the trail's database would say within somebody's own transaction."""
    with connection.cursor() as cursor:
        found = trail.database.weaknesses(Session(connection, cursor, None))
        return [weakness.message for weakness in found]


def test_a_guard_that_does_nothing_is_named(filled: SqlTrail, foreign: psycopg.Connection) -> None:
    """All of them, when what they do is replaced."""
    sql(
        foreign,
        "CREATE OR REPLACE FUNCTION benson_append_only() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RETURN NULL; END $$",
    )
    assert len(weaknesses_of(filled)) == len(KEYS)


def test_every_dropped_guard_is_named(filled: SqlTrail, foreign: psycopg.Connection) -> None:
    """Also all at once, with the function."""
    sql(foreign, "DROP FUNCTION benson_append_only() CASCADE")
    found = weaknesses_of(filled)
    for table in KEYS:
        name = f"guard_{table}_kept" if table in {"events", "documents"} else f"guard_{table}"
        assert any(f"{name} " in one for one in found), table


@pytest.mark.parametrize(
    "function", ["benson_events_archived", "benson_documents_archived", "benson_events_moved"]
)
def test_a_guard_of_the_archived_that_is_weakened_is_named(
    filled: SqlTrail, foreign: psycopg.Connection, function: str
) -> None:
    """When it does something else, and when it looks elsewhere for the receipts."""
    body = "AS $$ BEGIN RETURN OLD; END $$"
    for statement in (
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {body}",
        f"ALTER FUNCTION {function}() SET search_path = pg_temp, public",
        f"DROP FUNCTION {function}() CASCADE",
    ):
        with foreign.transaction(force_rollback=True):
            sql(foreign, statement)
            (found,) = weaknesses_in(filled, foreign)
            assert function.replace("benson", "guard") in found
