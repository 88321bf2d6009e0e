"""A durable append of one event to a SQLite trail, against a bare `sqlite3` insert of its bytes.

Both commit each event by itself, in WAL with `synchronous=FULL` and `BEGIN IMMEDIATE`, into files
of one folder. The bare table has a position and the event's bytes. The trail looks whether the
dispatch is open and has the event already, chains it, and keeps it in four indexes.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.documents import pac_id, payloads
from bench.measure import Measure, compare, ratio, sync_seconds
from bench.report import Report, duration
from benson_execution import Settings, Trail, open_trail
from benson_execution.events import Event, EventType
from benson_execution.trail import Batch, DispatchRef, NewEvent

NAME: Final = "append"
QUESTION: Final = "a durable append of one event to a SQLite trail, against a bare insert"
ROUNDS: Final = 41
TARGET: Final = 2.0

_EACH: Final = 300
"""How many events one round appends, each in a transaction of its own."""


def run(rounds: int) -> Report:
    """Measure both in turn; each keeps its one file, as a trail does."""
    events = _events()
    with TemporaryDirectory(prefix="benson-bench-") as folder:
        home = Path(folder)
        trail = open_trail(Settings(home=home, trail_url=f"sqlite:///{home / 'trail.db'}"))
        bare = _bare_database(home / "bare.db")
        measures: dict[str, Measure] = {
            "trail": lambda: _append(trail, events),
            "bare sqlite3": lambda: _insert(bare, events),
        }
        for warm in measures.values():
            warm()
        found = compare(NAME, measures, rounds)
        sync = sync_seconds(home)
        appended = (rounds + 1) * _EACH
        assert trail.last_position() == appended
        assert bare.execute("SELECT count(*), max(position) FROM events").fetchone() == (
            appended,
            appended,
        )
        trail.close()
        bare.close()
    return Report(
        NAME,
        QUESTION,
        "event",
        found,
        [ratio("trail / bare sqlite3", found, "trail", "bare sqlite3", TARGET)],
        notes=[
            f"{_EACH} events per round, all of one dispatch; each is a commit; gc is on",
            f"one write of 4 KB synced to the same disk takes {duration(sync)}",
        ],
    )


def _events() -> list[Event]:
    """As many events as one round appends: those of a judged document in turn, but its end."""
    ending = EventType.PAC_DISPATCH_END
    of_one = [(kind, data) for kind, data in payloads() if kind != ending]
    return [
        Event.create(kind, data) for kind, data in itertools.islice(itertools.cycle(of_one), _EACH)
    ]


def _append(trail: Trail, events: list[Event]) -> float:
    """Seconds per event: a new dispatch, and in it each event under a key of its own."""
    ref = DispatchRef(str(uuid.uuid4()), 1, pac_id(0))
    batches = [
        Batch(ref, (NewEvent(f"{event.event_type}:{n}", event),)) for n, event in enumerate(events)
    ]
    began = time.perf_counter()
    for batch in batches:
        trail.append(batch)
    return (time.perf_counter() - began) / len(events)


def _bare_database(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    assert connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, event BLOB NOT NULL)")
    return connection


def _insert(connection: sqlite3.Connection, events: list[Event]) -> float:
    """Seconds per event: the same bytes, at the next position, on one connection."""
    cursor = connection.cursor()
    execute = cursor.execute
    began = time.perf_counter()
    for event in events:
        execute("BEGIN IMMEDIATE")
        execute("INSERT INTO events (event) VALUES (?)", (event.json,))
        execute("COMMIT")
    seconds = time.perf_counter() - began
    cursor.close()
    return seconds / len(events)
