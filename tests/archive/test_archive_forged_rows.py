"""Rows that anybody may insert while the guards stand: an error of ours, and never another's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benson_execution.archive.reading import ReadingTrail
from benson_execution.archive.whole import whole_rows
from benson_execution.errors import TrailUnavailable

from .made import Made

ARCHIVE = f"INSERT INTO archives VALUES ('{'f' * 64}', 'benson-x.gz', 9, 1, 'x', 'y', x'00')"
RECEIPT = (
    "INSERT INTO archive_receipts SELECT dispatch_id, (SELECT archive_id FROM archives), "
    "leaf_index, x'00', {}, '1', 0, 0, '{}' FROM leaves WHERE leaf_index = 4"
)


def insert(made: Made, statement: str) -> None:
    """As somebody does it who may write into the database; every guard stands."""
    path = Path(made.trail.database.url.database or "")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement).rowcount == 1
        connection.commit()


def whole(reading: ReadingTrail) -> object:
    """What is exported."""
    with whole_rows(reading) as rows:
        return list(rows.events())


@pytest.mark.parametrize("read", [whole, lambda reading: list(reading.events())])
def test_positions_that_are_none(in_sqlite: Made, read: Callable[[ReadingTrail], object]) -> None:
    """SQLite keeps a text in a column of numbers, where readers compare it with numbers."""
    in_sqlite.archive(in_sqlite.finished()[:3])
    insert(in_sqlite, ARCHIVE)
    with in_sqlite.reading() as reading, pytest.raises(TrailUnavailable, match="benson verify"):
        read(reading)
    assert in_sqlite.findings()


def test_a_last_position_that_is_none(in_sqlite: Made) -> None:
    """Nothing more is recorded behind it, and the error says what to do."""
    in_sqlite.archive(in_sqlite.finished()[:3])
    insert(in_sqlite, RECEIPT.format("'x'", "{}"))
    with pytest.raises(TrailUnavailable, match="'x' in place of a number"):
        in_sqlite.judge("PAC-ALEX-P36")
    assert in_sqlite.findings()


@pytest.mark.parametrize(
    "summary", ["{}", "[]", '{"status": "GONE"}', '{"status": "FAILED", "ended_at": "once"}']
)
def test_a_summary_that_is_none(in_sqlite: Made, summary: str) -> None:
    """Whether a document may be judged again is asked of it."""
    in_sqlite.archive(in_sqlite.finished()[:3])
    gone = in_sqlite.finished()[-1]
    insert(in_sqlite, RECEIPT.format(900, summary))
    with pytest.raises(TrailUnavailable, match="holds what it can"):
        in_sqlite.trail.archived(run_id=gone.rpartition("-")[0])
    assert in_sqlite.findings()
