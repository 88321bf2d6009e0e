"""Running a flow run here, as the process of a worker would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound, Pause
from prefect.flow_engine import run_flow

from flows.pac_execution import pac_execution


async def walk(client: PrefectClient, run_id: UUID) -> FlowRun:
    """Run it, and say how it stands afterwards: ended, or suspended."""
    run = await client.read_flow_run(run_id)
    with suppress(Pause):  # a process ends with it
        given = run.parameters
        walking = run_flow(pac_execution, flow_run=run, parameters=given, return_type="state")
        await cast("Awaitable[Any]", walking)
    return await client.read_flow_run(run_id)


async def wait_for_deployment(client: PrefectClient, name: str) -> None:
    """Wait until the server knows this deployment; a minute at most."""
    async with asyncio.timeout(60):
        while True:
            with suppress(ObjectNotFound):
                await client.read_deployment_by_name(name)
                return
            await asyncio.sleep(0.2)
