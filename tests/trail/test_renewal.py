"""Renewing: a thread per trail, for as long as this process holds something in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from benson_execution.errors import TrailUnavailable
from benson_execution.trail import MemoryTrail, SqlTrail
from benson_execution.trail import sql as sql_module
from benson_execution.trail.lease import Holder, this_process
from benson_execution.trail.renewal import renew_leases

from .stores import append, dispatch, end, note, wait_until

SHORT = 0.01


_OF_OTHERS: set[threading.Thread] = set()
"""Other tests leave dispatches open on purpose, whose leases this process goes on to renew."""


def renewing() -> list[threading.Thread]:
    """The threads that are at it, for the test that runs now."""
    at_it = {thread for thread in threading.enumerate() if thread.name == "benson-leases"}
    return [*(at_it - _OF_OTHERS)]


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    """Each test ends what it began."""
    _OF_OTHERS.update(renewing())
    yield
    wait_until(lambda: not renewing(), description="no thread is left")


class Counted:
    """A trail as far as renewing goes: what it answers, one after another, and then nothing."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = [*answers]
        self.asked: list[Holder] = []

    def renew(self, holder: Holder) -> int:
        """The next answer."""
        self.asked.append(holder)
        found = self.answers.pop(0) if self.answers else 0
        if isinstance(found, Exception):
            raise found
        return found


def renew(trail: Any) -> None:
    """Renew soon and often."""
    renew_leases(trail, SHORT)


def test_a_held_lease_does_not_run_out(
    sql_trail: SqlTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is prolonged again and again, until it is released; another's is not."""
    monkeypatch.setattr(sql_module, "LEASE_SECONDS", 1.0)
    append(sql_trail, dispatch("mine"), note("a"), lease=this_process())
    append(sql_trail, dispatch("other"), note("a"), lease=Holder("host", "boot", 1, "1"))

    def expired() -> list[bool]:
        return [lease.expired for lease in sql_trail.leases()]

    renew(sql_trail)
    wait_until(lambda: expired()[1], description="the other's lease has run out")
    seen = expired()
    assert seen == [False, True]
    assert len(renewing()) == 1
    append(sql_trail, dispatch("mine"), end())
    sql_trail.release("mine-1")
    wait_until(lambda: not renewing(), description="nothing is left to renew")


def test_it_ends_when_nothing_is_held() -> None:
    """And begins anew for the next dispatch."""
    trail = Counted(2, 1, 0)
    renew(trail)
    wait_until(lambda: not renewing(), description="it ended")
    asked = len(trail.asked)
    assert asked >= 3
    assert set(trail.asked) == {this_process()}
    renew(trail)
    wait_until(lambda: len(trail.asked) > asked, description="it began again")


def test_one_trail_has_one_thread() -> None:
    """However many dispatches are begun in it; another trail has its own."""
    going = threading.Event()

    class Held(Counted):
        def renew(self, holder: Holder) -> int:
            super().renew(holder)
            return 0 if going.is_set() else 1

    one, other = Held(), Held()
    try:
        for _ in range(5):
            renew(one)
        assert len(renewing()) == 1
        renew(other)
        assert len(renewing()) == 2
    finally:
        going.set()


def test_a_trail_that_is_away_is_renewed_when_it_is_back() -> None:
    """The thread does not end with an error: the lease is still held."""
    trail = Counted(1, TrailUnavailable("away"), TrailUnavailable("away"), 1)
    renew(trail)
    wait_until(lambda: len(trail.asked) >= 5, description="it went on")


def test_a_dispatch_that_begins_while_the_thread_ends_is_renewed() -> None:
    """It finds a thread that has just been told that nothing is held."""

    class Racing(Counted):
        def renew(self, holder: Holder) -> int:
            held = super().renew(holder)
            if len(self.asked) == 1:
                beginning = threading.Thread(target=renew, args=(self,))  # takes its lease now
                beginning.start()
                beginning.join(timeout=60)
                self.answers = [1, 1]
                return 0  # what was so before
            return held

    trail = Racing()
    renew(trail)
    wait_until(lambda: len(trail.asked) >= 3, description="the new lease is renewed")


def test_a_trail_in_memory_needs_none() -> None:
    """Nobody else sees it."""
    trail = MemoryTrail()
    append(trail, dispatch(), note("a"), lease=this_process())
    renew(trail)
    assert renewing() == []


@pytest.mark.usefixtures("eager_threads")
def test_leases_are_renewed_while_others_are_taken(trail: Any) -> None:
    """Both go through, and none that was taken before is left out."""
    over = threading.Event()

    def begin() -> None:
        try:
            for n in range(300):
                append(trail, dispatch(f"run{n}"), note(n), lease=this_process())
        finally:
            over.set()

    thread = threading.Thread(target=begin)
    thread.start()
    counts = [0]
    while not over.is_set():
        counts.append(trail.renew(this_process()))
    thread.join(timeout=60)
    assert trail.renew(this_process()) == 300
    assert counts == sorted(counts)
