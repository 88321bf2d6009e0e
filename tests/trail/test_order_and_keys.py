"""Where an event stands: its position in the trail, its sequence, and its key in its dispatch."""

from __future__ import annotations

from typing import Any

import pytest

from benson_execution.trail import Trail

from .stores import (
    append,
    assert_in_order,
    contents,
    dispatch,
    end,
    event,
    note,
    sequences,
)


def test_the_events_of_a_dispatch_count_from_one_without_gaps(trail: Trail) -> None:
    """One by one or several at a time, the sequence is 1, 2, 3, …"""
    assert sequences(append(trail, dispatch(), note("a"))) == [1]
    assert sequences(append(trail, dispatch(), note("b"), note("c"))) == [2, 3]
    assert sequences(append(trail, dispatch(), note("d"))) == [4]

    assert sequences(trail.events(dispatch_id="run-1")) == [1, 2, 3, 4]
    assert contents(trail.events(dispatch_id="run-1")) == ["a", "b", "c", "d"]


def test_every_dispatch_counts_for_itself(trail: Trail) -> None:
    """Dispatches that take turns, also those of one run, do not share a sequence."""
    refs = [dispatch("one"), dispatch("two"), dispatch("two", 2)]
    for round_ in range(3):
        for ref in refs:
            assert sequences(append(trail, ref, note(round_))) == [round_ + 1]
    for ref in refs:
        assert contents(trail.events(dispatch_id=ref.dispatch_id)) == [0, 1, 2]


def test_positions_order_the_whole_trail(trail: Trail) -> None:
    """What was appended later stands later, whatever its dispatch."""
    appended = [
        stored
        for n in range(12)
        for stored in append(trail, dispatch(f"run-{n % 3}"), note(n), note(-n))
    ]
    assert_in_order(appended)
    assert list(trail.events()) == appended


def test_append_returns_the_events_as_they_are_read(trail: Trail) -> None:
    """Position, dispatch, sequence, key and event are those that a reader finds."""
    returned = append(trail, dispatch(), note("a", key="A"), note("b"), end())
    assert list(trail.events()) == returned
    assert [s.key for s in returned] == ["A", None, "PAC_DISPATCH_END"]
    assert {s.dispatch for s in returned} == {dispatch()}


@pytest.mark.parametrize(
    "content",
    [
        "plain",
        "Ünïcödé 🟩 \u2028 \\ \" ' \t\n",
        {"nested": [{"a": [1, 2.5, -0.0, True, None, {}]}, []]},
        2**53,
        "x" * 100_000,
    ],
    ids=["plain", "unicode", "nested", "big-integer", "long"],
)
def test_an_event_is_read_back_byte_for_byte(trail: Trail, content: Any) -> None:
    """The recorded bytes are the event; what is read is what was emitted."""
    offered = note(content)
    append(trail, dispatch(), offered)
    (read,) = trail.events()
    assert read.event.json == offered.event.json
    assert read.event == offered.event


def test_the_first_write_of_a_key_wins(trail: Trail) -> None:
    """The same key with another content is a no-op that returns the first event."""
    first = append(trail, dispatch(), note("first", key="K"))
    second = append(trail, dispatch(), note("second", key="K"))
    assert second == first
    assert contents(trail.events()) == ["first"]


def test_the_very_same_event_under_its_key_is_recorded_once(trail: Trail) -> None:
    """A write that is repeated because its answer was lost changes nothing."""
    offered = note("same", key="K")
    first = append(trail, dispatch(), offered)
    assert append(trail, dispatch(), offered) == first
    assert list(trail.events()) == first


def test_a_key_twice_in_one_batch_is_recorded_once(trail: Trail) -> None:
    """The first of the two wins, and both places of the answer hold it."""
    stored = append(trail, dispatch(), note("a", key="K"), note("b", key="K"), note("c"))
    assert contents(stored) == ["a", "a", "c"]
    assert sequences(stored) == [1, 1, 2]
    assert contents(trail.events()) == ["a", "c"]


def test_events_without_a_key_are_always_new(trail: Trail) -> None:
    """Even the identical event, in one batch or in several."""
    offered = note("again")
    append(trail, dispatch(), offered, offered)
    append(trail, dispatch(), offered)
    assert sequences(trail.events()) == [1, 2, 3]
    assert {s.event.json for s in trail.events()} == {offered.event.json}


def test_a_key_belongs_to_its_dispatch(trail: Trail) -> None:
    """Another dispatch of the same run and PAC has the key anew."""
    append(trail, dispatch(number=1), note("first", key="K"))
    append(trail, dispatch(number=2), note("second", key="K"))
    append(trail, dispatch("other"), note("third", key="K"))
    assert contents(trail.events()) == ["first", "second", "third"]


def test_known_and_new_events_may_come_in_one_batch(trail: Trail) -> None:
    """The known ones keep their place, and the new ones count on without a gap."""
    append(trail, dispatch(), note("a", key="A"), note("b", key="B"))
    stored = append(
        trail, dispatch(), note("x", key="B"), note("c", key="C"), note("y", key="A"), note("d")
    )
    assert contents(stored) == ["b", "c", "a", "d"]
    assert sequences(stored) == [2, 3, 1, 4]
    assert contents(trail.events()) == ["a", "b", "c", "d"]


def test_a_dispatch_keeps_what_it_was_opened_with(trail: Trail) -> None:
    """Its first event settles its document; an append that says otherwise is told what stands."""
    opened = dispatch()
    other = opened.__class__(opened.run_id, opened.number, opened.pac_id, "cd" * 32)
    append(trail, opened, note("a"))
    returned = append(trail, other, note("b"))
    assert [s.dispatch for s in trail.events()] == [opened, opened]
    assert [s.dispatch for s in returned] == [opened]


def test_nothing_appended_is_nothing_recorded(trail: Trail) -> None:
    """A batch without events opens no dispatch."""
    assert append(trail, dispatch()) == []
    assert list(trail.events()) == []


def test_a_dispatch_takes_five_thousand_events(trail: Trail) -> None:
    """In batches and one by one: all are there, in order, and each key still counts once."""
    for first in range(0, 4900, 100):
        append(trail, dispatch(), *(note(n, key=f"K{n}") for n in range(first, first + 100)))
    for n in range(4900, 5000):
        append(trail, dispatch(), note(n, key=f"K{n}"))

    assert contents(append(trail, dispatch(), note("late", key="K17"))) == [17]
    assert contents(append(trail, dispatch(), note("late", key="K4999"))) == [4999]
    stored = list(trail.events(dispatch_id="run-1"))
    assert contents(stored) == list(range(5000))
    assert_in_order(stored)


def test_an_event_of_any_type_may_have_a_key(trail: Trail) -> None:
    """Keys are the emitter's to choose; the type of the event does not matter to the trail."""
    for event_type in ("CHECK", "SOMEBODY_S_OWN"):
        stored = append(
            trail, dispatch(), note("x", key=event_type)._replace(event=event("said", event_type))
        )
        assert stored[0].event.event_type == event_type
    assert [s.key for s in trail.events()] == ["CHECK", "SOMEBODY_S_OWN"]
