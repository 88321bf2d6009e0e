"""What somebody who can write to the database, and has no signing key, can make fit by himself."""

from __future__ import annotations

import base64
import hashlib
import sqlite3

from benson_execution.proof import merkle
from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.leaf import Header, Leaf
from benson_execution.trail.rows import EventRow


def events_of(connection: sqlite3.Connection, dispatch_id: str) -> list[EventRow]:
    """A dispatch's events, in order."""
    query = "SELECT * FROM events WHERE dispatch_id = ? ORDER BY sequence"
    return [EventRow(*row) for row in connection.execute(query, (dispatch_id,))]


def rewrite(connection: sqlite3.Connection, dispatch_id: str, old: bytes, new: bytes) -> bytes:
    """Replace some words in a dispatch's events, and hash them anew; the hash of the last one."""
    query = "SELECT header FROM dispatches WHERE dispatch_id = ?"
    ((header,),) = connection.execute(query, (dispatch_id,)).fetchall()
    rows = events_of(connection, dispatch_id)
    assert any(old in row.event for row in rows), "there is nothing to rewrite"
    link = first_link(header)
    for row in rows:
        event = row.event.replace(old, new)
        link = next_link(link, row.position, row.sequence, row.key, row.event_type, event)
        connection.execute(
            "UPDATE events SET event = ?, chain = ? WHERE position = ?", (event, link, row.position)
        )
    return link


def rebuild_log(connection: sqlite3.Connection, dispatch_id: str, chain: bytes) -> None:
    """Make leaves, roots and heads fit a dispatch that ends with another hash.

    The heads keep their signatures, which are now wrong: there is no key to make right ones.
    """
    peaks: list[bytes] = []
    ((note,),) = connection.execute("SELECT note FROM heads WHERE size = 0").fetchall()
    leaves = connection.execute("SELECT leaf_index, entry FROM leaves ORDER BY 1").fetchall()
    for index, stored in leaves:
        leaf = Leaf.from_bytes(stored)._replace(previous_head=hashlib.sha256(note).digest())
        if Header.from_bytes(leaf.header).dispatch_id == dispatch_id:
            leaf = leaf._replace(chain=chain)
        entry = leaf.to_bytes()
        connection.execute(
            "UPDATE leaves SET entry = ?, peaks = ? WHERE leaf_index = ?",
            (entry, b"".join(peaks), index),
        )
        peaks = merkle.add_leaf(index, peaks, merkle.leaf_hash(entry))
        ((note,),) = connection.execute(
            "SELECT note FROM heads WHERE size = ?", (index + 1,)
        ).fetchall()
        lines = note.split(b"\n")
        lines[2] = base64.b64encode(merkle.root_of_peaks(peaks))
        note = b"\n".join(lines)
        connection.execute("UPDATE heads SET note = ? WHERE size = ?", (note, index + 1))
