"""A trail that several processes share, in each database, and what a killed one leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from benson_execution.errors import TrailUnavailable
from benson_execution.proof.heads import Head
from benson_execution.proof.leaf import Leaf
from benson_execution.trail import StoredEvent, open_dispatch, postgresql, sqlite

from .children import Child, child
from .stores import (
    DATABASES,
    append,
    assert_in_order,
    contents,
    dispatch,
    note,
    open_sql,
    wait_until,
)

PROCESSES = 8
ROUNDS = {"sqlite": 8, "postgresql": 3}
EACH = 5

pytestmark = pytest.mark.timeout(240)  # eight programs start, on a machine that may be busy


@pytest.fixture(scope="module")
def children() -> Iterator[list[Child]]:
    """Eight processes that append to what they are told."""
    with ExitStack() as stack:
        started = [stack.enter_context(child("append_some", EACH)) for _ in range(PROCESSES)]
        assert [one.line() for one in started] == ["ready"] * PROCESSES
        yield started


@pytest.fixture(params=DATABASES)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    if request.param == "postgresql":
        request.getfixturevalue("postgres_url")  # for its key
    kind: str = request.param
    return kind


def all_append(children: list[Child], url: str, runs: list[str]) -> list[int]:
    """Let all open one trail at the same moment, and append; their process ids."""
    key = os.environ.get("BENSON_SIGNING_KEY", "none")
    for one, run_id in zip(children, runs, strict=True):
        one.tell(f"{url} {run_id} {key}")
    assert [one.line() for one in children] == ["done"] * PROCESSES
    return [one.process.pid for one in children]


def assert_all_appended(stored: list[StoredEvent], pids: list[int]) -> None:
    """All of everybody's events are there, in their order."""
    assert_in_order(stored)
    mine = [s.event.data["content"] for s in stored if s.key is None]
    assert len(mine) == PROCESSES * EACH
    for pid in pids:
        assert [content[1] for content in mine if content[0] == pid] == list(range(EACH))


def test_processes_that_create_the_trail_together_lose_nothing(
    kind: str, new_store: Callable[[str], str], children: list[Child]
) -> None:
    """Eight find an empty database at the same moment: one makes the tables, and all append."""
    for _ in range(ROUNDS[kind]):
        url = new_store(kind)
        pids = all_append(children, url, [f"run{n}" for n in range(PROCESSES)])
        trail = open_sql(url)
        stored = list(trail.events())
        assert_all_appended(stored, pids)
        assert len([s for s in stored if s.key == "FIRST"]) == PROCESSES
        with trail.rows() as rows:
            assert rows.weaknesses() == []
            assert [head.size for head in rows.heads()] == [0]
        trail.close()


def test_processes_that_share_a_dispatch_leave_no_gap(
    kind: str, new_store: Callable[[str], str], children: list[Child]
) -> None:
    """One wins the key that all of them offer, and everybody's events are there in their order."""
    url = new_store(kind)
    pids = all_append(children, url, ["run"] * PROCESSES)
    trail = open_sql(url)
    stored = list(trail.events())
    trail.close()
    assert_all_appended(stored, pids)
    assert {s.dispatch.dispatch_id for s in stored} == {"run-1"}
    assert len([s for s in stored if s.key == "FIRST"]) == 1


def test_processes_that_close_at_once_build_one_log(database_url: str) -> None:
    """Each end has one leaf and one head; the log counts without a gap, and its chain of heads."""
    open_sql(database_url).close()
    with ExitStack() as stack:
        closing = [
            stack.enter_context(child("close_some", database_url, f"run{n}", 8)) for n in range(3)
        ]
        assert [one.line() for one in closing] == ["ready"] * 3
        for one in closing:
            one.tell()
        assert [one.line() for one in closing] == ["done"] * 3
    trail = open_sql(database_url)
    with trail.rows() as rows:
        leaves, heads = list(rows.leaves()), list(rows.heads())
    ends = list(trail.events(event_type="PAC_DISPATCH_END"))
    trail.close()
    assert [leaf.leaf_index for leaf in leaves] == list(range(24))
    assert [head.size for head in heads] == list(range(25))
    assert [leaf.dispatch_id for leaf in leaves] == [s.dispatch.dispatch_id for s in ends]
    assert [Leaf.from_bytes(leaf.entry).chain for leaf in leaves] == [s.chain for s in ends]
    assert len({Head.parse(head.note).trail_id for head in heads}) == 1


def test_a_reader_in_another_process_misses_nothing(database_url: str) -> None:
    """Asking for what is `after` the last one gives all that two others append, each once."""
    trail = open_sql(database_url)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(child("append_for_ever", database_url, f"run{n}")) for n in range(2)
        ]
        for one in writers:
            assert one.line() == "3"
        seen = list(trail.events())

        def read_on() -> bool:
            seen.extend(trail.events(after=seen[-1].position))
            return len(seen) >= 300

        wait_until(read_on, description="three hundred events are read")
        for one in writers:
            one.process.kill()
            one.rest()
    seen += trail.events(after=seen[-1].position)
    assert seen == list(trail.events())
    assert_in_order(seen)
    assert [s.position for s in seen] == list(range(1, len(seen) + 1))
    trail.close()


def test_a_write_waits_for_its_turn_within_the_time_out(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is released in time is a pause; one that is not is told, and leaves nothing.

    Readers wait for neither, and when the lock is gone, the same trail goes on.
    """
    patient = open_sql(database_url)
    for module in (sqlite, postgresql):
        monkeypatch.setattr(module, "BUSY_TIMEOUT_SECONDS", 0.2)
    hasty = open_sql(database_url)
    append(hasty, dispatch(), note("before"), documents=[("0" * 64, b"document")])
    with child("lock", database_url) as one, ThreadPoolExecutor(1) as pool:
        assert one.line() == "locked"
        waiting = pool.submit(append, patient, dispatch(), note("patient"))
        with pytest.raises(TrailUnavailable, match="lock") as refused:
            append(hasty, dispatch(), note("refused"), documents=[("1" * 64, b"refused")])
        assert contents(hasty.events()) == ["before"]
        assert hasty.document("0" * 64) == b"document"
        assert not waiting.done()
        one.tell()
        assert one.line() == "unlocked"
        assert waiting.result(timeout=60)[0].sequence == 2
    assert "\n" not in str(refused.value)
    append(hasty, dispatch(), note("after"))
    assert contents(hasty.events()) == ["before", "patient", "after"]
    assert hasty.document("1" * 64) is None
    patient.close()
    hasty.close()


@pytest.mark.parametrize("acknowledged", [1, 17, 150])
def test_a_killed_process_leaves_every_event_that_it_acknowledged(
    database_url: str, acknowledged: int
) -> None:
    """Killed in the middle of appending: each append is there whole or not at all."""
    with child("append_for_ever", database_url, "run") as one:
        said = [int(one.line()) for _ in range(acknowledged)]
        one.process.kill()
        said += [int(line) for line in one.rest()]
        assert one.ended() == -9

    trail = open_sql(database_url)
    stored = list(trail.events())
    assert_in_order(stored)
    assert contents(stored) == list(range(1, len(stored) + 1))
    assert len(stored) % 3 == 0
    # Of the last append the answer may be lost on its way, but never an answered one.
    assert said[-1] <= len(stored) <= said[-1] + 3
    assert append(trail, dispatch(), note("next"))[0].sequence == len(stored) + 1
    trail.close()


def test_a_process_killed_within_a_transaction_leaves_nothing_of_it(database_url: str) -> None:
    """And it leaves no lock behind: the next process appends at once."""
    with child("hang_before_commit", database_url, "run") as one:
        assert one.line() == "in the transaction"
        one.process.kill()
        assert one.ended() == -9

    trail = open_sql(database_url)
    assert contents(trail.events()) == ["acknowledged"]
    assert open_dispatch(trail, "run") == (dispatch(), 2)
    assert append(trail, dispatch(), note("next"))[0].sequence == 2
    trail.close()


def test_a_trail_on_disk_is_found_again(database_url: str) -> None:
    """What one opening appended, the next one reads, in the same places."""
    first = open_sql(database_url)
    stored = append(first, dispatch(), note("a", key="K"), note("b"))
    first.close()
    second = open_sql(database_url)
    assert list(second.events()) == stored
    assert contents(append(second, dispatch(), note("other", key="K"), note("c"))) == ["a", "c"]
    second.close()


def test_two_openings_of_one_file_are_one_trail(database_url: str) -> None:
    """Neither of them has a memory of its own that the other does not know of."""
    one, other = open_sql(database_url), open_sql(database_url)
    append(one, dispatch(), note("a", key="K"))
    append(other, dispatch(), note("b", key="K"), note("c"))
    append(one, dispatch(), note("d"))
    assert contents(other.events()) == ["a", "c", "d"]
    one.close()
    other.close()
