"""One `benson up` for all tests that submit to it, and the server of the flow's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import benson, new_benson
from tests.deployments.up import Up, up
from tests.flow.conftest import api_url, home, trail
from tests.hostile.conftest import prefect

__all__ = ["api_url", "benson", "home", "prefect", "trail"]


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """What `benson up` serves, with a server of its own."""
    with up(new_benson(tmp_path_factory.mktemp("up"))) as running:
        yield running
