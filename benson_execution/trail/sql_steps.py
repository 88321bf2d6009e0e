"""The steps of an append to a database, each within its transaction."""

from __future__ import annotations

from benson_execution.trail import statements as sql
from benson_execution.trail.database import Session
from benson_execution.trail.lease import Holder
from benson_execution.trail.port import (
    DispatchRef,
    Seizure,
    StoredEvent,
    WrapClaim,
)
from benson_execution.trail.refused import refuse_seizure, refuse_taken, refuse_wrapped
from benson_execution.trail.sql_mapping import number, read_event


def with_key(session: Session, ref: DispatchRef, key: str) -> StoredEvent | None:
    """The event that a dispatch has with a key, or None."""
    row = session.first(sql.EVENT_WITH_KEY, dispatch_id=ref.dispatch_id, key=key)
    if row is None:
        return None
    position, sequence, event, chain = row
    return StoredEvent(position, ref, sequence, key, read_event(event, position), chain)


def add_dispatch(session: Session, first: StoredEvent, header: bytes) -> None:
    """Open the dispatch that begins with this event; its lease is nobody's yet."""
    ref = first.dispatch
    session.run(
        sql.ADD_DISPATCH,
        {
            "dispatch_id": ref.dispatch_id,
            "position": first.position,
            "run_id": ref.run_id,
            "number": ref.number,
            "pac_id": ref.pac_id,
            "document_sha256": ref.document_sha256,
            "header": header,
        },
    )
    nobody = {"host": None, "boot_id": None, "pid": None, "started": None, "expires_at": 0.0}
    session.run(sql.ADD_LEASE, {"dispatch_id": ref.dispatch_id, **nobody})


def require_abandoned(session: Session, ref: DispatchRef, seizure: Seizure) -> None:
    """Raise `StillHeld` when somebody took the dispatch up since."""
    row = session.first(sql.HOLDER, dispatch_id=ref.dispatch_id)
    holder = None if row is None or row[0] is None else Holder(*row)
    if holder != seizure.holder:
        raise refuse_seizure(ref.dispatch_id)


def claim(session: Session, ref: DispatchRef, wanted: WrapClaim) -> None:
    """Take the PAC's one WRAP; that writers take turns makes looking and taking one step."""
    row = session.first(sql.WRAP_OF_PAC, pac_id=wanted.pac_id)
    if row is not None:
        raise refuse_wrapped(wanted.pac_id, row[0])
    newest = number(session.first(sql.LAST_OF_FAMILY, family=wanted.family))
    if wanted.number <= newest:
        raise refuse_taken(wanted, newest + 1)
    session.run(sql.ADD_WRAP, {**wanted._asdict(), "dispatch_id": ref.dispatch_id})
