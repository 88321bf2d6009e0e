"""One warm process, one Prefect server and one PostgreSQL server for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benson_execution import dispatch
from tests.chaos.sites import STORES, Site, Sites
from tests.chaos.warm import Zygote, warm
from tests.prefect_server import running_server
from tests.private_postgres import PrivatePostgres, private_postgres


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with warm(tmp_path_factory.mktemp("warm")) as zygote:
        zygote.ready()
        yield zygote


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("prefect")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """Without its binaries, the tests on it are skipped."""
    with private_postgres() as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_is_renewed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process begins is for one test; no thread is to hold its trail for longer."""
    monkeypatch.setattr(dispatch, "renew_leases", lambda _trail: None)


def sites_in(store: str, request: pytest.FixtureRequest, folder: Path) -> Sites:
    """Asks for PostgreSQL only where it is meant."""
    if store == "sqlite":
        return Sites(folder)
    return Sites(folder, request.getfixturevalue("postgres").new_database)


@pytest.fixture(params=STORES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """An empty home, once with each store."""
    return sites_in(request.param, request, tmp_path).new()


@pytest.fixture
def sqlite_site(tmp_path: Path) -> Site:
    """An empty home with a trail in SQLite."""
    return Sites(tmp_path).new()
