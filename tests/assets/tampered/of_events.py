"""What is done to single events: changed, removed, inserted, swapped, renumbered."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from benson_execution.events import Event
from benson_execution.proof.chain import first_link, next_link
from benson_execution.trail.rows import EventRow
from benson_execution.verification.findings import Kind
from tests.verification.forging import events_of

from .defects import EARLY, World, flipped, one, trail

FORGED = Event.create("NOTE", {"content": "the client agreed"})


def closed(connection: sqlite3.Connection) -> str:
    """The dispatch that the trail begins with: closed, and with a WRAP."""
    return str(one(connection, "SELECT dispatch_id FROM events WHERE position = 1"))


def rehash(connection: sqlite3.Connection, dispatch_id: str, rows: Sequence[EventRow]) -> bytes:
    """Put these events in the place of a dispatch's, with hashes that fit; the last hash."""
    link = first_link(
        one(connection, "SELECT header FROM dispatches WHERE dispatch_id = ?", dispatch_id)
    )
    connection.execute("DELETE FROM events WHERE dispatch_id = ?", (dispatch_id,))
    for n, row in enumerate(rows, start=1):
        link = next_link(link, row.position, n, row.key, row.event_type, row.event)
        numbered = row._replace(sequence=n, chain=link)
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", numbered)
    return link


def make_room(connection: sqlite3.Connection, column: str, first: int, where: str = "") -> None:
    """Move the numbers from `first` on up by one, by way of large ones, since they are unique."""
    condition = f"{column} >= {first} {where}"
    connection.execute(f"UPDATE events SET {column} = {column} + 1000000 WHERE {condition}")
    connection.execute(
        f"UPDATE events SET {column} = {column} - 999999 WHERE {column} > 1000000 {where}"
    )


def positions_without_gaps(connection: sqlite3.Connection) -> None:
    """Number the events that are left anew, and let their dispatches say where they begin."""
    left = connection.execute("SELECT position FROM events ORDER BY position").fetchall()
    for number, (position,) in enumerate(left, start=1):
        connection.execute("UPDATE events SET position = ? WHERE position = ?", (number, position))
    connection.execute("UPDATE dispatches SET position = -position")
    connection.execute(
        "UPDATE dispatches SET position = (SELECT min(position) FROM events "
        "WHERE events.dispatch_id = dispatches.dispatch_id)"
    )


@trail("event-one-byte", Kind.EVENT_ALTERED, words=("event 5 ('CHECKPOINT', at position 5)",))
def _byte(connection: sqlite3.Connection, world: World) -> None:
    content = one(connection, "SELECT event FROM events WHERE position = 5")
    changed = flipped(content, content.index(b"PASS"))
    connection.execute("UPDATE events SET event = ? WHERE position = 5", (changed,))


@trail("event-of-open-dispatch", Kind.EVENT_ALTERED, base=EARLY, words=("event 2", "position 13"))
def _open_byte(connection: sqlite3.Connection, world: World) -> None:
    content = one(connection, "SELECT event FROM events WHERE position = 13")
    changed = flipped(content, content.index(b"GID-"))
    connection.execute("UPDATE events SET event = ? WHERE position = 13", (changed,))


@trail("event-key", Kind.EVENT_ALTERED, words=("event 5 ('CHECKPOINT', at position 5)",))
def _key(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("UPDATE events SET key = 'CHECKPOINT:CP-99' WHERE position = 5")


@trail("event-type", Kind.EVENT_ALTERED, words=("event 5 ('NOTE', at position 5)",))
def _type(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("UPDATE events SET event_type = 'NOTE' WHERE position = 5")


@trail(
    "event-of-another-dispatch",
    Kind.EVENT_MISSING,
    base=EARLY,
    words=("event 5 is gone", "event 4 is gone"),
)
def _dispatch(connection: sqlite3.Connection, world: World) -> None:
    other = one(connection, "SELECT dispatch_id FROM events WHERE position = 13")
    connection.execute("UPDATE events SET dispatch_id = ? WHERE position = 5", (other,))


@trail(
    "event-position",
    Kind.EVENT_ALTERED,
    Kind.EVENT_MISSING,
    words=("event 5 ('CHECKPOINT', at position 99)", "position 5 of the trail"),
)
def _position(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("UPDATE events SET position = 99 WHERE position = 5")


@trail("event-hash", Kind.EVENT_ALTERED, words=("the stored hash of event 5 was changed",))
def _hash(connection: sqlite3.Connection, world: World) -> None:
    changed = flipped(one(connection, "SELECT chain FROM events WHERE position = 5"), 7)
    connection.execute("UPDATE events SET chain = ? WHERE position = 5", (changed,))


@trail("event-removed", Kind.EVENT_MISSING, words=("event 5 is gone", "position 5 of the trail"))
def _removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM events WHERE position = 5")


@trail(
    "event-removed-and-closed-up",
    Kind.EVENT_MISSING,
    words=("event 5",),
)
def _removed_closed_up(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM events WHERE position = 5")
    positions_without_gaps(connection)
    connection.execute(
        "UPDATE events SET sequence = position WHERE dispatch_id = ?", (closed(connection),)
    )


@trail("events-swapped", Kind.EVENTS_SWAPPED, words=("events 3 and 5 were swapped",))
def _swapped(connection: sqlite3.Connection, world: World) -> None:
    rows = events_of(connection, closed(connection))
    connection.execute("UPDATE events SET key = NULL WHERE position IN (3, 5)")
    for here, there in ((rows[2], rows[4]), (rows[4], rows[2])):
        connection.execute(
            "UPDATE events SET key = ?, event_type = ?, event = ? WHERE position = ?",
            (there.key, there.event_type, there.event, here.position),
        )


@trail("events-swapped-with-their-hashes", Kind.EVENTS_SWAPPED, words=("events 3 and 5 were",))
def _swapped_rows(connection: sqlite3.Connection, world: World) -> None:
    _swapped(connection, world)
    rows = events_of(connection, closed(connection))
    for here, there in ((rows[2], rows[4]), (rows[4], rows[2])):
        connection.execute(
            "UPDATE events SET chain = ? WHERE position = ?", (there.chain, here.position)
        )


@trail(
    "events-renumbered",
    Kind.EVENT_RENUMBERED,
    words=("position 3 is numbered 5, and was recorded as number 3",),
)
def _renumbered(connection: sqlite3.Connection, world: World) -> None:
    for position, sequence in ((3, 1003), (5, 3), (3, 5)):
        connection.execute(
            "UPDATE events SET sequence = ? WHERE position = ?", (sequence, position)
        )


@trail(
    "event-inserted",
    Kind.EVENT_INSERTED,
    words=("event 6 ('NOTE', at position 12) was inserted",),
)
def _inserted(connection: sqlite3.Connection, world: World) -> None:
    dispatch_id = closed(connection)
    make_room(connection, "sequence", 6, f"AND dispatch_id = '{dispatch_id}'")
    row = EventRow(12, dispatch_id, 6, None, FORGED.event_type, FORGED.json, bytes(32))
    connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", row)


@trail(
    "event-inserted-in-between",
    Kind.EVENT_INSERTED,
    words=("event 6 ('NOTE', at position 6) was inserted",),
)
def _inserted_between(connection: sqlite3.Connection, world: World) -> None:
    make_room(connection, "position", 6)
    connection.execute("UPDATE dispatches SET position = position + 1 WHERE position > 1")
    dispatch_id = closed(connection)
    make_room(connection, "sequence", 6, f"AND dispatch_id = '{dispatch_id}'")
    row = EventRow(6, dispatch_id, 6, None, FORGED.event_type, FORGED.json, bytes(32))
    connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", row)


@trail(
    "event-inserted-and-hashed",
    Kind.EVENT_INSERTED,
    words=("event 6 ('NOTE', at position 12) was inserted",),
)
def _inserted_hashed(connection: sqlite3.Connection, world: World) -> None:
    dispatch_id = closed(connection)
    rows = events_of(connection, dispatch_id)
    row = EventRow(12, dispatch_id, 6, None, FORGED.event_type, FORGED.json, b"")
    rehash(connection, dispatch_id, [*rows[:5], row, *rows[5:]])


@trail(
    "event-inserted-after-the-end",
    Kind.EVENT_INSERTED,
    words=("event 12 ('NOTE', at position 12) was inserted",),
)
def _inserted_after_end(connection: sqlite3.Connection, world: World) -> None:
    dispatch_id = closed(connection)
    rows = events_of(connection, dispatch_id)
    row = EventRow(12, dispatch_id, 12, None, FORGED.event_type, FORGED.json, b"")
    rehash(connection, dispatch_id, [*rows, row])
