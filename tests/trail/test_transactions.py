"""One append is one transaction: all of it is in the trail, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

import pytest

from benson_execution.errors import DispatchClosed, PacAlreadyWrapped, WrapIdTaken
from benson_execution.events import Event
from benson_execution.trail import Batch, Trail, open_dispatch

from .stores import append, claim, contents, dispatch, end, note, sequences

SHA: Final = "0" * 64
DOCUMENT: Final = (SHA, b"the document")


class RecorderBrokeError(Exception):
    """What the recorder of these tests raises."""


def broken(_events: Sequence[Event]) -> NoReturn:
    """A recorder that can't write."""
    raise RecorderBrokeError("no room")


def test_a_recorder_that_raises_leaves_nothing_of_the_batch(trail: Trail) -> None:
    """Its own error comes out; no event, no document and no claim is kept, no dispatch opened."""
    whole = Batch(dispatch(), (note("a"), note("b"), note("c")), (DOCUMENT,), claim())
    with pytest.raises(RecorderBrokeError, match="no room"):
        trail.append(whole, before_commit=broken)

    assert list(trail.events()) == []
    assert trail.document(SHA) is None
    assert open_dispatch(trail, "run") == (None, 1)
    assert sequences(trail.append(whole)) == [1, 2, 3]  # the claim was still to be had


def test_a_failed_append_leaves_no_gap(trail: Trail) -> None:
    """What comes after it counts on from what came before it."""
    append(trail, dispatch(), note("before"))
    with pytest.raises(RecorderBrokeError):
        trail.append(Batch(dispatch(), (note("x"), note("y"))), before_commit=broken)
    append(trail, dispatch(), note("after"))
    assert contents(trail.events()) == ["before", "after"]
    assert sequences(trail.events()) == [1, 2]


@pytest.mark.parametrize("error", [OSError("no room"), KeyboardInterrupt(), SystemExit(3)])
def test_what_a_recorder_raises_is_what_the_caller_gets(trail: Trail, error: BaseException) -> None:
    """Whatever it is, an interrupt too; nothing is kept, and the trail goes on."""

    def interrupted(_events: Sequence[Event]) -> NoReturn:
        raise error

    with pytest.raises(type(error)) as raised:
        trail.append(Batch(dispatch(), (note("x"),)), before_commit=interrupted)
    assert raised.value is error
    assert sequences(append(trail, dispatch(), note("next"))) == [1]


def test_a_recorder_is_given_exactly_what_is_new(trail: Trail) -> None:
    """Once per append, in order, without the events that the dispatch has already."""
    append(trail, dispatch(), note("a", key="A"))
    given: list[list[bytes]] = []
    new = note("b", key="B"), note("c")
    trail.append(
        Batch(dispatch(), (new[0], note("again", key="A"), new[1])),
        before_commit=lambda events: given.append([e.json for e in events]),
    )
    assert given == [[new[0].event.json, new[1].event.json]]


def test_a_recorder_is_not_called_when_nothing_is_new(trail: Trail) -> None:
    """Known events were recorded when they were new."""
    append(trail, dispatch(), note("a", key="A"), end())
    stored = trail.append(Batch(dispatch(), (note("x", key="A"), end())), before_commit=broken)
    assert sequences(stored) == [1, 2]


def test_a_refused_claim_leaves_nothing_of_the_batch(trail: Trail) -> None:
    """Neither when the PAC is wrapped already, nor when the id is another PAC's."""
    append(trail, dispatch("winner"), note("won"), claim=claim())
    before = list(trail.events())
    loser = dispatch("loser", pac_id="PAC-DAN-P53-TEST-02")

    with pytest.raises(PacAlreadyWrapped):
        append(trail, loser, note("a"), note("b"), documents=[DOCUMENT], claim=claim(number=2))
    with pytest.raises(WrapIdTaken):
        append(trail, loser, note("a"), documents=[DOCUMENT], claim=claim(loser.pac_id))

    assert list(trail.events()) == before
    assert trail.document(SHA) is None
    assert open_dispatch(trail, "loser") == (None, 1)


def test_a_closed_dispatch_takes_no_new_event(trail: Trail) -> None:
    """With a key or without one, alone or behind known events; nothing of the batch is kept."""
    append(trail, dispatch(), note("a", key="A"), end())
    for late in ([note("late")], [note("late", key="L")], [note("x", key="A"), note("late")]):
        with pytest.raises(DispatchClosed, match="run-1"):
            append(trail, dispatch(), *late, documents=[DOCUMENT])
    assert sequences(trail.events()) == [1, 2]
    assert trail.document(SHA) is None


def test_offering_a_closed_dispatch_what_it_has_changes_nothing(trail: Trail) -> None:
    """The known keys come back as they were recorded, the end among them."""
    first = append(trail, dispatch(), note("a", key="A"), end("COMPLETED"))
    again = append(trail, dispatch(), end("COMPLETED"), note("other", key="A"))
    assert again == [first[1], first[0]]
    assert list(trail.events()) == first


def test_an_event_behind_the_end_in_one_batch_is_refused(trail: Trail) -> None:
    """Then the end is not recorded either, and the dispatch stays open."""
    append(trail, dispatch(), note("a"))
    with pytest.raises(DispatchClosed):
        append(trail, dispatch(), end(), note("late"))
    assert contents(trail.events()) == ["a"]
    assert open_dispatch(trail, "run") == (dispatch(), 2)


def test_a_dispatch_may_begin_and_end_in_one_batch(trail: Trail) -> None:
    """The end comes last, and a known event may follow it."""
    stored = append(trail, dispatch(), note("a", key="A"), end(), note("b", key="A"))
    assert sequences(stored) == [1, 2, 1]
    assert sequences(trail.events()) == [1, 2]


def test_a_closed_dispatch_closes_no_other(trail: Trail) -> None:
    """Not the next one of its run, nor another run's of the same PAC."""
    append(trail, dispatch(number=1), end())
    append(trail, dispatch(number=2), note("next"))
    append(trail, dispatch("other"), note("other"))
    assert len(list(trail.events())) == 3
