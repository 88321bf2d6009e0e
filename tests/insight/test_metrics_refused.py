"""`benson metrics` where there is nothing to count, or something that is not what it claims."""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from benson_execution import Settings
from benson_execution.errors import BadInput, TrailUnavailable
from benson_execution.events import Event
from benson_execution.metrics.exporter import Exporter
from benson_execution.metrics.trail_figures import opened_to_count
from benson_execution.proof.refusal import Refusal
from benson_execution.trail import Batch, NewEvent, SqlTrail
from benson_execution.trail.opening import keyring_of
from benson_execution.trail.port import DispatchRef
from tests.cli.command import Benson, on_terminal
from tests.insight.generated import fill
from tests.insight.scraped import scraped

CHANGES = {
    "no JSON": "UPDATE events SET event = x'00' WHERE position = 20",
    "a text": "UPDATE events SET event = 'x' WHERE position = 20",
    "a list": "UPDATE events SET event = CAST('[1]' AS BLOB) WHERE position = 20",
    "a duration that is a text": (
        "UPDATE events SET event = CAST(replace(CAST(event AS TEXT), '\"duration_ms\":', "
        '\'"duration_ms":"x","y":\') AS BLOB) WHERE key = \'PAC_DISPATCH_END\''
    ),
    "a score beyond 1": (
        "UPDATE events SET event = CAST(replace(CAST(event AS TEXT), '\"quality_score\":', "
        "'\"quality_score\":7,\"y\":') AS BLOB) WHERE key = 'AGENT_EXECUTION_END'"
    ),
    "a checkpoint that is a list": (
        "UPDATE events SET event = CAST(replace(CAST(event AS TEXT), '\"checkpoint_id\":', "
        "'\"checkpoint_id\":[],\"y\":') AS BLOB) WHERE event_type = 'CHECKPOINT'"
    ),
    "no head": "DELETE FROM heads",
    "a head that is none": "UPDATE heads SET note = x'41'",
    "a refusal that is none": "UPDATE leaves SET entry = x'41' WHERE dispatch_id IS NULL",
    "a dispatch that is no text": "UPDATE events SET dispatch_id = x'ff' WHERE position = 20",
    "no tables": "DROP TABLE events",
}


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    """The settings of a home with a small trail in SQLite."""
    settings = Settings(home=tmp_path / "home")
    trail = SqlTrail(settings.resolved_trail_url, keyring_of(settings))
    fill(trail, 20)
    trail.refuse(Refusal("2026-11-27T00:00:00.000000+00:00", "unreadable", "ab", 1, True, "x"))
    trail.close()
    return settings


def tamper(settings: Settings, statement: str) -> None:
    """Change the database behind the trail's back."""
    with sqlite3.connect(settings.home / "trail.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'"):
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("change", CHANGES)
def test_a_trail_that_was_tampered_with_gives_no_figures(small: Settings, change: str) -> None:
    """Never a traceback, never a figure: at each look, not only at the first."""
    tamper(small, CHANGES[change])
    exporter = Exporter(small, partial(opened_to_count, small))
    for _ in range(3):
        with pytest.raises(TrailUnavailable):
            exporter.exposition()


@pytest.mark.parametrize("change", ["no JSON", "a score beyond 1", "no head", "no tables"])
def test_the_command_says_so(small: Settings, benson: Benson, change: str) -> None:
    """In one sentence, with exit code 5."""
    tamper(small, CHANGES[change])
    answer = benson("metrics")
    assert (answer.code, answer.out) == (5, "")
    assert len(answer.err.splitlines()) == 1
    assert answer.err.startswith("benson: ")


def test_words_that_are_not_ours_are_counted_as_unknown(small: Settings) -> None:
    """So that nobody who changes a row makes new series."""
    tamper(
        small,
        "UPDATE events SET event = CAST(replace(replace(CAST(event AS TEXT), 'CP-01', 'x'), "
        '\'"status":"BLOCKED"\', \'"status":"\' || dispatch_id || \'"\') AS BLOB)',
    )
    found = scraped(Exporter(small, partial(opened_to_count, small)).exposition().decode())
    assert found.by("benson_checkpoints_total", "checkpoint")["unknown"] > 10
    statuses = found.by("benson_dispatches_closed_total", "status")
    assert set(statuses) <= {"COMPLETED", "FAILED", "unknown"}
    assert statuses["unknown"] > 1


def test_another_trail_in_its_place_is_refused(small: Settings, tmp_path: Path) -> None:
    """The file that is there counts, not the one that was opened; and a shorter one is no trail."""
    exporter = Exporter(small, partial(opened_to_count, small))
    exporter.exposition()
    kept = small.home / "trail.db"
    kept.rename(small.home / "away.db")
    with pytest.raises(TrailUnavailable, match="there is no trail at"):
        exporter.exposition()
    SqlTrail(small.resolved_trail_url, keyring_of(small)).close()
    with pytest.raises(TrailUnavailable, match="another one than was counted"):
        exporter.exposition()
    for leftover in small.home.glob("trail.db*"):
        leftover.unlink()
    (small.home / "away.db").rename(kept)
    exporter.exposition()
    tamper(small, "DELETE FROM heads WHERE size > 4")
    with pytest.raises(TrailUnavailable, match="a log of 4 entries, and had one of 21"):
        exporter.exposition()


def test_an_older_copy_with_the_same_head_is_refused(small: Settings) -> None:
    """Of dispatches that are open there is no entry in the log yet, but there are positions."""
    exporter = Exporter(small, partial(opened_to_count, small))
    older = (small.home / "trail.db").read_bytes()
    trail = SqlTrail(small.resolved_trail_url, keyring_of(small))
    began = {"pac_id": "PAC-DAN-P1-NEW", "agent_gid": "GID-07", "agent_name": "Dan"}
    start = Event.create("PAC_DISPATCH_START", {**began, "phase": "DISPATCH"})
    trail.append(Batch(DispatchRef("new", 1, "PAC-DAN-P1-NEW"), [NewEvent(None, start)]))
    trail.close()
    exporter.exposition()
    for name in ("trail.db", "trail.db-wal", "trail.db-shm"):
        (small.home / name).unlink(missing_ok=True)
    (small.home / "trail.db").write_bytes(older)
    with pytest.raises(TrailUnavailable, match="ends at position"):
        exporter.exposition()


def restored(settings: Settings, older: bytes) -> SqlTrail:
    """The trail, after an older copy of its file took its place, to be written on."""
    for name in ("trail.db", "trail.db-wal", "trail.db-shm"):
        (settings.home / name).unlink(missing_ok=True)
    (settings.home / "trail.db").write_bytes(older)
    return SqlTrail(settings.resolved_trail_url, keyring_of(settings))


def refusal(digest: str) -> Refusal:
    """One of a document with this digest."""
    return Refusal("2026-11-27T00:00:00.000000+00:00", "unreadable", digest, 1, True, "x")


def begun(run_id: str, events: int) -> Batch:
    """A dispatch that begins, with so many events."""
    began = {"pac_id": "PAC-DAN-P1-NEW", "agent_gid": "GID-07", "agent_name": "Dan"}
    start = Event.create("PAC_DISPATCH_START", {**began, "phase": "DISPATCH"})
    return Batch(DispatchRef(run_id, 1, "PAC-DAN-P1-NEW"), [NewEvent(None, start)] * events)


def test_an_older_copy_that_has_grown_since_is_refused(small: Settings) -> None:
    """Its log is longer than the one that was counted, and is another one."""
    exporter = Exporter(small, partial(opened_to_count, small))
    older = (small.home / "trail.db").read_bytes()
    trail = SqlTrail(small.resolved_trail_url, keyring_of(small))
    trail.refuse(refusal("cd"))
    trail.close()
    exporter.exposition()
    trail = restored(small, older)
    trail.refuse(refusal("ef"))
    trail.refuse(refusal("ef"))
    trail.close()
    for _ in range(2):
        with pytest.raises(TrailUnavailable, match="another log than was counted so far"):
            exporter.exposition()


def test_an_older_copy_with_other_open_dispatches_is_refused(small: Settings) -> None:
    """Of which the log has nothing yet, however many more events there are."""
    exporter = Exporter(small, partial(opened_to_count, small))
    older = (small.home / "trail.db").read_bytes()
    trail = SqlTrail(small.resolved_trail_url, keyring_of(small))
    trail.append(begun("one", 1))
    trail.close()
    exporter.exposition()
    trail = restored(small, older)
    trail.append(begun("two", 2))
    trail.close()
    for _ in range(2):
        with pytest.raises(TrailUnavailable, match="other events than were counted so far"):
            exporter.exposition()


def test_what_is_no_trail(benson: Benson) -> None:
    """None at all, one that ends with its process, and one that can't be opened."""
    absent = benson("metrics")
    assert (absent.code, absent.out) == (5, "")
    assert "there is no trail at" in absent.err
    assert not benson.home.exists()
    memory = benson("metrics", env={"BENSON_TRAIL_URL": "memory://"})
    assert (memory.code, "ends with its process" in memory.err) == (2, True)
    benson.home.mkdir()
    (benson.home / "trail.db").write_bytes(b"no database" * 100)
    assert benson("metrics").code == 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--port", "1"], "--port goes with --serve"),
        (["--host", "x"], "--host goes with --serve"),
        (["--verify-every", "1h"], "--verify-every goes with --serve"),
        (["--serve", "--openmetrics"], "--openmetrics goes without --serve"),
        (["--serve", "--verify-every", "0m"], "from 1m on, or never"),
        (["--serve", "--verify-every", "soon"], "'soon' is no duration"),
        (["--serve", "--verify-every", "999999w"], "from 1m on, or never"),
        (["--serve", "--host", "no.such.host.invalid"], "can't be served at"),
        (["--serve", "--port", "70000"], "65535"),
    ],
)
def test_wrong_usage_is_told(benson: Benson, given: list[str], said: str) -> None:
    """With exit code 2, and before anything is served."""
    answer = benson("metrics", *given)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


@pytest.mark.parametrize("url", ["no-url", "memory://", "mysql://h/x", "postgresql://h:port/x"])
def test_a_variable_that_is_wrong_is_served_to_nobody(benson: Benson, url: str) -> None:
    """It stays wrong for as long as the server would run."""
    answer = benson("metrics", "--serve", "--port", "0", env={"BENSON_TRAIL_URL": url})
    assert (answer.code, answer.out) == (2, "")
    assert "BENSON_TRAIL_URL" in answer.err
    assert "metrics at" not in answer.err


def test_a_reader_who_leaves_is_no_error(small: Settings, benson: Benson) -> None:
    """As with every command that prints."""
    read, write = os.pipe()
    os.close(read)
    with benson.started("metrics", stdout=write) as process:
        os.close(write)
        assert process.wait(60) == 0


def test_on_a_terminal_the_figures_are_plain_text(small: Settings, benson: Benson) -> None:
    """Progress is shown on standard error only, and is gone at the end."""
    code, shown, left = on_terminal(benson, "metrics", streams=("stderr",))
    assert code == 0
    assert b"benson_build_info" in left
    assert b"benson_" not in shown


def test_a_trail_in_memory_has_no_figures() -> None:
    """There would be nothing to read."""
    with (
        pytest.raises(BadInput, match="ends with its process"),
        opened_to_count(Settings(trail_url="memory://")),
    ):
        pass
