"""Deployments on a server that nobody serves: what is to run is looked at, and run by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun

from deployments.catalogue import DEPLOYMENTS, SUBMITTED
from deployments.serving import served


@asynccontextmanager
async def registered(full_name: str) -> AsyncIterator[UUID]:
    """One deployment of the catalogue, with its trigger; its id. It is gone afterwards."""
    (deployment,) = [one for one in DEPLOYMENTS if one.full_name == full_name]
    deployment_id = await (await served(deployment)).aapply()
    async with get_client() as client:
        try:
            yield deployment_id
        finally:
            await client.delete_resource_owned_automations(f"prefect.deployment.{deployment_id}")
            await client.delete_deployment(deployment_id)


async def emit(payload: dict[str, Any], url: str) -> None:
    """An event of ours, as any program could send it."""
    event = {
        "id": str(uuid4()),
        "event": SUBMITTED,
        "occurred": "2026-01-01T00:00:00Z",
        "resource": {"prefect.resource.id": "benson.pac.any"},
        "payload": payload,
    }
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        (await client.post(f"{url}/events", json=[event])).raise_for_status()


async def runs_of(deployment_id: UUID) -> list[FlowRun]:
    """Its runs, in no order."""
    wanted = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]))
    async with get_client() as client:
        return await client.read_flow_runs(flow_run_filter=wanted, limit=200)


async def eventually(what: Callable[[], Any], enough: Callable[[Any], object]) -> Any:
    """What an awaited call answers, once that is enough; within 100 seconds."""
    async with asyncio.timeout(100):
        while not enough(answer := await what()):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return answer
