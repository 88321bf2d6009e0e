"""Reading the trail: by every filter, while it is written, and the run's open dispatch."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from benson_execution.trail import StoredEvent, Trail, open_dispatch

from .stores import append, contents, dispatch, end, event, note, sequences

RUNS = ("run-a", "run-b")
PACS = ("PAC-A-01", "PAC-B-01")
TYPES = ("NOTE", "OTHER")


def fill(trail: Trail) -> list[StoredEvent]:
    """Two runs with two dispatches each, of two PACs crosswise, with events of three types."""
    refs = [
        dispatch(run, number, PACS[(i + number) % 2])
        for i, run in enumerate(RUNS)
        for number in (1, 2)
    ]
    for ref, event_type in itertools.product(refs, TYPES):
        append(trail, ref, note()._replace(event=event(ref.dispatch_id, event_type)))
    for ref in reversed(refs):
        append(trail, ref, end(pac_id=ref.pac_id))
    return list(trail.events())


def matches(stored: StoredEvent, wanted: dict[str, Any]) -> bool:
    """What a filter means, spelt out."""
    found = {
        "run_id": stored.dispatch.run_id,
        "dispatch_id": stored.dispatch.dispatch_id,
        "pac_id": stored.dispatch.pac_id,
        "event_type": stored.event.event_type,
    }
    after = wanted.get("after", 0)
    return stored.position > after and all(
        found[name] == value for name, value in wanted.items() if name != "after"
    )


def test_every_combination_of_filters_finds_what_matches_all_of_them(trail: Trail) -> None:
    """Alone, in pairs, and all together, in the order of the trail."""
    everything = fill(trail)
    middle, last = everything[5].position, everything[-1].position
    choices: dict[str, tuple[Any, ...]] = {
        "run_id": (None, *RUNS, "run-c"),
        "dispatch_id": (None, "run-a-1", "run-b-2", "run-c-1"),
        "pac_id": (None, *PACS, "PAC-C-01"),
        "event_type": (None, *TYPES, "PAC_DISPATCH_END", "UNKNOWN"),
        "after": (None, 0, 1, middle, last, last + 1),
    }
    found_some = 0
    for values in itertools.product(*choices.values()):
        wanted = {k: v for k, v in zip(choices, values, strict=True) if v is not None}
        found = list(trail.events(**wanted))
        assert found == [s for s in everything if matches(s, wanted)], wanted
        found_some += bool(found)
    assert found_some > 100  # or the comparison compared nothing with nothing


@pytest.mark.parametrize("wanted", ["run_id", "dispatch_id", "pac_id", "event_type"])
def test_a_filter_takes_its_value_as_it_is(trail: Trail, wanted: str) -> None:
    """No pattern, no part of an id, no other case, and nothing that SQL would understand."""
    fill(trail)
    for value in ("%", "run", "RUN-A", "pac-a-01", "note", "", "' OR '1'='1"):
        only: dict[str, Any] = {wanted: value}
        assert list(trail.events(**only)) == []


def test_an_empty_trail_has_no_events(trail: Trail) -> None:
    """Whatever is asked for."""
    assert list(trail.events()) == []
    assert list(trail.events(run_id="run", event_type="NOTE", after=3)) == []


def test_what_is_appended_is_found_at_once(trail: Trail) -> None:
    """An append is in the trail when it returns."""
    for n in range(5):
        append(trail, dispatch(), note(n))
        assert contents(trail.events()) == list(range(n + 1))


def test_a_reader_can_go_on_where_it_stopped(trail: Trail) -> None:
    """`after` the last position that was seen comes exactly what was appended since."""
    seen = 0
    for n in range(4):
        append(trail, dispatch(f"run-{n % 2}"), note(n), note(-n))
        found = list(trail.events(after=seen))
        assert contents(found) == [n, -n]
        seen = found[-1].position


def test_more_events_than_one_page_are_read_in_order(trail: Trail) -> None:
    """With a filter that takes every second one, too."""
    for first in range(0, 2500, 250):
        for run in RUNS:
            append(trail, dispatch(run), *(note(n) for n in range(first, first + 250)))
    assert contents(trail.events(run_id="run-b")) == list(range(2500))
    assert len(list(trail.events())) == 5000


def test_a_reader_that_pauses_meets_no_gap_and_no_event_twice(trail: Trail) -> None:
    """It may be overtaken by writers; what it had not seen yet comes in order."""
    append(trail, dispatch(), *(note(n) for n in range(1500)))
    reader = trail.events(dispatch_id="run-1")
    begun = [next(reader) for _ in range(3)]
    for n in range(1500, 1600, 20):
        append(trail, dispatch(), *(note(m) for m in range(n, n + 20)))
    found = contents(begun + list(reader))
    assert len(found) >= 1500
    assert found == list(range(len(found)))
    assert contents(trail.events()) == list(range(1600))


def test_a_reader_that_never_finishes_holds_up_nobody(trail: Trail) -> None:
    """Readers that stopped in the middle are left open, and the trail goes on."""
    append(trail, dispatch(), *(note(n) for n in range(1200)))
    abandoned = [trail.events() for _ in range(8)]
    assert all(next(reader).sequence == 1 for reader in abandoned)
    append(trail, dispatch(), note("next"))
    assert sequences(trail.events(after=0))[-1] == 1201


def test_a_run_without_events_has_no_open_dispatch(trail: Trail) -> None:
    """Its first dispatch is number 1, whatever other runs have."""
    append(trail, dispatch("other", 7), note())
    assert open_dispatch(trail, "run") == (None, 1)


def test_a_dispatch_without_its_end_is_open(trail: Trail) -> None:
    """A run that starts again continues it."""
    append(trail, dispatch(), note())
    assert open_dispatch(trail, "run") == (dispatch(), 2)


def test_a_dispatch_with_its_end_is_not_open(trail: Trail) -> None:
    """A run that starts again opens the next."""
    append(trail, dispatch(), note(), end("FAILED"))
    assert open_dispatch(trail, "run") == (None, 2)


def test_of_several_dispatches_the_latest_counts(trail: Trail) -> None:
    """Closed ones lie behind it: it is the open one, or the next number is its own plus 1."""
    for number in (1, 2):
        append(trail, dispatch(number=number), note(), end())
    append(trail, dispatch(number=3), note())
    assert open_dispatch(trail, "run") == (dispatch(number=3), 4)
    append(trail, dispatch(number=3), end())
    assert open_dispatch(trail, "run") == (None, 4)


def test_the_tenth_dispatch_comes_after_the_ninth(trail: Trail) -> None:
    """Numbers are compared as numbers, and the highest counts, not the last that was written to."""
    append(trail, dispatch(number=10), note())
    append(trail, dispatch(number=9), note(), end())
    assert open_dispatch(trail, "run") == (dispatch(number=10), 11)


def test_another_run_closes_nothing_here(trail: Trail) -> None:
    """Runs of one PAC are apart."""
    append(trail, dispatch("run"), note())
    append(trail, dispatch("other"), note(), end())
    assert open_dispatch(trail, "run") == (dispatch("run"), 2)
    assert open_dispatch(trail, "other") == (None, 2)
