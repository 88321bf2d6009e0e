"""What is done to refusals, which stand in the log beside the dispatches' leaves."""

from __future__ import annotations

import hashlib
import sqlite3

from benson_execution.proof import merkle
from benson_execution.proof.refusal import RefusalEntry
from benson_execution.verification.findings import Kind

from .defects import REFUSED, World, one, trail

INDEX = 1
"""Where the refusal stands in the log: between two dispatches."""


@trail(
    "refusal-one-byte",
    Kind.LEAF_ALTERED,
    base=REFUSED,
    words=("entry 1, or one before it, was changed",),
)
def _one_byte(connection: sqlite3.Connection, world: World) -> None:
    entry = one(connection, "SELECT entry FROM leaves WHERE leaf_index = ?", INDEX)
    changed = entry.replace(b'"size":1', b'"size":2')
    assert changed != entry
    connection.execute("UPDATE leaves SET entry = ? WHERE leaf_index = ?", (changed, INDEX))


@trail(
    "refusal-removed",
    Kind.LEAF_MISSING,
    base=REFUSED,
    words=("entry 1 of the log is gone",),
)
def _removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM leaves WHERE leaf_index = ?", (INDEX,))


@trail(
    "refusal-said-to-be-a-dispatch",
    Kind.LEAF_ALTERED,
    Kind.DISPATCH_MISSING,
    base=REFUSED,
    words=("entry 1 of the log was changed: ", "entry 1 of the log is of a dispatch"),
)
def _dispatch(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("UPDATE leaves SET dispatch_id = 'run-1' WHERE leaf_index = ?", (INDEX,))


@trail(
    "leaf-said-to-be-a-refusal",
    Kind.LEAF_ALTERED,
    Kind.LEAF_MISSING,
    base=REFUSED,
    words=("entry 0 of the log, a refusal, was changed", "its entry in the log is gone"),
)
def _leaf(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("UPDATE leaves SET dispatch_id = NULL WHERE leaf_index = 0")


@trail(
    "refusal-added",
    Kind.HEAD_MISSING,
    base=REFUSED,
    words=("the head of size 4 is gone",),
)
def _added(connection: sqlite3.Connection, world: World) -> None:
    """One that nobody signed, behind all others; its place in the log is right."""
    rows = connection.execute("SELECT leaf_index, entry FROM leaves ORDER BY 1").fetchall()
    peaks: list[bytes] = []
    for index, entry in rows:
        peaks = merkle.add_leaf(index, peaks, merkle.leaf_hash(entry))
    newest = one(connection, "SELECT note FROM heads ORDER BY size DESC LIMIT 1")
    refusal = RefusalEntry.from_bytes(rows[INDEX][1])
    made = refusal._replace(previous_head=hashlib.sha256(newest).digest())
    connection.execute(
        "INSERT INTO leaves VALUES (?, NULL, ?, ?)",
        (len(rows), made.to_bytes(), b"".join(peaks)),
    )
