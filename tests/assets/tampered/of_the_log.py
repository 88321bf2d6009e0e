"""What is done to the log: leaves, heads, rotations, whole trails, and the guards."""

from __future__ import annotations

import hashlib
import sqlite3

from benson_execution.proof import merkle
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import SigningKey
from benson_execution.proof.leaf import Leaf
from benson_execution.verification.findings import Kind

from .defects import EARLY, HEAD, HEADS, LATER, ROTATED, World, flipped, one, trail

TABLES = "events", "leaves", "wraps", "leases", "dispatches", "documents", "heads", "rotations"


def head(connection: sqlite3.Connection, size: int) -> Head:
    """The head of a size."""
    return Head.parse(one(connection, "SELECT note FROM heads WHERE size = ?", size))


def set_note(connection: sqlite3.Connection, size: int, note: bytes) -> None:
    """Put another note into the place of a head's."""
    connection.execute("UPDATE heads SET note = ? WHERE size = ?", (note, size))


def sign_anew(connection: sqlite3.Connection, key: SigningKey) -> None:
    """Make the whole log anew, with the same entries, signed by this key."""
    signed = Head.first(key, head(connection, 0).trail_id)
    set_note(connection, 0, signed.note)
    peaks: list[bytes] = []
    for index, stored in connection.execute("SELECT leaf_index, entry FROM leaves").fetchall():
        digest = hashlib.sha256(signed.note).digest()
        entry = Leaf.from_bytes(stored)._replace(previous_head=digest).to_bytes()
        connection.execute(
            "UPDATE leaves SET entry = ?, peaks = ? WHERE leaf_index = ?",
            (entry, b"".join(peaks), index),
        )
        peaks = merkle.add_leaf(index, peaks, merkle.leaf_hash(entry))
        signed = Head.sign(key, signed.trail_id, index + 1, merkle.root_of_peaks(peaks))
        set_note(connection, index + 1, signed.note)


@trail("leaf-one-byte", Kind.LEAF_ALTERED, words=("entry 0, or one before it, was changed",))
def _leaf(connection: sqlite3.Connection, world: World) -> None:
    entry = one(connection, "SELECT entry FROM leaves WHERE leaf_index = 0")
    changed = entry.replace(b'"previous_head_sha256":"', b'"previous_head_sha256" :"')
    assert changed != entry
    connection.execute("UPDATE leaves SET entry = ? WHERE leaf_index = 0", (changed,))


@trail("leaf-peaks-one-byte", Kind.LEAF_ALTERED, base=LATER, words=("entry 1 says of the log",))
def _peaks(connection: sqlite3.Connection, world: World) -> None:
    changed = flipped(one(connection, "SELECT peaks FROM leaves WHERE leaf_index = 1"), 9)
    connection.execute("UPDATE leaves SET peaks = ? WHERE leaf_index = 1", (changed,))


@trail("leaf-removed", Kind.LEAF_MISSING, base=LATER, words=("entry 0 of the log is gone",))
def _leaf_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM leaves WHERE leaf_index = 0")


@trail(
    "newest-leaf-and-head-removed",
    Kind.LEAF_MISSING,
    words=("it is closed, and its entry in the log is gone",),
)
def _newest_leaf_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM leaves")
    connection.execute("DELETE FROM heads WHERE size = 1")


@trail("leaf-of-another-dispatch", Kind.LEAF_ALTERED, base=EARLY, words=("entry 0",))
def _leaf_dispatch(connection: sqlite3.Connection, world: World) -> None:
    other = one(connection, "SELECT dispatch_id FROM events WHERE position = 12")
    connection.execute("UPDATE leaves SET dispatch_id = ?", (other,))


@trail("head-root", Kind.HEAD_ALTERED, words=("head of size 1 does not have the signature",))
def _root(connection: sqlite3.Connection, world: World) -> None:
    lines = head(connection, 1).note.split(b"\n")
    lines[2] = (b"B" if lines[2].startswith(b"A") else b"A") + lines[2][1:]
    set_note(connection, 1, b"\n".join(lines))


@trail("head-time", Kind.HEAD_ALTERED, words=("head of size 1 does not have the signature",))
def _time(connection: sqlite3.Connection, world: World) -> None:
    note = head(connection, 1).note
    set_note(connection, 1, note.replace(b"\ntime 20", b"\ntime 21"))


@trail(
    "head-in-the-middle-time",
    Kind.HEAD_ALTERED,
    base=LATER,
    words=("head of size 1 does not have the signature",),
)
def _time_middle(connection: sqlite3.Connection, world: World) -> None:
    note = head(connection, 1).note
    set_note(connection, 1, note.replace(b"\ntime 20", b"\ntime 21"))


@trail("head-signature", Kind.HEAD_ALTERED, words=("head of size 1 does not have the signature",))
def _signature(connection: sqlite3.Connection, world: World) -> None:
    note = head(connection, 1).note
    set_note(connection, 1, flipped(note, len(note) - 20))


@trail("first-head-signature", Kind.HEAD_ALTERED, words=("the head of size 0 does not have",))
def _first_signature(connection: sqlite3.Connection, world: World) -> None:
    note = head(connection, 0).note
    set_note(connection, 0, flipped(note, len(note) - 20))


@trail("head-removed", Kind.HEAD_MISSING, base=LATER, words=("the head of size 1 is gone",))
def _head_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM heads WHERE size = 1")


@trail("newest-head-removed", Kind.HEAD_MISSING, words=("the head of size 1 is gone",))
def _newest_head_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM heads WHERE size = 1")


@trail("first-head-removed", Kind.HEAD_MISSING, words=("the head of size 0",))
def _first_head_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM heads WHERE size = 0")


@trail("newest-head-of-another-key", Kind.HEAD_UNTRUSTED, words=("which is not trusted",))
def _head_key(connection: sqlite3.Connection, world: World) -> None:
    was = head(connection, 1)
    forged = Head.sign(SigningKey.generate(), was.trail_id, 1, was.root)
    set_note(connection, 1, forged.note)


@trail(
    "head-in-the-middle-of-another-key",
    Kind.HEAD_UNTRUSTED,
    base=LATER,
    words=("the head of size 1 is signed by", "which is not trusted"),
)
def _middle_key(connection: sqlite3.Connection, world: World) -> None:
    was = head(connection, 1)
    forged = Head.sign(SigningKey.generate(), was.trail_id, 1, was.root)
    set_note(connection, 1, forged.note)


@trail("log-signed-anew-by-another-key", Kind.HEAD_UNTRUSTED, words=("which is not trusted",))
def _signed_anew(connection: sqlite3.Connection, world: World) -> None:
    sign_anew(connection, SigningKey.generate())


@trail(
    "rotation-removed",
    Kind.HEAD_UNTRUSTED,
    base=ROTATED,
    words=("the head of size 2 is signed by", "which is not trusted"),
)
def _rotation_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM rotations")


@trail(
    "rotation-signed-by-another-key",
    Kind.HEAD_UNTRUSTED,
    words=("rotation 1 is not signed by the trusted key that was in force",),
)
def _rotation(connection: sqlite3.Connection, world: World) -> None:
    stranger = SigningKey.generate()
    forged = Rotation.sign(stranger, stranger, head(connection, 1))
    connection.execute("INSERT INTO rotations VALUES (1, ?)", (forged.note,))


@trail(
    "rotation-by-another-key-and-signed-on",
    Kind.HEAD_UNTRUSTED,
    base=ROTATED,
    words=("rotation 1 is not signed by the trusted key", "the head of size 2 is signed by"),
)
def _rotation_replaced(connection: sqlite3.Connection, world: World) -> None:
    stranger, own = SigningKey.generate(), SigningKey.generate()
    was = head(connection, 2)
    forged = Rotation.sign(stranger, own, head(connection, 1))
    connection.execute("UPDATE rotations SET note = ?", (forged.note,))
    set_note(connection, 2, Head.sign(own, was.trail_id, 2, was.root).note)


@trail("emptied", Kind.TRAIL_EMPTY, words=("not even the head that a trail begins with",))
def _emptied(connection: sqlite3.Connection, world: World) -> None:
    for table in TABLES:
        connection.execute(f"DELETE FROM {table}")


@trail(
    "older-copy",
    Kind.TRAIL_SHORTENED,
    against=HEAD,
    words=("a head of size 3 was signed, and the log ends at 1", "an older copy"),
)
def _older_copy(connection: sqlite3.Connection, world: World) -> None:
    """Nothing is changed: it is what the trail was when it had one entry."""


@trail(
    "another-trail-put-in-its-place",
    Kind.OTHER_TRAIL,
    against=HEADS,
    words=("stood here before",),
)
def _other(connection: sqlite3.Connection, world: World) -> None:
    """Made with the trail's own key, as a program makes it that finds nothing."""
    for table in TABLES:
        connection.execute(f"DELETE FROM {table}")
    connection.execute("ATTACH ? AS other", (str(world.other.path),))
    for table in reversed(TABLES):
        connection.execute(f"INSERT INTO main.{table} SELECT * FROM other.{table}")
    connection.execute("DETACH other")


@trail(
    "two-trails-joined",
    Kind.FOREIGN_DISPATCH,
    Kind.EVENT_ALTERED,
    Kind.HEAD_ALTERED,
    Kind.LEAF_ALTERED,
    words=("it was recorded in the trail",),
)
def _joined(connection: sqlite3.Connection, world: World) -> None:
    """The other one's rows behind this one's."""
    connection.execute("ATTACH ? AS other", (str(world.other.path),))
    joined = {
        "dispatches": "dispatch_id, position + 11, run_id, number, pac_id, document_sha256, header",
        "events": "position + 11, dispatch_id, sequence, key, event_type, event, chain",
        "documents": "*",
        "wraps": "*",
        "leaves": "leaf_index + 1, dispatch_id, entry, peaks",
        "heads": "size + 1, note",  # of size 1 there is one already
    }
    for table, columns in joined.items():
        connection.execute(f"INSERT OR IGNORE INTO {table} SELECT {columns} FROM other.{table}")
    connection.execute("DETACH other")


@trail("guard-dropped", Kind.GUARD_MISSING, words=("guard_events_update",), guarded=False)
def _guard(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DROP TRIGGER guard_events_update")


@trail(
    "guard-that-refuses-nothing",
    Kind.GUARD_MISSING,
    words=("guard_events_update",),
    guarded=False,
)
def _hollow(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DROP TRIGGER guard_events_update")
    connection.execute(
        "CREATE TRIGGER guard_events_update BEFORE UPDATE ON events BEGIN SELECT 1; END"
    )


@trail("trigger-added", Kind.TABLES_ALTERED, words=("helpful",))
def _trigger(connection: sqlite3.Connection, world: World) -> None:
    connection.execute(
        "CREATE TRIGGER helpful BEFORE INSERT ON events WHEN NEW.event_type = 'CHECKPOINT' "
        "BEGIN SELECT RAISE(IGNORE); END"
    )
