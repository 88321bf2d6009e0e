"""Which version the trail's tables have, and making them the program's own."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any, Final

from sqlalchemy import Select, column, select, table

from benson_execution.errors import TrailVersion
from benson_execution.trail.database import BUSY_TIMEOUT_SECONDS, Database
from benson_execution.trail.tables import metadata

TABLES_VERSION: Final = "0003"
"""The newest file in `migrations/versions`."""

_NUMBER: Final = re.compile(r"(?!0000)[0-9]{4}")
_VERSION: Final[Select[Any]] = select(column("version_num")).select_from(table("alembic_version"))


def version_of(database: Database) -> str | None:
    """The version of the trail's tables; None when there are none, empty when they don't say.

    Raises `TrailVersion` where there are tables of these names that are not the trail's.
    """
    with database.read() as session:
        if not database.has_table(session, "alembic_version"):
            strangers = [name for name in metadata.tables if database.has_table(session, name)]
            if not strangers:
                return None
            # Another process may have made all tables since the first look, in one transaction.
            if not database.has_table(session, "alembic_version"):
                raise TrailVersion(
                    f"{database.where} has tables of the trail's names that are not the trail's: "
                    + ", ".join(strangers),
                    "give the trail a database, or a schema, of its own",
                    found="",
                )
        row = session.first(_VERSION)
        return "" if row is None else str(row[0])


def require_version(database: Database) -> None:
    """Raise `TrailVersion` unless the tables are what this program knows."""
    _require(database, version_of(database))


def make_tables(database: Database) -> None:
    """Make the tables in an empty database; raise `TrailVersion` for other ones than ours."""
    found = version_of(database)
    if found is None:
        upgrade(database)
        found = version_of(database)
    _require(database, found)


def _require(database: Database, found: str | None) -> None:
    if found == TABLES_VERSION:
        return
    if found is None:
        raise TrailVersion(f"there is no trail at {database.where}")
    if not _NUMBER.fullmatch(found):
        message = f"the tables at {database.where} don't say which version they have"
        raise TrailVersion(message, "`benson verify` says what was changed", found="")
    if found > TABLES_VERSION:
        raise TrailVersion(
            f"the trail at {database.where} has version {found}, which is newer than this "
            f"program's {TABLES_VERSION}",
            "install a newer Benson; this one touches nothing",
            found=found,
        )
    raise TrailVersion(
        f"the trail at {database.where} has version {found}; this program's is {TABLES_VERSION}",
        "`benson trail upgrade` brings it there",
        found=found,
    )


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the tables to this program's version, and say from which to which.

    Raises `TrailVersion` when they are newer.
    """
    from alembic import command, config  # a tenth of a second that few runs need

    before = version_of(database)
    if before is not None and not ("0000" < before <= TABLES_VERSION):
        _require(database, before)
    settings = config.Config()
    settings.set_main_option(
        "script_location", str(resources.files("benson_execution.trail") / "migrations")
    )
    with database.reporting(), database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(BUSY_TIMEOUT_SECONDS)}000")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1651336560)")
        # Two that find the same empty database wait for each other here; the second finds nothing
        # left to do.
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        connection.commit()
    return before, TABLES_VERSION
