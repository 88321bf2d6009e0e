"""What is said of a changed row, to the word: with the archive's files, and by the rows alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final, NamedTuple

import pytest

from benson_execution.verification.trail import TrailVerifier
from tests.verification.honest import tampering

from .made import Made
from .test_archive_tampering import archived, archived_trust, database_of, file_of

__all__ = ["archived"]

_ALL: Final = (0, 1, 2)
_ITS: Final = "receipt-altered: its receipt "
_SAYS_OTHER: Final = f"{_ITS}does not say what the archive FILE holds"
_UNREADABLE: Final = f"{_ITS}was changed: it can't be read any more"
_OTHER_ENTRY: Final = f"{_ITS}is of an entry of the log that is not its own"
_OTHER_EVENTS: Final = f"{_ITS}speaks of other positions than the log has events of it"
_NO_SUCH: Final = "receipt-altered: it has a receipt of an archive that there is not: x"
_NO_RECEIPT: Final = "receipt-altered: it is in the archive FILE, and has no receipt of it"
_OTHER_NOTE: Final = "archive-altered: the archive {} is not the one that its note speaks of: FILE"
_POSITIONS: Final = "archive-altered: the archive FILE is said to hold other positions than it does"
_BESIDE: Final = "archive-altered: the note beside the archive FILE is gone, or another one"
_ONLY_THERE: Final = "document-missing: the document DOCUMENT is in an archive only, and nothing "
_OF_ARCHIVED: Final = "WHERE dispatch_id IN (SELECT dispatch_id FROM archive_receipts)"


class Told(NamedTuple):
    """A statement, and what is among the findings for it: of no dispatch, or of each of these."""

    statement: str
    with_files: str | None
    without: str | None
    dispatches: tuple[int, ...] = ()


TOLD: Final = [
    Told(
        "UPDATE archives SET size = size + 1",
        _OTHER_NOTE.format("FILE"),
        _OTHER_NOTE.format("FILE"),
    ),
    Told(
        "UPDATE archives SET file = 'other.gz'",
        _OTHER_NOTE.format("other.gz"),
        _OTHER_NOTE.format("other.gz"),
    ),
    Told(
        "UPDATE archives SET dispatches = 2",
        "receipt-altered: the archive FILE has 3 receipts for 2 dispatches",
        "receipt-altered: the archive FILE has 3 receipts for 2 dispatches",
    ),
    Told("UPDATE archives SET first_position = 2", _POSITIONS, None),
    Told("UPDATE archives SET last_position = 2", _POSITIONS, None),
    Told(
        "UPDATE archives SET note = x'00'",
        _BESIDE,
        "archive-altered: the note of the archive FILE was changed: not a note of a trail",
    ),
    Told(
        "UPDATE archives SET archive_id = 'x'",
        "archive-altered: the archive FILE of 0 dispatches: its bytes are not those that were "
        "signed",
        _OTHER_NOTE.format("FILE"),
    ),
    Told("UPDATE archive_receipts SET summary = '{}'", _SAYS_OTHER, _UNREADABLE, _ALL),
    Told("UPDATE archive_receipts SET positions = '1-2'", _SAYS_OTHER, _OTHER_EVENTS, _ALL),
    Told("UPDATE archive_receipts SET was_killed = 1", _SAYS_OTHER, None, _ALL),
    Told("UPDATE archive_receipts SET leaf_hash = x'00'", _SAYS_OTHER, _OTHER_ENTRY, _ALL),
    Told(
        "UPDATE archive_receipts SET leaf_index = 100 + leaf_index", _SAYS_OTHER, _OTHER_ENTRY, _ALL
    ),
    Told("UPDATE archive_receipts SET archive_id = 'x'", _NO_SUCH, _NO_SUCH, _ALL),
    Told("DELETE FROM archive_receipts", _NO_RECEIPT, None, _ALL),
    Told("DELETE FROM archived_documents", f"{_ONLY_THERE}says so", None),
    Told(
        "UPDATE archived_documents SET archive_id = 'x'",
        "receipt-altered: documents are said to be in an archive that there is not: x",
        "receipt-altered: documents are said to be in an archive that there is not: x",
    ),
    Told(
        "INSERT INTO archived_documents SELECT 'other', archive_id FROM archives",
        "document-missing: the document other is said to be in the archive FILE, and is not",
        None,
    ),
    Told(
        f"UPDATE dispatches SET header = x'7b7d' {_OF_ARCHIVED}",
        "dispatch-altered: it is stored as another one than in the archive FILE",
        "dispatch-altered: what it was opened with is not what the log commits to",
        _ALL,
    ),
    Told(
        f"DELETE FROM dispatches {_OF_ARCHIVED}",
        "dispatch-altered: it is stored as another one than in the archive FILE",
        "dispatch-altered: what it was opened with is not what the log commits to",
        _ALL,
    ),
    Told("DELETE FROM leaves WHERE leaf_index = 0", None, _OTHER_ENTRY, (0,)),
    Told(
        "UPDATE leaves SET entry = CAST(entry || x'0a' AS BLOB) WHERE leaf_index = 0",
        "leaf-altered: its entry in the log is not the one in the archive FILE",
        _OTHER_ENTRY,
        (0,),
    ),
]


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.statement)
def test_what_is_said_of_a_changed_row(archived: Made, told: Told) -> None:
    """Its kind, its words, and the dispatches that it is about; each of these once."""
    file = file_of(archived).name
    with closing(sqlite3.connect(database_of(archived))) as connection:
        found = connection.execute("SELECT dispatch_id FROM archive_receipts ORDER BY leaf_index")
        moved = [dispatch_id for (dispatch_id,) in found]
        ((document,),) = connection.execute("SELECT min(sha256) FROM archived_documents")
    with tampering(database_of(archived)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(told.statement).rowcount
    about = [moved[number] for number in told.dispatches] or [None]
    for folder, wanted in ((archived.folder, told.with_files), (None, told.without)):
        with archived.trail.rows() as rows:
            verifier = TrailVerifier(rows, archived_trust(archived), folder)
            findings = list(verifier.run())
        if wanted is None:
            continue
        said = [
            (f"{one.kind}: {one.message}".replace(file, "FILE"), one.dispatch_id)
            for one in findings
        ]
        for dispatch_id in about:
            assert said.count((wanted.replace("DOCUMENT", document), dispatch_id)) == 1, said
