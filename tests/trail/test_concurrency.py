"""Sixteen threads at once: order, gaps, duplicates, and who wins a race."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from benson_execution.errors import DispatchClosed, PacAlreadyWrapped, WrapIdTaken
from benson_execution.trail import Batch, StoredEvent, Trail

from .stores import (
    FAMILY,
    THREADS,
    answers,
    append,
    assert_in_order,
    at_once,
    claim,
    contents,
    dispatch,
    end,
    note,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("eager_threads")

EACH = 20


def test_threads_that_share_a_dispatch_leave_no_gap_and_lose_nothing(trail: Trail) -> None:
    """Every event is there once, in its thread's order, where its append said it is."""

    def write(thread: int) -> list[StoredEvent]:
        return [append(trail, dispatch(), note([thread, n]))[0] for n in range(EACH)]

    returned = answers(at_once([partial(write, thread) for thread in range(THREADS)]))
    stored = list(trail.events())

    assert_in_order(stored)
    assert len(stored) == THREADS * EACH
    assert sorted(one for of_thread in returned for one in of_thread) == stored
    for thread in range(THREADS):
        mine = [list(c) for c in contents(stored) if c[0] == thread]
        assert mine == [[thread, n] for n in range(EACH)]


def test_threads_with_dispatches_of_their_own_do_not_mix(trail: Trail) -> None:
    """Each dispatch is gapless, and the trail has one order of all of them."""

    def write(thread: int) -> None:
        for n in range(EACH // 2):
            append(trail, dispatch(f"run{thread}"), note([thread, n]), note([thread, -n]))

    answers(at_once([partial(write, thread) for thread in range(THREADS)]))
    stored = list(trail.events())
    assert_in_order(stored)
    assert len(stored) == THREADS * EACH
    assert all(s.dispatch.run_id == f"run{s.event.data['content'][0]}" for s in stored)


def test_batches_stay_together(trail: Trail) -> None:
    """The events of one append stand side by side, whoever else is writing."""

    def write(thread: int) -> None:
        for _ in range(3):
            append(trail, dispatch(), *(note([thread, n]) for n in range(5)))

    answers(at_once([partial(write, thread) for thread in range(THREADS)]))
    found = [tuple(c) for c in contents(trail.events())]
    for first in range(0, len(found), 5):
        thread = found[first][0]
        assert found[first : first + 5] == [(thread, n) for n in range(5)]


def test_one_wins_a_key_and_all_are_given_the_same_event(trail: Trail) -> None:
    """The very first event of a dispatch is raced for, and then each of its next ones."""
    for round_ in range(5):
        key = f"K{round_}"
        race = [
            partial(append, trail, dispatch(), note([round_, thread], key=key))
            for thread in range(THREADS)
        ]
        outcomes = answers(at_once(race))
        (stored,) = [s for s in trail.events() if s.key == key]
        assert outcomes == [[stored]] * THREADS
    assert_in_order(list(trail.events()))


def test_the_same_batch_from_everybody_is_recorded_once(trail: Trail) -> None:
    """A dispatch that several resume at once has each of its events once."""
    keys = [f"K{n}" for n in range(11)]
    race = [
        partial(append, trail, dispatch(), *(note([thread, key], key=key) for key in keys))
        for thread in range(THREADS)
    ]
    outcomes = answers(at_once(race))
    stored = list(trail.events())
    assert outcomes == [stored] * THREADS
    assert [s.key for s in stored] == keys
    assert len({s.event.data["content"][0] for s in stored}) == 1  # one thread's, all of it


def test_nothing_comes_behind_the_end(trail: Trail) -> None:
    """While others append, one closes: what was not before it is refused, and is not there."""

    def write(thread: int) -> int:
        for n in range(EACH):
            try:
                append(trail, dispatch(), note([thread, n]))
            except DispatchClosed:
                return n
        return EACH

    def close() -> int:
        wait_until(lambda: next(trail.events(), None), description="the first event is there")
        append(trail, dispatch(), end())
        return 0

    calls: list[Callable[[], int]] = [partial(write, thread) for thread in range(THREADS - 1)]
    acknowledged = sum(answers(at_once([*calls, close])))
    stored = list(trail.events())
    assert_in_order(stored)
    assert stored[-1].key == "PAC_DISPATCH_END"
    assert len(stored) == acknowledged + 1


def test_one_of_many_claims_to_a_pac_wins(trail: Trail) -> None:
    """Sixteen dispatches of one PAC close at once: one has the WRAP, and the others are told."""

    def close(thread: int) -> str:
        mine = claim(number=1)._replace(wrap_id=f"WRAP-{thread}", family=f"FAMILY-{thread}")
        append(trail, dispatch(f"run{thread}"), note(thread, key="WRAP"), claim=mine)
        return mine.wrap_id

    outcomes = at_once([partial(close, thread) for thread in range(THREADS)])
    (winner,) = [o for o in outcomes if isinstance(o, str)]
    losers = [o for o in outcomes if isinstance(o, PacAlreadyWrapped)]
    assert len(losers) == THREADS - 1
    assert {e.wrap_id for e in losers} == {winner}
    (stored,) = trail.events()
    assert f"WRAP-{stored.event.data['content']}" == winner


def test_one_of_many_claims_to_the_same_id_of_one_pac_wins(trail: Trail) -> None:
    """Also when all of them ask for the same id, as dispatches of one PAC on one day do."""
    race = [
        partial(append, trail, dispatch(f"run{thread}"), note(thread), claim=claim())
        for thread in range(THREADS)
    ]
    outcomes = at_once(race)
    assert len([o for o in outcomes if isinstance(o, list)]) == 1
    losers = [o for o in outcomes if isinstance(o, PacAlreadyWrapped)]
    assert {e.wrap_id for e in losers} == {FAMILY}
    assert len(losers) == THREADS - 1
    assert len(list(trail.events())) == 1


def test_pacs_that_claim_the_same_id_at_once_get_one_each(trail: Trail) -> None:
    """Whoever finds an id taken has the next one; no number is left out, none is given twice."""

    def close(thread: int) -> int:
        number, pac_id = 1, f"PAC-DAN-P53-TEST-{thread:02d}"
        while True:
            try:
                ref = dispatch(f"run{thread}", pac_id=pac_id)
                append(trail, ref, note(number), claim=claim(pac_id, number))
                return number
            except WrapIdTaken as taken:
                number = taken.next_number

    granted = answers(at_once([partial(close, thread) for thread in range(THREADS)]))
    assert sorted(granted) == list(range(1, THREADS + 1))


def test_a_document_stored_by_everybody_is_stored_once(trail: Trail) -> None:
    """Nobody is refused, and all find the same bytes."""
    batch = Batch(documents=(("0" * 64, b"the document"),))
    answers(at_once([partial(trail.append, batch)] * THREADS))
    assert trail.document("0" * 64) == b"the document"


def test_a_reader_that_follows_the_trail_misses_nothing(trail: Trail) -> None:
    """Asking again and again for what is `after` the last one gives every event exactly once."""
    writing = threading.Event()

    def write(thread: int) -> None:
        for n in range(EACH):
            append(trail, dispatch(f"run{(thread + n) % 40}"), note([thread, n]))

    def follow() -> list[StoredEvent]:
        seen: list[StoredEvent] = []
        while True:
            over = not writing.is_set()  # asked before reading, so that the last look is late
            seen += trail.events(after=seen[-1].position if seen else 0)
            if over:
                return seen

    writing.set()
    seen: list[StoredEvent] = []
    reader = threading.Thread(target=lambda: seen.extend(follow()))
    reader.start()
    try:
        answers(at_once([partial(write, thread) for thread in range(THREADS - 1)]))
    finally:
        writing.clear()
        reader.join(timeout=60)
    assert seen == list(trail.events())
    assert len(seen) == (THREADS - 1) * EACH


def test_whoever_reads_while_others_write_sees_a_beginning_of_the_trail(trail: Trail) -> None:
    """Never an event without all those before it, and never half of an append."""
    finished = threading.Event()

    def write() -> None:
        try:
            for n in range(0, 120, 3):
                append(trail, dispatch(), note(n), note(n + 1), note(n + 2))
        finally:
            finished.set()

    def read() -> int:
        rounds = 0
        while not finished.is_set():
            found = contents(trail.events())
            assert found == list(range(len(found)))
            assert len(found) % 3 == 0
            rounds += 1
        return rounds

    calls: list[Callable[[], object]] = [write, read, read, read]
    answers(at_once(calls))
    assert contents(trail.events()) == list(range(120))
