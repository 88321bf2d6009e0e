"""The trail in memory: a full peer of the databases, for tests and for programs of one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

from benson_execution.events import EventType
from benson_execution.trail.port import (
    Batch,
    DispatchRef,
    Recorder,
    StoredEvent,
    WrapClaim,
    refuse_closed,
    refuse_taken,
    refuse_wrapped,
)

_END: Final = EventType.PAC_DISPATCH_END


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
            stored, new = self._place(batch) if batch.dispatch else ([], [])
            claim = batch.claim if new else None
            if claim:
                self._refuse_taken(claim)
            if before_commit is not None and new:
                before_commit([s.event for s in new])
            # Nothing below can fail: from here on the batch is in the trail.
            self._documents.update(d for d in batch.documents if d[0] not in self._documents)
            if claim:
                self._wrap_of_pac[claim.pac_id] = claim.wrap_id
                self._last_of_family[claim.family] = claim.number
            if new:
                dispatch = self._open(new[0].dispatch)
                dispatch.events.extend(new)
                dispatch.by_key.update((s.key, s) for s in new if s.key is not None)
                self._position += len(new)
            return stored

    def _place(self, batch: Batch) -> tuple[list[StoredEvent], list[StoredEvent]]:
        """Where each event stands or would stand, and those that are new."""
        ref = batch.dispatch
        assert ref is not None
        dispatch = self._dispatches.get(ref.dispatch_id) or _Dispatch(ref)
        stored: list[StoredEvent] = []
        new: list[StoredEvent] = []
        added: dict[str, StoredEvent] = {}
        for key, event in batch.events:
            known = None if key is None else dispatch.by_key.get(key) or added.get(key)
            if known is None:
                if _END in dispatch.by_key or _END in added:
                    raise refuse_closed(ref.dispatch_id)
                known = StoredEvent(
                    self._position + len(new) + 1,
                    dispatch.ref,
                    len(dispatch.events) + len(new) + 1,
                    key,
                    event,
                )
                new.append(known)
                if key is not None:
                    added[key] = known
            stored.append(known)
        return stored, new

    def _refuse_taken(self, claim: WrapClaim) -> None:
        if claim.pac_id in self._wrap_of_pac:
            raise refuse_wrapped(claim.pac_id, self._wrap_of_pac[claim.pac_id])
        if claim.number <= (last := self._last_of_family.get(claim.family, 0)):
            raise refuse_taken(claim, last + 1)

    def _open(self, ref: DispatchRef) -> _Dispatch:
        dispatch = self._dispatches.get(ref.dispatch_id)
        if dispatch is None:
            dispatch = self._dispatches[ref.dispatch_id] = _Dispatch(ref)
            self._runs.setdefault(ref.run_id, []).append(dispatch)
            self._pacs.setdefault(ref.pac_id, []).append(dispatch)
        return dispatch

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
            found = [s for d in dispatches for s in d.events if s.position > after]
        for stored in sorted(found):
            if (
                (run_id is None or stored.dispatch.run_id == run_id)
                and (pac_id is None or stored.dispatch.pac_id == pac_id)
                and (event_type is None or stored.event.event_type == event_type)
            ):
                yield stored

    def document(self, sha256: str) -> bytes | None:
        with self._lock:
            return self._documents.get(sha256)

    def close(self) -> None:
        """Nothing is held open."""
