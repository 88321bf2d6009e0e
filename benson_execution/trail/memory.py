"""The trail in memory: a full peer of the databases, for tests and for programs of one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final

from benson_execution.events import EventType
from benson_execution.trail.port import (
    Batch,
    DispatchRef,
    NewEvent,
    Recorder,
    StoredEvent,
    WrapClaim,
    refuse_closed,
    refuse_taken,
    refuse_wrapped,
)

_END: Final = str(EventType.PAC_DISPATCH_END)  # a plain string hashes faster


class _Dispatch:
    """The events of one dispatch, in order, and those with a key by it."""

    __slots__ = ("by_key", "events", "ref")

    def __init__(self, ref: DispatchRef) -> None:
        self.ref = ref
        self.events: list[StoredEvent] = []
        self.by_key: dict[str, StoredEvent] = {}


class MemoryTrail:
    """A `Trail` that lives as long as its process, and grows with what is appended."""

    def __init__(self) -> None:
        # Guards everything below: an append reads (which keys are there, is it closed?) before it
        # writes, and two of them interleaved could both find a key free.
        self._lock = threading.Lock()
        self._position = 0
        self._dispatches: dict[str, _Dispatch] = {}
        self._runs: dict[str, list[_Dispatch]] = {}
        self._pacs: dict[str, list[_Dispatch]] = {}
        self._documents: dict[str, bytes] = {}
        self._wrap_of_pac: dict[str, str] = {}
        self._last_of_family: dict[str, int] = {}

    def append(self, batch: Batch, *, before_commit: Recorder | None = None) -> list[StoredEvent]:
        with self._lock:
            stored: list[StoredEvent] = []
            new: list[StoredEvent] = []
            if batch.dispatch is not None:
                dispatch = self._dispatches.get(batch.dispatch.dispatch_id)
                if dispatch is None:
                    dispatch = _Dispatch(batch.dispatch)
                self._place(dispatch, batch.events, stored, new)
                if new and batch.claim is not None:
                    self._refuse_taken(batch.claim)
                if new and before_commit is not None:
                    before_commit([s.event for s in new])
                # Nothing below can fail: from here on the batch is in the trail.
                if new:
                    self._keep(dispatch, new, batch.claim)
            for sha256, content in batch.documents:
                self._documents.setdefault(sha256, content)
            return stored

    def _place(
        self,
        dispatch: _Dispatch,
        events: Sequence[NewEvent],
        stored: list[StoredEvent],
        new: list[StoredEvent],
    ) -> None:
        """Where each event stands or will stand, and those that are new."""
        by_key = dispatch.by_key
        closed = _END in by_key
        added: dict[str, StoredEvent] = {}
        position, sequence = self._position, len(dispatch.events)
        for key, event in events:
            at = None if key is None else by_key.get(key) or added.get(key)
            if at is None:
                if closed or _END in added:
                    raise refuse_closed(dispatch.ref.dispatch_id)
                position, sequence = position + 1, sequence + 1
                at = StoredEvent(position, dispatch.ref, sequence, key, event)
                new.append(at)
                if key is not None:
                    added[key] = at
            stored.append(at)

    def _keep(self, dispatch: _Dispatch, new: list[StoredEvent], claim: WrapClaim | None) -> None:
        if not dispatch.events:
            ref = dispatch.ref
            self._dispatches[ref.dispatch_id] = dispatch
            self._runs.setdefault(ref.run_id, []).append(dispatch)
            self._pacs.setdefault(ref.pac_id, []).append(dispatch)
        if claim is not None:
            self._wrap_of_pac[claim.pac_id] = claim.wrap_id
            self._last_of_family[claim.family] = claim.number
        dispatch.events.extend(new)
        for at in new:
            if at.key is not None:
                dispatch.by_key[at.key] = at
        self._position += len(new)

    def _refuse_taken(self, claim: WrapClaim) -> None:
        if claim.pac_id in self._wrap_of_pac:
            raise refuse_wrapped(claim.pac_id, self._wrap_of_pac[claim.pac_id])
        if claim.number <= (last := self._last_of_family.get(claim.family, 0)):
            raise refuse_taken(claim, last + 1)

    def events(
        self,
        *,
        run_id: str | None = None,
        dispatch_id: str | None = None,
        pac_id: str | None = None,
        event_type: str | None = None,
        after: int = 0,
    ) -> Iterator[StoredEvent]:
        with self._lock:
            if dispatch_id is not None:
                one = self._dispatches.get(dispatch_id)
                dispatches = [one] if one else []
            elif run_id is not None:
                dispatches = self._runs.get(run_id, [])
            elif pac_id is not None:
                dispatches = self._pacs.get(pac_id, [])
            else:
                dispatches = list(self._dispatches.values())
            found = [s for d in dispatches for s in d.events]
        if len(dispatches) > 1:
            found.sort()
        return (
            stored
            for stored in found
            if stored.position > after
            and (run_id is None or stored.dispatch.run_id == run_id)
            and (pac_id is None or stored.dispatch.pac_id == pac_id)
            and (event_type is None or stored.event.event_type == event_type)
        )

    def document(self, sha256: str) -> bytes | None:
        with self._lock:
            return self._documents.get(sha256)

    def close(self) -> None:
        """Nothing is held open."""
