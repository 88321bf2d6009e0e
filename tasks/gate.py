"""What the four gates' tasks have in common: judging, and the hooks that emit `CHECKPOINT`."""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from benson_execution.dispatch import Dispatch
from benson_execution.phases import Gate
from benson_execution.phases.verdict import CheckpointVerdict, not_judged
from tasks.hooks import current_dispatch, record
from tasks.options import outcome_of, passed, refused


def judged(gate: Gate, dispatch: Dispatch) -> State[CheckpointVerdict]:
    """The gate's verdict, as the final state of its task."""
    verdict = gate(dispatch.document, dispatch.policy)
    make = passed if verdict.passed else refused
    return make(verdict.status, verdict.details, verdict)


async def verdict_of(task: Task[..., Any], state: State[Any]) -> CheckpointVerdict:
    """The verdict of a gate's task; a gate that raised, or was not judged, has not passed."""
    found = await outcome_of(state, CheckpointVerdict)
    if isinstance(found, CheckpointVerdict):
        return found
    return not_judged(task.name.split()[0], found)


async def emit_checkpoint(task: Task[..., Any], _run: TaskRun, state: State[Any]) -> None:
    """Hook of every gate, on completion and on failure: `CHECKPOINT`."""
    verdict = await verdict_of(task, state)
    await record(current_dispatch().record_checkpoint, verdict)
