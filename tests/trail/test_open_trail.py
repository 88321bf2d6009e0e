"""`open_trail`: the store that a URL names, one per URL and process, or one clear refusal."""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from benson_execution import Settings
from benson_execution.errors import BensonError, InvalidSettings
from benson_execution.trail import MemoryTrail, open_trail

from .children import child
from .stores import THREADS, answers, append, at_once, contents, dispatch, note


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "trail.db",
        "/var/lib/trail.db",
        "sqlite",
        "sqlite://",
        "sqlite:///",
        "mysql://localhost/trail",
        "sqlite+aiosqlite:///trail.db",
        "sqlite://localhost/trail.db",
        "nosuchthing:///trail.db",
        "mysql://localhost:port/trail",
        "sqlite:///trail\x00.db",
    ],
)
def test_a_url_that_names_no_store_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the variable, and nothing is made anywhere."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidSettings, match="BENSON_TRAIL_URL") as refused:
        open_trail(url)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_not_repeated_in_an_error() -> None:
    """What is refused ends up in logs."""
    with pytest.raises(BensonError) as refused:
        open_trail("mysql://user:open-sesame@localhost/trail")
    assert "open-sesame" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite:///:memory:?cache=shared"])
def test_a_sqlite_database_in_memory_is_refused_or_works(url: str) -> None:
    """Either is an answer; anything else than an answer of ours is not."""
    try:
        trail = open_trail(url)
    except InvalidSettings as refused:
        answer = str(refused)
    else:
        append(trail, dispatch(), note("a"))
        (answer,) = contents(trail.events())
        trail.close()
    assert answer == "a" or "BENSON_TRAIL_URL" in answer


def test_memory_is_a_trail_in_memory() -> None:
    """One per URL."""
    one, other = open_trail("memory://"), open_trail("memory://other")
    assert isinstance(one, MemoryTrail)
    assert isinstance(other, MemoryTrail)
    assert one is not other
    assert open_trail("memory://") is one


def test_one_url_is_one_trail(url: str) -> None:
    """Whoever opens it again in this process has the same one."""
    assert open_trail(url) is open_trail(url)
    open_trail(url).close()


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_threads_that_open_one_url_at_once_have_one_trail(store: str, tmp_path: Path) -> None:
    """A second one in memory would swallow what is appended to it."""
    for n in range(20):
        url = (
            f"memory://{tmp_path.name}{n}" if store == "memory" else f"sqlite:///{tmp_path}/{n}.db"
        )
        trails = answers(at_once([partial(open_trail, url)] * THREADS))
        for trail in trails:
            trail.close()
        assert len({id(trail) for trail in trails}) == 1


def test_a_trail_in_memory_stays_while_others_are_opened() -> None:
    """A process that opens many trails loses none of them."""
    append(open_trail("memory://kept"), dispatch("kept"), note("kept"))
    for n in range(100):
        open_trail(f"memory://other-{n}")
    assert contents(open_trail("memory://kept").events(run_id="kept")) == ["kept"]


def test_a_closed_trail_can_be_opened_again(url: str) -> None:
    """Closing releases what is held open, and forgets nothing."""
    append(open_trail(url), dispatch(), note("a"))
    open_trail(url).close()
    append(open_trail(url), dispatch(), note("b"))
    assert contents(open_trail(url).events()) == ["a", "b"]
    open_trail(url).close()


def test_a_forked_process_has_connections_of_its_own(url: str, tmp_path: Path) -> None:
    """A database connection must not cross a fork: parent and child append, and nothing is lost."""
    append(open_trail(url), dispatch(), note("parent"))
    with child("fork", url) as one:
        assert one.line() == "forked 0"
        assert one.ended() == 0
    append(open_trail(url), dispatch(), note("parent again"))
    assert contents(open_trail(url).events()) == [
        "parent",
        "before the fork",
        "in the fork",
        "after the fork",
        "parent again",
    ]
    open_trail(url).close()
    with sqlite3.connect(tmp_path / "trail.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.parametrize(
    "name", ["plain", "with space", "quest?ion", "per%20cent", "ha#sh", "ünï-🟩", "a=b&c", "[a]"]
)
def test_the_default_trail_lies_in_its_home_whatever_that_is_called(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder's name is no part of a URL's grammar: trail.db is in BENSON_HOME."""
    home = tmp_path / name
    for variable in [v for v in os.environ if v.startswith("BENSON_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("BENSON_HOME", str(home))
    trail = open_trail(Settings.load().resolved_trail_url)
    append(trail, dispatch(), note("a"))
    trail.close()
    assert (home / "trail.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]
