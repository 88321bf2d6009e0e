"""Between the rows of a database and what the port speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from benson_execution.errors import EventRefused, TrailUnavailable
from benson_execution.events import DispatchStatus, Event
from benson_execution.text import quote
from benson_execution.timestamps import is_timestamp
from benson_execution.trail.lease import Holder
from benson_execution.trail.port import Archived, DispatchRef, Lease, StoredEvent


def number(row: tuple[Any, ...] | None) -> int:
    """The one number of a row; 0 where there is none, `TrailUnavailable` where something else is.

    SQLite keeps a text in a column of numbers, and sorts it behind all of them.
    """
    if row is None or row[0] is None:
        return 0
    if type(row[0]) is not int:
        raise TrailUnavailable(
            f"the trail holds {quote(row[0])} in place of a number",
            "`benson verify` says what was changed",
        )
    return row[0]


def event_row(stored: StoredEvent) -> dict[str, Any]:
    """The row of an event."""
    return {
        "position": stored.position,
        "dispatch_id": stored.dispatch.dispatch_id,
        "sequence": stored.sequence,
        "key": stored.key,
        "event_type": stored.event.event_type,
        "event": stored.event.json,
        "chain": stored.chain,
    }


def stored(row: Sequence[Any]) -> StoredEvent:
    """The event of a row of `page_of_events`."""
    position, sequence, key, event, chain, run_id, number, pac_id, document_sha256 = row
    ref = DispatchRef(run_id, number, pac_id, document_sha256)
    return StoredEvent(position, ref, sequence, key, read_event(event, position), chain)


def archived(row: Sequence[Any]) -> Archived:
    """The archived dispatch of a row of `statements.archived`; `ValueError` if it holds none."""
    *ref, archive_id, file, was_killed, agent_was_run, summary = row
    members = orjson.loads(summary)
    if not isinstance(members, dict):
        raise ValueError("a summary that is no object")
    DispatchStatus(str(members.get("status")))
    if not is_timestamp(members.get("ended_at")):
        raise ValueError("a summary that does not say when it ended")
    return Archived(
        DispatchRef(*ref), archive_id, file, bool(was_killed), bool(agent_was_run), members
    )


def read_event(event: bytes, position: int) -> Event:
    """The event that stands at a position; `TrailUnavailable` when it was changed into none."""
    try:
        if type(event) is not bytes:
            raise EventRefused("it is no text of bytes")
        return Event.from_json(event)
    except EventRefused as error:
        raise TrailUnavailable(
            f"the trail's event {position} can't be read: {error}",
            "`benson verify` says what was changed",
        ) from None


def holder_row(holder: Holder) -> dict[str, Any]:
    """A holder's part of the row of a lease."""
    return {
        "host": holder.host,
        "boot_id": holder.boot_id,
        "pid": holder.pid,
        "started": holder.started,
    }


def lease(row: Sequence[Any], now: float) -> Lease:
    """The lease of a row of `LEASES`; `now` is the database's clock."""
    run_id, number, pac_id, document_sha256, leaf_index, *held, expires_at = row
    holder = None if held[0] is None else Holder(*held)
    ref = DispatchRef(run_id, number, pac_id, document_sha256)
    return Lease(ref, leaf_index is not None, holder, holder is not None and expires_at < now)
