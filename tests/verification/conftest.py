"""An honest trail, made once; every test gets a copy that it may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .honest import Honest, make_trail


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """The honest trail that all copies are of."""
    return make_trail(tmp_path_factory.mktemp("honest") / "trail.db")


@pytest.fixture
def honest(original: Honest, tmp_path: Path) -> Honest:
    """A copy of the honest trail, with its artifacts and its heads file."""
    folder = tmp_path / "copy"
    shutil.copytree(original.path.parent, folder)
    return Honest(folder / "trail.db", original.ring)
