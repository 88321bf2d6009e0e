"""The figures of a trail in PostgreSQL: the same, and none while the server is away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from benson_execution import Settings
from benson_execution.errors import TrailUnavailable
from benson_execution.metrics.exporter import Exporter
from benson_execution.metrics.trail_figures import opened_to_count
from benson_execution.proof.keys import SigningKey
from benson_execution.trail import MemoryTrail, SqlTrail
from benson_execution.trail.opening import keyring_of
from tests.insight.generated import fill
from tests.insight.scraped import exporter_of, scraped
from tests.private_postgres import PrivatePostgres, private_postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    """A server of these tests' own."""
    with private_postgres() as server:
        yield server


def test_postgresql_gives_the_same_figures_and_none_while_it_is_away(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    """As it grows, and again after it was started anew; other instances begin from nothing."""
    SigningKey.generate().write(tmp_path / "key.pem")
    settings = Settings(
        home=tmp_path, trail_url=postgres.new_database(), signing_key=tmp_path / "key.pem"
    )
    trail, memory = SqlTrail(settings.trail_url or "", keyring_of(settings)), MemoryTrail()
    exporter = Exporter(settings, partial(opened_to_count, settings))
    assert scraped(exporter.exposition().decode()).of("benson_log_entries") == 0
    fill(trail, 120)
    fill(memory, 120)
    wanted = scraped(exporter_of(memory, settings).exposition().decode())
    del wanted["benson_newest_head_timestamp_seconds", frozenset()]
    anew = Exporter(settings, partial(opened_to_count, settings))
    for one in (exporter, exporter, anew):
        found = scraped(one.exposition().decode())
        del found["benson_newest_head_timestamp_seconds", frozenset()]
        assert found == wanted
    trail.close()
    postgres.stop()
    with pytest.raises(TrailUnavailable, match="is not available") as away:
        exporter.exposition()
    assert "password" not in str(away.value)
    postgres.start()
    assert scraped(exporter.exposition().decode()).of("benson_log_entries") == 120
