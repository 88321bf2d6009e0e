"""A SQLite trail that several processes share, and what a killed one leaves."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from benson_execution.errors import TrailUnavailable
from benson_execution.trail import SqlTrail, open_dispatch, sql

from .children import child
from .stores import append, assert_in_order, contents, dispatch, note, sqlite_url

PROCESSES = 8
ROUNDS = 12
EACH = 5


@pytest.mark.parametrize("shared", [False, True], ids=["own-dispatches", "one-dispatch"])
def test_processes_that_create_the_trail_together_lose_nothing(
    tmp_path: Path, shared: bool
) -> None:
    """Eight of them open a file that does not exist yet at the same moment, and all append."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(child("append_some", "run" if shared else f"run{n}", EACH))
            for n in range(PROCESSES)
        ]
        assert [one.line() for one in children] == ["ready"] * PROCESSES
        pids = [one.process.pid for one in children]
        for round_ in range(ROUNDS):
            url = sqlite_url(tmp_path / str(round_))
            for one in children:
                one.tell(url)
            assert [one.line() for one in children] == ["done"] * PROCESSES
            trail = SqlTrail(url)
            stored = list(trail.events())
            trail.close()
            assert_in_order(stored)
            assert len([s for s in stored if s.key == "FIRST"]) == (1 if shared else PROCESSES)
            mine = [s.event.data["content"] for s in stored if s.key is None]
            for pid in pids:
                assert [content[1] for content in mine if content[0] == pid] == list(range(EACH))


def test_opening_a_new_trail_waits_for_the_process_that_is_making_it(
    url: str, tmp_path: Path
) -> None:
    """It finds the file locked and not yet in write-ahead mode, and has its turn afterwards."""
    with child("lock", url) as one, ThreadPoolExecutor(1) as pool:
        assert one.line() == "locked"
        opening = pool.submit(SqlTrail, url)
        with pytest.raises(TimeoutError):  # it is still waiting
            opening.result(timeout=0.5)
        one.tell()
        trail = opening.result(timeout=60)
    append(trail, dispatch(), note("a"))
    trail.close()


@pytest.mark.parametrize("acknowledged", [1, 2, 17, 90, 250])
def test_a_killed_process_leaves_every_event_that_it_acknowledged(
    url: str, acknowledged: int
) -> None:
    """Killed in the middle of appending: each append is there whole or not at all."""
    with child("append_for_ever", url, "run") as one:
        said = [int(one.line()) for _ in range(acknowledged)]
        one.process.kill()
        said += [int(line) for line in one.rest()]
        assert one.ended() == -9

    trail = SqlTrail(url)
    stored = list(trail.events())
    assert_in_order(stored)
    assert contents(stored) == list(range(1, len(stored) + 1))
    assert len(stored) % 3 == 0
    # Of the last append the answer may be lost on its way, but never an answered one.
    assert said[-1] <= len(stored) <= said[-1] + 3
    assert append(trail, dispatch(), note("next"))[0].sequence == len(stored) + 1
    trail.close()


def test_a_process_killed_within_a_transaction_leaves_nothing_of_it(url: str) -> None:
    """And it leaves no lock behind: the next process appends at once."""
    with child("hang_before_commit", url, "run") as one:
        assert one.line() == "in the transaction"
        one.process.kill()
        assert one.ended() == -9

    trail = SqlTrail(url)
    assert contents(trail.events()) == ["acknowledged"]
    assert open_dispatch(trail, "run") == (dispatch(), 2)
    assert append(trail, dispatch(), note("next"))[0].sequence == 2
    trail.close()


def test_readers_do_not_wait_for_another_process_that_writes(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In write-ahead mode the trail is readable while another process is in a transaction."""
    monkeypatch.setattr(sql, "BUSY_TIMEOUT_SECONDS", 0.05)
    trail = SqlTrail(url)
    append(trail, dispatch(), note("before"), documents=[("0" * 64, b"document")])
    with child("lock", url) as one:
        assert one.line() == "locked"
        assert contents(trail.events()) == ["before"]
        assert trail.document("0" * 64) == b"document"
        one.tell()
    trail.close()


def test_a_lock_beyond_the_time_out_is_told_and_leaves_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that waited in vain is refused; when the lock is gone, the same trail goes on."""
    monkeypatch.setattr(sql, "BUSY_TIMEOUT_SECONDS", 0.2)
    trail = SqlTrail(url)
    append(trail, dispatch(), note("before"))
    with child("lock", url) as one:
        assert one.line() == "locked"
        with pytest.raises(TrailUnavailable, match="locked"):
            append(trail, dispatch(), note("refused"), documents=[("0" * 64, b"refused")])
        one.tell()
        assert one.line() == "unlocked"
    append(trail, dispatch(), note("after"))
    assert contents(trail.events()) == ["before", "after"]
    assert trail.document("0" * 64) is None
    trail.close()


def test_a_write_waits_for_another_process_within_the_time_out(url: str) -> None:
    """A lock that is released in time is no error, only a pause."""
    trail = SqlTrail(url)
    with child("lock", url) as one:
        assert one.line() == "locked"
        one.tell()
        append(trail, dispatch(), note("patient"))
    assert contents(trail.events()) == ["patient"]
    trail.close()


def test_a_trail_on_disk_is_found_again(url: str) -> None:
    """What one opening appended, the next one reads, in the same places."""
    first = SqlTrail(url)
    stored = append(first, dispatch(), note("a", key="K"), note("b"))
    first.close()
    second = SqlTrail(url)
    assert list(second.events()) == stored
    assert contents(append(second, dispatch(), note("other", key="K"), note("c"))) == ["a", "c"]
    second.close()


def test_two_openings_of_one_file_are_one_trail(url: str) -> None:
    """Neither of them has a memory of its own that the other does not know of."""
    one, other = SqlTrail(url), SqlTrail(url)
    append(one, dispatch(), note("a", key="K"))
    append(other, dispatch(), note("b", key="K"), note("c"))
    append(one, dispatch(), note("d"))
    assert contents(other.events()) == ["a", "c", "d"]
    one.close()
    other.close()


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_commits_are_durable_on_every_connection(url: str, tmp_path: Path, mode: str) -> None:
    """Write-ahead logging with synchronous=FULL (2), also in a file that was made otherwise."""
    with sqlite3.connect(tmp_path / "trail.db") as made:
        assert made.execute(f"PRAGMA journal_mode={mode}").fetchone()[0] == mode.lower()
        made.execute("CREATE TABLE something_else (id INTEGER)")
    made.close()

    trail = SqlTrail(url)
    append(trail, dispatch(), note("a"))
    with ExitStack() as stack:
        connections = [stack.enter_context(trail._engine.connect()) for _ in range(8)]
        for connection in connections:
            for pragma, wanted in (("journal_mode", "wal"), ("synchronous", 2)):
                found = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
                assert found == wanted
    trail.close()


def test_nothing_recorded_is_ever_changed_or_removed(url: str, tmp_path: Path) -> None:
    """Rows that were there stay there byte for byte, whatever is appended or refused later."""

    def rows() -> list[tuple[object, ...]]:
        with sqlite3.connect(tmp_path / "trail.db") as connection:
            found = connection.execute("SELECT * FROM events ORDER BY position").fetchall()
        connection.close()
        return found

    trail = SqlTrail(url)
    append(trail, dispatch(), note("a", key="A"), note("b"))
    before = rows()
    append(trail, dispatch(), note("x", key="A"), note("c"))
    append(trail, dispatch(number=2), note("d", key="A"))
    assert rows()[:2] == before
    assert len(rows()) == 4
    trail.close()
