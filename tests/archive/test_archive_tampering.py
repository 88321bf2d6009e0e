"""Whatever is changed in an archive, its note, or what the database says of it is found."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benson_execution.archive.folder import ArchiveFolder
from benson_execution.errors import TrailUnavailable
from benson_execution.proof.archive_note import ArchiveNote
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.keys import SigningKey
from benson_execution.verification.findings import Kind
from benson_execution.verification.trail import TrailVerifier
from tests.verification.honest import tampering

from .made import Made


@pytest.fixture
def archived(in_sqlite: Made) -> Made:
    """A trail with one archive, and dispatches that stayed."""
    in_sqlite.archive(in_sqlite.finished()[:3])
    assert in_sqlite.findings() == []
    return in_sqlite


def kinds(made: Made) -> set[Kind]:
    """What is found."""
    return {finding.kind for finding in made.findings()}


def file_of(made: Made) -> Path:
    """The archive's file, which may be changed from now on."""
    (path,) = (made.home / "archive").glob("*.gz")
    path.chmod(0o644)
    return path


def database_of(made: Made) -> Path:
    """The trail's file."""
    return Path(made.trail.database.url.database or "")


def remove(path: Path) -> None:
    """It is gone."""
    path.unlink()


def cut(path: Path) -> None:
    """Its end is gone."""
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    """One byte in the middle is another one."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lengthen(path: Path) -> None:
    """More is behind it."""
    path.write_bytes(path.read_bytes() + gzip.compress(b"{}\n"))


def folder_instead(path: Path) -> None:
    """A folder stands in its place."""
    path.unlink()
    path.mkdir()


def pipe_instead(path: Path) -> None:
    """A pipe that nobody writes to stands in its place."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("change", [remove, cut, flip, lengthen, folder_instead, pipe_instead])
def test_a_changed_file_is_found(archived: Made, change: Callable[[Path], None]) -> None:
    """Once, by its name; what stayed is verified all the same, and nothing is read from it."""
    path = file_of(archived)
    change(path)
    (finding,) = archived.findings()
    assert finding.kind is (Kind.ARCHIVE_MISSING if change is remove else Kind.ARCHIVE_ALTERED)
    assert path.name in finding.message
    with archived.reading() as reading:
        with pytest.raises(TrailUnavailable, match=path.name):
            list(reading.events())
        assert list(reading.events(dispatch_id=archived.finished()[0]))


@pytest.mark.parametrize("change", [remove, cut, flip])
def test_a_changed_note_beside_it_is_found(archived: Made, change: Callable[[Path], None]) -> None:
    """The database has it too."""
    note = Path(f"{file_of(archived)}.note")
    note.chmod(0o644)
    change(note)
    assert kinds(archived) == {Kind.ARCHIVE_ALTERED}


TABLES = ("archives", "archive_receipts", "archived_documents")
STATEMENTS = [f"DELETE FROM {table}" for table in TABLES] + [
    "UPDATE archives SET size = size + 1",
    "UPDATE archives SET file = 'other.gz'",
    "UPDATE archives SET dispatches = 2",
    "UPDATE archives SET first_position = first_position + 1",
    "UPDATE archives SET last_position = 'x'",
    "UPDATE archives SET note = x'00'",
    "UPDATE archives SET note = CAST(replace(note, 'time 2', 'time 3') AS BLOB)",
    "UPDATE archives SET archive_id = 'x'",
    "UPDATE archive_receipts SET summary = replace(summary, 'COMPLETED', 'BLOCKED')",
    "UPDATE archive_receipts SET summary = '{}'",
    "UPDATE archive_receipts SET summary = x'ff'",
    "UPDATE archive_receipts SET positions = '1-2'",
    "UPDATE archive_receipts SET was_killed = 1",
    "UPDATE archive_receipts SET agent_was_run = 1",
    "UPDATE archive_receipts SET leaf_hash = x'00'",
    "UPDATE archive_receipts SET last_position = last_position + 1000",
    "UPDATE archive_receipts SET leaf_index = leaf_index + 100",
    "UPDATE archive_receipts SET archive_id = 'x'",
    (
        "DELETE FROM archive_receipts WHERE last_position = (SELECT min(last_position) "
        "FROM archive_receipts)"
    ),
    "UPDATE archived_documents SET archive_id = 'x'",
    "INSERT INTO archived_documents SELECT 'other', archive_id FROM archives",
    (
        "UPDATE dispatches SET header = x'7b7d' WHERE dispatch_id IN "
        "(SELECT dispatch_id FROM archive_receipts)"
    ),
    "DELETE FROM dispatches WHERE dispatch_id IN (SELECT dispatch_id FROM archive_receipts)",
    "DELETE FROM wraps",
    "DELETE FROM leaves WHERE leaf_index = 0",
    (
        "INSERT INTO events SELECT 1, dispatch_id, 1, 'PAC_DISPATCH_START', 'NOTE', x'7b7d', x'00' "
        "FROM archive_receipts LIMIT 1"
    ),
]


@pytest.mark.parametrize("look", [True, False], ids=["with files", "without files"])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_changed_row_is_found(archived: Made, statement: str, look: bool) -> None:
    """In the file's light; and without it, whatever the rows alone can't be."""
    with tampering(database_of(archived)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(statement).rowcount
    with archived.trail.rows() as rows:
        trusted = TrailVerifier(rows, archived_trust(archived), archived.folder if look else None)
        found = list(trusted.run())
    assert found or not look


def archived_trust(made: Made) -> TrustedKeys:
    """The first key alone."""
    return TrustedKeys([made.ring.keys[0].public])


def test_what_nobody_signed_is_found(archived: Made) -> None:
    """A forged archive in all its parts, signed with a key that is not the trail's."""
    foreign = SigningKey.generate()
    path = file_of(archived)
    with closing(sqlite3.connect(database_of(archived))) as connection:
        ((note,),) = connection.execute("SELECT note FROM archives").fetchall()
    said = ArchiveNote.parse(note)
    forged = ArchiveNote.sign(
        foreign, said.trail_id, said.log_size, said.file, said.sha256, said.size, said.dispatches
    )
    with tampering(database_of(archived)) as connection:
        connection.execute("UPDATE archives SET note = ?", (forged.note,))
    beside = Path(f"{path}.note")
    beside.chmod(0o644)
    beside.write_bytes(forged.note)
    (finding,) = archived.findings()
    assert finding.kind is Kind.ARCHIVE_UNTRUSTED
    assert foreign.key_id in finding.message


def test_events_that_are_deleted_behind_a_false_receipt_are_found(in_sqlite: Made) -> None:
    """The guard of SQLite lets it pass: nobody has a file with that digest, or a signature."""
    gone = in_sqlite.finished()[0]
    with closing(sqlite3.connect(database_of(in_sqlite))) as connection:
        ((leaf,),) = connection.execute(
            "SELECT leaf_index FROM leaves WHERE dispatch_id = ?", (gone,)
        ).fetchall()
        connection.execute(
            "INSERT INTO archives VALUES (?, 'benson-x.gz', 9, 1, 1, 12, x'00')", ("a" * 64,)
        )
        connection.execute(
            "INSERT INTO archive_receipts VALUES (?, ?, ?, ?, 12, '1-12', 0, 0, '{}')",
            (gone, "a" * 64, leaf, b"h" * 32),
        )
        connection.execute("DELETE FROM events WHERE dispatch_id = ?", (gone,))
        connection.commit()
    assert {Kind.ARCHIVE_ALTERED, Kind.ARCHIVE_MISSING, Kind.RECEIPT_ALTERED} <= kinds(in_sqlite)


def test_without_the_files_it_is_said_what_is_not_proved(archived: Made) -> None:
    """Nothing is wrong with what stayed; the archived ones are counted."""
    with archived.trail.rows() as rows:
        verifier = TrailVerifier(rows, archived_trust(archived), None)
        assert list(verifier.run()) == []
    assert len(verifier.archives.absent) == 3
    assert verifier.counts.closed == 5


def test_archives_that_lie_elsewhere_are_read_there(archived: Made) -> None:
    """They may be moved, as long as all is together."""
    (archived.home / "archive").rename(archived.home / "elsewhere")
    assert kinds(archived) == {Kind.ARCHIVE_MISSING}
    assert archived.findings(ArchiveFolder(archived.home / "elsewhere")) == []
