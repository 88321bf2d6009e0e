"""Where several things are spoilt at once, or one that leads astray: nothing is told of the wrong
dispatch, nothing is told twice, and what is wrong is told as soon as it is known.

Every finding in full, as in `test_trail_in_full.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from benson_execution.proof.heads import TrustedKeys
from benson_execution.trail import SqlTrail
from benson_execution.trail.rows import EventTuple, Rows
from benson_execution.verification.findings import Kind
from benson_execution.verification.trail import TrailVerifier

from .honest import OPEN, Honest, judge, leave_open, tampering, url
from .test_trail_in_full import found_after, ids, refuse_two, verified, without_keys


class Watched:
    """The rows of a trail, and how far its events have been read."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.begun = 0
        self.position = 0

    def events(self) -> Iterator[EventTuple]:
        self.begun += 1
        for event in self._rows.events():
            self.position = event[0]
            yield event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)


@contextmanager
def watched(honest: Honest) -> Iterator[tuple[TrailVerifier, Watched]]:
    trail = SqlTrail(url(honest.path), None)
    try:
        with trail.rows() as rows:
            watching = Watched(rows)
            keys = TrustedKeys(honest.ring.public)
            yield TrailVerifier(cast("Rows", watching), keys), watching
    finally:
        trail.close()


def lengths(honest: Honest) -> dict[str, int]:
    """How many events each dispatch has."""
    with tampering(honest.path) as connection:
        return dict(
            connection.execute("SELECT dispatch_id, count(*) FROM events GROUP BY dispatch_id")
        )


def entry_is(index: int, value: str) -> str:
    return f"UPDATE leaves SET entry = {value} WHERE leaf_index = {index}"


def ends(honest: Honest) -> dict[str, int]:
    """Where each closed dispatch ended."""
    with tampering(honest.path) as connection:
        return dict(
            connection.execute(
                "SELECT dispatch_id, position FROM events WHERE key = 'PAC_DISPATCH_END'"
            )
        )


def test_an_honest_trail_has_its_events_read_once(honest: Honest) -> None:
    """That every WRAP has its claim is seen on the way, and not by looking for each."""
    with watched(honest) as (verifier, rows):
        assert not list(verifier.run())
        assert (rows.begun, rows.position) == (1, 35)


@pytest.mark.parametrize("dispatch", [0, 1])
def test_what_is_wrong_is_told_before_the_rest_is_read(honest: Honest, dispatch: int) -> None:
    """As soon as the dispatch's entry in the log is read; who waits for it may stop there."""
    dispatch_id = ids(honest)[dispatch]
    with tampering(honest.path) as connection:
        connection.execute(
            "UPDATE events SET event = x'00' WHERE dispatch_id = ? AND sequence = 2", (dispatch_id,)
        )
    with watched(honest) as (verifier, rows):
        assert next(verifier.run()).dispatch_id == dispatch_id
        assert rows.position == ends(honest)[dispatch_id] < 35


def test_a_refusal_before_its_entry_delays_nothing(honest: Honest) -> None:
    refuse_two(honest)
    with honest.opened() as trail:
        judge(trail, honest.path, "PAC-ATLAS-P41", "refused/CP-04-task-not-completed")
    behind = ids(honest)[4]
    with tampering(honest.path) as connection:
        connection.execute(
            "UPDATE events SET event = x'00' WHERE dispatch_id = ? AND sequence = 2", (behind,)
        )
    with watched(honest) as (verifier, rows):
        assert next(verifier.run()).dispatch_id == behind
        assert rows.position == ends(honest)[behind] < max(ends(honest).values())


def test_refusals_may_be_all_that_the_log_has_left(honest: Honest) -> None:
    """The entry that is due is gone, and those behind it are no dispatch's."""
    refuse_two(honest)
    last = ids(honest)[3]
    found = found_after(honest, "DELETE FROM leaves WHERE leaf_index = 2")
    assert found[0] == (Kind.LEAF_MISSING, "entry 2 of the log is gone: 3 comes next", None, None)
    told = "it is closed, and its entry in the log is gone"
    assert found[-1] == (Kind.LEAF_MISSING, told, last, None)


def test_an_event_that_went_to_another_dispatch_is_told_of_both(honest: Honest) -> None:
    """An end: so the other one ends before it begins, and ends again as it was recorded.

    Only a table that lost its keys takes a second end.
    """
    first, *_, last = ids(honest)
    count = lengths(honest)
    position = ends(honest)[first]
    found = found_after(
        honest,
        *without_keys(honest),
        f"UPDATE events SET dispatch_id = '{last}', sequence = {count[last] + 1} "
        f"WHERE position = {position}",
    )
    inserted = (
        f"event {count[last] + 1} ('PAC_DISPATCH_END', at position {position}) was inserted: "
        "without it the others are as recorded"
    )
    gone = (
        f"events {count[first]} to {count[first]} are gone: it had {count[first]}, and its last "
        "ones are cut off"
    )
    assert [one for one in found if one[0] is not Kind.TABLES_ALTERED] == [
        (Kind.EVENT_INSERTED, inserted, last, count[last] + 1),
        (Kind.DISPATCH_CUT_OFF, gone, first, count[first]),
    ]


def test_a_dispatch_that_was_renamed_everywhere_keeps_its_entry(honest: Honest) -> None:
    """Its entry belongs to it still: what it was opened with tells, and nothing besides."""
    first = ids(honest)[0]
    tables = ("dispatches", "events", "leaves", "wraps")
    found = found_after(
        honest,
        *(f"UPDATE {one} SET dispatch_id = 'x' WHERE dispatch_id = '{first}'" for one in tables),
    )
    ((kind, message, dispatch_id, sequence),) = found
    assert (kind, dispatch_id, sequence) == (Kind.DISPATCH_ALTERED, "x", None)
    assert message.startswith("it is stored as ('x', ")
    assert f", and was opened as ({first!r}, " in message


def test_an_entry_whose_header_is_none_is_matched_as_it_is_stored(honest: Honest) -> None:
    first = ids(honest)[0]
    with tampering(honest.path) as connection:
        (entry,) = connection.execute("SELECT entry FROM leaves WHERE leaf_index = 0").fetchone()
    spoilt = b"{}" + entry[entry.index(b"\n") :]
    found = found_after(honest, entry_is(0, f"x'{spoilt.hex()}'"))
    told = "what it was opened with is not what the log commits to"
    assert (Kind.DISPATCH_ALTERED, told, first, None) in found
    assert Kind.DATABASE_DAMAGED not in {kind for kind, *_ in found}


def test_an_entry_stored_elsewhere_still_tells_what_was_done(honest: Honest) -> None:
    """Only with its entry it can be told that two events were swapped."""
    first = ids(honest)[0]
    with tampering(honest.path) as connection:
        (one, other) = connection.execute(
            "SELECT quote(key), quote(event_type), quote(event) FROM events "
            "WHERE position IN (4, 6) ORDER BY position"
        ).fetchall()
    swapped = [
        f"UPDATE events SET key = {key}, event_type = {kind}, event = {event} "
        f"WHERE position = {position}"
        # A key stands once in a dispatch, so one of the two steps aside.
        for position, (key, kind, event) in ((6, ("'aside'", "''", "''")), (4, other), (6, one))
    ]
    found = found_after(
        honest, "UPDATE leaves SET dispatch_id = 'x' WHERE leaf_index = 0", *swapped
    )
    told = "entry 0 of the log is stored as another dispatch's: 'x'"
    assert found == [
        (Kind.LEAF_ALTERED, told, first, None),
        (Kind.EVENTS_SWAPPED, "events 4 and 6 were swapped", first, 4),
    ]


@pytest.mark.parametrize("entry", ["x'00'", "'text'", "5"], ids=["bytes", "text", "number"])
@pytest.mark.parametrize("sequence", [1, 5])
def test_without_its_entry_the_hashes_tell_which_event_was_changed(
    honest: Honest, entry: str, sequence: int
) -> None:
    """The first one follows what the dispatch was opened with; whatever stands for the entry."""
    first = ids(honest)[0]
    with tampering(honest.path) as connection:
        ((kind,),) = connection.execute(
            f"SELECT event_type FROM events WHERE position = {sequence}"
        ).fetchall()
    found = found_after(
        honest,
        entry_is(0, entry),
        f"UPDATE events SET event = x'00' WHERE position = {sequence}",
    )
    told = (
        f"event {sequence} ({kind!r}, at position {sequence}) was changed: it does not have its "
        "hash"
    )
    assert (Kind.EVENT_ALTERED, told, first, sequence) in found
    assert [kind for kind, *_ in found if kind is Kind.LEAF_ALTERED]
    assert Kind.DATABASE_DAMAGED not in {kind for kind, *_ in found}


@pytest.mark.parametrize("entry_too", [False, True])
@pytest.mark.parametrize("dispatch", [1, 2], ids=["closed", "open"])
def test_a_dispatch_that_is_stored_as_beginning_later_is_told(
    honest: Honest, dispatch: int, entry_too: bool
) -> None:
    """Its events fit one another, so no event is to blame; with an entry in the log or without."""
    moved = ids(honest)[dispatch]
    with tampering(honest.path) as connection:
        ((begins,),) = connection.execute(
            "SELECT position FROM dispatches WHERE dispatch_id = ?", (moved,)
        ).fetchall()
    later = f"UPDATE dispatches SET position = {begins + 8} WHERE position = {begins}"
    found = found_after(honest, later, *([entry_is(1, "x'00'")] if entry_too else []))
    of_dispatch = [
        (Kind.DISPATCH_ALTERED, told, moved, None)
        for told in (
            f"it is stored as beginning at position {begins + 8}, and begins at {begins}",
            "its events don't fit what was recorded of it",
        )
    ]
    if entry_too:
        assert [one for one in found if one[0] is Kind.DISPATCH_ALTERED] == of_dispatch
    else:
        assert found == of_dispatch


def test_dispatches_whose_events_are_gone_are_still_counted(honest: Honest) -> None:
    """An open one and a closed one, behind all events that are left."""
    *_, third, last = ids(honest)
    with tampering(honest.path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM events WHERE dispatch_id IN (?, ?)", (third, last))
    verifier, found, _ = verified(honest.path, honest.ring.public)
    assert (verifier.counts.dispatches, verifier.counts.closed, verifier.counts.open) == (4, 3, 1)
    told = "entry 2 of the log is of a dispatch whose events are gone"
    of_dispatches = [(f.kind, f.message) for f in found if f.dispatch_id == last]
    assert (Kind.DISPATCH_MISSING, told) in of_dispatches
    assert Kind.DATABASE_DAMAGED not in {one.kind for one in found}


def test_dispatches_without_an_entry_are_still_closed(honest: Honest) -> None:
    with tampering(honest.path) as connection:
        connection.execute("DELETE FROM leaves WHERE leaf_index > 0")
    verifier, found, _ = verified(honest.path, honest.ring.public)
    assert (verifier.counts.closed, verifier.counts.open) == (3, 1)
    told = "it is closed, and its entry in the log is gone"
    _, second, _, last = ids(honest)
    missing = [one.dispatch_id for one in found if one.message == told]
    assert missing == [second, last]


def test_dispatches_without_an_end_are_still_closed(honest: Honest) -> None:
    """The log has an entry of each."""
    with tampering(honest.path) as connection:
        connection.execute("DELETE FROM events WHERE key = 'PAC_DISPATCH_END' AND position > 11")
    verifier, found, _ = verified(honest.path, honest.ring.public)
    assert (verifier.counts.closed, verifier.counts.open) == (3, 1)
    _, second, _, last = ids(honest)
    cut = [one.dispatch_id for one in found if one.kind is Kind.DISPATCH_CUT_OFF]
    assert cut == [second, last]


def test_all_open_dispatches_are_counted(honest: Honest) -> None:
    with honest.opened() as trail:
        leave_open(trail, OPEN.replace("1-1", "2"))
    verifier, found, _ = verified(honest.path, honest.ring.public)
    assert not found
    assert (verifier.counts.dispatches, verifier.counts.open) == (5, 2)


def test_a_claim_to_what_is_no_id_was_changed(honest: Honest) -> None:
    """SQLite keeps bytes in a column of text."""
    with tampering(honest.path) as connection:
        ((pac_id, dispatch_id),) = connection.execute(
            "SELECT pac_id, dispatch_id FROM wraps WHERE wrap_id LIKE '%ALEX%'"
        ).fetchall()
    found = found_after(honest, "UPDATE wraps SET wrap_id = x'41' WHERE wrap_id LIKE '%ALEX%'")
    assert found[0] == (
        Kind.WRAP_ALTERED,
        f"the claim of {pac_id} to b'A' was changed",
        dispatch_id,
        None,
    )
    assert Kind.DATABASE_DAMAGED not in {kind for kind, *_ in found}


@pytest.mark.parametrize("event", ["'text'", "5"], ids=["text", "number"])
def test_what_can_not_be_hashed_does_not_fit_an_empty_hash(honest: Honest, event: str) -> None:
    """The newest event of an open dispatch, which no later hash commits to."""
    with tampering(honest.path) as connection:
        ((position, kind),) = connection.execute(
            "SELECT position, event_type FROM events WHERE dispatch_id = ? AND sequence = 2",
            (OPEN,),
        ).fetchall()
    found = found_after(
        honest, f"UPDATE events SET event = {event}, chain = x'' WHERE position = {position}"
    )
    told = f"event 2 ({kind!r}, at position {position}) was changed: it does not have its hash"
    assert found == [(Kind.EVENT_ALTERED, told, OPEN, 2)]


def test_a_row_that_can_not_be_sorted_in_is_damage(honest: Honest) -> None:
    """SQLite keeps text in a column of numbers."""
    second = ids(honest)[1]
    found = found_after(honest, "UPDATE dispatches SET position = 'x' WHERE position = 12")
    elsewhere = "it is stored as beginning at position x, and begins at 12"
    assert found[0] == (Kind.DISPATCH_ALTERED, elsewhere, second, None)
    (damage,) = (one for one in found if one[0] is not Kind.DISPATCH_ALTERED)
    assert damage[0] is Kind.DATABASE_DAMAGED
    assert damage[1].startswith("a row holds what it can't: '<=' not supported")
    assert damage[2:] == (None, None)
