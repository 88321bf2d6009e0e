"""Closing what was killed, as a flow: `benson recover` with a Prefect server to ask."""

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

_ENDED: Final = frozenset(
    {StateType.CRASHED, StateType.CANCELLED, StateType.FAILED, StateType.COMPLETED}
)
_GRACE: Final = timedelta(seconds=LEASE_SECONDS)
"""How long after its time a run may still be about to start."""


@flow(name="trail-recovery", retries=0)
async def trail_recovery() -> State[Any]:
    """Close the dispatches whose process is dead, and write the artifacts that are missing."""
    settings = Settings.load()
    found = await recover_with_prefect(settings)
    if found and settings.prefect_artifacts:
        try:
            await acreate_table_artifact(
                [{name: plain(text) for name, text in r.to_dict().items()} for r in found],
                "trail-recovery",
                f"{len(found)} unfinished dispatches",
            )
        except Exception as error:  # a projection; what was done is in the trail
            note_fault(settings.home, "projection", error, "artifact of the recovery")
    counts = {action: sum(r.action is action for r in found) for action in Action}
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
        return await asyncio.to_thread(lambda: list(recover(trail, settings, ask)))


async def run_state(client: PrefectClient, run_id: str) -> RunState:
    """What Prefect knows of a run.

    RUNNING proves nothing: a killed direct run stays RUNNING for ever. A run that is scheduled,
    pending or paused counts as alive until its own time is over.
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
    deadline = _deadline(state)
    if deadline is not None and datetime.now(UTC) < deadline:
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
