"""One real Prefect server for all tests of the flow, and a home of its own for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from benson_execution import Settings, Trail, open_trail
from tests.prefect_server import running_server


@pytest.fixture(scope="session")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("prefect")) as url:
        yield url


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A BENSON_HOME that only this test uses."""
    for name in list(os.environ):
        if name.startswith("BENSON_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BENSON_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def trail(home: Path) -> Trail:
    return open_trail(Settings.load())


@pytest.fixture
def prefect(api_url: str, home: Path) -> Iterator[str]:
    """The server, for flows that are called in this process."""
    with temporary_settings({PREFECT_API_URL: api_url}):
        yield api_url
