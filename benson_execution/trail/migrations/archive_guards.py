"""The guards of what may be archived: events and documents go only when a receipt allows it.

They replace the plain guards against a DELETE of these two tables, since version 0003. An event
goes when its dispatch is closed and finished, and there is a receipt of its very leaf, of an
archive with a digest and a signed note. A document goes when it is named as archived, and no
dispatch that stays was opened with it. That the file is there, and what its signature is worth,
no database can tell: `benson verify` does. And nothing is recorded of an archived dispatch any
more, nor at a position that was given before the newest archived event.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from benson_execution.trail.migrations.guards import (
    ARCHIVES,
    FILES,
    FIRST,
    POSTGRESQL_FUNCTION_BODY,
    sqlite_guards,
)

GUARDED: Final = ("events", "documents")
SQLITE_REPLACED: Final = tuple(f"guard_{table}_delete" for table in GUARDED)
"""The guards of version 0001 that are no more."""

_RECEIPT: Final = (
    "SELECT 1 FROM archive_receipts r JOIN archives a ON a.archive_id = r.archive_id "
    "JOIN leaves l ON l.dispatch_id = r.dispatch_id AND l.leaf_index = r.leaf_index "
    "WHERE r.dispatch_id = OLD.dispatch_id AND length(a.archive_id) = 64 "
    "AND length(a.note) > 0 AND length(r.leaf_hash) = 32"
)
_LEASE: Final = "SELECT 1 FROM leases WHERE dispatch_id = OLD.dispatch_id"
_NAMED: Final = (
    "SELECT 1 FROM archived_documents d JOIN archives a ON a.archive_id = d.archive_id "
    "WHERE d.sha256 = OLD.sha256 AND length(a.note) > 0"
)
_NEEDED: Final = (
    "SELECT 1 FROM dispatches x WHERE x.document_sha256 = OLD.sha256 AND NOT EXISTS "
    "(SELECT 1 FROM archive_receipts r WHERE r.dispatch_id = x.dispatch_id)"
)
_MOVED: Final = "SELECT 1 FROM archive_receipts WHERE dispatch_id = NEW.dispatch_id"
# An older program that is still at work counts on from the events that it finds.
_GIVEN: Final = "NEW.position <= (SELECT max(last_position) FROM archive_receipts)"

SQLITE: Final = {
    "guard_events_archived": (
        "CREATE TRIGGER guard_events_archived BEFORE DELETE ON events "
        f"WHEN NOT EXISTS ({_RECEIPT}) OR EXISTS ({_LEASE}) "
        "BEGIN SELECT RAISE(ABORT, 'events is append-only, and this one is not archived'); END"
    ),
    "guard_documents_archived": (
        "CREATE TRIGGER guard_documents_archived BEFORE DELETE ON documents "
        f"WHEN NOT EXISTS ({_NAMED}) OR EXISTS ({_NEEDED}) "
        "BEGIN SELECT RAISE(ABORT, 'documents is append-only, and this one is not archived'); END"
    ),
    "guard_events_moved": (
        "CREATE TRIGGER guard_events_moved BEFORE INSERT ON events "
        f"WHEN EXISTS ({_MOVED}) OR {_GIVEN} "
        "BEGIN SELECT RAISE(ABORT, 'events is append-only, and this is of what was archived'); END"
    ),
}
"""Each guard's name, and the statement that makes it."""


class PostgresqlGuard(NamedTuple):
    """A trigger; `each` is ROW or STATEMENT, `bits` are what PostgreSQL says of it."""

    table: str
    verbs: str
    each: str
    function: str
    bits: int


_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32
_TABLES: Final = (*FIRST, *FILES, *ARCHIVES)

POSTGRESQL: Final = {
    **{
        f"guard_{table}_kept": PostgresqlGuard(
            table,
            "UPDATE OR TRUNCATE",
            "STATEMENT",
            "benson_append_only",
            _BEFORE | _UPDATE | _TRUNCATE,
        )
        for table in GUARDED
    },
    **{
        f"guard_{table}_archived": PostgresqlGuard(
            table, "DELETE", "ROW", f"benson_{table}_archived", _ROW | _BEFORE | _DELETE
        )
        for table in GUARDED
    },
    "guard_events_moved": PostgresqlGuard(
        "events", "INSERT", "ROW", "benson_events_moved", _ROW | _BEFORE | _INSERT
    ),
}
"""Each guard by its name."""

_REFUSE: Final = "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '55000'"
_WITH_HASH: Final = r" AND r.leaf_hash = sha256('\x00'::bytea || l.entry)"

POSTGRESQL_FUNCTIONS: Final = {
    "benson_events_archived": (
        f" BEGIN IF NOT EXISTS ({_RECEIPT}{_WITH_HASH}) OR EXISTS ({_LEASE}) "
        f"THEN {_REFUSE}; END IF; RETURN OLD; END "
    ),
    "benson_documents_archived": (
        f" BEGIN IF NOT EXISTS ({_NAMED}) OR EXISTS ({_NEEDED}) "
        f"THEN {_REFUSE}; END IF; RETURN OLD; END "
    ),
    "benson_events_moved": (
        f" BEGIN IF EXISTS ({_MOVED}) OR {_GIVEN} THEN {_REFUSE}; END IF; RETURN NEW; END "
    ),
}
"""The functions that came with version 0003, and what each does."""


def postgresql_body(function: str) -> str:
    """What a guard's function does."""
    return POSTGRESQL_FUNCTIONS.get(function, POSTGRESQL_FUNCTION_BODY)


def all_sqlite_guards() -> dict[str, str]:
    """Each guard that there is now, and the statement that makes it."""
    plain = {n: made for n, made in sqlite_guards(_TABLES).items() if n not in SQLITE_REPLACED}
    return {**plain, **SQLITE}


def all_postgresql_guards() -> dict[str, PostgresqlGuard]:
    """Each guard that there is now."""
    bits = _BEFORE | _DELETE | _UPDATE | _TRUNCATE
    plain = {
        f"guard_{table}": PostgresqlGuard(
            table, "UPDATE OR DELETE OR TRUNCATE", "STATEMENT", "benson_append_only", bits
        )
        for table in _TABLES
        if table not in GUARDED
    }
    return {**plain, **POSTGRESQL}
