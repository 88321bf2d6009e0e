"""Trails of older programs are brought to this one's tables, and keep all that is in them."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Engine

from benson_execution.errors import TrailVersion
from benson_execution.trail import version
from benson_execution.trail.migrations.archive_guards import (
    GUARDED,
    POSTGRESQL_FUNCTIONS,
    SQLITE,
)
from benson_execution.trail.migrations.guards import postgresql_guards, sqlite_guards
from benson_execution.trail.sql import open_database

from .stores import append, archive_one, claim, contents, dispatch, end, note, open_sql

ARCHIVES = ("archived_documents", "archive_receipts", "archives")
FILES = ("file_moves", "file_claims")


def as_of(engine: Engine, older: str) -> None:
    """Make the tables what the program of that version had made."""
    with engine.begin() as connection:
        statements = ["DROP INDEX dispatches_document"]
        if engine.dialect.name == "sqlite":
            statements += [f"DROP TRIGGER {name}" for name in SQLITE]
            old = sqlite_guards(GUARDED)
            statements += [old[f"guard_{table}_delete"] for table in GUARDED]
        else:
            statements += [f"DROP FUNCTION {name} CASCADE" for name in POSTGRESQL_FUNCTIONS]
            statements += [f"DROP TRIGGER guard_{table}_kept ON {table}" for table in GUARDED]
            statements += [s for made in postgresql_guards(GUARDED).values() for s in made]
        gone = ARCHIVES + (FILES if older == "0001" else ())
        statements += [f"DROP TABLE {table}" for table in gone]
        statements.append(f"UPDATE alembic_version SET version_num = '{older}'")
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize("older", ["0001", "0002"])
def test_an_older_trail_is_upgraded(database_url: str, older: str) -> None:
    """It keeps every event and document, and gets what is new, with its guards."""
    trail = open_sql(database_url)
    append(trail, dispatch(), note("kept"), end(), claim=claim(), documents=[("0" * 64, b"doc")])
    before = list(trail.events())
    trail.close()
    engine = create_engine(database_url)
    as_of(engine, older)
    with pytest.raises(TrailVersion, match=f"version {older}; this program's is") as raised:
        open_sql(database_url)
    assert "benson trail upgrade" in str(raised.value.hint)
    database = open_database(database_url)
    assert version.upgrade(database) == (older, version.TABLES_VERSION)
    database.engine.dispose()
    assert {*ARCHIVES, *FILES} <= set(inspect(engine).get_table_names())
    trail = open_sql(database_url)
    assert list(trail.events()) == before
    assert contents(s for s in trail.events() if s.key is None) == ["kept"]
    assert trail.document("0" * 64) == b"doc"
    assert trail.claim_file("a.json", "0" * 64).won
    archive_one(trail)
    with trail.rows() as rows:
        assert rows.weaknesses() == []
    trail.close()
    for table in (*GUARDED, "file_claims", *ARCHIVES):
        with engine.connect() as connection, pytest.raises(Exception, match="append-only"):
            connection.execute(text(f"DELETE FROM {table}"))
    engine.dispose()


def test_an_older_trail_without_a_guard_is_upgraded(database_url: str) -> None:
    """Somebody dropped it: what they did then is for `benson verify`, which needs the tables."""
    trail = open_sql(database_url)
    append(trail, dispatch(), note("kept"))
    trail.close()
    engine = create_engine(database_url)
    as_of(engine, "0002")
    is_sqlite = engine.dialect.name == "sqlite"
    dropped = "guard_events_delete" if is_sqlite else "guard_events ON events"
    with engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {dropped}"))
    engine.dispose()
    database = open_database(database_url)
    assert version.upgrade(database) == ("0002", version.TABLES_VERSION)
    database.engine.dispose()
    trail = open_sql(database_url)
    with trail.rows() as rows:
        assert rows.weaknesses() == []
    trail.close()
