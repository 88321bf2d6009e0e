"""What the end of a run means for the file that it judged."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound

from benson_execution.again import Latest, latest_dispatch
from benson_execution.errors import ArtifactNotWritten
from benson_execution.events import DispatchStatus
from benson_execution.inbox import DONE, REFUSED, UNREADABLE, Beside
from benson_execution.inbox.answer import artifact_beside, error_beside
from benson_execution.settings import Settings
from benson_execution.trail import Trail
from flows.again import is_killed, run_again

_LEAVING: Final = timedelta(minutes=1)
"""How long a run may take from its verdict to its artifact."""


class Settled(NamedTuple):
    """Where a file goes, what is left beside it, and why in a few words."""

    folder: str
    beside: Beside
    why: str


async def settle(
    client: PrefectClient, trail: Trail, settings: Settings, run_id: str, ended: FlowRun | None
) -> Settled | FlowRun | None:
    """What becomes of a file: it is settled, another run goes on with it, or it has to wait.

    The verdict is the trail's. `ended` is the run, once Prefect says that it has ended.
    Raises `TrailUnavailable`, and `ExecutionFailed` without a deployment to submit to again.
    """
    latest = await asyncio.to_thread(latest_dispatch, trail, run_id)
    if latest is None:
        return None if ended is None else await _without_dispatch(client, trail, ended)
    if latest.status is None:
        return None  # at work, under review, or killed and not closed yet
    if latest.was_killed:
        if ended is None:
            ended = await _ended_by_now(client, run_id, latest)
        if ended is None:
            return None  # it is put right by the recovery, or begins its next dispatch
        if ended.state is not None and ended.state.type is StateType.CRASHED:
            new = (await run_again(client, trail, ended)).new_run
            if new is not None and new.state is not None and new.state.is_final():
                # At most twice: further is nothing submitted.
                return await settle(client, trail, settings, str(new.id), new) or new
            if new is not None:
                return new
    elif ended is None and datetime.now(UTC) - latest.closed_at < _LEAVING:
        return None  # its artifact is being written
    return await asyncio.to_thread(_by_the_trail, trail, settings, latest)


async def _ended_by_now(client: PrefectClient, run_id: str, latest: Latest) -> FlowRun | None:
    """A run whose process is dead, now that Prefect knows that; None for one that may go on.

    The recovery tells it to Prefect too, but it may not be served where the inbox is.
    """
    try:
        run = await client.read_flow_run(UUID(run_id))
    except ObjectNotFound:
        return None  # deleted: the next sweep submits the file again
    return await client.read_flow_run(run.id) if await is_killed(client, run, latest) else None


def _by_the_trail(trail: Trail, settings: Settings, latest: Latest) -> Settled:
    assert latest.status is not None
    folder = DONE if latest.status is DispatchStatus.COMPLETED else REFUSED
    why = f"{latest.status.value}: dispatch {latest.ref.dispatch_id}"
    try:
        return Settled(folder, artifact_beside(trail, settings, latest.ref), why)
    except ArtifactNotWritten as error:
        return Settled(folder, error_beside(why, str(error)), why)


async def _without_dispatch(
    client: PrefectClient, trail: Trail, run: FlowRun
) -> Settled | FlowRun | None:
    state = run.state
    assert state is not None
    told = f"run {run.id} ended {state.name} without a dispatch"
    if state.type is StateType.CRASHED:
        again = await run_again(client, trail, run)
        if again.new_run is not None:
            return again.new_run
        told += f", and {again.because}"
    # Only the flow itself ends so: what it was given holds nothing to judge.
    folder = UNREADABLE if state.name == "REFUSED" else REFUSED
    return Settled(folder, error_beside(told, state.message or ""), told)
