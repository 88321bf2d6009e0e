"""Closing a dispatch: once, with one status, one leaf in the log, and one signed head."""

from __future__ import annotations

from functools import partial

import pytest

from benson_execution.errors import DispatchClosed, StatusConflict
from benson_execution.proof import merkle
from benson_execution.proof.leaf import Header, Leaf, Provenance
from benson_execution.trail import Batch, DispatchRef, StoredEvent, Trail

from .said import all_rows, assert_proved, described, key_of
from .stores import (
    PAC,
    THREADS,
    answers,
    append,
    at_once,
    dispatch,
    end,
    note,
)


def close_many(trail: Trail, count: int, run_id: str = "run") -> list[StoredEvent]:
    """Begin and close so many dispatches of a run; their ends."""
    ends = []
    for number in range(1, count + 1):
        append(trail, dispatch(run_id, number), note(number))
        ends += append(trail, dispatch(run_id, number), end())
    return ends


@pytest.mark.parametrize("status", ["BLOCKED", "FAILED"])
def test_a_second_different_status_is_refused(trail: Trail, status: str) -> None:
    """The error names both; the first one stands, and nothing of the batch is kept."""
    first = append(trail, dispatch(), note("a", key="A"), end("COMPLETED"))
    with pytest.raises(StatusConflict, match=f"run-1 is closed as COMPLETED.* {status}"):
        append(trail, dispatch(), end(status), documents=[("0" * 64, b"late")])
    with pytest.raises(StatusConflict):
        append(trail, dispatch(), note("other", key="A"), end(status))
    assert list(trail.events()) == first
    assert trail.document("0" * 64) is None
    with trail.rows() as rows:
        assert len(list(rows.leaves())) == 1


def test_the_same_status_again_changes_nothing(trail: Trail) -> None:
    """Also with another duration: whoever repeats it is given the end that was recorded."""
    (first,) = append(trail, dispatch(), end("BLOCKED"))
    assert append(trail, dispatch(), end("BLOCKED")) == [first]
    with trail.rows() as rows:
        assert [len(list(rows.leaves())), len(list(rows.heads()))] == [1, 2]


def test_two_statuses_in_one_batch_are_refused(trail: Trail) -> None:
    """Then the dispatch is not closed at all."""
    append(trail, dispatch(), note("a"))
    with pytest.raises(StatusConflict):
        append(trail, dispatch(), end("COMPLETED"), end("FAILED"))
    assert trail.proof("run-1") is None
    append(trail, dispatch(), end("FAILED"))


def test_one_of_many_statuses_wins(trail: Trail) -> None:
    """Sixteen close one dispatch at once, each as one of three: the winner's is the status."""
    statuses = ["COMPLETED", "BLOCKED", "FAILED"]
    append(trail, dispatch(), note("a"))
    outcomes = at_once(
        [partial(append, trail, dispatch(), end(statuses[n % 3])) for n in range(THREADS)]
    )
    (recorded,) = trail.events(event_type="PAC_DISPATCH_END")
    won = recorded.event.data["status"]
    for n, outcome in enumerate(outcomes):
        if statuses[n % 3] == won:
            assert outcome == [recorded]
        else:
            assert isinstance(outcome, StatusConflict)
            assert won in str(outcome)


def test_a_trail_begins_with_the_head_of_an_empty_log(trail: Trail) -> None:
    """Signed by its key, of size 0: that is where its id stands."""
    head = trail.head()
    assert head is not None
    assert (head.size, head.root) == (0, merkle.EMPTY_ROOT)
    assert head.is_signed_by(key_of(trail))
    append(trail, dispatch(), note("open"))
    assert trail.head() == head


def test_an_open_dispatch_has_no_proof(trail: Trail) -> None:
    """Nor has one that is not there."""
    append(trail, dispatch(), note("open"))
    assert trail.proof("run-1") is None
    assert trail.proof("run-2") is None


def test_each_closed_dispatch_is_proved_by_its_head(trail: Trail) -> None:
    """For every size from 1 to 20: the path leads to the root that the trail's key signed."""
    ends = close_many(trail, 20)
    for index, closed in enumerate(ends):
        proof = trail.proof(closed.dispatch.dispatch_id)
        assert proof is not None
        assert proof.leaf_index == index
        assert_proved(proof, key_of(trail))
        leaf = Leaf.from_bytes(proof.entry)
        assert (leaf.events, leaf.chain) == (2, closed.chain)
    head = trail.head()
    assert head is not None
    assert head.size == 20
    assert proof is not None
    assert head == proof.head


def test_a_leaf_begins_with_the_header_of_its_dispatch(trail: Trail) -> None:
    """What the dispatch was opened with, and in which trail; later appends don't change it."""
    provenance = Provenance("1" * 64, "2" * 64, "3" * 64, "4" * 64, "2.0")
    opened = DispatchRef("run", 7, PAC, "ab" * 32, provenance)
    append(trail, opened, note("a"))
    append(trail, DispatchRef("run", 7, "PAC-X", None, Provenance()), end())
    proof, head = trail.proof("run-7"), trail.head()
    assert proof is not None
    assert head is not None
    header = Leaf.from_bytes(proof.entry).header
    assert Header.from_bytes(header) == Header(
        head.trail_id, "run-7", "run", 7, PAC, "ab" * 32, provenance
    )


@pytest.mark.usefixtures("eager_threads")
def test_sixteen_that_close_at_once_build_one_log(trail: Trail) -> None:
    """Each end has one leaf and one head; indices have no gap, and every dispatch its proof."""
    answers(at_once([partial(close_many, trail, 5, f"run{n}") for n in range(THREADS)]))
    with trail.rows() as rows:
        found = described(all_rows(rows), key_of(trail))
    ends = [s.dispatch.dispatch_id for s in trail.events(event_type="PAC_DISPATCH_END")]
    assert len(ends) == THREADS * 5
    assert found["leaves"] == list(enumerate(ends))
    assert found["heads"] == list(range(len(ends) + 1))
    for dispatch_id in ends:
        proof = trail.proof(dispatch_id)
        assert proof is not None
        assert_proved(proof, key_of(trail))


def test_a_refused_close_leaves_no_leaf(trail: Trail) -> None:
    """Neither when an event comes behind the end, nor when the recorder can't write."""

    def broken(_events: object) -> None:
        raise OSError("no room")

    append(trail, dispatch(), note("a"))
    with pytest.raises(DispatchClosed):
        append(trail, dispatch(), end(), note("late"))
    with pytest.raises(OSError, match="no room"):
        trail.append(Batch(dispatch(), (end(),)), before_commit=broken)
    with trail.rows() as rows:
        assert [len(list(rows.leaves())), len(list(rows.heads()))] == [0, 1]
    append(trail, dispatch(), end())
    proof = trail.proof("run-1")
    assert proof is not None
    assert proof.leaf_index == 0
