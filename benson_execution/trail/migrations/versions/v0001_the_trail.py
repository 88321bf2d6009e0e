"""The trail: dispatches, events, documents, WRAPs, the log with its heads, and leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benson_execution.trail.migrations.guards import (
    FIRST,
    POSTGRESQL_FUNCTION_BODY,
    postgresql_guards,
    sqlite_guards,
)

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _of_a_dispatch() -> sa.Column[str]:
    return sa.Column(
        "dispatch_id", sa.Text, sa.ForeignKey("dispatches.dispatch_id"), nullable=False
    )


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _numbered(name: str) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """There is no way back: a trail is never made smaller."""
    # Tables whose rows SQLite numbers beside their keys could be rewritten by that number.
    op.create_table(
        "dispatches",
        sa.Column("dispatch_id", sa.Text, primary_key=True),
        sa.Column("position", _NUMBER, nullable=False),
        _text("run_id"),
        sa.Column("number", sa.Integer, nullable=False),
        _text("pac_id"),
        _text("document_sha256", nullable=True),
        _bytes("header"),
        sa.UniqueConstraint("position", name="dispatches_position"),
        sa.UniqueConstraint("run_id", "number", name="dispatches_run"),
        sqlite_with_rowid=False,
    )
    op.create_index("dispatches_pac", "dispatches", ["pac_id"])
    op.create_table(
        "events",
        _numbered("position"),
        _of_a_dispatch(),
        sa.Column("sequence", _NUMBER, nullable=False),
        _text("key", nullable=True),
        _text("event_type"),
        _bytes("event"),
        _bytes("chain"),
        sa.CheckConstraint("sequence >= 1", name="events_sequence_from_1"),
        sa.UniqueConstraint("dispatch_id", "sequence", name="events_sequence"),
        sa.UniqueConstraint("dispatch_id", "key", name="events_key"),
    )
    op.create_index("events_type", "events", ["event_type", "position"])
    op.create_table(
        "documents",
        sa.Column("sha256", sa.Text, primary_key=True),
        _bytes("content"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wraps",
        sa.Column("pac_id", sa.Text, primary_key=True),
        _text("wrap_id"),
        _text("family"),
        sa.Column("number", sa.Integer, nullable=False),
        _of_a_dispatch(),
        sa.UniqueConstraint("wrap_id", name="wraps_id"),
        sa.UniqueConstraint("family", "number", name="wraps_number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leaves",
        _numbered("leaf_index"),
        sa.Column("dispatch_id", sa.Text, sa.ForeignKey("dispatches.dispatch_id")),
        _bytes("entry"),
        _bytes("peaks"),
        sa.UniqueConstraint("dispatch_id", name="leaves_dispatch"),
    )
    op.create_table("heads", _numbered("size"), _bytes("note"))
    op.create_table(
        "rotations",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        _bytes("note"),
    )
    op.create_table(
        "leases",
        sa.Column(
            "dispatch_id", sa.Text, sa.ForeignKey("dispatches.dispatch_id"), primary_key=True
        ),
        sa.Column("host", sa.Text),
        sa.Column("boot_id", sa.Text),
        sa.Column("pid", sa.Integer),
        sa.Column("started", sa.Text),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    _guard()


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in sqlite_guards(FIRST).values():
            op.execute(statement)
        return
    op.execute(
        "CREATE FUNCTION benson_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$${POSTGRESQL_FUNCTION_BODY}$$"
    )
    for statements in postgresql_guards(FIRST).values():
        for statement in statements:
            op.execute(statement)
