"""The tables of the trail's databases. Rows are only ever inserted."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

dispatches = Table(
    "dispatches",
    metadata,
    Column("dispatch_id", String, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("pac_id", String, nullable=False, index=True),
    Column("document_sha256", String),
    UniqueConstraint("run_id", "number"),
)

events = Table(
    "events",
    metadata,
    # The order of the whole trail. AUTOINCREMENT: a position is never given twice.
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("dispatch_id", ForeignKey("dispatches.dispatch_id"), nullable=False),
    Column("sequence", Integer, CheckConstraint("sequence >= 1"), nullable=False),
    # NULL for events that are always new: SQL's NULLs differ from one another.
    Column("key", String),
    Column("event_type", String, nullable=False),
    # The exact bytes of the event: what was printed, and what every proof is about.
    Column("event", LargeBinary, nullable=False),
    UniqueConstraint("dispatch_id", "sequence"),
    UniqueConstraint("dispatch_id", "key"),
    Index("events_by_dispatch", "dispatch_id", "position"),
    Index("events_by_type", "event_type", "position"),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

wraps = Table(
    "wraps",
    metadata,
    # One PAC, one WRAP: the database decides it, whoever else is asking at the same moment.
    Column("pac_id", String, primary_key=True),
    Column("wrap_id", String, nullable=False, unique=True),
    Column("family", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("dispatch_id", ForeignKey("dispatches.dispatch_id"), nullable=False),
    UniqueConstraint("family", "number"),
)
