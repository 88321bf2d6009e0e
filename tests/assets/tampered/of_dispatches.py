"""What is done to dispatches, documents and WRAPs: cut off, rewritten, removed, claimed."""

from __future__ import annotations

import sqlite3

from benson_execution.verification.findings import Kind
from tests.verification.forging import rebuild_log, rewrite

from .defects import EARLY, FULL, HEAD, HEADS, LATER, World, flipped, one, trail
from .of_events import closed, positions_without_gaps

BLOCKED = 14
"""Where the blocked dispatch begins; its leaf is entry 1 of the log."""


def dispatch_at(connection: sqlite3.Connection, position: int) -> str:
    """The dispatch of the event at a position."""
    query = "SELECT dispatch_id FROM events WHERE position = ?"
    return str(one(connection, query, position))


def remove(connection: sqlite3.Connection, dispatch_id: str, *tables: str) -> None:
    """Remove what these tables have of a dispatch."""
    for table in tables:
        connection.execute(f"DELETE FROM {table} WHERE dispatch_id = ?", (dispatch_id,))


def set_header(connection: sqlite3.Connection, dispatch_id: str, header: bytes) -> None:
    """Put another header into the place of a dispatch's."""
    query = "UPDATE dispatches SET header = ? WHERE dispatch_id = ?"
    connection.execute(query, (header, dispatch_id))


@trail("dispatch-header-one-byte", Kind.DISPATCH_ALTERED, words=("not what the log commits to",))
def _header(connection: sqlite3.Connection, world: World) -> None:
    dispatch_id = closed(connection)
    header = one(connection, "SELECT header FROM dispatches WHERE dispatch_id = ?", dispatch_id)
    at = header.index(b'result_sha256":"') + 20
    changed = header[:at] + (b"0" if header[at : at + 1] != b"0" else b"1") + header[at + 1 :]
    set_header(connection, dispatch_id, changed)


@trail("dispatch-cut-off", Kind.DISPATCH_CUT_OFF, Kind.WRAP_ALTERED, words=("10 to 11 are gone",))
def _cut_off(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM events WHERE position IN (10, 11)")


@trail(
    "dispatch-cut-off-at-the-end-of-the-trail",
    Kind.DISPATCH_CUT_OFF,
    base=LATER,
    words=("events 10 to 11 are gone",),
)
def _cut_off_newest(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM events WHERE position >= ?", (BLOCKED + 9,))


@trail(
    "dispatch-cut-off-with-its-leaf",
    Kind.EVENT_MISSING,
    Kind.LEAF_MISSING,
    base=FULL,
    words=("entry 1 of the log is gone", "positions 23 to 24"),
)
def _cut_off_with_leaf(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM events WHERE position IN (23, 24)")
    connection.execute("DELETE FROM leaves WHERE leaf_index = 1")


@trail(
    "dispatch-reopened",
    Kind.TRAIL_SHORTENED,
    base=LATER,
    against=HEAD,
    words=("a head of size 3 was signed, and the log ends at 1",),
)
def _reopened(connection: sqlite3.Connection, world: World) -> None:
    """The newest dispatch loses its end, its leaf and its head: it looks like open."""
    connection.execute("DELETE FROM events WHERE position >= ?", (BLOCKED + 9,))
    connection.execute("DELETE FROM leaves WHERE leaf_index = 1")
    connection.execute("DELETE FROM heads WHERE size = 2")


@trail(
    "dispatch-rewritten",
    Kind.DISPATCH_REWRITTEN,
    words=("its 11 events fit one another", "recorded anew"),
)
def _rewritten(connection: sqlite3.Connection, world: World) -> None:
    rewrite(connection, closed(connection), b"GID-07", b"GID-70")


@trail(
    "dispatch-rewritten-with-the-log",
    Kind.HEAD_ALTERED,
    words=("the head of size 1 does not have the signature of its key",),
)
def _rewritten_log(connection: sqlite3.Connection, world: World) -> None:
    dispatch_id = closed(connection)
    rebuild_log(connection, dispatch_id, rewrite(connection, dispatch_id, b"GID-07", b"GID-70"))


@trail(
    "older-dispatch-rewritten-with-the-log",
    Kind.HEAD_ALTERED,
    base=LATER,
    words=("does not have the signature of its key",),
)
def _rewritten_older(connection: sqlite3.Connection, world: World) -> None:
    dispatch_id = closed(connection)
    rebuild_log(connection, dispatch_id, rewrite(connection, dispatch_id, b"GID-07", b"GID-70"))


@trail(
    "dispatch-removed",
    Kind.DISPATCH_MISSING,
    Kind.EVENT_MISSING,
    Kind.WRAP_ALTERED,
    base=EARLY,
    words=("entry 0 of the log is of a dispatch whose events are gone", "positions 1 to 11"),
)
def _removed(connection: sqlite3.Connection, world: World) -> None:
    remove(connection, closed(connection), "events", "dispatches")


@trail(
    "dispatch-row-removed",
    Kind.DISPATCH_MISSING,
    base=EARLY,
    words=("events from position 12 on belong to a dispatch that is gone",),
)
def _row_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM dispatches WHERE position = 12")


@trail(
    "open-dispatch-removed",
    Kind.EVENT_MISSING,
    base=LATER,
    words=("no event stands at positions 12 to 13 of the trail",),
)
def _open_removed(connection: sqlite3.Connection, world: World) -> None:
    remove(connection, dispatch_at(connection, 12), "events", "leases", "dispatches")


@trail(
    "dispatch-removed-from-the-middle",
    Kind.EVENT_ALTERED,
    Kind.HEAD_ALTERED,
    Kind.LEAF_ALTERED,
    base=FULL,
    words=("the head of size 2 says 3", "entry 1 of the log does not follow the head before it"),
)
def _removed_middle(connection: sqlite3.Connection, world: World) -> None:
    remove(connection, dispatch_at(connection, BLOCKED), "events", "leaves", "dispatches")
    connection.execute("DELETE FROM heads WHERE size = 2")
    connection.execute("UPDATE heads SET size = 2 WHERE size = 3")
    peaks = one(connection, "SELECT peaks FROM leaves WHERE leaf_index = 2")
    assert len(peaks) == 32
    connection.execute("UPDATE leaves SET leaf_index = 1 WHERE leaf_index = 2")
    positions_without_gaps(connection)


@trail(
    "dispatch-removed-from-the-end",
    Kind.TRAIL_SHORTENED,
    base=LATER,
    against=HEADS,
    words=("a head of size 3 was signed, and the log ends at 1",),
)
def _removed_end(connection: sqlite3.Connection, world: World) -> None:
    dispatch_id = dispatch_at(connection, BLOCKED)
    remove(connection, dispatch_id, "events", "leaves", "dispatches")
    connection.execute("DELETE FROM heads WHERE size = 2")


@trail("document-one-byte", Kind.DOCUMENT_ALTERED, words=("don't have this digest",))
def _document(connection: sqlite3.Connection, world: World) -> None:
    sha256, content = connection.execute(
        "SELECT sha256, content FROM documents WHERE instr(content, 'PAC-DAN') LIMIT 1"
    ).fetchone()
    changed = flipped(content, content.index(b"quality_score") + 20)
    connection.execute("UPDATE documents SET content = ? WHERE sha256 = ?", (changed, sha256))


@trail("document-removed", Kind.DOCUMENT_MISSING, words=("the document that it was judged by",))
def _document_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM documents WHERE instr(content, 'PAC-DAN')")


@trail("policy-removed", Kind.DOCUMENT_MISSING, words=("the policy that it was judged by",))
def _policy_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM documents WHERE instr(content, 'quality_threshold')")


@trail("registry-removed", Kind.DOCUMENT_MISSING, words=("the registry that it was judged by",))
def _registry_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM documents WHERE instr(content, 'executes')")


@trail("wrap-claim-removed", Kind.WRAP_ALTERED, words=("is not claimed like that",))
def _claim_removed(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM wraps")


@trail("wrap-claim-altered", Kind.WRAP_ALTERED, words=("PAC-NOBODY-P1 has a claim to",))
def _claim_altered(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("UPDATE wraps SET pac_id = 'PAC-NOBODY-P1'")


@trail("wrap-claim-added", Kind.WRAP_ALTERED, words=("PAC-NOBODY-P1 has a claim to WRAP-X-P1",))
def _claim_added(connection: sqlite3.Connection, world: World) -> None:
    connection.execute(
        "INSERT INTO wraps SELECT 'PAC-NOBODY-P1', 'WRAP-X-P1', 'WRAP-X-P1', 1, dispatch_id "
        "FROM wraps"
    )
