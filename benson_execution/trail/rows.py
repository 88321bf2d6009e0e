"""The rows of a trail as they are stored, for those who verify them and believe nothing.

What a row holds may be anything: somebody may have changed it. So these are plain tuples, read
without a look at what is in them; `proof` and `verification` judge it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol


class DispatchRow(NamedTuple):
    """`position` is that of its first event."""

    dispatch_id: str
    position: int
    run_id: str
    number: int
    pac_id: str
    document_sha256: str | None
    header: bytes


class EventRow(NamedTuple):
    """One event; `event` are its exact bytes."""

    position: int
    dispatch_id: str
    sequence: int
    key: str | None
    event_type: str
    event: bytes
    chain: bytes


EventTuple = tuple[int, str, int, str | None, str, bytes, bytes]


class DocumentRow(NamedTuple):
    """One document as received, or a policy or registry that was in force."""

    sha256: str
    content: bytes


class WrapRow(NamedTuple):
    """One PAC's claim to its WRAP."""

    pac_id: str
    wrap_id: str
    family: str
    number: int
    dispatch_id: str


class LeafRow(NamedTuple):
    """One entry of the log; `peaks` are those of the log before it, one after another.

    The entry is a closed dispatch's leaf, or a refusal: that has no `dispatch_id`.
    """

    leaf_index: int
    dispatch_id: str | None
    entry: bytes
    peaks: bytes


class HeadRow(NamedTuple):
    """One signed head."""

    size: int
    note: bytes


class RotationRow(NamedTuple):
    """One rotation of the signing key; `number` counts from 1."""

    number: int
    note: bytes


class ArchiveRow(NamedTuple):
    """A file that closed dispatches were moved into; `archive_id` is its SHA-256.

    `size` is in bytes; its events stood between the two positions. `note` is signed
    (`proof/archive_note.py`).
    """

    archive_id: str
    file: str
    size: int
    dispatches: int
    first_position: int
    last_position: int
    note: bytes


class ReceiptRow(NamedTuple):
    """A dispatch that was moved: its leaf in the log, and where its events stood.

    `positions` are ranges (`7-12 14`); `was_killed` and `agent_was_run` are 0 or 1; `summary` is
    what is counted of it, as JSON.
    """

    dispatch_id: str
    archive_id: str
    leaf_index: int
    leaf_hash: bytes
    last_position: int
    positions: str
    was_killed: int
    agent_was_run: int
    summary: str


class ArchivedDocumentRow(NamedTuple):
    """A document that was moved into an archive, since nobody else needed it.

    It may have been handed in again since, and moved again: this is where it went first.
    """

    sha256: str
    archive_id: str


class Weakness(NamedTuple):
    """Something that is wrong with the store, and not with a row."""

    what: str
    """`damage`, `guard` (one is not as it was made) or `tables` (they are not)."""
    message: str


class Damaged(Exception):
    """The store itself could not read its rows: a torn page, say."""


class Rows(Protocol):
    """Everything at one moment, each kind in its order; raises `Damaged` in the middle."""

    def dispatches(self) -> Iterator[DispatchRow]:
        """By position."""
        ...

    def events(self, after: int | None = None) -> Iterator[EventTuple]:
        """By position; plain tuples with the members of `EventRow`, since there are many.

        With `after` those above this position only: for who has read the others before.
        """
        ...

    def dispatch(self, dispatch_id: str) -> DispatchRow | None:
        """One dispatch, or None."""
        ...

    def documents(self) -> Iterator[DocumentRow]:
        """By digest."""
        ...

    def wraps(self) -> Iterator[WrapRow]:
        """By PAC."""
        ...

    def leaves(self, after: int | None = None) -> Iterator[LeafRow]:
        """By index; with `after` those above it only."""
        ...

    def heads(self) -> Iterator[HeadRow]:
        """By size."""
        ...

    def rotations(self) -> Iterator[RotationRow]:
        """By number."""
        ...

    def archives(self) -> Iterator[ArchiveRow]:
        """By id."""
        ...

    def receipts(self, after: int | None = None) -> Iterator[ReceiptRow]:
        """By the position of the newest event, as they closed; those behind a position."""
        ...

    def receipts_of(self, archive_id: str) -> list[ReceiptRow]:
        """Those of one archive."""
        ...

    def archived_documents(self) -> Iterator[ArchivedDocumentRow]:
        """By digest."""
        ...

    def events_of(self, dispatch_id: str) -> Iterable[EventRow]:
        """One dispatch's events, by sequence."""
        ...

    def leaf(self, dispatch_id: str) -> LeafRow | None:
        """One dispatch's leaf, or None."""
        ...

    def count_events(self) -> int:
        """How many events there are to read, for progress."""
        ...

    def weaknesses(self) -> list[Weakness]:
        """What the store itself says is wrong with it."""
        ...
