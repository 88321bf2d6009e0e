"""`rows()`: all that is stored, at one moment, as it is stored, and the same in every store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from benson_execution.trail import MemoryTrail, SqlTrail, Trail
from benson_execution.trail.rows import DispatchRow, EventRow

from .said import all_rows, described, key_of
from .stores import (
    RING,
    answers,
    append,
    at_once,
    claim,
    dispatch,
    end,
    note,
    open_sql,
    wait_until,
)


def test_every_store_has_the_same_rows(database_url: str) -> None:
    """For the same appends; ids, keys and times are a trail's own, and right in each."""
    events = [note(n, key=f"K{n}") for n in range(2100)]
    memory, trail = MemoryTrail(RING.keys[0]), SqlTrail(database_url, RING)
    shared = [note("a", key="K"), note("b", key="K"), end()]
    found = []
    for one in (memory, trail):
        append(one, dispatch("run", 2), *events, documents=[(f"{n:064x}", b"x") for n in range(45)])
        append(one, dispatch("a"), shared[0], claim=claim("PAC-B-01"))
        append(one, dispatch("b"), shared[1], claim=claim("PAC-A-01", 2))
        for run_id in ("b", "a"):
            append(one, dispatch(run_id), shared[2])
        one.rotate(RING.keys[1])
        append(one, dispatch("c"), shared[2])
        with one.rows() as rows:
            found.append(described(all_rows(rows), RING.keys[0].public))
            assert rows.count_events() == len(found[-1]["events"])
            assert rows.weaknesses() == []
    assert found[0] == found[1]
    assert {kind: len(of) for kind, of in found[1].items()} == {
        "dispatches": 4,
        "events": 2105,
        "documents": 45,
        "wraps": 2,
        "leaves": 3,
        "heads": 4,
        "rotations": 1,
    }
    trail.close()


def test_rows_can_be_read_on_from_where_somebody_stopped(trail: Trail) -> None:
    """Above a position or an index, and over the end of a page."""
    append(trail, dispatch("a"), *(note(n) for n in range(2100)), end())
    append(trail, dispatch("b"), end())
    with trail.rows() as rows:
        events, leaves = list(rows.events()), list(rows.leaves())
        for after in (0, 1, 99, 2100, 2101, 2102):
            assert list(rows.events(after)) == events[after:]
        for after in (-1, 0, 1):
            assert list(rows.leaves(after)) == leaves[after + 1 :]


def test_rows_can_be_asked_for_by_dispatch(trail: Trail) -> None:
    """Its own row, its events in their sequence, and its leaf; None and nothing for others."""
    append(trail, dispatch("a"), note(1))
    append(trail, dispatch("b"), note(2))
    append(trail, dispatch("a"), note(3), end())
    with trail.rows() as rows:
        everything = all_rows(rows)
        mine = [EventRow._make(row) for row in everything["events"] if row[1] == "a-1"]
        assert [row.sequence for row in mine] == [1, 2, 3]
        assert list(rows.events_of("a-1")) == mine
        assert rows.dispatch("a-1") == everything["dispatches"][0]
        assert isinstance(rows.dispatch("a-1"), DispatchRow)
        assert rows.leaf("a-1") == everything["leaves"][0]
        assert rows.leaf("b-1") is None
        assert rows.dispatch("c-1") is None
        assert list(rows.events_of("c-1")) == []


def test_an_empty_trail_has_one_row(trail: Trail) -> None:
    """The head of its empty log."""
    with trail.rows() as rows:
        found = all_rows(rows)
        assert rows.count_events() == 0
    assert {kind: len(of) for kind, of in found.items() if of} == {"heads": 1}


def test_rows_are_of_one_moment(trail: Trail) -> None:
    """What is appended after they were opened is not among them, however late they are read."""
    append(trail, dispatch("a"), note(1), end())
    with trail.rows() as rows:
        before = rows.count_events()
        others = [
            partial(append, trail, dispatch(f"b{n}"), note(n), end(), documents=[(f"{n}", b"")])
            for n in range(3)
        ]
        answers(at_once(others))
        append(trail, dispatch("a", 2), note(2))
        trail.rotate(RING.keys[1])
        found = all_rows(rows)
        assert rows.count_events() == before == 2
        assert rows.dispatch("b1-1") is None
    assert {kind: len(of) for kind, of in found.items() if of} == {
        "dispatches": 1,
        "events": 2,
        "leaves": 1,
        "heads": 2,
    }
    with trail.rows() as rows:
        assert rows.count_events() == 9
        assert len(list(rows.rotations())) == 1


def test_rows_hold_together_while_others_append(trail: Trail) -> None:
    """Again and again: each event has its dispatch, each end its leaf, each leaf its head."""
    looked = threading.Semaphore(0)

    def write(thread: int) -> None:
        for number in range(1, 31):
            append(trail, dispatch(f"run{thread}", number), note(thread), note(number), end())
            if number % 5 == 0:
                looked.acquire(timeout=30)  # they end long after the first look

    def look() -> list[int]:
        sizes = [1]
        while sizes[-1] < 91:
            wait_until(lambda: trail.last_position() >= 3 * sizes[-1], description="an append")
            with trail.rows() as rows:
                found = described(all_rows(rows), key_of(trail))
            assert len(found["events"]) == 3 * len(found["leaves"])
            sizes.append(len(found["heads"]))
            looked.release()
            looked.release()
        return sizes

    calls: list[Callable[[], list[int] | None]] = [*(partial(write, n) for n in range(3)), look]
    sizes = answers(at_once(calls))[-1]
    assert sizes is not None
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 5


def copy_to_a_full_disk(trail: Trail) -> None:
    """Read rows, and fail at what is done with them."""
    with trail.rows() as rows:
        for _ in rows.events():
            raise OSError("no room")


def test_what_a_reader_of_rows_raises_is_its_own(trail: Trail) -> None:
    """A full disk where a copy is written to is no fault of the trail."""
    append(trail, dispatch(), note("a"))
    with pytest.raises(Exception, match="no room") as raised:
        copy_to_a_full_disk(trail)
    assert type(raised.value) is OSError


def test_rows_are_read_by_who_has_no_key(database_url: str) -> None:
    """The same, to the byte, as who writes reads."""
    writer = open_sql(database_url)
    append(writer, dispatch(), note("a"), end())
    reader = SqlTrail(database_url, None)
    with writer.rows() as written, reader.rows() as read:
        assert all_rows(written) == all_rows(read)
        assert read.weaknesses() == []
    writer.close()
    reader.close()
