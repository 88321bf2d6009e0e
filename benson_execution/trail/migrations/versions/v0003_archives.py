"""Which closed dispatches were moved into which files; and the guards that let only those go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benson_execution.trail.migrations import archive_guards
from benson_execution.trail.migrations.guards import ARCHIVES, postgresql_guards, sqlite_guards

revision = "0003"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, nullable=False)


def upgrade() -> None:
    """Three tables and an index more; nothing that is recorded is touched."""
    op.create_index("dispatches_document", "dispatches", ["document_sha256"])
    op.create_table(
        "archives",
        sa.Column("archive_id", sa.Text, primary_key=True),
        _text("file"),
        _number("size"),
        sa.Column("dispatches", sa.Integer, nullable=False),
        _number("first_position"),
        _number("last_position"),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("file", name="archives_file"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archive_receipts",
        sa.Column(
            "dispatch_id", sa.Text, sa.ForeignKey("dispatches.dispatch_id"), primary_key=True
        ),
        sa.Column("archive_id", sa.Text, sa.ForeignKey("archives.archive_id"), nullable=False),
        sa.Column("leaf_index", _NUMBER, sa.ForeignKey("leaves.leaf_index"), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        _number("last_position"),
        _text("positions"),
        sa.Column("was_killed", sa.Integer, nullable=False),
        sa.Column("agent_was_run", sa.Integer, nullable=False),
        _text("summary"),
        sa.UniqueConstraint("leaf_index", name="archive_receipts_leaf"),
        sa.UniqueConstraint("last_position", name="archive_receipts_position"),
        sqlite_with_rowid=False,
    )
    op.create_index("archive_receipts_archive", "archive_receipts", ["archive_id"])
    op.create_table(
        "archived_documents",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("archive_id", sa.Text, sa.ForeignKey("archives.archive_id"), nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for name in archive_guards.SQLITE_REPLACED:
            op.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in (*sqlite_guards(ARCHIVES).values(), *archive_guards.SQLITE.values()):
            op.execute(statement)
        return
    for table in archive_guards.GUARDED:
        op.execute(f"DROP TRIGGER IF EXISTS guard_{table} ON {table}")
    for statements in postgresql_guards(ARCHIVES).values():
        for statement in statements:
            op.execute(statement)
    # Whatever a session's own path is, the guards look into the trail's tables.
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for function, body in archive_guards.POSTGRESQL_FUNCTIONS.items():
        op.execute(
            sa.text(
                f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql "
                f"SET search_path = {schema}, pg_temp AS $${body}$$".replace(":", r"\:")
            )
        )
    for name, guard in archive_guards.POSTGRESQL.items():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {guard.verbs} ON {guard.table} "
            f"FOR EACH {guard.each} EXECUTE FUNCTION {guard.function}()"
        )
        op.execute(f"ALTER TABLE {guard.table} ENABLE ALWAYS TRIGGER {name}")
