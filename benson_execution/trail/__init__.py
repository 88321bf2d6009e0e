"""The trail: the ordered, append-only record of the telemetry events of all dispatches.

port.py        what every store does: `append`, `events`, `document`, and the proofs of them
ledger.py      what every store does the same way: placing, chaining, closing
lease.py       who is at work on a dispatch, and whether they still live
rows.py        what is stored, as it is stored, for verification
memory.py      the store in memory
sql.py         the store in a database: statements.py on tables.py, in database.py's sessions;
               sql_steps.py and sql_mapping.py are parts of it, sql_rows.py reads for verification
sqlite.py, postgresql.py    what the two databases do differently
version.py     the version of the tables; `migrations` makes them, structure.py compares them
renewal.py     renewing this process's leases
opening.py     choosing the store, and its key, by the settings

`open_trail` chooses the store by the settings.
"""

from __future__ import annotations

from benson_execution.trail.memory import MemoryTrail
from benson_execution.trail.opening import open_trail
from benson_execution.trail.port import (
    Batch,
    Claimed,
    DispatchRef,
    FileClaim,
    FileMove,
    Lease,
    NewEvent,
    Proof,
    Seizure,
    StoredEvent,
    Trail,
    WrapClaim,
    open_dispatch,
)
from benson_execution.trail.sql import SqlTrail

__all__ = [
    "Batch",
    "Claimed",
    "DispatchRef",
    "FileClaim",
    "FileMove",
    "Lease",
    "MemoryTrail",
    "NewEvent",
    "Proof",
    "Seizure",
    "SqlTrail",
    "StoredEvent",
    "Trail",
    "WrapClaim",
    "open_dispatch",
    "open_trail",
]
