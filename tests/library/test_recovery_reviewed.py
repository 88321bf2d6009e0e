"""Recovering dispatches that wait for a person: left alone while they may be answered."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from benson_execution import MemoryTrail, Outcome, Settings
from benson_execution.dispatch import Dispatch
from benson_execution.document import NoResult
from benson_execution.phases import human_review
from benson_execution.recovery import Action, Recovered, RunState, recover
from benson_execution.rejudgement import rejudge
from benson_execution.trail import Batch
from benson_execution.trail.lease import Holder, this_process

from .helpers import CANONICAL, labels
from .walks import APPROVAL, RAN, REVIEWED, answer, ran, waiting

DEAD = dataclasses.replace(this_process(), boot_id="an earlier one")
ELSEWHERE = Holder("elsewhere", "boot", 1, "100")


def held(trail: MemoryTrail, dispatch: Dispatch, holder: Holder = DEAD) -> None:
    """Let the dispatch be the work of another process."""
    trail.append(Batch(dispatch.ref, lease=holder))


def recovered(trail: MemoryTrail, state: RunState = RunState.UNASKED) -> Recovered:
    """What was done about the only dispatch."""
    (one,) = recover(trail, Settings.load(), lambda _: state)
    return one


def artifact_of(home: Path, dispatch: Dispatch) -> dict[str, dict[str, object]]:
    (path,) = (home / "artifacts").glob(f"*/{dispatch.ref.dispatch_id}.json")
    read: dict[str, dict[str, object]] = json.loads(path.read_bytes())
    return read


@pytest.mark.parametrize("state", [RunState.UNASKED, RunState.WAITING])
@pytest.mark.parametrize("holder", [DEAD, ELSEWHERE])
def test_what_waits_for_a_person_is_left_alone(state: RunState, holder: Holder) -> None:
    """Its process ended when it began to wait; only its orchestrator knows whether it is over."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    held(trail, dispatch, holder)
    before = dispatch.events()
    assert recovered(trail, state).action is Action.LEFT
    assert dispatch.events() == before
    assert answer(dispatch)[-1].data.status == "COMPLETED", "it can be answered no more"


def test_without_an_orchestrator_it_is_said_whom_it_waits_for() -> None:
    trail = MemoryTrail()
    held(trail, waiting(trail))
    told = "a person is to review it, and only its Prefect knows until when"
    assert recovered(trail).because == told


@pytest.mark.parametrize(
    ("state", "because"),
    [
        (RunState.ENDED, "its run has ended"),
        (RunState.UNKNOWN, f"process {DEAD.pid} on {DEAD.host} is dead"),
    ],
)
def test_what_nobody_will_answer_any_more_is_closed_without_a_wrap(
    home: Path, state: RunState, because: str
) -> None:
    """The time is over, or the run was cancelled: nobody approved, and the trail says so."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    held(trail, dispatch)
    found = recovered(trail, state)
    assert (found.action, found.because) == (Action.CLOSED, because)
    events = dispatch.events()
    assert labels(events) == CANONICAL
    wrap, end = events[-2:]
    assert (wrap.data.wrap_id, wrap.data.status, wrap.data.blocked) == (None, "WRAP_BLOCKED", True)
    assert end.data.status == "FAILED"
    outcome = Outcome.of(dispatch.ref.dispatch_id, dispatch.ref.pac_id, events)
    assert outcome.reason == "review required, and nobody answered in time"
    report = artifact_of(home, dispatch)["report"]
    assert report["human_review"] is None
    assert trail.wrap_of(dispatch.ref.pac_id) is None
    assert trail.leases() == []


def test_what_was_closed_because_nobody_came_is_judged_the_same() -> None:
    """Which status it got no document says: that it waited, and failed, does."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    held(trail, dispatch)
    recovered(trail, RunState.ENDED)
    (again,) = rejudge(trail, dispatch.ref.pac_id)
    assert again.holds, again.to_dict()
    assert len(again.verdicts) == 11


@pytest.mark.parametrize("state", [RunState.UNASKED, RunState.ENDED, RunState.UNKNOWN])
def test_what_was_answered_and_not_closed_is_failed(home: Path, state: RunState) -> None:
    """It waits for nobody. That a person approved closes nothing by itself."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    verdict = human_review.judge(APPROVAL, dispatch.document, dispatch.policy)
    dispatch.record_review(verdict)
    held(trail, dispatch)
    assert recovered(trail, state).action is Action.CLOSED
    assert labels(dispatch.events()) == [*REVIEWED[:11], "PAC_DISPATCH_END"]
    assert dispatch.events()[-1].data.status == "FAILED"
    assert artifact_of(home, dispatch)["report"] is None
    (again,) = rejudge(trail, dispatch.ref.pac_id)
    assert again.holds, again.to_dict()


def test_what_its_process_still_works_on_is_left_alone() -> None:
    """Though it waits: it has not gone yet."""
    trail = MemoryTrail()
    waiting(trail)
    found = recovered(trail, RunState.UNKNOWN)
    assert (found.action, found.because.endswith("is at work on it")) == (Action.LEFT, True)


def test_an_answer_that_came_first_is_not_undone(home: Path) -> None:
    """Only the artifact is missing then."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    answer(dispatch)
    held(trail, dispatch)
    before = dispatch.events()
    assert recovered(trail, RunState.ENDED).action is Action.COMPLETED
    assert dispatch.events() == before
    review = artifact_of(home, dispatch)["report"]["human_review"]
    assert isinstance(review, dict)
    assert (review["decision"], review["reviewer"]) == ("APPROVED", "Ada")


class _Killed(BaseException):
    """Ends a process where it stands."""


def _kill(_: Dispatch) -> None:
    raise _Killed


def test_an_agent_that_was_started_and_lost_is_closed_and_judged_the_same(home: Path) -> None:
    """Nothing is known of what it did; its artifact says that it was started."""
    trail = MemoryTrail()
    with pytest.raises(_Killed):
        ran(trail, until=_kill)
    (lease,) = trail.leases()
    trail.append(Batch(lease.dispatch, lease=DEAD))
    assert recovered(trail).action is Action.CLOSED
    events = [s.event for s in trail.events()]
    assert labels(events) == [*RAN[:4], "PAC_DISPATCH_END"]
    (path,) = (home / "artifacts").rglob("*-1.json")
    told = json.loads(path.read_bytes())["dispatch"]["agent_run"]
    assert told == {"runner": "command dan", "started_at": events[3].timestamp}
    (again,) = rejudge(trail, lease.dispatch.pac_id)
    assert again.holds, again.to_dict()


def test_a_run_without_an_answer_waits_for_nobody() -> None:
    """It failed by itself, and was closed."""
    trail = MemoryTrail()
    dispatch = ran(trail, NoResult("it exited with 3"))
    assert dispatch.events()[-1].data.status == "FAILED"
    trail.release(dispatch.ref.dispatch_id)
    assert list(recover(trail, Settings.load())) == []
