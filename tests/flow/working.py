"""A worker in this process: it runs what is scheduled, 0.4 s each, and starts no process for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow

from flows.pac_execution import pac_execution
from flows.submission import ON_DEMAND


@asynccontextmanager
async def on_demand() -> AsyncIterator[tuple[PrefectClient, UUID]]:
    """The deployment that judges on demand, of which this test's runs are the only ones."""
    async with get_client() as client:
        flow_id = await client.create_flow(pac_execution)
        deployment = await client.create_deployment(flow_id, name=ON_DEMAND.partition("/")[2])
        try:
            yield client, deployment
        finally:
            # Other tests have other trails: what this one left would look as if it never began.
            for run in await runs_of(client, deployment):
                await client.delete_flow_run(run.id)
            await client.delete_deployment(deployment)


@asynccontextmanager
async def working(client: PrefectClient, deployment: UUID) -> AsyncIterator[None]:
    """Run what is scheduled of a deployment, while the block lasts."""
    stopping = asyncio.Event()

    async def work() -> None:
        while not stopping.is_set():
            await work_off(client, deployment)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 0.1)

    worker = asyncio.create_task(work())
    try:
        yield
    finally:
        stopping.set()
        await worker


async def work_off(client: PrefectClient, deployment: UUID) -> list[FlowRun]:
    """Run all that is scheduled now, and say what was run."""
    runs = await runs_of(client, deployment, StateType.SCHEDULED)
    for run in runs:
        await walk(run)
    return runs


async def walk(run: FlowRun) -> None:
    """Run it here, as a worker's process would."""
    with suppress(Pause):  # a process ends with it
        given = run.parameters
        walking = run_flow(pac_execution, flow_run=run, parameters=given, return_type="state")
        await cast("Awaitable[Any]", walking)


async def runs_of(client: PrefectClient, deployment: UUID, *types: StateType) -> list[FlowRun]:
    """The runs of a deployment in these states, or in any."""
    wanted = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
    if types:
        wanted.state = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))
    return await client.read_flow_runs(flow_run_filter=wanted, limit=200)
