"""The guards of the append-only tables: triggers that refuse every change and removal.

The one removal that there is, of what was archived, is that of archive_guards.py.

They stop programs, not the database's owner, who can drop them; `benson verify` sees that too.
A guard that is to change gets another name, in a migration: what stands here was installed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_UNIQUE: Final = {
    "dispatches": (("dispatch_id",), ("position",), ("run_id", "number")),
    "events": (("position",), ("dispatch_id", "sequence"), ("dispatch_id", "key")),
    "documents": (("sha256",),),
    "wraps": (("pac_id",), ("wrap_id",), ("family", "number")),
    "leaves": (("leaf_index",), ("dispatch_id",)),
    "heads": (("size",),),
    "rotations": (("number",),),
    "file_claims": (("claim_id",), ("path", "sha256")),
    "file_moves": (("claim_id",),),
    "archives": (("archive_id",), ("file",)),
    "archive_receipts": (("dispatch_id",), ("leaf_index",), ("last_position",)),
    "archived_documents": (("sha256",),),
}
"""The guarded tables, and what is unique in each: an INSERT OR REPLACE would remove such rows."""

FIRST: Final = ("dispatches", "events", "documents", "wraps", "leaves", "heads", "rotations")
"""The tables of version 0001."""
FILES: Final = ("file_claims", "file_moves")
"""Those that came with version 0002."""
ARCHIVES: Final = ("archives", "archive_receipts", "archived_documents")
"""Those that came with version 0003."""


def sqlite_guards(tables: Iterable[str]) -> dict[str, str]:
    """Each guard's name, and the statement that makes it.

    SQLite's INSERT OR REPLACE fires delete triggers only on connections that ask for it, so a
    third trigger refuses an insert that would replace something, whoever is connected.
    """
    guards = {}
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            name = f"guard_{table}_{verb.lower()}"
            guards[name] = (
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        taken = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} WHERE "  # noqa: S608  # constants of this module
            + " AND ".join(f"{column} = NEW.{column}" for column in key)
            + ")"
            for key in _UNIQUE[table]
        )
        name = f"guard_{table}_replace"
        guards[name] = (
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {taken} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only, and has this row'); END"
        )
    return guards


POSTGRESQL_FUNCTION_BODY: Final = (
    " BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '55000'; END "
)
"""What all guards in PostgreSQL do."""


def postgresql_guards(tables: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each guard's name, and the statements that make it; the function must be there.

    One statement trigger covers UPDATE, DELETE and TRUNCATE, which fires no row trigger.
    ALWAYS: a session that plays a replica would not fire it otherwise.
    """
    return {
        f"guard_{table}": (
            (
                f"CREATE TRIGGER guard_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR "
                "EACH STATEMENT EXECUTE FUNCTION benson_append_only()"
            ),
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER guard_{table}",
        )
        for table in tables
    }
