"""Closing what was killed: dispatches whose process is dead, and artifacts that were never written.

A dispatch is closed as FAILED when its process is dead, and left alone while it may live:

- on this machine, a process that is not there any more is dead at once;
- elsewhere, when its lease has run out;
- whatever orchestrates the runs may know better, in both directions: a run that ended proves its
  process dead, and one that waits to be started or resumed has no process and is alive.

Doing it again, or twice at once, does no harm: an end is recorded once, and only while nobody
else took the dispatch up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from benson_execution.agent_run.command import work_folder
from benson_execution.agent_run.leftovers import kill_leftovers
from benson_execution.agent_run.recorded import run_end, was_started
from benson_execution.artifact import artifact_path, leave_artifact
from benson_execution.dispatch import elapsed_ms
from benson_execution.errors import AppendRefused
from benson_execution.events import DispatchStatus, Event
from benson_execution.phases.human_review import waits_for_review
from benson_execution.settings import Settings
from benson_execution.telemetry import DispatchLogger
from benson_execution.trail.port import Lease, Seizure, Trail


class RunState(StrEnum):
    """What an orchestrator says of a run."""

    ENDED = "ended"
    """It failed, crashed, was cancelled or finished: its process works on nothing any more."""
    WAITING = "waiting"
    """It waits to be started or resumed, and its time is not over: it has no process."""
    STARTING = "starting"
    """It was said to run so lately that its new process may not have taken its dispatch up."""
    UNKNOWN = "unknown"
    """Nothing is proved: a killed run may look as if it were running for ever."""
    UNASKED = "unasked"
    """Nobody was there to ask."""


_REVIEWED: Final = {
    RunState.UNASKED: "a person is to review it, and only its Prefect knows until when",
    RunState.STARTING: "a person was to review it, and its run goes on just now",
}

RunStates = Callable[[str], RunState]
"""Asks an orchestrator about the run with this id."""


class Action(StrEnum):
    """What was done about a dispatch."""

    CLOSED = "closed"
    """It was open, and its process is dead: it is FAILED now, and has its artifact."""
    COMPLETED = "artifact written"
    """It was closed, and had no artifact."""
    LEFT = "left alone"
    """Its process lives, or may live."""
    FAILED = "not recovered"
    """Something stood in the way; the next attempt may do it."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """One unfinished dispatch, what was done about it, and why."""

    dispatch_id: str
    pac_id: str
    action: Action
    because: str

    def to_dict(self) -> dict[str, str]:
        """The members that `--json` prints."""
        return {
            "dispatch_id": self.dispatch_id,
            "pac_id": self.pac_id,
            "action": self.action.value,
            "because": self.because,
        }


def recover(
    trail: Trail, settings: Settings, run_states: RunStates = lambda _: RunState.UNASKED
) -> Iterator[Recovered]:
    """Finish every unfinished dispatch whose process is dead, and say what became of each.

    Raises `TrailUnavailable` when the trail can't be read.
    """
    for lease in trail.leases():
        ref = lease.dispatch
        dead, because = _is_dead(trail, lease, run_states)
        if not dead:
            yield Recovered(ref.dispatch_id, ref.pac_id, Action.LEFT, because)
            continue
        try:
            # Before anything is signed: ids that name no file were not made by us.
            artifact_path(settings.artifacts_folder, ref.pac_id, ref.dispatch_id)
            if not lease.closed:
                _close(trail, lease, settings)
            # Who recorded the end measured it, as far as anybody can tell.
            estimated = not lease.closed
            leave_artifact(trail, ref.dispatch_id, settings, duration_estimated=estimated)
        except AppendRefused as error:  # its process, or another recovery, was faster
            yield Recovered(ref.dispatch_id, ref.pac_id, Action.LEFT, str(error))
        except Exception as error:  # one that can't be recovered must not keep the others from it
            why = str(error) or type(error).__name__
            yield Recovered(ref.dispatch_id, ref.pac_id, Action.FAILED, why)
        else:
            action = Action.COMPLETED if lease.closed else Action.CLOSED
            yield Recovered(ref.dispatch_id, ref.pac_id, action, because)


def _is_dead(trail: Trail, lease: Lease, run_states: RunStates) -> tuple[bool, str]:
    holder = lease.holder
    if holder is None:
        return True, "no process ever took it up"
    process = f"process {holder.pid} on {holder.host}"
    dead = holder.is_dead()
    state = run_states(lease.dispatch.run_id)
    if state is RunState.ENDED:
        return True, "its run has ended"
    if dead is False:
        return False, f"{process} is at work on it"
    if state is RunState.WAITING:
        return False, "its run waits to be started or resumed"
    # Its process ended with the question; another one is started by the answer.
    if state in _REVIEWED and not lease.closed and waits_for_review(_events(trail, lease)):
        return False, _REVIEWED[state]
    if dead:
        return True, f"{process} is dead"
    if lease.expired:
        return True, f"the lease of {process} has run out"
    return False, f"the lease of {process} has not run out"


def _close(trail: Trail, lease: Lease, settings: Settings) -> None:
    events, pac_id = _events(trail, lease), lease.dispatch.pac_id
    if was_started(events) and run_end(events) is None:
        # An agent dies with whoever runs it; where its supervisor was killed too, it goes on.
        kill_leftovers(work_folder(settings.home, lease.dispatch.dispatch_id))
    logger = DispatchLogger(trail, lease.dispatch)
    with logger.transaction(seizure=Seizure(lease.holder)) as together:
        if waits_for_review(events):  # nobody answered, and so nobody approved
            together.wrap_generation(pac_id, None, "WRAP_BLOCKED", blocked=True)
        together.pac_dispatch_end(pac_id, DispatchStatus.FAILED.value, elapsed_ms(events))


def _events(trail: Trail, lease: Lease) -> list[Event]:
    return [s.event for s in trail.events(dispatch_id=lease.dispatch.dispatch_id)]
