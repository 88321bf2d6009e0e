"""What was done to a dispatch, from events that are made by hand: every answer in full."""

from __future__ import annotations

from typing import Any

import pytest

from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.leaf import Leaf
from benson_execution.trail.rows import EventRow
from benson_execution.verification.diagnosis import diagnose
from benson_execution.verification.findings import Kind

HEADER = b'{"a": "header"}'
Told = list[tuple[Kind, str, int | None]]


def recorded(count: int, first: int = 1) -> list[EventRow]:
    """So many events of different types, hashed one after another."""
    rows, link = [], first_link(HEADER)
    for number in range(1, count + 1):
        position, kind, event = first + number - 1, f"TYPE_{number}", b'{"n": %d}' % number
        link = next_link(link, position, number, kind, kind, event)
        rows.append(EventRow(position, "d", number, kind, kind, event, link))
    return rows


def leaf(rows: list[EventRow]) -> Leaf:
    """What the log has of these events."""
    return Leaf(HEADER, len(rows), rows[-1].chain, bytes(32))


def told(rows: list[EventRow], of: Leaf | None) -> Told:
    found = diagnose("d", HEADER, rows, of)
    assert {one.dispatch_id for one in found} <= {"d"}
    return [(one.kind, one.message, one.sequence) for one in found]


def altered(row: EventRow) -> tuple[Kind, str, int]:
    message = (
        f"event {row.sequence} ({row.event_type!r}, at position {row.position}) was changed: it "
        "does not have its hash"
    )
    return Kind.EVENT_ALTERED, message, row.sequence


def test_nothing_was_done_to_what_was_recorded() -> None:
    rows = recorded(5)
    assert told(rows, leaf(rows)) == []
    assert told(rows, None) == []


@pytest.mark.parametrize("count", [1, 3, 11])
def test_all_events_may_be_gone(count: int) -> None:
    message = f"events 1 to {count} are gone: it had {count}, and its last ones are cut off"
    assert told([], leaf(recorded(count))) == [(Kind.DISPATCH_CUT_OFF, message, 1)]


def test_an_open_dispatch_without_events_lacks_none() -> None:
    assert told([], None) == []


@pytest.mark.parametrize("gone", [1, 2, 4])
@pytest.mark.parametrize("closed_up", [True, False])
def test_an_event_is_gone_and_those_behind_it_renumbered(gone: int, closed_up: bool) -> None:
    """Their positions may have been closed up as well, or not."""
    rows = recorded(5)
    kept = rows[: gone - 1] + [
        row._replace(sequence=row.sequence - 1, position=row.position - closed_up)
        for row in rows[gone:]
    ]
    message = f"event {gone} is gone, and those behind it were renumbered"
    assert told(kept, leaf(rows)) == [(Kind.EVENT_MISSING, message, gone)]


def test_a_leaf_that_counts_one_more_is_of_other_events() -> None:
    """All that is there fits, and ends where the log says: only there are too few."""
    rows = recorded(3)
    message = "events 4 to 4 are gone: it had 4, and its last ones are cut off"
    found = told(rows, leaf(rows)._replace(events=4))
    assert found == [(Kind.DISPATCH_CUT_OFF, message, 4)]


@pytest.mark.parametrize(("last", "gaps"), [(105, 102), (106, 103), (107, 0), (10**12, 0)])
def test_a_number_beyond_all_reason_leaves_no_gaps(last: int, gaps: int) -> None:
    """It is a changed one: nobody wants to read a line for each event that never was."""
    rows = recorded(3)
    rows[2] = rows[2]._replace(sequence=last)
    found = told(rows, None)
    assert found == [
        (Kind.EVENT_MISSING, f"event {number} is gone", number) for number in range(3, gaps + 3)
    ]


def test_what_was_changed_behind_a_gap_is_told_too() -> None:
    rows = recorded(6)
    del rows[2]
    rows[4] = rows[4]._replace(event=b"changed")
    gone = (Kind.EVENT_MISSING, "event 3 is gone", 3)
    assert told(rows, None) == [gone, altered(rows[4])]


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 5), (1, 5)])
def test_events_of_other_types_that_were_swapped(one: int, other: int) -> None:
    """With all that they say, but for where they stand and their hashes."""
    rows = recorded(5)
    a, b = rows[one - 1], rows[other - 1]
    swapped = list(rows)
    swapped[one - 1] = a._replace(key=b.key, event_type=b.event_type, event=b.event)
    swapped[other - 1] = b._replace(key=a.key, event_type=a.event_type, event=a.event)
    message = f"events {one} and {other} were swapped"
    assert told(swapped, leaf(rows)) == [(Kind.EVENTS_SWAPPED, message, one)]


@pytest.mark.parametrize("field", ["key", "event_type", "event", "position"])
@pytest.mark.parametrize("number", [1, 3, 5])
def test_whatever_was_changed_in_one_event_is_told_with_it(field: str, number: int) -> None:
    rows = recorded(5)
    changed: Any = {"key": "other", "event_type": "OTHER", "event": b"other", "position": 77}
    rows[number - 1] = rows[number - 1]._replace(**{field: changed[field]})
    assert told(rows, leaf(recorded(5))) == [altered(rows[number - 1])]


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_stored_hash_that_was_changed_is_told_with_its_event(number: int) -> None:
    rows = recorded(5)
    rows[number - 1] = rows[number - 1]._replace(chain=bytes(32))
    message = f"the stored hash of event {number} was changed"
    assert told(rows, leaf(recorded(5))) == [(Kind.EVENT_ALTERED, message, number)]


@pytest.mark.parametrize("at", [1, 3, 6])
@pytest.mark.parametrize("moved", [True, False])
def test_an_event_that_was_inserted_is_told(at: int, moved: bool) -> None:
    """At a position behind all others, or in between, where those behind it were moved."""
    rows = recorded(5)
    position = at if moved else 6
    extra = EventRow(position, "d", at, None, "NOTE", b"{}", bytes(32))
    behind = [
        row._replace(sequence=row.sequence + 1, position=row.position + moved)
        for row in rows[at - 1 :]
    ]
    message = (
        f"event {at} ('NOTE', at position {position}) was inserted: without it the others are as "
        "recorded"
    )
    found = told([*rows[: at - 1], extra, *behind], leaf(rows))
    assert found == [(Kind.EVENT_INSERTED, message, at)]


def test_events_that_were_renumbered_are_told_with_both_numbers() -> None:
    rows = recorded(4)
    numbered = [rows[0], rows[2], rows[1], rows[3]]
    renumbered = [row._replace(sequence=n) for n, row in enumerate(numbered, start=1)]
    found = told(renumbered, leaf(rows))
    assert found == [
        (
            Kind.EVENT_RENUMBERED,
            f"the event at position {now} is numbered {is_now}, and was recorded as number {was}",
            is_now,
        )
        for now, is_now, was in ((2, 3, 2), (3, 2, 3))
    ]


def test_a_dispatch_that_was_recorded_anew_fits_itself_only() -> None:
    rows, other = recorded(5), recorded(5, first=3)
    message = (
        "its 5 events fit one another, and are not the 5 that the log commits to: they were "
        "recorded anew"
    )
    assert told(rows, leaf(other)) == [(Kind.DISPATCH_REWRITTEN, message, None)]


def test_the_first_event_may_be_the_one_that_is_gone() -> None:
    assert told(recorded(3)[1:], None) == [(Kind.EVENT_MISSING, "event 1 is gone", 1)]


def test_behind_a_number_beyond_all_reason_events_may_be_cut_off() -> None:
    rows = recorded(200)
    message = "events 151 to 200 are gone: it had 200, and its last ones are cut off"
    found = told([*rows[:2], rows[149]], leaf(rows))
    assert found == [(Kind.DISPATCH_CUT_OFF, message, 151)]


@pytest.mark.parametrize(("count", "guessed"), [(40, True), (41, False)])
def test_of_many_events_only_what_does_not_fit_is_told(count: int, guessed: bool) -> None:
    """There are as many guesses as pairs of events."""
    rows = recorded(count)
    rows[4] = rows[4]._replace(chain=bytes(32))
    found = told(rows, leaf(recorded(count)))
    message = "the stored hash of event 5 was changed"
    one = [(Kind.EVENT_ALTERED, message, 5)]
    assert found == (one if guessed else [altered(rows[4]), altered(rows[5])])
