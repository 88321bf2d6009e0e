"""What receipts say where nobody looks at the files, and where a dispatch's events are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from benson_execution.archive.content import Content
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.proof.merkle import leaf_hash
from benson_execution.verification.archives import ArchiveVerifier
from benson_execution.verification.trail import TrailVerifier
from tests.verification.honest import tampering

from .made import Made
from .test_archive_tampering import archived, archived_trust, database_of

__all__ = ["archived"]

_RANGES = ("3-5 10", "6-8", "20-22 1000-1002")
"""Positions of three receipts: 3 to 8, 10, 20 to 22, and 1000 to 1002."""


@contextmanager
def checked(made: Made, folder: ArchiveFolder | None) -> Iterator[ArchiveVerifier]:
    """The archives by themselves, after their check."""
    with made.trail.rows() as rows:
        verifier = ArchiveVerifier(rows, archived_trust(made), folder)
        list(verifier.check(None))
        yield verifier


@pytest.mark.parametrize(
    ("first", "behind", "covered"),
    [
        (3, 9, True),
        (3, 4, True),
        (3, 5, True),
        (5, 7, True),
        (8, 9, True),
        (10, 11, True),
        (20, 23, True),
        (1000, 1003, True),
        (1002, 1003, True),
        (1, 3, False),
        (2, 9, False),
        (3, 10, False),
        (3, 11, False),
        (9, 10, False),
        (9, 11, False),
        (10, 12, False),
        (20, 1003, False),
        (1003, 1004, False),
        (3, 3, False),
        (7, 4, False),
    ],
)
def test_positions_that_receipts_speak_of(
    archived: Made, first: int, behind: int, covered: bool
) -> None:
    """One gap is covered in full by what touches, whichever receipts say it, or it is a gap."""
    with tampering(database_of(archived)) as connection:
        for index, positions in enumerate(_RANGES):
            change = "UPDATE archive_receipts SET positions = ? WHERE leaf_index = ?"
            assert connection.execute(change, (positions, index)).rowcount == 1
    with checked(archived, None) as verifier:
        assert verifier.covers(first, behind) is covered


def test_no_receipts_cover_nothing(in_sqlite: Made) -> None:
    """Nor does a trail that was never archived fail by it."""
    with checked(in_sqlite, None) as verifier:
        assert not verifier.covers(1, 2)


@pytest.mark.parametrize("look", [True, False], ids=["with files", "without files"])
def test_where_the_events_of_a_dispatch_are_read(in_sqlite: Made, look: bool) -> None:
    """In its file, of it alone, and in the database if it stayed; nowhere, if nobody looks."""
    ids = in_sqlite.finished()
    with in_sqlite.trail.rows() as rows:
        before = {dispatch_id: list(rows.events_of(dispatch_id)) for dispatch_id in ids}
    assert all(before.values())
    in_sqlite.archive(ids[:3])
    with checked(in_sqlite, in_sqlite.folder if look else None) as verifier:
        for number, dispatch_id in enumerate(ids):
            expected = before[dispatch_id] if look or number >= 3 else []
            assert verifier.events_of(dispatch_id) == expected
        assert verifier.events_of("nobody") == []


@pytest.mark.parametrize(
    ("positions", "last", "believed"),
    [
        ("1-{0}", 0, True),
        ("1-3 5-{1}", 1, True),
        ("1 3-{1}", 1, True),
        ("1-3 5 7-{2}", 2, True),
        ("1-3 5-{1}", 0, False),  # another last one
        ("2-{1}", 1, False),  # another first one
        ("1-{-1}", -1, False),  # fewer
        ("1-{1}", 1, False),  # more
        ("1-4 3-{-2}", -2, False),  # as many, and falling
        ("1-4 4-{-1}", -1, False),  # as many, and one of them twice
    ],
)
def test_positions_that_a_dispatch_may_have(
    archived: Made, positions: str, last: int, believed: bool
) -> None:
    """A receipt's ranges rise from the first position to the last, as many as the log says.

    `{1}` is one more than the dispatch's number of events, and so is a `last` of 1.
    """
    _, count = first_receipt(archived)
    for step in (-2, -1, 0, 1, 2):
        positions = positions.replace(f"{{{step}}}", str(count + step))
    with tampering(database_of(archived)) as connection:
        change = "UPDATE archive_receipts SET positions = ?, last_position = ? WHERE leaf_index = 0"
        assert connection.execute(change, (positions, count + last)).rowcount == 1
    assert other_positions(archived) is not believed


def test_a_leaf_that_counts_nothing(archived: Made) -> None:
    """Its receipt has the digest of it, and is not believed all the same."""
    dispatch_id, _ = first_receipt(archived)
    with tampering(database_of(archived)) as connection:
        ((header,),) = connection.execute(
            "SELECT header FROM dispatches WHERE dispatch_id = ?", (dispatch_id,)
        )
        entry = header + b"\n"
        connection.execute("UPDATE leaves SET entry = ? WHERE leaf_index = 0", (entry,))
        connection.execute(
            "UPDATE archive_receipts SET leaf_hash = ? WHERE leaf_index = 0", (leaf_hash(entry),)
        )
    assert other_positions(archived)


def test_an_event_that_was_left_behind(archived: Made) -> None:
    """It is told of the dispatch that was archived, in these words."""
    dispatch_id, _ = first_receipt(archived)
    with tampering(database_of(archived)) as connection:
        connection.execute(
            "INSERT INTO events VALUES (1, ?, 1, 'PAC_DISPATCH_START', 'NOTE', x'7b7d', x'00')",
            (dispatch_id,),
        )
    told = [(one.dispatch_id, one.message) for one in archived.findings()]
    message = "it is archived, and there are events of it in the database"
    assert told == [(dispatch_id, message)]


class CountsMore(ArchiveFolder):
    """Its files count something that this program knows nothing of."""

    def read(self, archive_id: str, name: str, size: int) -> Content:
        content = super().read(archive_id, name, size)
        more = [one._replace(summary={**one.summary, "more": 1}) for one in content.dispatches]
        return replace(content, dispatches=more)


def test_a_count_that_nobody_knows(archived: Made) -> None:
    """It can't follow from the events, and so the receipt is not taken for right."""
    found = archived.findings(CountsMore(archived.folder.path))
    assert len(found) == 3
    assert all("does not say what the archive" in one.message for one in found)


def first_receipt(made: Made) -> tuple[str, int]:
    """The dispatch of the first receipt, and its last position: it has all from 1 to there."""
    with made.trail.rows() as rows:
        (first,) = (one for one in rows.receipts() if one.leaf_index == 0)
    assert first.positions == f"1-{first.last_position}"
    return first.dispatch_id, first.last_position


def other_positions(made: Made) -> bool:
    """Whether the receipts, alone, are said to speak of other positions than the log."""
    with made.trail.rows() as rows:
        found = list(TrailVerifier(rows, archived_trust(made), None).run())
    return any("other positions than the log has events" in one.message for one in found)
