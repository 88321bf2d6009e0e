"""The trail in memory: a full peer of the databases, for tests and for programs of one process."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from benson_execution.errors import TrailUnavailable
from benson_execution.proof import merkle
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import SigningKey
from benson_execution.proof.leaf import Header
from benson_execution.proof.refusal import Refusal, RefusalEntry
from benson_execution.trail.lease import Holder
from benson_execution.trail.ledger import (
    Placement,
    Tip,
    close,
    new_claim,
    new_move,
    new_tip,
    place,
    refuse,
    require_new_key,
    require_storable,
)
from benson_execution.trail.memory_rows import MemoryRows, position_of
from benson_execution.trail.port import (
    Archived,
    Batch,
    Claimed,
    DispatchRef,
    FileClaim,
    FileMove,
    Lease,
    Proof,
    Recorder,
    StoredEvent,
    WrapClaim,
)
from benson_execution.trail.refused import refuse_seizure, refuse_taken, refuse_wrapped
from benson_execution.trail.rows import LeafRow, Rows, WrapRow


class _Dispatch:
    """The events of one dispatch, in order, and those with a key by it."""

    __slots__ = ("by_key", "events", "leaf", "ref", "tip")

    def __init__(self, ref: DispatchRef, tip: Tip) -> None:
        self.ref = ref
        self.tip = tip
        self.events: list[StoredEvent] = []
        self.by_key: dict[str, StoredEvent] = {}
        self.leaf: LeafRow | None = None


class MemoryTrail:
    """A `Trail` that lives as long as its process, and grows with what is appended.

    It signs with the key that it is given, or with one of its own, which is gone with it.
    """

    def __init__(self, signing_key: SigningKey | None = None) -> None:
        self.signing_key = signing_key or SigningKey.generate()
        # Guards everything below: an append reads (which keys are there, is it closed?) before it
        # writes, and two of them interleaved could both find a key free.
        self._lock = threading.Lock()
        self._trail_id: Final = secrets.token_hex(16)
        self._position = 0
        self._dispatches: dict[str, _Dispatch] = {}
        self._runs: dict[str, list[_Dispatch]] = {}
        self._pacs: dict[str, list[_Dispatch]] = {}
        self._documents: dict[str, bytes] = {}
        self._wraps: dict[str, WrapRow] = {}
        self._last_of_family: dict[str, int] = {}
        self._leaves: list[LeafRow] = []
        self._heads = [Head.first(self.signing_key, self._trail_id)]
        self._rotations: list[Rotation] = []
        self._leases: dict[str, Holder | None] = {}
        self._claims: dict[tuple[str, str], FileClaim] = {}
        self._moves: dict[str, FileMove] = {}

    @property
    def where(self) -> str:
        return "memory://"

    def append(self, batch: Batch, *, before_commit: Recorder | None = None) -> list[StoredEvent]:
        require_storable(batch)
        with self._lock:
            stored: list[StoredEvent] = []
            if batch.dispatch is not None:
                dispatch = self._find(batch.dispatch)
                placed = place(
                    dispatch.ref, batch.events, dispatch.tip, self._position, dispatch.by_key.get
                )
                stored = placed.stored
                self._refuse(batch, placed)
                closing = None
                if placed.closes:
                    newest = self._leaves[-1] if self._leaves else None
                    last = placed.new[-1]
                    closing = close(dispatch.tip, last, newest, self._heads[-1], self.signing_key)
                if placed.new and before_commit is not None:
                    before_commit([s.event for s in placed.new])
                # Nothing below can fail: from here on the batch is in the trail.
                self._keep(dispatch, batch, placed, closing)
            for sha256, content in batch.documents:
                self._documents.setdefault(sha256, content)
            return stored

    def _find(self, ref: DispatchRef) -> _Dispatch:
        known = self._dispatches.get(ref.dispatch_id)
        return _Dispatch(ref, new_tip(self._trail_id, ref)) if known is None else known

    def _refuse(self, batch: Batch, placed: Placement) -> None:
        assert batch.dispatch is not None
        dispatch_id = batch.dispatch.dispatch_id
        seizure = batch.seizure if placed.new else None
        if seizure is not None and self._leases.get(dispatch_id) != seizure.holder:
            raise refuse_seizure(dispatch_id)
        if placed.new and batch.claim is not None:
            self._refuse_taken(batch.claim)

    def _refuse_taken(self, claim: WrapClaim) -> None:
        if (taken := self._wraps.get(claim.pac_id)) is not None:
            raise refuse_wrapped(claim.pac_id, taken.wrap_id)
        if claim.number <= (last := self._last_of_family.get(claim.family, 0)):
            raise refuse_taken(claim, last + 1)

    def _keep(
        self,
        dispatch: _Dispatch,
        batch: Batch,
        placed: Placement,
        closing: tuple[LeafRow, Head] | None,
    ) -> None:
        ref, new = dispatch.ref, placed.new
        if new and not dispatch.events:
            self._dispatches[ref.dispatch_id] = dispatch
            self._runs.setdefault(ref.run_id, []).append(dispatch)
            self._pacs.setdefault(ref.pac_id, []).append(dispatch)
            self._leases[ref.dispatch_id] = None
        if batch.lease is not None and ref.dispatch_id in self._leases:
            self._leases[ref.dispatch_id] = batch.lease
        if not new:
            return
        if batch.claim is not None:
            claim = batch.claim
            self._wraps[claim.pac_id] = WrapRow(*claim, ref.dispatch_id)
            self._last_of_family[claim.family] = claim.number
        dispatch.events.extend(new)
        for at in new:
            if at.key is not None:
                dispatch.by_key[at.key] = at
        self._position += len(new)
        header, last = dispatch.tip.header, new[-1]
        dispatch.tip = Tip(header, last.sequence, last.chain, closing is not None)
        if closing is not None:
            dispatch.leaf, head = closing
            self._leaves.append(dispatch.leaf)
            self._heads.append(head)

    def refuse(self, refusal: Refusal) -> Head:
        with self._lock:
            return self._grow(refusal)

    def _grow(self, refusal: Refusal) -> Head:
        newest = self._leaves[-1] if self._leaves else None
        leaf, head = refuse(refusal, newest, self._heads[-1], self.signing_key)
        self._leaves.append(leaf)
        self._heads.append(head)
        return head

    def claim_file(self, path: str, sha256: str, refusal: Refusal | None = None) -> Claimed:
        new = new_claim(path, sha256, None)
        with self._lock:
            known = self._claims.get((path, sha256))
            if known is not None:
                return Claimed(known, False, None)
            head = None
            if refusal is not None:
                head = self._grow(refusal)
                new = new._replace(leaf_index=head.size - 1)
            self._claims[path, sha256] = new
            return Claimed(new, True, head)

    def record_move(self, claim_id: str, run_id: str | None, target: str | None) -> bool:
        new = new_move(claim_id, run_id, target)
        with self._lock:
            if all(claim.claim_id != claim_id for claim in self._claims.values()):
                raise TrailUnavailable(f"the trail has no claim {claim_id}")
            return self._moves.setdefault(claim_id, new) is new

    def move_of(self, claim_id: str) -> FileMove | None:
        with self._lock:
            return self._moves.get(claim_id)

    def open_claims(self) -> list[FileClaim]:
        with self._lock:
            return [c for c in self._claims.values() if c.claim_id not in self._moves]

    def refusals(self) -> Iterator[Refusal]:
        with self._lock:
            entries = [leaf.entry for leaf in self._leaves if leaf.dispatch_id is None]
        return (RefusalEntry.from_bytes(entry).refusal for entry in entries)

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
            found.sort(key=position_of)
        return (
            stored
            for stored in found
            if stored.position > after
            and (run_id is None or stored.dispatch.run_id == run_id)
            and (pac_id is None or stored.dispatch.pac_id == pac_id)
            and (event_type is None or stored.event.event_type == event_type)
        )

    def archived(
        self,
        *,
        run_id: str | None = None,  # noqa: ARG002  # the port's
        dispatch_id: str | None = None,  # noqa: ARG002
        pac_id: str | None = None,  # noqa: ARG002
    ) -> list[Archived]:
        """None: what lives as long as its process needs no archive."""
        return []

    def wrap_of(self, pac_id: str) -> str | None:
        with self._lock:
            row = self._wraps.get(pac_id)
            return None if row is None else row.wrap_id

    def last_position(self) -> int:
        return self._position

    def document(self, sha256: str) -> bytes | None:
        with self._lock:
            return self._documents.get(sha256)

    def header(self, dispatch_id: str) -> Header | None:
        with self._lock:
            dispatch = self._dispatches.get(dispatch_id)
            return None if dispatch is None else Header.from_bytes(dispatch.tip.header)

    def head(self) -> Head | None:
        with self._lock:
            return self._heads[-1]

    def proof(self, dispatch_id: str) -> Proof | None:
        with self._lock:
            dispatch = self._dispatches.get(dispatch_id)
            if dispatch is None or dispatch.leaf is None:
                return None
            leaf = dispatch.leaf
            path = merkle.newest_inclusion_path(merkle.split(leaf.peaks))
            head = self._heads[leaf.leaf_index + 1]
            return Proof(leaf.leaf_index, leaf.entry, path, head, tuple(self._rotations))

    def key_id(self) -> str:
        return self.signing_key.key_id

    def rotate(self, new_key: SigningKey) -> Rotation:
        with self._lock:
            used = {rotation.new_key.key_id for rotation in self._rotations}
            require_new_key(new_key, used | {self._heads[0].key_id})
            rotation = Rotation.sign(self.signing_key, new_key, self._heads[-1])
            self._rotations.append(rotation)
            self.signing_key = new_key
            return rotation

    def leases(self) -> list[Lease]:
        with self._lock:
            held = [(self._dispatches[name], holder) for name, holder in self._leases.items()]
            return [Lease(d.ref, d.tip.closed, holder, False) for d, holder in held]

    def renew(self, holder: Holder) -> int:
        """Nothing expires here: whoever held a lease in this trail is gone with it."""
        with self._lock:
            return sum(held == holder for held in self._leases.values())

    def release(self, dispatch_id: str) -> None:
        with self._lock:
            dispatch = self._dispatches.get(dispatch_id)
            if dispatch is not None and dispatch.tip.closed:
                self._leases.pop(dispatch_id, None)

    @contextmanager
    def rows(self) -> Iterator[Rows]:
        with self._lock:
            # A dispatch grows; what it holds now is taken out of it now.
            held = self._dispatches.values()
            snapshot = MemoryRows(
                [(d.ref, d.tip.header, tuple(d.events)) for d in held],
                dict(self._documents),
                list(self._wraps.values()),
                list(self._leaves),
                list(self._heads),
                list(self._rotations),
            )
        yield snapshot

    def close(self) -> None:
        """Nothing is held open."""
