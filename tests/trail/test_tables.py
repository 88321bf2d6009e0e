"""The tables and their version: made by themselves, upgraded when asked, refused when strange."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Engine

import benson_execution.trail
from benson_execution.errors import TrailUnavailable, TrailVersion
from benson_execution.trail import SqlTrail, version
from benson_execution.trail.database import Database, Session
from benson_execution.trail.sql import open_database
from benson_execution.trail.tables import APPEND_ONLY, metadata

from .stores import append, contents, dispatch, note, open_sql

MIGRATIONS = Path(benson_execution.trail.__file__).parent / "migrations"
NEXT = f"{int(version.TABLES_VERSION) + 1:04}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The empty database, as anybody may reach it."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def run(engine: Engine, *statements: str) -> None:
    """Change the database, as its owner may."""
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def everything(engine: Engine) -> dict[str, list[str]]:
    """All that is in the database."""
    with engine.connect() as connection:
        return {
            name: sorted(map(str, connection.execute(text(f'SELECT * FROM "{name}"'))))
            for name in inspect(connection).get_table_names()
        }


def set_version(engine: Engine, number: str) -> None:
    """Say that the tables have this version."""
    run(engine, f"UPDATE alembic_version SET version_num = '{number}'")


def refused(url: str, *, read_only: bool = False) -> TrailVersion:
    """How opening is refused, in one sentence."""
    with pytest.raises(TrailVersion) as raised:
        SqlTrail(url, None) if read_only else open_sql(url)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 5
    return raised.value


def test_an_empty_database_gets_its_tables_by_itself(database_url: str, engine: Engine) -> None:
    """All of them, with the version, when somebody opens it to write."""
    trail = open_sql(database_url)
    append(trail, dispatch(), note("a"))
    trail.close()
    found = everything(engine)
    assert set(found) == {*metadata.tables, "alembic_version"}
    assert found["alembic_version"] == [str((version.TABLES_VERSION,))]


def test_tables_that_appear_during_the_look_are_no_strangers(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process makes all of them right after this one has found none of its own."""
    database = open_database(database_url)
    look = type(database).has_table
    made: list[bool] = []

    def has_table(self: Database, session: Session, name: str) -> bool:
        found = look(self, session, name)
        if not made:
            made.append(found)
            open_sql(database_url).close()
        return found

    monkeypatch.setattr(type(database), "has_table", has_table)
    try:
        assert version.version_of(database) == version.TABLES_VERSION
    finally:
        database.engine.dispose()
    assert made == [False]


def test_who_only_reads_makes_no_tables(database_url: str, engine: Engine) -> None:
    """There is no trail, and there is none afterwards."""
    run(engine, "CREATE TABLE something_else (id INTEGER)")
    assert "no trail" in refused(database_url, read_only=True).message
    assert set(everything(engine)) == {"something_else"}


def test_what_migrations_make_is_what_statements_see(database_url: str, engine: Engine) -> None:
    """Alembic itself finds no difference between the tables and the metadata."""
    open_sql(database_url).close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        # It compares neither keys nor checks.
        inspector = inspect(connection)
        for table in metadata.tables.values():
            key = inspector.get_pk_constraint(table.name)["constrained_columns"]
            assert key == [column.name for column in table.primary_key]
            checks = [check["name"] for check in inspector.get_check_constraints(table.name)]
            assert checks == [c for c in ("events_sequence_from_1",) if table.name == "events"]


def test_the_programs_version_is_that_of_its_newest_migration() -> None:
    """Each migration follows the one before, and its file says which it is."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [version.TABLES_VERSION]
    numbers = sorted(script.revision for script in scripts.walk_revisions())
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]
    files = sorted(path.name for path in (MIGRATIONS / "versions").glob("v*.py"))
    assert [name[1:5] for name in files] == numbers


def test_the_package_ships_its_migrations() -> None:
    """Whoever installs it can make a trail: nothing of what is needed is left out of the wheel."""
    shipped = resources.files("benson_execution.trail") / "migrations"
    for name in ("env.py", "guards.py", "versions/v0001_the_trail.py"):
        assert (shipped / name).is_file()
    project = Path(benson_execution.trail.__file__).parents[2] / "pyproject.toml"
    build = tomllib.loads(project.read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "benson_execution" in build["packages"]
    assert not {"exclude", "include", "only-include"} & build.keys()


def test_a_newer_version_is_refused_and_not_touched(database_url: str, engine: Engine) -> None:
    """By who writes, who reads and who upgrades; the error says what to do."""
    open_sql(database_url).close()
    set_version(engine, "9999")
    before = everything(engine)
    for read_only in (False, True):
        error = refused(database_url, read_only=read_only)
        assert "9999" in error.message
        assert version.TABLES_VERSION in error.message
        assert "newer" in str(error)
    database = open_database(database_url)
    with pytest.raises(TrailVersion, match="newer"):
        version.upgrade(database)
    database.engine.dispose()
    assert everything(engine) == before


@pytest.mark.parametrize("number", ["0000", "bb2dc90d3b2a", "", "1"])
def test_a_version_that_there_never_was_is_refused(
    database_url: str, engine: Engine, number: str
) -> None:
    """Somebody else's Alembic counts otherwise: no upgrade is tried, and nothing is touched."""
    open_sql(database_url).close()
    set_version(engine, number)
    before = everything(engine)
    for read_only in (False, True):
        refused(database_url, read_only=read_only)
    database = open_database(database_url)
    with pytest.raises(TrailVersion) as raised:
        version.upgrade(database)
    database.engine.dispose()
    assert "\n" not in str(raised.value)
    assert everything(engine) == before


def test_tables_that_lost_their_version_are_refused(database_url: str, engine: Engine) -> None:
    """An empty table of versions does not make the trail's tables anew, nor over the old ones."""
    open_sql(database_url).close()
    run(engine, "DELETE FROM alembic_version")
    before = everything(engine)
    refused(database_url)
    assert everything(engine) == before


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_tables_of_other_programs_are_refused(database_url: str, engine: Engine, name: str) -> None:
    """One name of the trail's is enough; the error names it, and nothing is made."""
    run(engine, f"CREATE TABLE {name} (id INTEGER)", f"INSERT INTO {name} VALUES (1)")
    for read_only in (False, True):
        assert name in refused(database_url, read_only=read_only).message
    assert everything(engine) == {name: ["(1,)"]}


def test_a_refused_file_is_not_touched(url: str, tmp_path: Path) -> None:
    """Not a byte of somebody else's SQLite database changes, its journal mode neither."""
    engine = create_engine(url)
    run(engine, "CREATE TABLE events (id INTEGER)")
    engine.dispose()
    before = (tmp_path / "trail.db").read_bytes()
    refused(url)
    assert (tmp_path / "trail.db").read_bytes() == before


@pytest.fixture
def next_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program whose migrations have one more than this one's."""
    package = tmp_path / "next"
    shutil.copytree(MIGRATIONS, package / "migrations")
    newest = package / "migrations" / "versions" / f"v{NEXT}_next.py"
    newest.write_text(
        f"from alembic import op\nrevision = {NEXT!r}\ndown_revision = {version.TABLES_VERSION!r}\n"
        "def upgrade():\n    op.execute('CREATE TABLE next_table (id INTEGER)')\n"
    )
    monkeypatch.setattr(version, "TABLES_VERSION", NEXT)
    monkeypatch.setattr(resources, "files", lambda _name: package)
    return newest


def test_an_older_version_is_refused_until_it_is_upgraded(
    database_url: str, engine: Engine, request: pytest.FixtureRequest
) -> None:
    """The error says how; the upgrade says from which to which, and keeps every row."""
    older = version.TABLES_VERSION
    trail = open_sql(database_url)
    append(trail, dispatch(), note("kept"))
    trail.close()
    before = everything(engine)

    request.getfixturevalue("next_program")
    for read_only in (False, True):
        error = refused(database_url, read_only=read_only)
        assert error.hint is not None
        assert "benson trail upgrade" in error.hint
    assert everything(engine) == before
    database = open_database(database_url)
    assert version.upgrade(database) == (older, NEXT)
    assert version.upgrade(database) == (NEXT, NEXT)
    database.engine.dispose()

    after = everything(engine)
    assert after.pop("next_table") == []
    assert after.pop("alembic_version") == [str((NEXT,))]
    assert after == {name: rows for name, rows in before.items() if name != "alembic_version"}
    trail = open_sql(database_url)
    append(trail, dispatch(), note("next"))
    assert contents(trail.events()) == ["kept", "next"]
    with trail.rows() as rows:
        assert [w for w in rows.weaknesses() if w.what == "guard"] == []
    trail.close()


def test_an_upgrade_that_fails_changes_nothing(
    database_url: str, engine: Engine, next_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the half of it that went well, nor the version."""
    whole = next_program.read_text()
    next_program.unlink()
    monkeypatch.setattr(version, "TABLES_VERSION", f"{int(NEXT) - 1:04}")
    open_sql(database_url).close()
    before = everything(engine)
    next_program.write_text(whole + "    op.execute('SELECT * FROM no_such_table')\n")
    monkeypatch.setattr(version, "TABLES_VERSION", NEXT)
    database = open_database(database_url)
    with pytest.raises(TrailUnavailable, match="no_such_table"):
        version.upgrade(database)
    database.engine.dispose()
    assert everything(engine) == before


def test_every_table_but_the_leases_is_append_only() -> None:
    """Who is at work changes; what happened does not."""
    assert {table.name for table in APPEND_ONLY} == set(metadata.tables) - {"leases"}
