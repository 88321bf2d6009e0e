"""Every store that the conformance suite runs over, empty, and what databases need besides."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from benson_execution.proof.keys import SigningKey
from benson_execution.trail import MemoryTrail, SqlTrail, Trail
from tests.private_postgres import PrivatePostgres, private_postgres

from .stores import DATABASES, STORES, connect, open_sql, sqlite_url


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """One server for all tests here; without its binaries, those on it are skipped."""
    with private_postgres() as server:
        yield server


def drop(server: PrivatePostgres, url: str) -> None:
    """Remove a database of the tests', whoever is connected to it."""
    server.start()
    name = make_url(url).database
    with connect(url.rpartition("/")[0] + "/postgres") as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def postgres_url(
    postgres: PrivatePostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The URL of an empty database; settings of the environment have a key for a trail in it."""
    key = tmp_path / "given-key.pem"
    SigningKey.generate().write(key)
    monkeypatch.setenv("BENSON_SIGNING_KEY", str(key))
    monkeypatch.setenv("BENSON_HOME", str(tmp_path))
    postgres.start()
    url = postgres.new_database()
    yield url
    drop(postgres, url)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a SQLite trail of which nothing exists yet."""
    return sqlite_url(tmp_path)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same in each database."""
    return url_in(request.param, request, tmp_path)


def url_in(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Asks for PostgreSQL only where it is meant, so that the others run without its binaries."""
    if database == "sqlite":
        return sqlite_url(tmp_path)
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def sql_trail(database_url: str) -> Iterator[SqlTrail]:
    """An empty trail in each database."""
    opened = open_sql(database_url)
    yield opened
    opened.close()


@pytest.fixture(params=STORES)
def trail(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trail]:
    """An empty trail in each of the stores."""
    opened: Trail
    if request.param == "memory":
        opened = MemoryTrail()
    else:
        opened = open_sql(url_in(request.param, request, tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes a further empty database of a kind, and says its URL."""
    made: list[str] = []

    def make(database: str) -> str:
        if database == "sqlite":
            made.append(sqlite_url(tmp_path / f"further-{len(made)}"))
        else:
            made.append(request.getfixturevalue("postgres").new_database())
        return made[-1]

    yield make
    for url in made:
        if not url.startswith("sqlite"):
            drop(request.getfixturevalue("postgres"), url)


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns as often as they can, so that races are run and not missed."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
