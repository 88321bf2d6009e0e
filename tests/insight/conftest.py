"""Every test has a home of its own; and a long trail, which takes half a minute to make."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.event import listen

from benson_execution import Settings
from benson_execution.trail import SqlTrail
from benson_execution.trail.opening import keyring_of
from tests.cli.command import Benson
from tests.insight.generated import fill
from tests.insight.otlp_receiver import Receiver, receiver

DISPATCHES = 10_000
OPEN = 7


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A BENSON_HOME that only this test uses, and no variable that would sway what it does."""
    for name in list(os.environ):
        if name.startswith(("BENSON_", "OTEL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BENSON_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def traced(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver to which all dispatches of this test are exported."""
    assert home
    with receiver() as one:
        monkeypatch.setenv("BENSON_OTEL", "true")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.url)
        yield one


@pytest.fixture(scope="session")
def long_trail(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """The command in a home whose trail has 10,000 closed dispatches, and some open ones."""
    folder = tmp_path_factory.mktemp("long")
    benson = Benson(folder / "home", folder)
    trail = SqlTrail(benson.trail_url, keyring_of(Settings(home=benson.home)))
    # Nothing here has to survive a power cut.
    listen(trail.database.engine, "connect", lambda one, _: one.execute("PRAGMA synchronous=OFF"))
    trail.database.engine.dispose()
    fill(trail, DISPATCHES, open_ones=OPEN)
    trail.close()
    return benson


@pytest.fixture
def benson(tmp_path: Path) -> Benson:
    """The command in a home of this test alone, of which nothing exists yet."""
    (tmp_path / "elsewhere").mkdir()
    return Benson(tmp_path / "home", tmp_path / "elsewhere")
