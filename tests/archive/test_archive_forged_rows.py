"""Rows that anybody may insert while the guards stand: an error of ours, and never another's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benson_execution.archive.reading import ReadingTrail
from benson_execution.archive.whole import whole_rows
from benson_execution.errors import NotVerified, TrailUnavailable
from benson_execution.proof.heads import TrustedKeys
from benson_execution.trail.port import MAX_POSITION
from benson_execution.verification.findings import Kind
from benson_execution.verification.trail import TrailVerifier
from tests.verification.honest import tampering

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


@pytest.mark.parametrize("position", [MAX_POSITION, MAX_POSITION - 3])
def test_a_last_position_that_nothing_fits_behind(in_sqlite: Made, position: int) -> None:
    """No store counts further: who writes is told so, and nothing of a dispatch is recorded."""
    in_sqlite.archive(in_sqlite.finished()[:3])
    insert(in_sqlite, RECEIPT.format(position, "{}"))
    with pytest.raises(TrailUnavailable, match=r"nothing fits behind it .*benson verify"):
        in_sqlite.judge("PAC-ALEX-P36")
    assert in_sqlite.findings()


def test_a_receipt_of_what_was_never_moved(in_sqlite: Made) -> None:
    """It is told as what it is, and nobody else is blamed; nothing moves."""
    in_sqlite.archive(in_sqlite.finished()[:3])
    gone = in_sqlite.finished()[-1]
    insert(in_sqlite, RECEIPT.format(900, "{}"))
    with pytest.raises(NotVerified, match=rf"{gone} .*receipt .*forged .*benson verify"):
        in_sqlite.archive()
    assert gone in in_sqlite.finished()


@pytest.mark.parametrize(
    "positions", ["'1-9000'", "positions || ' 9000'", "'9000-9010'", "'1'", "positions || ' 1'"]
)
def test_positions_that_no_dispatch_has(in_sqlite: Made, positions: str) -> None:
    """Who does not look at the files believes no receipt of more events than the log has of it.

    Otherwise it would stand for events of others that somebody took away.
    """
    in_sqlite.archive(in_sqlite.finished()[:3])
    with tampering(in_sqlite.home / "trail.db") as connection:
        change = f"UPDATE archive_receipts SET positions = {positions} WHERE leaf_index = 0"
        assert connection.execute(change).rowcount == 1
    with in_sqlite.trail.rows() as rows:
        trusted = TrustedKeys([in_sqlite.ring.keys[0].public])
        found = list(TrailVerifier(rows, trusted, None).run())
    assert "other positions than the log" in str([one.message for one in found])
    assert Kind.RECEIPT_ALTERED in {one.kind for one in found}
