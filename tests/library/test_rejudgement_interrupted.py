"""Judged again: dispatches that were interrupted, or in which something failed."""

from __future__ import annotations

import pytest

from benson_execution import MemoryTrail
from benson_execution.dispatch import Dispatch
from benson_execution.events import Event
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.rejudgement import Found
from benson_execution.trail import Batch, NewEvent

from .helpers import (
    CANONICAL,
    GATES,
    engine,
    text,
)
from .judged_again import BAD, PAC_ID, again, copied, differing, dispatched, found
from .test_engine_failures import boom


@pytest.mark.parametrize("failed", [True, False])
@pytest.mark.parametrize("events", range(1, 10))
@pytest.mark.parametrize("content", [text(), BAD], ids=["good", "bad"])
def test_an_interrupted_dispatch_is_held_against_what_it_left(
    content: bytes, events: int, failed: bool
) -> None:
    """Whether somebody closed it as failed, or it is open still; nothing else is expected of it."""
    (judged,) = again(copied(content, events, failed=failed))
    assert judged.holds
    assert judged.is_open is not failed
    ended = CANONICAL[-1:] if failed else []
    assert found(judged, Found.SAME) == CANONICAL[:events] + ended
    assert found(judged, Found.NOT_RECORDED) == CANONICAL[events : len(CANONICAL) - len(ended)]


def test_an_end_alone_is_that_of_an_interrupted_dispatch() -> None:
    """Its beginning could not be written."""
    (judged,) = again(copied(text(), 0, failed=True))
    assert found(judged, Found.SAME) == ["PAC_DISPATCH_END"]


def test_an_interrupted_dispatch_that_is_called_completed_is_found() -> None:
    """Nothing but its WRAP's event completes a dispatch."""
    trail = copied(text(), 9, failed=False)
    stored = next(trail.events())
    ended = {
        "pac_id": PAC_ID,
        "status": "COMPLETED",
        "duration_ms": 1,
        "phase": "DISPATCH_COMPLETE",
    }
    end = NewEvent("PAC_DISPATCH_END", Event.create("PAC_DISPATCH_END", ended))
    trail.append(Batch(stored.dispatch, [end]))
    (judged,) = again(trail)
    assert differing(judged) == {"PAC_DISPATCH_END": [("status", "COMPLETED", "FAILED")]}


@pytest.mark.parametrize("lost", GATES)
@pytest.mark.parametrize("content", [text(), BAD], ids=["good", "bad"])
def test_a_verdict_that_was_never_recorded_counts_for_nothing_again(
    content: bytes, lost: str
) -> None:
    """The decision missed it, and the dispatch failed: it must do so once more."""

    class Loses(Dispatch):
        def record_checkpoint(self, verdict: CheckpointVerdict) -> None:
            if verdict.checkpoint_id != lost:
                super().record_checkpoint(verdict)

    trail = MemoryTrail()
    dispatch = dispatched(trail, content, Loses)
    assert dispatch.events()[-1].data.status == "FAILED"
    (judged,) = again(trail)
    assert judged.holds
    assert found(judged, Found.NOT_RECORDED) == [f"CHECKPOINT {lost}"]


def test_a_gate_that_raised_then_and_not_now_is_a_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was recorded is no verdict on the document, and everything that came of it neither."""
    trail = MemoryTrail()
    with monkeypatch.context() as patch:
        gates = tuple((gate, boom) for gate in GATES)
        patch.setattr("benson_execution.walk.GATES", gates)
        engine(trail).execute_pac(text())
    (judged,) = again(trail)
    differ = differing(judged)
    assert differ["CHECKPOINT:CP-02"] == [
        ("status", "FAIL", "PASS"),
        ("details", "not judged: RuntimeError: boom", "4 paths within the PAC's scope"),
    ]
    assert differ["PAC_DISPATCH_END"] == [("status", "FAILED", "COMPLETED")]
