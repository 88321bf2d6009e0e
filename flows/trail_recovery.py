"""Closing what was killed, and having it judged again: `benson recover` with a Prefect to ask."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Failed

from benson_execution.faults import note_fault
from benson_execution.recovery import Action, Recovered, RunState, recover
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.trail import open_trail
from benson_execution.trail.lease import LEASE_SECONDS
from flows.again import Again, AgainAction, run_killed_again
from tasks.mirror import mirror_rest
from tasks.tracing import trace_recovered

_ENDED: Final = frozenset(
    {StateType.CRASHED, StateType.CANCELLED, StateType.FAILED, StateType.COMPLETED}
)
_GRACE: Final = timedelta(seconds=LEASE_SECONDS)
"""How long after its time a run may still be about to start."""


@flow(name="trail-recovery", retries=0)
async def trail_recovery() -> State[Any]:
    """Close the dispatches whose process is dead, write missing artifacts, and judge again.

    The document of a killed dispatch is submitted again, at most twice, and never where an agent
    had been started; a run that its worker never began is put back.
    """
    settings = Settings.load()
    unfinished = await recover_with_prefect(settings)
    async with get_client() as client:
        again = await run_killed_again(client, open_trail(settings))
    found: list[Recovered | Again] = [*unfinished, *again]
    if found and settings.prefect_artifacts:
        try:
            await acreate_table_artifact(
                [{name: plain(text) for name, text in r.to_dict().items()} for r in found],
                "trail-recovery",
                f"{len(unfinished)} unfinished dispatches"
                + (f", {len(again)} killed runs gone on with" if again else ""),
            )
        except Exception as error:  # a projection; what was done is in the trail
            note_fault(settings.home, "projection", error, "artifact of the recovery")
    actions = [*Action, *AgainAction]
    counts = {action: sum(r.action is action for r in found) for action in actions}
    told = ", ".join(f"{count} {action}" for action, count in counts.items() if count)
    if counts[Action.FAILED]:
        return Failed(message=told)
    return Completed(message=told or "nothing was unfinished")


async def recover_with_prefect(settings: Settings) -> list[Recovered]:
    """Recover, asking the Prefect of the environment what it knows of each run."""
    loop = asyncio.get_running_loop()
    async with get_client() as client:

        def ask(run_id: str) -> RunState:
            return asyncio.run_coroutine_threadsafe(run_state(client, run_id), loop).result()

        trail = open_trail(settings)
        found = await asyncio.to_thread(lambda: list(recover(trail, settings, ask)))
        for one in found:
            if one.action in (Action.CLOSED, Action.COMPLETED):
                await mirror_rest(trail, one.dispatch_id, settings)
                await trace_recovered(client, trail, one.dispatch_id, settings)
    return found


async def run_state(client: PrefectClient, run_id: str) -> RunState:
    """What Prefect knows of a run.

    RUNNING proves nothing: a killed direct run stays RUNNING for ever. A run that is scheduled,
    pending or paused counts as alive until its own time is over; one that a worker is to start has
    no such time while it is scheduled, for a reviewer's answer may lie in it.
    """
    try:
        run = await client.read_flow_run(UUID(run_id))
    except (ValueError, ObjectNotFound):
        return RunState.UNKNOWN  # not a run of this Prefect
    state = run.state
    if state is None:
        return RunState.UNKNOWN
    if state.type in _ENDED:
        return RunState.ENDED
    if state.type is StateType.SCHEDULED and run.deployment_id is not None:
        return RunState.WAITING
    now = datetime.now(UTC)
    if state.type is StateType.RUNNING and now < state.timestamp + _GRACE:
        return RunState.STARTING
    deadline = _deadline(state)
    if deadline is not None and now < deadline:
        return RunState.WAITING
    return RunState.UNKNOWN


def _deadline(state: State[Any]) -> datetime | None:
    """Until when a run that has no process may still get one; None when it must have one."""
    details = state.state_details
    if state.type is StateType.PAUSED:
        return details.pause_timeout
    if state.type is StateType.SCHEDULED and details.scheduled_time is not None:
        return details.scheduled_time + _GRACE
    if state.type is StateType.PENDING:
        return state.timestamp + _GRACE
    return None
