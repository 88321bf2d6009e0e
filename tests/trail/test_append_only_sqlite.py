"""No foreign connection changes or removes a row of a SQLite trail, whatever it is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benson_execution.errors import BensonError
from benson_execution.trail import SqlTrail
from benson_execution.trail.tables import APPEND_ONLY

from .stores import RING, append, archive_one, claim, dispatch, end, note

TABLES = {
    # The table: its key's columns, and one that is none, with a value to change it to.
    "dispatches": (("dispatch_id",), "header"),
    "events": (("position",), "event"),
    "documents": (("sha256",), "content"),
    "wraps": (("pac_id",), "wrap_id"),
    "leaves": (("leaf_index",), "entry"),
    "heads": (("size",), "note"),
    "rotations": (("number",), "note"),
    "file_claims": (("claim_id",), "claimed_at"),
    "file_moves": (("claim_id",), "target"),
    "archives": (("archive_id",), "note"),
    "archive_receipts": (("dispatch_id",), "summary"),
    "archived_documents": (("sha256",), "archive_id"),
}
UNIQUE = {
    "dispatches": (("position",), ("run_id", "number")),
    "events": (("dispatch_id", "sequence"), ("dispatch_id", "key")),
    "wraps": (("wrap_id",), ("family", "number")),
    "leaves": (("dispatch_id",),),
    "file_claims": (("path", "sha256"),),
    "archives": (("file",),),
    "archive_receipts": (("leaf_index",), ("last_position",)),
}
"""What is unique beside the key: what is put in with a fresh key would remove such a row."""
ROWIDS = ("events", "leaves", "heads", "rotations")
tables = pytest.mark.parametrize("table", TABLES)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A trail with rows in every table."""
    trail = SqlTrail(f"sqlite:///{tmp_path / 'trail.db'}", RING)
    append(trail, dispatch(), note("a", key="A"), claim=claim(), documents=[("0" * 64, b"doc")])
    append(trail, dispatch(), note("b", key="B"), end())
    append(trail, dispatch("other"), note("a"))
    trail.rotate(RING.keys[1])
    trail.record_move(trail.claim_file("a.json", "0" * 64).claim.claim_id, "run", "done/a.json")
    archive_one(trail)
    trail.close()
    return tmp_path / "trail.db"


@pytest.fixture(params=["on", "off"])
def foreign(request: pytest.FixtureRequest, file: Path) -> Iterator[sqlite3.Connection]:
    """A connection of anybody's, which fires triggers of a REPLACE, or does not."""
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA recursive_triggers={request.param}")
    connection.execute(f"PRAGMA foreign_keys={request.param}")
    yield connection
    connection.close()


def rows_of(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    """Everything in a table."""
    return sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Its columns, in order."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def assert_refused(
    connection: sqlite3.Connection, table: str, statement: str, parameters: list[object]
) -> None:
    """The statement raises, and when it is committed all the same, every row is as before."""
    before = rows_of(connection, table)
    assert before
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        connection.execute(statement, parameters)
    connection.commit()
    assert rows_of(connection, table) == before


def test_every_append_only_table_is_tried_here() -> None:
    """A table that is added to the trail is added to these tests."""
    assert set(TABLES) == {table.name for table in APPEND_ONLY}


@tables
@pytest.mark.parametrize("how", ["", "OR REPLACE", "OR IGNORE", "OR FAIL", "OR ROLLBACK"])
def test_no_row_is_updated(foreign: sqlite3.Connection, table: str, how: str) -> None:
    """All rows, one, or one to what it is; in any column, the key's too."""
    (key,), column = TABLES[table]
    for name in (key, column):
        assert_refused(foreign, table, f"UPDATE {how} {table} SET {name} = {name}", [])
        assert_refused(
            foreign, table, f"UPDATE {how} {table} SET {name} = ? WHERE {key} IS NOT NULL", ["7"]
        )


@tables
def test_no_row_is_deleted(foreign: sqlite3.Connection, table: str) -> None:
    """Neither one nor all, which SQLite does in a way of its own."""
    (key,), _ = TABLES[table]
    assert_refused(foreign, table, f"DELETE FROM {table}", [])
    assert_refused(foreign, table, f"DELETE FROM {table} WHERE {key} IS NOT NULL", [])


VERBS = ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT OR ROLLBACK", "INSERT"]


@tables
@pytest.mark.parametrize("verb", VERBS)
def test_no_row_is_replaced(foreign: sqlite3.Connection, table: str, verb: str) -> None:
    """By one with its key, or with anything that is unique; from values, and from a query."""
    columns = columns_of(foreign, table)
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    for row in rows_of(foreign, table):
        forged = [
            b"forged" if name == TABLES[table][1] else value
            for name, value in zip(columns, row, strict=True)
        ]
        assert_refused(foreign, table, f"{verb} INTO {table} ({names}) VALUES ({marks})", forged)
    assert_refused(foreign, table, f"{verb} INTO {table} SELECT * FROM {table}", [])


UNIQUES = [(table, unique) for table, uniques in UNIQUE.items() for unique in uniques]


@pytest.mark.parametrize(("table", "unique"), UNIQUES, ids=["-".join((t, *u)) for t, u in UNIQUES])
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "INSERT OR IGNORE"])
def test_no_row_is_replaced_by_what_else_is_unique(
    foreign: sqlite3.Connection, table: str, unique: tuple[str, ...], verb: str
) -> None:
    """A row with a fresh key, and with nothing else than this of an old one."""
    columns = columns_of(foreign, table)
    old = dict(zip(columns, rows_of(foreign, table)[0], strict=True))
    numbers = {"position", "number", "sequence", "leaf_index"}
    fresh: dict[str, object] = {
        name: 900 if name in numbers else f"fresh {name}" for name in columns
    }
    fresh.update({name: old[name] for name in unique})
    assert all(old[name] is not None for name in unique)
    statement = f"{verb} INTO {table} VALUES ({', '.join('?' * len(columns))})"
    assert_refused(foreign, table, statement, list(fresh.values()))


@pytest.mark.parametrize("table", ROWIDS)
@pytest.mark.parametrize("alias", ["rowid", "_rowid_", "oid"])
def test_no_row_is_replaced_by_its_number(
    foreign: sqlite3.Connection, table: str, alias: str
) -> None:
    """SQLite's own number of a row goes by three names, and is the key here."""
    (key,), _ = TABLES[table]
    columns = [alias if name == key else name for name in columns_of(foreign, table)]
    number = foreign.execute(f"SELECT max({alias}) FROM {table}").fetchone()[0]
    fresh = [number if name == alias else f"fresh {name}" for name in columns]
    statement = f"INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    assert_refused(foreign, table, f"INSERT OR REPLACE {statement}", list(fresh))
    assert_refused(foreign, table, f"REPLACE {statement}", [str(v) for v in fresh])


@pytest.mark.parametrize("table", [t for t in TABLES if t not in ROWIDS])
def test_other_tables_have_no_number_to_replace_a_row_by(
    foreign: sqlite3.Connection, table: str
) -> None:
    """A number beside the key would be a way around the key."""
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        foreign.execute(f"SELECT rowid FROM {table}")


@tables
def test_no_row_is_changed_by_an_upsert(foreign: sqlite3.Connection, table: str) -> None:
    """`ON CONFLICT DO UPDATE`, on the key and on everything at once."""
    (key,), column = TABLES[table]
    columns = columns_of(foreign, table)
    row = rows_of(foreign, table)[0]
    values = f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))}) ON CONFLICT"
    for target in (f"({key})", ""):
        statement = f"{values} {target} DO UPDATE SET {column} = 'forged'"
        assert_refused(foreign, table, statement, list(row))


@tables
@pytest.mark.parametrize("verb", ["update", "delete", "replace"])
def test_a_guard_that_is_not_there_is_named(file: Path, table: str, verb: str) -> None:
    """Its owner can drop it; whoever verifies is told which one."""
    owner = sqlite3.connect(file)
    name = f"guard_{table}_{verb}"
    if verb == "delete" and table in {"events", "documents"}:
        name = f"guard_{table}_archived"
    owner.execute(f"DROP TRIGGER {name}")
    owner.commit()
    owner.close()
    (found,) = weaknesses_of(file)
    assert f"{name} " in found


def weaken(owner: sqlite3.Connection) -> None:
    """A guard of the same name that lets one row go."""
    owner.execute("DROP TRIGGER guard_events_archived")
    owner.execute(
        "CREATE TRIGGER guard_events_archived BEFORE DELETE ON events WHEN OLD.position <> 1 "
        "BEGIN SELECT RAISE(ABORT, 'events is append-only'); END"
    )


def silence(owner: sqlite3.Connection) -> None:
    """A guard of the same name that does nothing."""
    owner.execute("DROP TRIGGER guard_events_archived")
    owner.execute(
        "CREATE TRIGGER guard_events_archived BEFORE DELETE ON events BEGIN SELECT 1; END"
    )


def move(owner: sqlite3.Connection) -> None:
    """A guard of the same text on a copy, and a table without one."""
    owner.execute("ALTER TABLE events RENAME TO events_before")
    owner.execute("CREATE TABLE events AS SELECT * FROM events_before")


@pytest.mark.parametrize("change", [weaken, silence, move])
def test_a_weakened_guard_is_named(
    file: Path, change: Callable[[sqlite3.Connection], None]
) -> None:
    """One of the same name that does something else is no guard."""
    owner = sqlite3.connect(file)
    change(owner)
    owner.commit()
    owner.close()
    assert any("guard_events_archived " in found for found in weaknesses_of(file))


def test_a_trail_that_nobody_touched_has_no_weakness(file: Path) -> None:
    """Or the tests above would prove nothing."""
    assert weaknesses_of(file) == []


def weaknesses_of(file: Path) -> list[str]:
    """What a trail says of itself."""
    trail = SqlTrail(f"sqlite:///{file}", None)
    try:
        with trail.rows() as rows:
            return [weakness.message for weakness in rows.weaknesses()]
    finally:
        trail.close()


def test_appending_goes_on_behind_the_guards(file: Path) -> None:
    """What they refuse is not what the trail does itself."""
    trail = SqlTrail(f"sqlite:///{file}", RING)
    try:
        append(trail, dispatch("other"), note("b"), end())
        with pytest.raises(BensonError):
            append(trail, dispatch("other"), note("c"))
    finally:
        trail.close()
