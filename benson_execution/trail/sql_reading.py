"""Reading a trail that is in a database: the half of the port that changes nothing."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benson_execution.errors import TrailUnavailable
from benson_execution.proof import merkle
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.leaf import Header
from benson_execution.proof.refusal import Refusal, RefusalEntry
from benson_execution.trail import statements as sql
from benson_execution.trail.database import Database, foreign
from benson_execution.trail.port import (
    MAX_POSITION,
    Archived,
    FileClaim,
    FileMove,
    Proof,
    StoredEvent,
)
from benson_execution.trail.rows import LeafRow, Rows
from benson_execution.trail.sql_mapping import archived, number, stored
from benson_execution.trail.sql_rows import SqlRows


class SqlReader:
    """What a trail's database holds, as its port tells it."""

    database: Database

    @property
    def where(self) -> str:
        return self.database.where

    def events(
        self,
        *,
        run_id: str | None = None,
        dispatch_id: str | None = None,
        pac_id: str | None = None,
        event_type: str | None = None,
        after: int = 0,
    ) -> Iterator[StoredEvent]:
        wanted = {
            "run_id": run_id,
            "dispatch_id": dispatch_id,
            "pac_id": pac_id,
            "event_type": event_type,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        if after > MAX_POSITION or any("\0" in value for value in given.values()):
            return iter(())  # there is nothing like that in any store
        group = "run_id" if run_id is not None else "pac_id"
        if dispatch_id is None and group in given:
            return self._events_of_several(group, given, after)
        return self._pages(given, after)

    def _events_of_several(
        self, group: str, given: Mapping[str, str], after: int
    ) -> Iterator[StoredEvent]:
        """Each dispatch by its own index: sorting all of them for every page would be quadratic."""
        statement = sql.DISPATCHES_OF_RUN if group == "run_id" else sql.DISPATCHES_OF_PAC
        with self.database.read() as session:
            # Nothing beyond what is there now: who reads on behind it must not miss a dispatch
            # that begins meanwhile.
            last = number(session.first(sql.LAST_POSITION))
            dispatches = [row[0] for row in session.all(statement, value=given[group])]
        each = [self._pages({**given, "dispatch_id": one}, after) for one in dispatches]
        merged = heapq.merge(*each, key=lambda event: event.position)
        return itertools.takewhile(lambda event: event.position <= last, merged)

    def _pages(self, given: Mapping[str, str], after: int) -> Iterator[StoredEvent]:
        query = sql.page_of_events(frozenset(given))
        after_sequence = 0
        # Page by page, so that a reader who stops in the middle holds nothing open.
        while True:
            parameters = {**given, "after": after, "after_sequence": after_sequence}
            with self.database.read() as session:
                rows = session.all(query, **parameters)
            for row in rows:
                yield stored(row)
            if len(rows) < sql.PAGE:
                return
            after, after_sequence = rows[-1][:2]

    def archived(
        self,
        *,
        run_id: str | None = None,
        dispatch_id: str | None = None,
        pac_id: str | None = None,
    ) -> list[Archived]:
        wanted = {"run_id": run_id, "dispatch_id": dispatch_id, "pac_id": pac_id}
        given = {name: value for name, value in wanted.items() if value is not None}
        if not given or any("\0" in value for value in given.values()):
            return []
        with self.database.read() as session:
            rows = session.all(sql.archived(frozenset(given)), **given)
        return [self._parsed(archived, row) for row in rows]

    def wrap_of(self, pac_id: str) -> str | None:
        with self.database.read() as session:
            row = session.first(sql.WRAP_OF_PAC, pac_id=pac_id)
        return None if row is None else str(row[0])

    def last_position(self) -> int:
        with self.database.read() as session:
            return number(session.first(sql.LAST_POSITION))

    def document(self, sha256: str) -> bytes | None:
        if "\0" in sha256:
            return None
        with self.database.read() as session:
            row = session.first(sql.DOCUMENT, sha256=sha256)
        if row is None:
            return None
        # What somebody put into its place as a text or a number does not have its digest.
        content = row[0]
        is_binary = isinstance(content, bytes | memoryview)
        return bytes(content) if is_binary else str(content).encode(errors="surrogateescape")

    def move_of(self, claim_id: str) -> FileMove | None:
        with self.database.read() as session:
            row = session.first(sql.FILE_MOVE, claim_id=claim_id)
        return None if row is None else FileMove(*row)

    def open_claims(self) -> list[FileClaim]:
        with self.database.read() as session:
            return [FileClaim(*row) for row in session.all(sql.OPEN_FILE_CLAIMS)]

    def refusals(self) -> Iterator[Refusal]:
        after = -1
        while True:
            with self.database.read() as session:
                rows = session.all(sql.REFUSALS, after=after)
            for row in rows:
                yield self._parsed(RefusalEntry.from_bytes, row[1]).refusal
            if len(rows) < sql.PAGE:
                return
            after = rows[-1][0]

    def header(self, dispatch_id: str) -> Header | None:
        with self.database.read() as session:
            row = session.first(sql.HEADER, dispatch_id=dispatch_id)
        return None if row is None else self._parsed(Header.from_bytes, row[0])

    def head(self) -> Head | None:
        with self.database.read() as session:
            row = session.first(sql.NEWEST_HEAD)
        return None if row is None else self._parsed(Head.parse, row[0])

    def proof(self, dispatch_id: str) -> Proof | None:
        if "\0" in dispatch_id:
            return None
        with self.database.read() as session:
            row = session.first(sql.LEAF_OF_DISPATCH, dispatch_id=dispatch_id)
            if row is None:
                return None
            leaf = LeafRow(*row)
            note = session.first(sql.HEAD_OF_SIZE, size=leaf.leaf_index + 1)
            rotations = session.all(sql.ROTATIONS)
        if note is None:
            raise TrailUnavailable(f"the log has no head of size {leaf.leaf_index + 1}")
        return Proof(
            leaf.leaf_index,
            leaf.entry,
            merkle.newest_inclusion_path(self._parsed(merkle.split, leaf.peaks)),
            self._parsed(Head.parse, note[0]),
            tuple(self._parsed(Rotation.parse, row[0]) for row in rotations),
        )

    @contextmanager
    def rows(self) -> Iterator[Rows]:
        with self.database.snapshot() as session, foreign():
            yield SqlRows(self.database, session)

    def close(self) -> None:
        self.database.engine.dispose()

    def _parsed(self, parse: Any, content: Any) -> Any:
        try:
            return parse(content)
        except (ValueError, TypeError, AttributeError) as error:
            raise TrailUnavailable(
                f"the trail at {self.database.where} holds what it can't: {error}",
                "`benson verify` says what was changed",
            ) from None
