"""A period of the trail, event by event, as it was recorded, at one moment.

Whoever gets these events has no chain to verify them by. So each is held against its hash here:
one that does not follow from what was recorded before it is handed to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from benson_execution.errors import EventRefused, TrailUnavailable
from benson_execution.events import Event, EventType
from benson_execution.insight.period import Period
from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.leaf import Header
from benson_execution.text import quote
from benson_execution.trail.rows import Damaged, DispatchRow, EventTuple, Rows

_PROGRESS_EVERY: Final = 2048

Row = TypeVar("Row")

Progress = Callable[[int], None]
"""Called now and then with how many events of the trail were read so far."""


class Record(NamedTuple):
    """One event, and where it stands: `position` in the trail, `sequence` in its dispatch."""

    header: Header
    position: int
    sequence: int
    chain: bytes
    event: Event


@dataclass(slots=True)
class _Dispatch:
    """A dispatch that has not ended yet, as far as it was read."""

    header: Header
    link: bytes
    sequence: int
    wanted: bool


def records(
    rows: Rows, period: Period, *, closed: bool = False, progress: Progress = lambda _: None
) -> Iterator[Record]:
    """The events of all dispatches that began in the period, in the order of the trail.

    Each dispatch is there as a whole, also where it ended later; with `closed` only those that
    ended. Of all there are only the ones not ended yet are held in memory.
    Raises `TrailUnavailable` when the trail holds what was not recorded so.
    """
    opened = _readable(rows.dispatches())
    following = next(opened, None)
    running: dict[str, _Dispatch] = {}
    number = 0
    for number, row in enumerate(_readable(rows.events()), start=1):
        if not number % _PROGRESS_EVERY:
            progress(number)
        dispatch_id = row[1]
        begun = running.get(dispatch_id)
        if begun is None:
            if following is None or following[:2] != (dispatch_id, row[0]):
                raise _changed(dispatch_id, f"it has not the event at position {row[0]}")
            begun = running[dispatch_id] = _begin(following)
            event = _read(row, begun)
            begun.wanted = event.timestamp in period and (not closed or _ended(rows, dispatch_id))
            following = next(opened, None)
        else:
            event = _read(row, begun)
        if event.event_type == EventType.PAC_DISPATCH_END:
            del running[dispatch_id]
        if begun.wanted:
            yield Record(begun.header, row[0], row[2], row[6], event)
    if following is not None:
        raise _changed(following.dispatch_id, "it has no events")
    progress(number)


def _begin(row: DispatchRow) -> _Dispatch:
    try:
        header = Header.from_bytes(row.header)
        said = (header.dispatch_id, header.run_id, header.number)
        if (row.dispatch_id, row.run_id, row.number) != said or row.pac_id != header.pac_id:
            raise ValueError("it is stored as another one than it was opened as")
        return _Dispatch(header, first_link(row.header), 0, False)
    except (ValueError, TypeError, AttributeError) as error:
        raise _changed(row.dispatch_id, str(error)) from None


def _read(row: EventTuple, begun: _Dispatch) -> Event:
    """The event of a row, once it is the one that was recorded there."""
    position, dispatch_id, sequence, key, event_type, content, chain = row
    try:
        link = next_link(begun.link, position, sequence, key, event_type, content)
        event = Event.from_json(content)
        fits = (link, begun.sequence + 1, event.event_type) == (chain, sequence, event_type)
        if not fits or b"\n" in content:
            raise ValueError("it does not have its hash")
    except (EventRefused, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise _changed(dispatch_id, f"its event at position {position}: {error}") from None
    begun.link, begun.sequence = link, sequence
    return event


def _ended(rows: Rows, dispatch_id: str) -> bool:
    try:
        return rows.leaf(dispatch_id) is not None
    except Damaged as damage:
        raise _unreadable(damage) from None


def _readable(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, and what the store can't read as what it is."""
    try:
        yield from rows
    except Damaged as damage:
        raise _unreadable(damage) from None


def _unreadable(damage: Damaged) -> TrailUnavailable:
    return TrailUnavailable(f"the trail can't be read: {damage}", _HINT)


def _changed(dispatch_id: object, what: str) -> TrailUnavailable:
    return TrailUnavailable(f"the dispatch {quote(dispatch_id)} was changed: {what}", _HINT)


_HINT: Final = "`benson verify` says what was changed"
