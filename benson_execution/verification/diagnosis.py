"""What was done to a dispatch whose hashes don't fit: the likeliest single change, by name.

The dispatch's leaf in the log says how many events there were, and the hash of the last one.
Each guess undoes one kind of change; the one after which the hashes lead to the leaf's is right,
beyond reasonable doubt. Where none is, the stored hashes tell where the first misfit is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Final

from benson_execution.proof.chain import LINK_BYTES, first_link, next_link
from benson_execution.proof.leaf import Leaf
from benson_execution.trail.rows import EventRow
from benson_execution.verification.findings import Finding, Kind

UNHASHABLE: Final = (TypeError, AttributeError, ValueError, OverflowError)
"""What hashing raises for a row that holds something else than it can."""
_MAX_GUESSED: Final = 40
"""Beyond this many events, guesses are not tried: there are as many as pairs of events."""


def diagnose(
    dispatch_id: str, header: bytes, rows: Sequence[EventRow], leaf: Leaf | None
) -> list[Finding]:
    """What is wrong with a dispatch's events, by sequence; `leaf` is None while it is open."""
    if leaf is not None and (removed := _removed(header, rows, leaf)):
        return [replace(finding, dispatch_id=dispatch_id) for finding in removed]
    missing = _missing(rows, leaf)
    if not missing and leaf is not None and len(rows) <= _MAX_GUESSED:
        guessed = (
            _hashes_altered(header, rows, leaf)
            or _renumbered(header, rows, leaf)
            or _inserted(header, rows, leaf)
            or _swapped(header, rows, leaf)
        )
        if guessed:
            return [replace(finding, dispatch_id=dispatch_id) for finding in guessed]
    found = missing + list(_misfits(header, rows))
    if not found and leaf is not None and not _leads_to(header, rows, leaf):
        found = [
            Finding(
                Kind.DISPATCH_REWRITTEN,
                f"its {len(rows)} events fit one another, and are not the {leaf.events} that the "
                "log commits to: they were recorded anew",
            )
        ]
    return [replace(finding, dispatch_id=dispatch_id) for finding in found]


def follows(previous: bytes, row: EventRow) -> bool:
    """Whether this event's hash is that of an event which stands here, after `previous`."""
    link = _link(previous, row)
    return len(link) == LINK_BYTES and link == row.chain


def _missing(rows: Sequence[EventRow], leaf: Leaf | None) -> list[Finding]:
    there = {row.sequence for row in rows}
    last = max((n for n in there if isinstance(n, int)), default=0)
    if leaf is not None and last < leaf.events:
        cut = Finding(
            Kind.DISPATCH_CUT_OFF,
            f"events {last + 1} to {leaf.events} are gone: it had {leaf.events}, and its last "
            "ones are cut off",
            sequence=last + 1,
        )
    else:
        cut = None
    if last > 2 * len(rows) + 100:
        return [cut] if cut else []  # a number beyond all reason is a changed one
    gaps = [
        Finding(Kind.EVENT_MISSING, f"event {number} is gone", sequence=number)
        for number in range(1, last + 1)
        if number not in there
    ]
    return gaps + ([cut] if cut else [])


def _misfits(header: bytes, rows: Sequence[EventRow]) -> Iterator[Finding]:
    """The events that don't follow from the hash that is stored before them."""
    # Without a header nothing can be said of the first one: that the dispatch is gone, was said.
    if header and rows and rows[0].sequence == 1 and not follows(first_link(header), rows[0]):
        yield _altered(rows[0])
    for before, row in pairwise(rows):
        if row.sequence != before.sequence + 1:
            continue  # said already: one in between is gone
        if not follows(before.chain, row):
            yield _altered(row)


def _altered(row: EventRow) -> Finding:
    return Finding(
        Kind.EVENT_ALTERED,
        f"event {row.sequence} ({row.event_type!r}, at position {row.position}) was changed: "
        "it does not have its hash",
        sequence=row.sequence,
    )


def _hashes_altered(header: bytes, rows: Sequence[EventRow], leaf: Leaf) -> list[Finding]:
    if not _leads_to(header, rows, leaf):
        return []
    chain = first_link(header)
    found = []
    for row in rows:
        chain = _link(chain, row)
        if chain != row.chain:
            message = f"the stored hash of event {row.sequence} was changed"
            found.append(Finding(Kind.EVENT_ALTERED, message, sequence=row.sequence))
    return found


def _renumbered(header: bytes, rows: Sequence[EventRow], leaf: Leaf) -> list[Finding]:
    try:
        recorded = sorted(rows)  # by position: the order in which they were written
    except TypeError:
        return []
    straight = [row._replace(sequence=n) for n, row in enumerate(recorded, start=1)]
    if straight == list(rows) or not _leads_to(header, straight, leaf):
        return []
    return [
        Finding(
            Kind.EVENT_RENUMBERED,
            f"the event at position {now.position} is numbered {now.sequence}, and was recorded "
            f"as number {was.sequence}",
            sequence=now.sequence,
        )
        for now, was in zip(recorded, straight, strict=True)
        if now.sequence != was.sequence
    ]


def _inserted(header: bytes, rows: Sequence[EventRow], leaf: Leaf) -> list[Finding]:
    if len(rows) != leaf.events + 1:
        return []
    for extra in rows:
        others = [row for row in rows if row is not extra]
        as_recorded = [row._replace(sequence=n) for n, row in enumerate(others, start=1)]
        closed_up = [_shifted(row, extra.position, -1) for row in as_recorded]
        if _leads_to(header, as_recorded, leaf) or _leads_to(header, closed_up, leaf):
            return [
                Finding(
                    Kind.EVENT_INSERTED,
                    f"event {extra.sequence} ({extra.event_type!r}, at position {extra.position}) "
                    "was inserted: without it the others are as recorded",
                    sequence=extra.sequence,
                )
            ]
    return []


def _removed(header: bytes, rows: Sequence[EventRow], leaf: Leaf) -> list[Finding]:
    """One is gone, and those behind it were renumbered: but their hashes are those they had."""
    whole = [row.sequence for row in rows] == list(range(1, leaf.events))
    if not whole or not rows or rows[-1].chain != leaf.chain:
        return []
    gap = next((n for n, row in enumerate(rows) if not _stands(header, rows, n, row)), 0)
    for step in (0, 1):
        behind = [
            row._replace(sequence=row.sequence + 1, position=row.position + step)
            for row in rows[gap:]
        ]
        if all(follows(before.chain, row) for before, row in pairwise(behind)):
            message = f"event {gap + 1} is gone, and those behind it were renumbered"
            return [Finding(Kind.EVENT_MISSING, message, sequence=gap + 1)]
    return []


def _stands(header: bytes, rows: Sequence[EventRow], at: int, row: EventRow) -> bool:
    return follows(rows[at - 1].chain if at else first_link(header), row)


def _shifted(row: EventRow, behind: int, step: int) -> EventRow:
    """An event that stands behind a position, moved."""
    try:
        return row._replace(position=row.position + step) if row.position > behind else row
    except TypeError:
        return row


def _swapped(header: bytes, rows: Sequence[EventRow], leaf: Leaf) -> list[Finding]:
    for one, other in combinations(range(len(rows)), 2):
        a, b = rows[one], rows[other]
        back = list(rows)
        back[one] = a._replace(key=b.key, event_type=b.event_type, event=b.event)
        back[other] = b._replace(key=a.key, event_type=a.event_type, event=a.event)
        if a[3:6] != b[3:6] and _leads_to(header, back, leaf):
            return [
                Finding(
                    Kind.EVENTS_SWAPPED,
                    f"events {a.sequence} and {b.sequence} were swapped",
                    sequence=a.sequence,
                )
            ]
    return []


def _leads_to(header: bytes, rows: Sequence[EventRow], leaf: Leaf) -> bool:
    """Whether these events, hashed anew, are those that the log commits to."""
    return len(rows) == leaf.events and _end(header, rows) == leaf.chain


def _end(header: bytes, rows: Sequence[EventRow]) -> bytes:
    chain = first_link(header)
    for row in rows:
        chain = _link(chain, row)
    return chain


def _link(previous: bytes, row: EventRow) -> bytes:
    try:
        return next_link(previous, row.position, row.sequence, row.key, row.event_type, row.event)
    except UNHASHABLE:
        return b""
