"""A home of its own for each test, and the Prefect server of the flow's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from tests.flow.conftest import api_url, home

__all__ = ["api_url", "home", "prefect"]


@pytest.fixture
def prefect(api_url: str, home: Path) -> Iterator[str]:
    """The server, for flows that are called in this process; it is spared their logs."""
    with temporary_settings({PREFECT_API_URL: api_url, PREFECT_LOGGING_TO_API_ENABLED: False}):
        yield api_url
