"""The rows of a trail in memory, as they were at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benson_execution.proof.heads import Head, Rotation
from benson_execution.trail.port import DispatchRef, StoredEvent
from benson_execution.trail.rows import (
    ArchivedDocumentRow,
    ArchiveRow,
    DispatchRow,
    DocumentRow,
    EventRow,
    EventTuple,
    HeadRow,
    LeafRow,
    ReceiptRow,
    RotationRow,
    Weakness,
    WrapRow,
)


def position_of(stored: StoredEvent) -> int:
    """What orders the whole trail."""
    return stored.position


class MemoryRows:
    """What a trail in memory held at one moment."""

    def __init__(  # noqa: PLR0917  # as many as there are kinds of rows
        self,
        dispatches: Sequence[tuple[DispatchRef, bytes, Sequence[StoredEvent]]],
        documents: dict[str, bytes],
        wraps: list[WrapRow],
        leaves: list[LeafRow],
        heads: list[Head],
        rotations: list[Rotation],
    ) -> None:
        self._dispatches = dispatches
        self._documents = documents
        self._wraps = wraps
        self._leaves = leaves
        self._heads = heads
        self._rotations = rotations

    def dispatches(self) -> Iterator[DispatchRow]:
        for ref, header, events in self._dispatches:
            yield DispatchRow(
                ref.dispatch_id,
                events[0].position,
                ref.run_id,
                ref.number,
                ref.pac_id,
                ref.document_sha256,
                header,
            )

    def dispatch(self, dispatch_id: str) -> DispatchRow | None:
        return next((row for row in self.dispatches() if row.dispatch_id == dispatch_id), None)

    def events(self, after: int | None = None) -> Iterator[EventTuple]:
        everything = (
            stored
            for _, _, events in self._dispatches
            for stored in events
            if after is None or stored.position > after
        )
        return map(_event_row, sorted(everything, key=position_of))

    def documents(self) -> Iterator[DocumentRow]:
        return (DocumentRow(*item) for item in sorted(self._documents.items()))

    def wraps(self) -> Iterator[WrapRow]:
        return iter(sorted(self._wraps))

    def leaves(self, after: int | None = None) -> Iterator[LeafRow]:
        return (leaf for leaf in self._leaves if after is None or leaf.leaf_index > after)

    def heads(self) -> Iterator[HeadRow]:
        return (HeadRow(head.size, head.note) for head in self._heads)

    def rotations(self) -> Iterator[RotationRow]:
        return (RotationRow(n, r.note) for n, r in enumerate(self._rotations, start=1))

    def archives(self) -> Iterator[ArchiveRow]:
        """None: nothing is moved out of memory."""
        return iter(())

    def receipts(self, after: int | None = None) -> Iterator[ReceiptRow]:  # noqa: ARG002  # the port's
        return iter(())

    def receipts_of(self, archive_id: str) -> list[ReceiptRow]:  # noqa: ARG002  # the port's
        return []

    def archived_documents(self) -> Iterator[ArchivedDocumentRow]:
        return iter(())

    def events_of(self, dispatch_id: str) -> Iterable[EventRow]:
        for ref, _, events in self._dispatches:
            if ref.dispatch_id == dispatch_id:
                return [_event_row(s) for s in events]
        return []

    def leaf(self, dispatch_id: str) -> LeafRow | None:
        return next((leaf for leaf in self._leaves if leaf.dispatch_id == dispatch_id), None)

    def count_events(self) -> int:
        return sum(len(events) for _, _, events in self._dispatches)

    def weaknesses(self) -> list[Weakness]:
        """None: nobody but this process reaches its memory."""
        return []


def _event_row(stored: StoredEvent) -> EventRow:
    return EventRow(
        stored.position,
        stored.dispatch.dispatch_id,
        stored.sequence,
        stored.key,
        stored.event.event_type,
        stored.event.json,
        stored.chain,
    )
