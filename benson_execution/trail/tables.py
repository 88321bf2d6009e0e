"""The tables of the trail's databases, as statements see them.

`migrations` makes them; a test holds the two together. Rows are only ever inserted, except in
`leases`; events and documents go when they were moved into an archive. Order in the whole trail
is `position`, given by the writer and never twice.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData()

# SQLite's own row number, which it keeps without an index, is an INTEGER and nothing else.
_Number: Final = BigInteger().with_variant(Integer, "sqlite")

dispatches: Final = Table(
    "dispatches",
    metadata,
    Column("dispatch_id", Text, primary_key=True),
    # Of its first event.
    Column("position", _Number, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("pac_id", Text, nullable=False),
    Column("document_sha256", Text),
    # The exact bytes that the chain of its events begins with.
    Column("header", LargeBinary, nullable=False),
    UniqueConstraint("position", name="dispatches_position"),
    UniqueConstraint("run_id", "number", name="dispatches_run"),
    Index("dispatches_pac", "pac_id"),
    Index("dispatches_document", "document_sha256"),
    sqlite_with_rowid=False,
)

events: Final = Table(
    "events",
    metadata,
    Column("position", _Number, primary_key=True, autoincrement=False),
    Column("dispatch_id", Text, ForeignKey("dispatches.dispatch_id"), nullable=False),
    Column("sequence", _Number, nullable=False),
    # NULL for events that are always new: SQL's NULLs differ from one another.
    Column("key", Text),
    Column("event_type", Text, nullable=False),
    # The exact bytes of the event: what was printed, and what every proof is about.
    Column("event", LargeBinary, nullable=False),
    # Its hash in the chain of its dispatch.
    Column("chain", LargeBinary, nullable=False),
    CheckConstraint("sequence >= 1", name="events_sequence_from_1"),
    UniqueConstraint("dispatch_id", "sequence", name="events_sequence"),
    UniqueConstraint("dispatch_id", "key", name="events_key"),
    Index("events_type", "event_type", "position"),
)

documents: Final = Table(
    "documents",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

wraps: Final = Table(
    "wraps",
    metadata,
    # One PAC, one WRAP: the database decides it, whoever else is asking at the same moment.
    Column("pac_id", Text, primary_key=True),
    Column("wrap_id", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("dispatch_id", Text, ForeignKey("dispatches.dispatch_id"), nullable=False),
    UniqueConstraint("wrap_id", name="wraps_id"),
    UniqueConstraint("family", "number", name="wraps_number"),
    sqlite_with_rowid=False,
)

leaves: Final = Table(
    "leaves",
    metadata,
    Column("leaf_index", _Number, primary_key=True, autoincrement=False),
    # NULL for a refusal, which opened no dispatch.
    Column("dispatch_id", Text, ForeignKey("dispatches.dispatch_id")),
    # The exact bytes that are hashed into the log.
    Column("entry", LargeBinary, nullable=False),
    # The hashes that the log consisted of before it: what the next entry grows from.
    Column("peaks", LargeBinary, nullable=False),
    UniqueConstraint("dispatch_id", name="leaves_dispatch"),
)

heads: Final = Table(
    "heads",
    metadata,
    Column("size", _Number, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)

rotations: Final = Table(
    "rotations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)

# Which files of which inbox were taken: the database decides it, whoever else sweeps it.
file_claims: Final = Table(
    "file_claims",
    metadata,
    Column("claim_id", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("claimed_at", Text, nullable=False),
    # The refusal that was recorded with it, of a file that holds nothing to judge.
    Column("leaf_index", _Number, ForeignKey("leaves.leaf_index")),
    UniqueConstraint("path", "sha256", name="file_claims_file"),
    sqlite_with_rowid=False,
)

file_moves: Final = Table(
    "file_moves",
    metadata,
    Column("claim_id", Text, ForeignKey("file_claims.claim_id"), primary_key=True),
    Column("run_id", Text),
    # NULL for a file that was gone.
    Column("target", Text),
    Column("moved_at", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Files that closed dispatches were moved into; each is known by its SHA-256.
archives: Final = Table(
    "archives",
    metadata,
    Column("archive_id", Text, primary_key=True),
    Column("file", Text, nullable=False),
    # Its size in bytes.
    Column("size", _Number, nullable=False),
    Column("dispatches", Integer, nullable=False),
    # Between which positions its events stood; there may be others between them.
    Column("first_position", _Number, nullable=False),
    Column("last_position", _Number, nullable=False),
    Column("note", LargeBinary, nullable=False),
    UniqueConstraint("file", name="archives_file"),
    sqlite_with_rowid=False,
)

# Which dispatches were moved there: what allows that their events are deleted, and stays.
archive_receipts: Final = Table(
    "archive_receipts",
    metadata,
    Column("dispatch_id", Text, ForeignKey("dispatches.dispatch_id"), primary_key=True),
    Column("archive_id", Text, ForeignKey("archives.archive_id"), nullable=False),
    Column("leaf_index", _Number, ForeignKey("leaves.leaf_index"), nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    # Of its newest event: positions are never given twice.
    Column("last_position", _Number, nullable=False),
    # Of all its events, as ranges: `7-12 14`.
    Column("positions", Text, nullable=False),
    # What decides whether its document may be judged again; 0 or 1.
    Column("was_killed", Integer, nullable=False),
    Column("agent_was_run", Integer, nullable=False),
    # What is counted of it, as JSON.
    Column("summary", Text, nullable=False),
    UniqueConstraint("leaf_index", name="archive_receipts_leaf"),
    UniqueConstraint("last_position", name="archive_receipts_position"),
    Index("archive_receipts_archive", "archive_id"),
    sqlite_with_rowid=False,
)

# Documents that nobody else needed, and that were moved with them; where each was moved first.
archived_documents: Final = Table(
    "archived_documents",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("archive_id", Text, ForeignKey("archives.archive_id"), nullable=False),
    sqlite_with_rowid=False,
)

# The one table that changes: it says who is at work, and proves nothing.
leases: Final = Table(
    "leases",
    metadata,
    Column("dispatch_id", Text, ForeignKey("dispatches.dispatch_id"), primary_key=True),
    Column("host", Text),
    Column("boot_id", Text),
    Column("pid", Integer),
    Column("started", Text),
    # Seconds since 1970, by the clock of the database.
    Column("expires_at", Double, nullable=False),
)

APPEND_ONLY: Final = (
    dispatches,
    events,
    documents,
    wraps,
    leaves,
    heads,
    rotations,
    file_claims,
    file_moves,
    archives,
    archive_receipts,
    archived_documents,
)
"""The tables whose rows never change; they never go either, but for what was archived.

Events and documents go when a receipt says into which signed file they were moved.
"""

UNPROVED: Final = (file_claims, file_moves)
"""Those of them to which no entry of the log commits: they say which files were taken, and no more.

Guarded like the others; a verdict never depends on them.
"""
