"""The trail's statements. Each is made once, and compiled once for each database."""

from __future__ import annotations

import functools
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, insert, select, union_all, update

from benson_execution.trail.tables import (
    archive_receipts,
    archives,
    dispatches,
    documents,
    events,
    file_claims,
    file_moves,
    heads,
    leases,
    leaves,
    rotations,
    wraps,
)

PAGE: Final = 1000
"""How many events one read takes from the database at a time."""

ADD_DISPATCH: Final = insert(dispatches)
ADD_EVENT: Final = insert(events)
ADD_DOCUMENT: Final = insert(documents)
ADD_WRAP: Final = insert(wraps)
ADD_LEAF: Final = insert(leaves)
ADD_HEAD: Final = insert(heads)
ADD_ROTATION: Final = insert(rotations)
ADD_LEASE: Final = insert(leases)
ADD_FILE_CLAIM: Final = insert(file_claims)
ADD_FILE_MOVE: Final = insert(file_moves)

DISPATCHES_OF_RUN: Final = (
    select(dispatches.c.dispatch_id)
    .where(dispatches.c.run_id == bindparam("value"))
    .order_by(dispatches.c.number)
)
DISPATCHES_OF_PAC: Final = (
    select(dispatches.c.dispatch_id)
    .where(dispatches.c.pac_id == bindparam("value"))
    .order_by(dispatches.c.position)
)
_LAST: Final = union_all(
    select(func.max(events.c.position).label("position")),
    # What was archived had its positions, and nobody gets them again.
    select(func.max(archive_receipts.c.last_position)),
).subquery()
LAST_POSITION: Final = select(func.max(_LAST.c.position))
HEADER: Final = select(dispatches.c.header).where(
    dispatches.c.dispatch_id == bindparam("dispatch_id")
)

TIP: Final = (
    select(
        dispatches.c.header,
        dispatches.c.pac_id,
        dispatches.c.document_sha256,
        events.c.sequence,
        events.c.chain,
        leaves.c.leaf_index,
    )
    .select_from(dispatches)
    .outerjoin(events, events.c.dispatch_id == dispatches.c.dispatch_id)
    .outerjoin(leaves, leaves.c.dispatch_id == dispatches.c.dispatch_id)
    .where(dispatches.c.dispatch_id == bindparam("dispatch_id"))
    .order_by(events.c.sequence.desc())
    .limit(1)
)
"""How far a dispatch has come: no row while nothing of it is recorded.

One that was archived has its leaf, and no event.
"""

EVENT_WITH_KEY: Final = select(
    events.c.position, events.c.sequence, events.c.event, events.c.chain
).where(events.c.dispatch_id == bindparam("dispatch_id"), events.c.key == bindparam("key"))

HAS_DOCUMENT: Final = select(documents.c.sha256).where(documents.c.sha256 == bindparam("sha256"))
DOCUMENT: Final = select(documents.c.content).where(documents.c.sha256 == bindparam("sha256"))

WRAP_OF_PAC: Final = select(wraps.c.wrap_id).where(wraps.c.pac_id == bindparam("pac_id"))
LAST_OF_FAMILY: Final = select(func.max(wraps.c.number)).where(
    wraps.c.family == bindparam("family")
)

NEWEST_LEAF: Final = select(leaves).order_by(leaves.c.leaf_index.desc()).limit(1)
LEAF_OF_DISPATCH: Final = select(leaves).where(leaves.c.dispatch_id == bindparam("dispatch_id"))
REFUSALS: Final = (
    select(leaves.c.leaf_index, leaves.c.entry)
    .where(leaves.c.dispatch_id.is_(None), leaves.c.leaf_index > bindparam("after"))
    .order_by(leaves.c.leaf_index)
    .limit(PAGE)
)
HEAD_OF_SIZE: Final = select(heads.c.note).where(heads.c.size == bindparam("size"))
NEWEST_HEAD: Final = select(heads.c.note).order_by(heads.c.size.desc()).limit(1)
NEWEST_ROTATION: Final = (
    select(rotations.c.number, rotations.c.note).order_by(rotations.c.number.desc()).limit(1)
)
ROTATIONS: Final = select(rotations.c.note).order_by(rotations.c.number)

CLAIM_OF_FILE: Final = select(file_claims).where(
    file_claims.c.path == bindparam("path"), file_claims.c.sha256 == bindparam("sha256")
)
FILE_MOVE: Final = select(file_moves).where(file_moves.c.claim_id == bindparam("claim_id"))
OPEN_FILE_CLAIMS: Final = (
    select(file_claims)
    .outerjoin(file_moves, file_moves.c.claim_id == file_claims.c.claim_id)
    .where(file_moves.c.claim_id.is_(None))
    .order_by(file_claims.c.claimed_at, file_claims.c.claim_id)
)

LEASES: Final = (
    select(
        dispatches.c.run_id,
        dispatches.c.number,
        dispatches.c.pac_id,
        dispatches.c.document_sha256,
        leaves.c.leaf_index,
        leases.c.host,
        leases.c.boot_id,
        leases.c.pid,
        leases.c.started,
        leases.c.expires_at,
    )
    .select_from(leases)
    .join(dispatches, dispatches.c.dispatch_id == leases.c.dispatch_id)
    .outerjoin(leaves, leaves.c.dispatch_id == leases.c.dispatch_id)
    .order_by(dispatches.c.position)
)
HOLDER: Final = select(leases.c.host, leases.c.boot_id, leases.c.pid, leases.c.started).where(
    leases.c.dispatch_id == bindparam("dispatch_id")
)
TAKE_LEASE: Final = (
    update(leases)
    .where(leases.c.dispatch_id == bindparam("of"))
    .values(
        host=bindparam("host"),
        boot_id=bindparam("boot_id"),
        pid=bindparam("pid"),
        started=bindparam("started"),
        expires_at=bindparam("expires_at"),
    )
)
RENEW_LEASES: Final = (
    update(leases)
    .where(
        leases.c.host == bindparam("of_host"),
        leases.c.boot_id == bindparam("of_boot_id"),
        leases.c.pid == bindparam("of_pid"),
        leases.c.started == bindparam("of_started"),
    )
    .values(expires_at=bindparam("expires_at"))
)
SHORTEN_LEASES: Final = (
    update(leases)
    .where(leases.c.expires_at > bindparam("latest"))
    .values(expires_at=bindparam("latest"))
)
RELEASE_LEASE: Final = delete(leases).where(
    leases.c.dispatch_id == bindparam("dispatch_id"),
    leases.c.dispatch_id.in_(select(leaves.c.dispatch_id)),
)


@functools.cache
def archived(filters: frozenset[str]) -> Select[Any]:
    """The dispatches of a run or a PAC, or the one, that were archived, and into which file."""
    query = (
        select(
            dispatches.c.run_id,
            dispatches.c.number,
            dispatches.c.pac_id,
            dispatches.c.document_sha256,
            archives.c.archive_id,
            archives.c.file,
            archive_receipts.c.was_killed,
            archive_receipts.c.agent_was_run,
            archive_receipts.c.summary,
        )
        .select_from(dispatches)
        .join(archive_receipts, archive_receipts.c.dispatch_id == dispatches.c.dispatch_id)
        .join(archives, archives.c.archive_id == archive_receipts.c.archive_id)
        .order_by(dispatches.c.position)
    )
    return query.where(*(dispatches.c[name] == bindparam(name) for name in sorted(filters)))


@functools.cache
def page_of_events(filters: frozenset[str]) -> Select[Any]:
    """One page of the events that match these filters, after a position.

    A dispatch's own events are read by its index, where order and sequence are the same.
    """
    columns = {
        "run_id": dispatches.c.run_id,
        "dispatch_id": events.c.dispatch_id,
        "pac_id": dispatches.c.pac_id,
        "event_type": events.c.event_type,
    }
    query = (
        select(
            events.c.position,
            events.c.sequence,
            events.c.key,
            events.c.event,
            events.c.chain,
            dispatches.c.run_id,
            dispatches.c.number,
            dispatches.c.pac_id,
            dispatches.c.document_sha256,
        )
        .join_from(events, dispatches)
        .where(events.c.position > bindparam("after"))
        .where(*(columns[name] == bindparam(name) for name in sorted(filters)))
        .limit(PAGE)
    )
    if "dispatch_id" in filters:
        after = events.c.sequence > bindparam("after_sequence")
        return query.where(after).order_by(events.c.sequence)
    return query.order_by(events.c.position)
