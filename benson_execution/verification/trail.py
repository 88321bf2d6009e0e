"""Verifying a whole trail, streaming: every row is read once, in the order of the events.

1. The first head says which trail this is, and rotations who may sign (log.py).
2. Every document has its digest.
3. Every event has its place in the trail and in its dispatch, and the hash of its chain, which
   begins with the dispatch's header.
4. Every closed dispatch has its leaf, with its header and the end of its chain; its document
   and its policy are there, and so is what its events name.
5. Every leaf leads to the root of the head that was signed with it, and the newest head is
   signed by a trusted key (log.py).
6. Every WRAP in the trail has its PAC's claim, and every claim its WRAP.
7. What was moved into archives is read from them, each with its digest and its signature, and
   verified as if it had stayed (archives.py).
8. The database finds no damage in itself, and its guards are in place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from benson_execution.archive.folder import ArchiveFolder
from benson_execution.events import EventType
from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.leaf import Header, Leaf
from benson_execution.proof.refusal import RefusalEntry
from benson_execution.trail.rows import Damaged, DispatchRow, EventTuple, LeafRow, Rows
from benson_execution.verification.archives import ArchiveVerifier
from benson_execution.verification.diagnosis import UNHASHABLE, diagnose
from benson_execution.verification.findings import Finding, Kind
from benson_execution.verification.log import LogVerifier
from benson_execution.verification.named_documents import NAMING, missing_documents
from benson_execution.verification.opened import check_opened, gap, text
from benson_execution.verification.wraps import Claims

_END: Final = str(EventType.PAC_DISPATCH_END)
_WRAP: Final = str(EventType.WRAP_GENERATION)
_WEAKNESSES: Final = {
    "damage": Kind.DATABASE_DAMAGED,
    "guard": Kind.GUARD_MISSING,
    "tables": Kind.TABLES_ALTERED,
}
_PROGRESS_EVERY: Final = 4096

Progress = Callable[[int], None]
"""Called now and then with the number of events that were verified so far."""


@dataclass(slots=True)
class Counts:
    """What there was, whatever became of it."""

    events: int = 0
    dispatches: int = 0
    closed: int = 0
    open: int = 0
    documents: int = 0
    refusals: int = 0


class _Chain:
    """How far a dispatch's events have been verified."""

    __slots__ = ("header", "link", "misfits", "row", "sequence", "wrapped")

    def __init__(self, row: DispatchRow | None) -> None:
        self.row = row
        self.header = b"" if row is None or type(row.header) is not bytes else row.header
        self.link = first_link(self.header)
        self.sequence = 0
        self.misfits = row is None
        self.wrapped = False


class TrailVerifier:
    """Verifies the rows of a trail; `run` yields what is wrong, as it is found."""

    def __init__(
        self, rows: Rows, trusted: TrustedKeys, folder: ArchiveFolder | None = None
    ) -> None:
        """`folder` has the archives; without it, what is in them is not looked at."""
        self.counts = Counts()
        self.archives = ArchiveVerifier(rows, trusted, folder)
        self.log = LogVerifier(trusted, rows.heads())
        self._rows = rows
        self._dispatches = rows.dispatches()
        self._next_dispatch: DispatchRow | None = None
        self._leaves = rows.leaves()
        self._chains: dict[str, _Chain] = {}
        self._ended: dict[str, _Chain] = {}
        self._logged: dict[str, tuple[int, Leaf | None]] = {}
        self._diagnosed: set[str] = set()
        self._documents: set[str] = set()
        self._claims = Claims()

    def run(self, progress: Progress = lambda _: None) -> Iterator[Finding]:
        """All findings; a database that can't read its own rows ends the search."""
        try:
            yield from self.log.begin(self._rows.rotations())
            yield from self.archives.check(self.log.trail_id)
            yield from self._check_documents()
            self._next_dispatch = next(self._dispatches, None)
            yield from self._check_events(progress)
            yield from self.archives.left_behind()
            yield from self._check_rest()
            yield from self.log.finish()
            for claim in self.archives.believed_claims():
                self._claims.believe(claim)
            yield from self._claims.check(self._rows, self.archives.events)
        except Damaged as damage:
            yield Finding(Kind.DATABASE_DAMAGED, f"the database can't read its rows: {damage}")
        except UNHASHABLE as error:
            yield Finding(Kind.DATABASE_DAMAGED, f"a row holds what it can't: {error}")
        for what, message in self._rows.weaknesses():
            yield Finding(_WEAKNESSES[what], message)

    def _check_documents(self) -> Iterator[Finding]:
        for sha256, content in self._rows.documents():
            self.counts.documents += 1
            self._documents.add(sha256)
            if type(content) is not bytes or hashlib.sha256(content).hexdigest() != sha256:
                message = f"the bytes of document {sha256} don't have this digest"
                yield Finding(Kind.DOCUMENT_ALTERED, message)

        yield from self.archives.check_documents(self._documents)
        self._documents |= self.archives.documents

    def _check_events(self, progress: Progress) -> Iterator[Finding]:
        expected = 1
        chains = self._chains
        number = 0
        for event in self.archives.events():
            position, dispatch_id, sequence, key, event_type, content, stored = event
            number += 1
            if not number % _PROGRESS_EVERY:
                progress(number)
            if position != expected and not self.archives.covers(expected, position):
                yield from gap(expected, position)
            expected = position + 1
            chain = chains.get(dispatch_id)
            if chain is None:
                yield from self._open(event)
                chain = chains[dispatch_id]
            try:
                link = next_link(chain.link, position, sequence, key, event_type, content)
                fits = link == stored and sequence == chain.sequence + 1
            except UNHASHABLE:
                fits = False  # whatever is stored as its hash
            if not fits:
                chain.misfits = True
            elif sequence == 1 and chain.row is not None and chain.row.position != position:
                message = f"it is stored as beginning at position {chain.row.position}"
                yield Finding(
                    Kind.DISPATCH_ALTERED, f"{message}, and begins at {position}", dispatch_id
                )
            chain.link, chain.sequence = stored, sequence
            if key == _WRAP:
                chain.wrapped = self._claims.saw(dispatch_id, content)
            elif key == _END:
                yield from self._end(dispatch_id)
            kept = self._documents
            yield from missing_documents(key, content, kept, dispatch_id) if key in NAMING else ()
        self.counts.events = number
        progress(number)

    def _open(self, event: EventTuple) -> Iterator[Finding]:
        """The dispatch of an event that is the first one seen of it."""
        position, dispatch_id = event[:2]
        while self._next_dispatch is not None and self._next_dispatch.position <= position:
            row = self._next_dispatch
            self._next_dispatch = next(self._dispatches, None)
            self.counts.dispatches += 1
            yield from check_opened(row, self.log.trail_id, self._documents)
            self._chains.setdefault(row.dispatch_id, _Chain(row))
        chain = self._chains.get(dispatch_id)
        if chain is None:
            # Its row stands elsewhere, or nowhere; or it was closed before this event.
            known = self._rows.dispatch(dispatch_id)
            chain = self._chains[dispatch_id] = _Chain(known)
            chain.misfits = True
            if known is None:
                message = (
                    f"the events from position {position} on belong to a dispatch that is gone"
                )
                yield Finding(Kind.DISPATCH_MISSING, message, text(dispatch_id))

    def _end(self, dispatch_id: str) -> Iterator[Finding]:
        """A dispatch ended: its leaf is the next one of the log, unless somebody was at work.

        One leaf is taken for each end; those without the other wait for it.
        """
        chain = self._chains.pop(dispatch_id)
        earlier = self._ended.pop(dispatch_id, None)
        if earlier is not None:
            chain.misfits = True
        self._ended[dispatch_id] = chain
        leaf = next(self._leaves, None)
        while leaf is not None and (
            leaf.dispatch_id is None or leaf.dispatch_id in self.archives.absent
        ):
            yield from self._take_leaf(leaf)
            leaf = next(self._leaves, None)
        if leaf is not None:
            yield from self._take_leaf(leaf)
        if dispatch_id in self._logged and dispatch_id in self._ended:
            yield from self._match(dispatch_id)

    def _take_refusal(self, row: LeafRow) -> Iterator[Finding]:
        self.counts.refusals += 1
        try:
            entry = RefusalEntry.from_bytes(row.entry)
        except (ValueError, TypeError, AttributeError) as error:
            message = f"entry {row.leaf_index} of the log, a refusal, was changed: {error}"
            yield Finding(Kind.LEAF_ALTERED, message)
            entry = None
        yield from self.log.take(row, entry)
        if entry is not None and self.log.trail_id not in (None, entry.trail_id):
            message = f"entry {row.leaf_index} of the log, a refusal, is of {entry.trail_id}"
            yield Finding(Kind.FOREIGN_DISPATCH, message)

    def _take_leaf(self, row: LeafRow) -> Iterator[Finding]:
        if row.dispatch_id is None:
            yield from self._take_refusal(row)
            return
        try:
            leaf = Leaf.from_bytes(row.entry)
        except (ValueError, TypeError, AttributeError) as error:
            message = f"entry {row.leaf_index} of the log was changed: {error}"
            yield Finding(Kind.LEAF_ALTERED, message, text(row.dispatch_id))
            leaf = None
        yield from self.log.take(row, leaf)
        dispatch_id = row.dispatch_id
        if dispatch_id in self.archives.absent:
            return
        ended = self._ended.get(dispatch_id)
        if leaf is not None and (ended is None or ended.header != leaf.header):
            with suppress(ValueError):
                said = Header.from_bytes(leaf.header).dispatch_id
                if said != dispatch_id:
                    message = f"entry {row.leaf_index} of the log is stored as another dispatch's"
                    yield Finding(Kind.LEAF_ALTERED, f"{message}: {dispatch_id!r}", said)
                    dispatch_id = said
        self._logged[dispatch_id] = (row.leaf_index, leaf)
        if dispatch_id in self._ended:
            yield from self._match(dispatch_id)

    def _match(self, dispatch_id: str) -> Iterator[Finding]:
        chain, (_, leaf) = self._ended.pop(dispatch_id), self._logged.pop(dispatch_id)
        self.counts.closed += 1
        yield from self._check_closed(dispatch_id, chain, leaf)

    def _check_closed(
        self, dispatch_id: str, chain: _Chain, leaf: Leaf | None
    ) -> Iterator[Finding]:
        if leaf is None:
            if chain.misfits:
                yield from self._diagnose(dispatch_id, chain.header, None)
            return
        if leaf.header != chain.header and chain.row is not None:
            message = "what it was opened with is not what the log commits to"
            yield Finding(Kind.DISPATCH_ALTERED, message, text(dispatch_id))
        fits = leaf.events == chain.sequence and leaf.chain == chain.link
        if chain.misfits or not fits:
            said = leaf.header != chain.header
            yield from self._diagnose(dispatch_id, leaf.header, leaf, said)

    def _diagnose(
        self, dispatch_id: str, header: bytes, leaf: Leaf | None, said: bool = False
    ) -> Iterator[Finding]:
        """What was done to its events; `said` when what it was opened with is wrong as well."""
        if dispatch_id in self._diagnosed:
            return
        self._diagnosed.add(dispatch_id)
        rows = self.archives.events_of(dispatch_id)
        if leaf is None and (row := self._rows.leaf(dispatch_id)) is not None:
            with suppress(ValueError, TypeError, AttributeError):
                leaf = Leaf.from_bytes(row.entry)
        found = diagnose(dispatch_id, header, rows, leaf)
        if not found and not said:
            message = "its events don't fit what was recorded of it"
            found = [Finding(Kind.DISPATCH_ALTERED, message, text(dispatch_id))]
        yield from found

    def _check_rest(self) -> Iterator[Finding]:
        """Dispatches without events, leaves without an end, ends without a leaf, open ones."""
        for dispatch in self._remaining_dispatches():
            self.counts.dispatches += 1
            yield from check_opened(dispatch, self.log.trail_id, self._documents)
            self._chains.setdefault(dispatch.dispatch_id, _Chain(dispatch))
        for leaf_row in self._leaves:
            yield from self._take_leaf(leaf_row)
        for dispatch_id in self._ended:
            self.counts.closed += 1
            message = "it is closed, and its entry in the log is gone"
            yield Finding(Kind.LEAF_MISSING, message, text(dispatch_id))
        for dispatch_id, (index, leaf) in self._logged.items():
            self.counts.closed += 1
            chain = self._chains.pop(dispatch_id, None)
            if chain is None or (not chain.sequence and not chain.misfits):
                message = f"entry {index} of the log is of a dispatch whose events are gone"
                yield Finding(Kind.DISPATCH_MISSING, message, text(dispatch_id))
            else:
                yield from self._check_closed(dispatch_id, chain, leaf)
        for dispatch_id, chain in self._chains.items():
            if dispatch_id in self.archives.absent:
                self.counts.closed += 1
                continue
            self.counts.open += 1
            if chain.wrapped:
                message = "it has a WRAP and no end, which are recorded in one transaction"
                yield Finding(Kind.EVENT_INSERTED, message, text(dispatch_id), chain.sequence)
            if chain.misfits or not chain.sequence:
                yield from self._diagnose(dispatch_id, chain.header, None, chain.row is None)

    def _remaining_dispatches(self) -> Iterator[DispatchRow]:
        if self._next_dispatch is not None:
            yield self._next_dispatch
        yield from self._dispatches
