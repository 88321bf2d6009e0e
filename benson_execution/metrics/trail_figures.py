"""The trail's figures, kept by reading on where the last look stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final

from benson_execution.errors import TrailUnavailable
from benson_execution.insight.summary import DispatchSummary, SummaryFold, summary_of_receipt
from benson_execution.metrics.tally import Tally
from benson_execution.proof.heads import Head
from benson_execution.proof.refusal import RefusalEntry
from benson_execution.settings import Settings
from benson_execution.text import nearby, plain
from benson_execution.timestamps import is_timestamp
from benson_execution.trail.opening import is_missing_file, lasting_trail_url
from benson_execution.trail.port import Trail
from benson_execution.trail.rows import Damaged, EventTuple, LeafRow, ReceiptRow, Rows
from benson_execution.trail.sql import SqlTrail

WORKING: Final = "working"
REVIEW: Final = "review"
STATES: Final = (WORKING, REVIEW)
"""What an open dispatch waits for: its own end, or a person's."""
_SAYS_MORE: Final = "`benson verify` says what was changed"


@contextmanager
def opened_to_count(settings: Settings) -> Iterator[Trail]:
    """The trail that the settings name, opened for this one look.

    An open database would still be read after its file was taken away or replaced, and a server
    would tell old numbers for ever. Raises `TrailUnavailable`, also where there is no trail: none
    is no trail with nothing in it.
    """
    url = lasting_trail_url(settings)
    if is_missing_file(url):
        raise TrailUnavailable(
            f"there is no trail at {nearby(Path(url.database or ''))}",
            "BENSON_HOME or BENSON_TRAIL_URL names it; the first run makes one",
        )
    trail = SqlTrail(url, None)
    try:
        yield trail
    finally:
        trail.close()


class TrailFigures:
    """What a trail comes to; `read` brings it up to date. It holds the open dispatches only."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.position = 0
        """Of the last event that was counted."""
        self.head: Head | None = None
        """The newest head at the last look."""
        self._leaf: LeafRow | None = None
        """The newest entry of the log that was counted."""
        self._event: EventTuple | None = None
        """The event at the position; None where it was archived before it was counted."""
        self._fold = SummaryFold()

    def read(self, trail: Trail) -> None:
        """Count what is new in it since the last look.

        Raises `TrailUnavailable` for a trail that can't be read, that holds what it can't, or that
        is not the one that was counted so far, or a shorter one; the next look goes on from there.
        """
        head = trail.head()
        if head is None:
            raise TrailUnavailable("the trail has no head: it was emptied", _SAYS_MORE)
        self._require_continued(head, trail.last_position())
        try:
            with trail.rows() as rows:
                self._read_rows(rows)
        except Damaged as damage:
            message = f"the database can't read its rows: {plain(str(damage))}"
            raise TrailUnavailable(message, _SAYS_MORE) from None
        self.head = head

    def open_ones(self) -> dict[str, tuple[int, datetime | None]]:
        """By their state: how many dispatches are open, and since when the oldest is."""
        found: dict[str, tuple[int, datetime | None]] = dict.fromkeys(STATES, (0, None))
        for one in self._fold.open.values():
            is_asked = one.eligible is True and one.review_required is True and one.review is None
            state = REVIEW if is_asked else WORKING
            count, since = found[state]
            found[state] = (count + 1, since or _time(one))
        return found

    def _read_rows(self, rows: Rows) -> None:
        for leaf in self._new_leaves(rows):
            self._take_leaf(leaf)
            self._leaf = leaf
        receipts = map(_typed, rows.receipts(self.position))
        receipt = next(receipts, None)
        for event in self._new_events(rows):
            while receipt is not None and receipt.last_position < event[0]:
                self._take_receipt(receipt)
                receipt = next(receipts, None)
            self._take_event(event)
            self.position, self._event = event[0], event
        while receipt is not None:
            self._take_receipt(receipt)
            receipt = next(receipts, None)

    def _new_leaves(self, rows: Rows) -> Iterator[LeafRow]:
        """The entries behind those that were counted, of which the newest must be as it was.

        It binds all before it: an older copy that has grown since has another one there.
        """
        if self._leaf is None:
            return rows.leaves()
        leaves = rows.leaves(self._leaf.leaf_index - 1)
        if next(leaves, None) != self._leaf:
            raise _not_continued("has another log than was counted so far")
        return leaves

    def _new_events(self, rows: Rows) -> Iterator[EventTuple]:
        """The same for events: of open dispatches the log has nothing yet."""
        if self._event is None:
            return rows.events(self.position)
        events = rows.events(self.position - 1)
        first = next(events, None)
        if first is None or first[0] != self.position:  # it was archived since
            return events if first is None else chain([first], events)
        if (first[1], first[-1]) != (self._event[1], self._event[-1]):  # dispatch and chain
            raise _not_continued("has other events than were counted so far")
        return events

    def _take_receipt(self, receipt: ReceiptRow) -> None:
        """A dispatch that was archived before its end was counted."""
        summary = summary_of_receipt(receipt)
        try:
            self.tally.add(summary)
        except (ValueError, TypeError, AttributeError):
            raise _unreadable(f"the receipt of {plain(str(receipt.dispatch_id))}") from None
        self._fold.open.pop(receipt.dispatch_id, None)
        self.position, self._event = receipt.last_position, None

    def _take_event(self, event: EventTuple) -> None:
        position, dispatch_id, _, _, _, content, _ = event
        if type(dispatch_id) is not str or type(content) is not bytes:
            raise _unreadable(f"the event at position {position}")
        closed = self._fold.add(dispatch_id, content)
        if closed is not None:
            try:
                self.tally.add(closed)
            except (ValueError, TypeError):
                self._fold.open[dispatch_id] = closed  # it is no other one at the next look
                raise _unreadable(f"the dispatch {plain(dispatch_id)}") from None

    def _take_leaf(self, leaf: LeafRow) -> None:
        if leaf.dispatch_id is not None:
            return
        try:
            self.tally.add_refused(RefusalEntry.from_bytes(leaf.entry).refusal.kind)
        except (ValueError, TypeError, AttributeError):
            raise _unreadable(f"the log's entry {leaf.leaf_index}") from None

    def _require_continued(self, head: Head, last_position: int) -> None:
        if self.head is None:
            return
        if head.trail_id != self.head.trail_id:
            what = "is another one than was counted so far"
        elif head.size < self.head.size:
            what = f"has a log of {head.size} entries, and had one of {self.head.size}"
        elif last_position < self.position:
            what = f"ends at position {last_position}, and was counted up to {self.position}"
        elif head.size == self.head.size and head.root != self.head.root:
            what = "has another log of the same size than was counted so far"
        else:
            return
        raise _not_continued(what)


def _time(one: DispatchSummary) -> datetime:
    if not is_timestamp(one.started_at):
        raise _unreadable(f"the dispatch {plain(one.dispatch_id)}")
    return datetime.fromisoformat(str(one.started_at))


def _typed(receipt: ReceiptRow) -> ReceiptRow:
    if type(receipt.last_position) is not int or type(receipt.dispatch_id) is not str:
        raise _unreadable(f"the receipt of {plain(str(receipt.dispatch_id))}")
    return receipt


def _not_continued(what: str) -> TrailUnavailable:
    return TrailUnavailable(
        f"the trail {what}", "`benson verify` says more; start anew to count this one"
    )


def _unreadable(what: str) -> TrailUnavailable:
    return TrailUnavailable(f"{what} can't be read", _SAYS_MORE)
