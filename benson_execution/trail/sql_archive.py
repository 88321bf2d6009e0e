"""Moving closed dispatches out of a database: what may go, and the one transaction that deletes.

The database's own guards (`migrations/archive_guards.py`) refuse what the receipts don't allow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import bindparam, delete, func, insert, select

from benson_execution.errors import AppendRefused, TrailUnavailable
from benson_execution.own_events import OwnEventType
from benson_execution.proof.leaf import Header, Leaf
from benson_execution.trail import statements as sql
from benson_execution.trail.database import Session
from benson_execution.trail.ledger import END
from benson_execution.trail.rows import ArchiveRow, LeafRow, ReceiptRow
from benson_execution.trail.tables import (
    archive_receipts,
    archived_documents,
    archives,
    dispatches,
    documents,
    events,
    leases,
    leaves,
)

NAMED_BY: Final = {
    str(OwnEventType.AGENT_RUN_END): ("result_sha256",),
    str(OwnEventType.POLICY_RECHECK): ("policy_sha256", "agent_registry_sha256"),
}
"""Which members of which events name documents."""
_PAGE: Final = 500
_ENDED: Final = (
    select(leaves.c.leaf_index, leaves.c.dispatch_id, events.c.event, archive_receipts.c.archive_id)
    .join(
        events, (events.c.dispatch_id == leaves.c.dispatch_id) & (events.c.key == bindparam("end"))
    )
    .outerjoin(leases, leases.c.dispatch_id == leaves.c.dispatch_id)
    .outerjoin(archive_receipts, archive_receipts.c.dispatch_id == leaves.c.dispatch_id)
    .where(leaves.c.leaf_index > bindparam("after"), leases.c.dispatch_id.is_(None))
    .order_by(leaves.c.leaf_index)
    .limit(_PAGE)
)
_HEADERS: Final = (
    select(dispatches.c.position, dispatches.c.header)
    .where(dispatches.c.position > bindparam("after"))
    .order_by(dispatches.c.position)
    .limit(_PAGE)
)
_NAMING: Final = (
    select(events.c.position, events.c.dispatch_id, events.c.event_type, events.c.event)
    .where(events.c.event_type == bindparam("event_type"), events.c.position > bindparam("after"))
    .order_by(events.c.position)
    .limit(_PAGE)
)
_OPENED_WITH: Final = (
    select(dispatches.c.dispatch_id)
    .outerjoin(archive_receipts, archive_receipts.c.dispatch_id == dispatches.c.dispatch_id)
    .where(
        dispatches.c.document_sha256 == bindparam("sha256"),
        archive_receipts.c.dispatch_id.is_(None),
    )
)
_TIP: Final = (
    select(func.count(), func.max(events.c.position))
    .select_from(events)
    .where(events.c.dispatch_id == bindparam("dispatch_id"))
)
_LEASE: Final = select(leases.c.dispatch_id).where(leases.c.dispatch_id == bindparam("dispatch_id"))
_RECEIPT: Final = select(archive_receipts.c.archive_id).where(
    archive_receipts.c.dispatch_id == bindparam("dispatch_id")
)
_ARCHIVED_DOCUMENT: Final = select(archived_documents.c.archive_id).where(
    archived_documents.c.sha256 == bindparam("sha256")
)
_ADD_ARCHIVE: Final = insert(archives)
_ADD_RECEIPT: Final = insert(archive_receipts)
_ADD_DOCUMENT: Final = insert(archived_documents)
_DELETE_EVENTS: Final = delete(events).where(events.c.dispatch_id == bindparam("of"))
_DELETE_DOCUMENT: Final = delete(documents).where(documents.c.sha256 == bindparam("of"))


class Move(NamedTuple):
    """What one transaction moves: these dispatches into this file, which is there already.

    `documents` are those of the file; of them go those that nothing which stays needs.
    `kept` are digests that stay whatever happens (policies, registries), `seen` the position up
    to which the trail was searched for who needs them.
    """

    archive: ArchiveRow
    receipts: Sequence[ReceiptRow]
    documents: Collection[str]
    kept: Collection[str]
    seen: int


def ended(session: Session, after: int) -> list[tuple[int, str, bytes, str | None]]:
    """A page of the dispatches that are finished and have their events here.

    Index, id, last event, and the archive of which it has a receipt all the same: a forged one.
    """
    return session.all(_ENDED, after=after, end=END)


def policies(session: Session, after: int = 0) -> Iterator[str]:
    """The digests of the policies and registries of all dispatches behind a position."""
    for _, header in _paged(session, _HEADERS, after):
        try:
            provenance = Header.from_bytes(header).provenance
        except (ValueError, TypeError, AttributeError):
            raise _changed("what a dispatch was opened with") from None
        for digest in (provenance.policy_sha256, provenance.registry_sha256):
            if digest is not None:
                yield digest


def named(session: Session, after: int = 0) -> Iterator[tuple[str, str]]:
    """The digests that events behind a position name, and the dispatches of these events."""
    for event_type, members in NAMED_BY.items():
        for _, dispatch_id, _, event in _paged(session, _NAMING, after, event_type=event_type):
            try:
                data = orjson.loads(event)["data"]
                found = [data[member] for member in members if data[member] is not None]
                yield from ((digest, dispatch_id) for digest in found)
            except (ValueError, KeyError, TypeError):
                raise _changed(f"an event of {dispatch_id!r}") from None


def move(session: Session, moved: Move) -> list[str]:
    """Write the receipts, delete what they are for, and say which documents went.

    Raises `AppendRefused` when a dispatch is not as it was when the file was written.
    """
    ids = {receipt.dispatch_id for receipt in moved.receipts}
    for receipt in moved.receipts:
        _require_unchanged(session, receipt)
    kept = {*moved.kept, *policies(session, moved.seen)}
    kept.update(digest for digest, of in named(session, moved.seen) if of not in ids)
    going = sorted(
        digest
        for digest in set(moved.documents) - kept
        if session.first(sql.HAS_DOCUMENT, sha256=digest) is not None
        and all(row[0] in ids for row in session.all(_OPENED_WITH, sha256=digest))
    )
    archive_id = moved.archive.archive_id
    session.run(_ADD_ARCHIVE, moved.archive._asdict())
    session.run_many(_ADD_RECEIPT, [receipt._asdict() for receipt in moved.receipts])
    first = [d for d in going if session.first(_ARCHIVED_DOCUMENT, sha256=d) is None]
    session.run_many(_ADD_DOCUMENT, [{"sha256": d, "archive_id": archive_id} for d in first])
    session.run_many(_DELETE_EVENTS, [{"of": dispatch_id} for dispatch_id in sorted(ids)])
    session.run_many(_DELETE_DOCUMENT, [{"of": digest} for digest in going])
    return going


def _require_unchanged(session: Session, receipt: ReceiptRow) -> None:
    dispatch_id = receipt.dispatch_id
    if session.first(_RECEIPT, dispatch_id=dispatch_id) is not None:
        raise AppendRefused(f"dispatch {dispatch_id} was archived by somebody else meanwhile")
    row = session.first(sql.LEAF_OF_DISPATCH, dispatch_id=dispatch_id)
    leaf = None if row is None else LeafRow(*row)
    if leaf is None or leaf.leaf_index != receipt.leaf_index:
        raise AppendRefused(f"dispatch {dispatch_id} is not in the log as it was")
    if session.first(_LEASE, dispatch_id=dispatch_id) is not None:
        raise AppendRefused(f"dispatch {dispatch_id} was taken up again")
    found = session.first(_TIP, dispatch_id=dispatch_id)
    if found != (Leaf.from_bytes(leaf.entry).events, receipt.last_position):
        raise AppendRefused(f"the events of {dispatch_id} are not those that its leaf is of")


def _paged(session: Session, statement: Any, after: int, **given: str) -> Iterator[tuple[Any, ...]]:
    while True:
        rows = session.all(statement, after=after, **given)
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _changed(what: str) -> TrailUnavailable:
    return TrailUnavailable(
        f"{what} can't be read: nothing more is moved", "`benson verify` says what was changed"
    )
