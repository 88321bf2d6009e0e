"""What was archived stays counted: by who had counted it, and by who starts anew."""

from __future__ import annotations

import sqlite3
from functools import partial

import pytest

from benson_execution.errors import TrailUnavailable
from benson_execution.metrics.exporter import Exporter
from benson_execution.metrics.trail_figures import opened_to_count
from benson_execution.trail.port import DispatchRef
from tests.archive.conftest import in_sqlite, made, postgres, postgres_url
from tests.archive.made import Made
from tests.insight.scraped import Scraped, scraped
from tests.trail.stores import append, end

__all__ = ["in_sqlite", "made", "postgres", "postgres_url"]


def exporter(of: Made) -> Exporter:
    """One that has counted nothing yet."""
    return Exporter(of.settings, partial(opened_to_count, of.settings))


def figures(one: Exporter) -> Scraped:
    """All but what goes by the clock."""
    found = scraped(one.exposition().decode())
    for name, labels in list(found):
        if "age" in name:
            del found[name, labels]
    return found


def close(of: Made) -> None:
    """End the dispatch that was left open."""
    (stored, *_) = of.trail.events(run_id="00000000-0000-4000-8000-000000000001")
    ref = stored.dispatch
    assert isinstance(ref, DispatchRef)
    append(of.trail, ref, end("FAILED", ref.pac_id))
    of.trail.release(ref.dispatch_id)


def test_no_figure_changes_when_dispatches_are_archived(made: Made) -> None:
    """Neither for a server that ran all the time, nor for one that starts afterwards."""
    running = exporter(made)
    before = figures(running)
    assert sum(before.by("benson_dispatches_closed_total", "status").values()) == 5
    assert len(made.archive(made.finished()[:2])) == 1
    assert figures(running) == figures(exporter(made)) == before
    made.archive()
    assert figures(running) == figures(exporter(made)) == before


def test_what_closes_and_is_archived_between_two_looks_counts_once(made: Made) -> None:
    """Also what was open at the first of them."""
    running = exporter(made)
    figures(running)
    made.judge("PAC-DAN-P44")
    close(made)
    unarchived = figures(exporter(made))
    made.archive()
    made.judge("PAC-ALEX-P36")
    found = figures(running)
    assert found == figures(running) == figures(exporter(made))
    assert sum(found.by("benson_dispatches_closed_total", "status").values()) == 8
    assert found.of("benson_refusals_total", cause="INTERRUPTED") == 1
    assert unarchived.of("benson_refusals_total", cause="INTERRUPTED") == 1
    assert found.by("benson_dispatches_open", "state") == {}


@pytest.mark.parametrize(
    "change",
    [
        "summary = 'x'",
        "summary = '[]'",
        'summary = \'{"dispatch_id": [], "checkpoints": 7, "duration_ms": 1}\'',
        "summary = replace(summary, '\"duration_ms\":', '\"duration_ms\":-')",
        "last_position = 'x'",
    ],
)
def test_a_receipt_that_was_changed_gives_no_figures(in_sqlite: Made, change: str) -> None:
    """At each look."""
    in_sqlite.archive()
    in_sqlite.trail.close()
    with sqlite3.connect(in_sqlite.home / "trail.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'"):
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute(
            f"UPDATE archive_receipts SET {change} WHERE dispatch_id = "
            "(SELECT min(dispatch_id) FROM archive_receipts)"
        )
    connection.close()
    changed = exporter(in_sqlite)
    for _ in range(2):
        with pytest.raises(TrailUnavailable):
            changed.exposition()
