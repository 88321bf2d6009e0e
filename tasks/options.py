"""The options that every phase's task has, and how a verdict becomes a Prefect state."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypedDict, TypeVar, cast

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed, Failed

from benson_execution.errors import ArtifactNotWritten, TrailUnavailable

Verdict = TypeVar("Verdict")

INFRASTRUCTURE_ERRORS: Final = (TrailUnavailable, ArtifactNotWritten, OSError, TimeoutError)
"""What another attempt may mend. A refusal, or a bug in a judgement, stays what it is."""

RETRY_DELAYS: Final = (0.2, 1.0)
"""How many seconds lie before each further attempt."""


class PhaseOptions(TypedDict):
    """What `prefect.task` is given for a phase."""

    name: str
    task_run_name: str
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Any
    cache_policy: Any
    persist_result: bool


def phase(name: str) -> PhaseOptions:
    """The options of a phase's task; its runs are named after it.

    Nothing is cached: a verdict is worth as much as the trail that it was read from.
    """
    return {
        "name": name,
        "task_run_name": name,
        "retries": len(RETRY_DELAYS),
        "retry_delay_seconds": list(RETRY_DELAYS),
        "retry_condition_fn": is_infrastructure_error,
        "cache_policy": NO_CACHE,
        "persist_result": False,
    }


async def is_infrastructure_error(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether this failed attempt is worth another: never for a refused gate."""
    return isinstance(await state.aresult(raise_on_failure=False), INFRASTRUCTURE_ERRORS)


def passed(name: str, message: str, verdict: Verdict) -> State[Verdict]:
    """The phase let the dispatch go on: its task run is green."""
    return Completed(name=name, message=message, data=verdict)


def refused(name: str, message: str, verdict: Verdict) -> State[Verdict]:
    """The phase refused: its task run is red, and says why."""
    return Failed(name=name, message=message, data=verdict)


async def final_state(task: Task[..., Any], *args: Any, after: Sequence[Any] = ()) -> State[Any]:
    """Run a phase's task to its final state, which may be a failed one.

    `after` is the verdict of the phase before it, the very object: Prefect knows which task made
    it, and the UI draws the line between them.
    """
    # Prefect's types leave out that the state of an async task is awaited.
    return await cast("Awaitable[State[Any]]", task(*args, return_state=True, wait_for=after))


async def outcome_of(state: State[Any], kind: type[Verdict]) -> Verdict | BaseException:
    """The verdict in a task's final state, or the exception that stands there instead."""
    found = await state.aresult(raise_on_failure=False)
    if isinstance(found, kind | BaseException):
        return found
    return RuntimeError(f"the task ended {state.name} without a verdict")
