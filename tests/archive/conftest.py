"""A trail in each database, with dispatches that an engine judged, and their home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trail.conftest import postgres, postgres_url
from tests.trail.stores import sqlite_url

from .made import Made, make

__all__ = ["postgres", "postgres_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    """Five dispatches that are finished, one that is open, in each database."""
    kind = request.param
    url = sqlite_url(tmp_path) if kind == "sqlite" else request.getfixturevalue("postgres_url")
    with make(url, tmp_path) as trail:
        yield trail


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[Made]:
    """The same in SQLite only."""
    with make(sqlite_url(tmp_path), tmp_path) as trail:
        yield trail
