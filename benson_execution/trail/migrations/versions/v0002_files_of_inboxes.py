"""Which files of inboxes were taken, and where they were moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benson_execution.trail.migrations.guards import FILES, postgresql_guards, sqlite_guards

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Two tables more; nothing that is there is touched."""
    op.create_table(
        "file_claims",
        sa.Column("claim_id", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("claimed_at", sa.Text, nullable=False),
        sa.Column("leaf_index", _NUMBER, sa.ForeignKey("leaves.leaf_index")),
        sa.UniqueConstraint("path", "sha256", name="file_claims_file"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "file_moves",
        sa.Column("claim_id", sa.Text, sa.ForeignKey("file_claims.claim_id"), primary_key=True),
        sa.Column("run_id", sa.Text),
        sa.Column("target", sa.Text),
        sa.Column("moved_at", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in sqlite_guards(FILES).values():
            op.execute(statement)
        return
    for statements in postgresql_guards(FILES).values():
        for statement in statements:
            op.execute(statement)
