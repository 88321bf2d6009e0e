"""The databases let go what a receipt allows, and nothing else, whoever asks in plain SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from .made import Made

Forge = Callable[[Connection, str], None]


def run(connection: Connection, statement: str, **values: Any) -> int:
    """How many rows a statement changed."""
    return connection.execute(text(statement), values).rowcount


def leaf_of(connection: Connection, dispatch_id: str) -> int:
    """Where its leaf stands."""
    query = "SELECT leaf_index FROM leaves WHERE dispatch_id = :of"
    return int(connection.execute(text(query), {"of": dispatch_id}).scalar_one())


def forge_archive(connection: Connection, note: bytes = b"note", archive_id: str = "f" * 64) -> str:
    """A row that speaks of an archive."""
    run(
        connection,
        "INSERT INTO archives VALUES (:id, :id, 1, 1, 1, 9, :note)",
        id=archive_id,
        note=note,
    )
    return archive_id


def forge_receipt(connection: Connection, dispatch_id: str, leaf: int, leaf_hash: bytes) -> None:
    """A receipt of that archive."""
    run(
        connection,
        "INSERT INTO archive_receipts VALUES (:of, :archive, :leaf, :hash, 900, '1', 0, 0, '{}')",
        of=dispatch_id,
        archive="f" * 64,
        leaf=leaf,
        hash=leaf_hash,
    )


def nothing(_connection: Connection, _dispatch_id: str) -> None:
    """No receipt at all."""


def receipt_of_another_leaf(connection: Connection, dispatch_id: str) -> None:
    """The archive is there, and the receipt's leaf is another dispatch's."""
    forge_archive(connection)
    forge_receipt(connection, dispatch_id, (leaf_of(connection, dispatch_id) + 1) % 5, b"h" * 32)


def receipt_without_a_hash(connection: Connection, dispatch_id: str) -> None:
    """The leaf is its own, and the hash is none."""
    forge_archive(connection)
    forge_receipt(connection, dispatch_id, leaf_of(connection, dispatch_id), b"")


def receipt_without_a_note(connection: Connection, dispatch_id: str) -> None:
    """Nobody signed the archive."""
    forge_archive(connection, b"")
    forge_receipt(connection, dispatch_id, leaf_of(connection, dispatch_id), b"h" * 32)


@pytest.mark.parametrize(
    "forge", [nothing, receipt_of_another_leaf, receipt_without_a_hash, receipt_without_a_note]
)
def test_no_event_goes_without_its_receipt(made: Made, forge: Forge) -> None:
    """Neither all of them nor one."""
    engine = create_engine(made.trail.database.url)
    dispatch_id = made.finished()[0]
    for statement in (
        "DELETE FROM events WHERE dispatch_id = :of",
        "DELETE FROM events WHERE dispatch_id = :of AND sequence = 3",
    ):
        with engine.connect() as connection:
            forge(connection, dispatch_id)
            with pytest.raises(DBAPIError, match="append-only"):
                run(connection, statement, of=dispatch_id)
    engine.dispose()


def test_postgresql_compares_the_leafs_hash_too(made: Made) -> None:
    """SQLite has no SHA-256: there it is verification that finds a false one."""
    engine = create_engine(made.trail.database.url)
    dispatch_id = made.finished()[0]
    with engine.connect() as connection:
        forge_archive(connection)
        forge_receipt(connection, dispatch_id, leaf_of(connection, dispatch_id), b"h" * 32)
        statement = "DELETE FROM events WHERE dispatch_id = :of"
        if engine.dialect.name == "postgresql":
            with pytest.raises(DBAPIError, match="append-only"):
                run(connection, statement, of=dispatch_id)
        else:
            assert run(connection, statement, of=dispatch_id)
            connection.commit()
            found = {finding.kind.value for finding in made.findings()}
            assert {"archive-altered", "receipt-altered"} <= found
    engine.dispose()


def test_no_event_of_an_open_or_unfinished_dispatch_goes(made: Made) -> None:
    """Whatever a receipt says: it has no leaf, or its artifact is not written."""
    engine = create_engine(made.trail.database.url)
    open_one = "00000000-0000-4000-8000-000000000001-1"
    with engine.connect() as connection:
        forge_archive(connection)
        forge_receipt(connection, open_one, 1, b"h" * 32)
        with pytest.raises(DBAPIError, match="append-only"):
            run(connection, "DELETE FROM events WHERE dispatch_id = :of", of=open_one)
    engine.dispose()


def test_no_document_goes_that_somebody_needs(made: Made) -> None:
    """Nor one that nobody said was archived, nor a policy."""
    made.archive()
    engine = create_engine(made.trail.database.url)
    with made.trail.rows() as rows:
        (archive,) = rows.archives()
        kept = [document.sha256 for document in rows.documents()]
        needed = next(d for d in rows.dispatches() if not made.trail.archived(run_id=d.run_id))
    assert needed.document_sha256 in kept
    with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        run(connection, "DELETE FROM documents")
    with engine.connect() as connection:
        run(
            connection,
            "INSERT INTO archived_documents VALUES (:sha256, :archive)",
            sha256=needed.document_sha256,
            archive=archive.archive_id,
        )
        with pytest.raises(DBAPIError, match="append-only"):
            run(connection, "DELETE FROM documents WHERE sha256 = :of", of=needed.document_sha256)
    engine.dispose()


def test_no_event_comes_back_to_an_archived_dispatch(made: Made) -> None:
    """Neither a new one nor an old one; and no receipt goes or changes."""
    archived = made.finished()[0]
    made.archive()
    engine = create_engine(made.trail.database.url)
    for statement in (
        "INSERT INTO events VALUES (5000, :of, 1, 'k', 'NOTE', :event, :event)",
        "DELETE FROM archive_receipts WHERE dispatch_id = :of",
        "UPDATE archive_receipts SET summary = '{}' WHERE dispatch_id = :of",
        "DELETE FROM archives WHERE :of <> ''",
        "UPDATE archives SET note = :event WHERE :of <> ''",
        "DELETE FROM archived_documents WHERE :of <> ''",
    ):
        values = {"of": archived, "event": b"{}"} if ":event" in statement else {"of": archived}
        with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            run(connection, statement, **values)
    engine.dispose()
    assert made.findings() == []


def test_no_event_takes_a_position_of_what_was_archived(made: Made) -> None:
    """A program that knows nothing of archives counts on from the newest event that it finds."""
    open_one = "00000000-0000-4000-8000-000000000001-1"
    made.archive()
    last = made.trail.last_position()
    seen = max(stored.position for stored in made.trail.events())
    assert seen < last
    statement = "INSERT INTO events VALUES (:at, :of, 900, NULL, 'NOTE', :event, :event)"
    engine = create_engine(made.trail.database.url)
    for at in (seen + 1, last):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            run(connection, statement, at=at, of=open_one, event=b"{}")
    with engine.connect() as connection:
        assert run(connection, statement, at=last + 1, of=open_one, event=b"{}") == 1
    engine.dispose()
    made.judge("refused/CP-04-task-not-completed")
    assert made.findings() == []
