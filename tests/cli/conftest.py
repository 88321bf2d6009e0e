"""A BENSON_HOME for each test, and the command in it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from .command import Benson, processes_of


def new_benson(folder: Path) -> Benson:
    """The command in a home and a working folder that are not the project's."""
    cwd = folder / "elsewhere"
    cwd.mkdir()
    return Benson(folder / "home", cwd)


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benson]:
    """The command in a home that all runs on Prefect share: only its first start is slow."""
    benson = new_benson(tmp_path_factory.mktemp("run"))
    yield benson
    for process in processes_of(benson.home):  # a test has complained of it by now
        os.kill(process, signal.SIGKILL)


@pytest.fixture
def benson(tmp_path: Path) -> Benson:
    """The command in a home of this test alone, of which nothing exists yet."""
    return new_benson(tmp_path)
