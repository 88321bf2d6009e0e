"""The tables of the trail's databases, as statements see them.

`migrations` makes them; a test holds the two together. Rows are only ever inserted, except in
`leases`. Order in the whole trail is `position`, given by the writer and never twice.
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

APPEND_ONLY: Final = (dispatches, events, documents, wraps, leaves, heads, rotations)
"""The tables whose rows never change and never go."""
