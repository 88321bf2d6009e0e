"""A hundred thousand events in one dispatch: written and read in time that grows with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from benson_execution.trail import SqlTrail, Trail

from .stores import PAC, append, contents, dispatch, end, note, open_sql, sequences

MANY = 100_000
BATCH = 10_000


def test_a_dispatch_of_a_hundred_thousand_events(trail: Trail) -> None:
    """They are there in order, a key still counts once, and the dispatch is closed and proved.

    The bounds are many times what is needed: they tell a slow machine from a quadratic store.
    """
    began = time.monotonic()
    for first in range(0, MANY, BATCH):
        events = [note(n) for n in range(first, first + BATCH - 1)]
        append(trail, dispatch(), *events, note(first + BATCH - 1, key=f"K{first}"))
    appended = time.monotonic() - began
    assert contents(append(trail, dispatch(), note("late", key="K0"))) == [BATCH - 1]
    append(trail, dispatch(), end())
    began = time.monotonic()
    stored = list(trail.events(dispatch_id="run-1"))
    read = time.monotonic() - began
    assert sequences(stored) == list(range(1, MANY + 2))
    assert contents(stored[:-1]) == list(range(MANY))
    assert trail.proof("run-1") is not None
    assert appended < 60
    assert read < 30


FILTERS: list[dict[str, Any]] = [
    {},
    {"dispatch_id": "run-1"},
    {"run_id": "run"},
    {"pac_id": PAC},
    {"event_type": "NOTE"},
]


@pytest.mark.parametrize("wanted", FILTERS, ids=[next(iter(w), "all") for w in FILTERS])
def test_reading_takes_steps_in_proportion(url: str, wanted: dict[str, Any]) -> None:
    """Four times the events are read in about four times SQLite's steps, page after page."""
    trail = open_sql(url)

    def steps_after(total: int) -> int:
        for _ in range(total // 4000 - trail.last_position() // 4000):
            append(trail, dispatch(), *(note() for _ in range(4000)))
        return steps(trail, lambda: list(trail.events(**wanted)))

    few, many = steps_after(8_000), steps_after(32_000)
    trail.close()
    assert many < 5.5 * few


def steps(trail: SqlTrail, read: Callable[[], object]) -> int:
    """How many hundreds of instructions of SQLite's machine a read takes."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    connection = trail.database.engine.raw_connection()
    driver: Any = connection.driver_connection
    connection.close()  # the pool has this one alone, and hands it out again
    driver.set_progress_handler(count, 100)
    try:
        read()
    finally:
        driver.set_progress_handler(None, 100)
    assert counted > 100  # or it was another connection that read
    return counted
