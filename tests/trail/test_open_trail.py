"""`open_trail`: the store that a URL names, one per URL and process, or one clear refusal."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from benson_execution import Settings
from benson_execution.errors import BensonError, InvalidSettings
from benson_execution.trail import MemoryTrail, Trail, open_trail

from .children import child
from .stores import THREADS, answers, append, at_once, contents, dispatch, note, settings_of


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
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
        "sqlite:///:memory:",
        "sqlite:///:memory:?cache=shared",
        "sqlite:///file:trail.db?uri=true",
        "postgresql://",
        "postgresql://localhost",
        "postgresql+psycopg://benson@localhost:5432/",
        "postgresql+psycopg2://localhost/trail",
        "postgresql+asyncpg://localhost/trail",
        "postgresql://localhost:port/trail",
    ],
)
def test_a_url_that_names_no_store_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the variable, and nothing is made anywhere."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidSettings, match="BENSON_TRAIL_URL") as refused:
        open_trail(Settings(trail_url=url, home=tmp_path / "home"))
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_not_repeated_in_an_error() -> None:
    """What is refused ends up in logs."""
    with pytest.raises(BensonError) as refused:
        open_trail(Settings(trail_url="mysql://user:open-sesame@localhost/trail"))
    assert "open-sesame" not in str(refused.value)


def in_memory(name: str = "") -> Trail:
    """The trail in memory of this name."""
    return open_trail(Settings(trail_url=f"memory://{name}"))


def test_memory_is_a_trail_in_memory() -> None:
    """One per URL, also for who only reads: there is no other place to read it from."""
    one, other = in_memory(), in_memory("other")
    assert isinstance(one, MemoryTrail)
    assert isinstance(other, MemoryTrail)
    assert one is not other
    assert in_memory() is one
    assert open_trail(Settings(trail_url="memory://other"), read_only=True) is other


def test_one_url_is_one_trail(database_url: str) -> None:
    """Whoever opens it again in this process has the same one; who only reads, another."""
    trail = open_trail(settings_of(database_url))
    assert open_trail(settings_of(database_url)) is trail
    reader = open_trail(settings_of(database_url), read_only=True)
    assert reader is not trail
    assert open_trail(settings_of(database_url), read_only=True) is reader
    append(trail, dispatch(), note("a"))
    assert contents(reader.events()) == ["a"]
    trail.close()
    reader.close()


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_threads_that_open_one_url_at_once_have_one_trail(store: str, tmp_path: Path) -> None:
    """A second one in memory would swallow what is appended to it."""
    for n in range(20):
        url = (
            f"memory://{tmp_path.name}{n}" if store == "memory" else f"sqlite:///{tmp_path}/{n}.db"
        )
        settings = Settings(trail_url=url, home=tmp_path)
        trails = answers(at_once([partial(open_trail, settings)] * THREADS))
        for trail in trails:
            trail.close()
        assert len({id(trail) for trail in trails}) == 1


def test_a_trail_in_memory_stays_while_others_are_opened() -> None:
    """A process that opens many trails loses none of them."""
    append(in_memory("kept"), dispatch("kept"), note("kept"))
    for n in range(100):
        in_memory(f"other-{n}")
    assert contents(in_memory("kept").events(run_id="kept")) == ["kept"]


def test_a_closed_trail_can_be_opened_again(database_url: str) -> None:
    """Closing releases what is held open, and forgets nothing."""
    settings = settings_of(database_url)
    append(open_trail(settings), dispatch(), note("a"))
    open_trail(settings).close()
    append(open_trail(settings), dispatch(), note("b"))
    assert contents(open_trail(settings).events()) == ["a", "b"]
    open_trail(settings).close()


def test_a_forked_process_has_connections_of_its_own(database_url: str) -> None:
    """A database connection must not cross a fork: parent and child append, and nothing is lost."""
    settings = settings_of(database_url)
    append(open_trail(settings), dispatch(), note("parent"))
    with child("fork", database_url) as one:
        assert one.line() == "forked 0"
        assert one.ended() == 0
    append(open_trail(settings), dispatch(), note("parent again"))
    assert contents(open_trail(settings).events()) == [
        "parent",
        "before the fork",
        "in the fork",
        "after the fork",
        "parent again",
    ]
    with open_trail(settings).rows() as rows:
        assert rows.weaknesses() == []
    open_trail(settings).close()


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
    trail = open_trail(Settings.load())
    append(trail, dispatch(), note("a"))
    trail.close()
    assert (home / "trail.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]
