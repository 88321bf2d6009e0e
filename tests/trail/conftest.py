"""Every store that the conformance suite runs over; to add one, add an entry to STORES."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benson_execution.trail import Trail

from .stores import STORES, sqlite_url


@pytest.fixture(params=STORES)
def trail(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trail]:
    """An empty trail in each of the stores."""
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns as often as they can, so that races are run and not missed."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a SQLite trail of which nothing exists yet."""
    return sqlite_url(tmp_path)
