"""Serving all deployments from one process: what a work pool and its workers do elsewhere."""

from __future__ import annotations

import importlib
import logging
import signal
from collections.abc import Callable
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from benson_execution.errors import ExecutionFailed
from benson_execution.text import plain
from deployments.catalogue import DEPLOYMENTS, Deployment
from deployments.prefect_yaml import trigger_spec


class _Runner(Runner):
    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002  # Prefect's
        """End as on Ctrl-C: what runs is stopped, and told to the server, before this returns."""
        signal.raise_signal(signal.SIGINT)


def load_flow(deployment: Deployment) -> Flow[..., Any]:
    """The flow that a deployment's entry point names."""
    module, _, function = deployment.entrypoint.rpartition(".")
    found = getattr(importlib.import_module(module), function)
    assert isinstance(found, Flow)
    return found


async def served(deployment: Deployment) -> RunnerDeployment:
    """A deployment of the catalogue, as a runner registers it with the Prefect of the environment.

    It is not paused: one that an earlier runner paused when it ended goes on.
    """
    trigger = deployment.trigger
    one = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    made: RunnerDeployment = await load_flow(deployment).ato_deployment(
        name=deployment.name,
        description=deployment.description,
        schedule=None if deployment.cron is None else Cron(deployment.cron, timezone="UTC"),
        paused=False,
        concurrency_limit=one if deployment.exclusive else None,
        triggers=[] if trigger is None else [DeploymentEventTrigger(**trigger_spec(trigger))],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return made


async def serve(limit: int, *, pause_at_the_end: bool, ready: Callable[[], None]) -> None:
    """Register all deployments and run what is asked for, `limit` runs at a time, until cancelled.

    Each run is a process of its own. `ready` is called when all are registered.
    `pause_at_the_end` stops their schedules with this process: right where nobody else serves
    them, and wrong where others go on.
    """
    async with get_client() as client:
        if (failure := await client.api_healthcheck()) is not None:
            raise ExecutionFailed(f"Prefect can't be reached: {plain(str(failure))}")
    # The runs log to the UI; what this process itself can't do stands where it was started.
    for handler in logging.getLogger("prefect").handlers:
        handler.setLevel(min(handler.level, logging.ERROR))
    runner = _Runner(name="benson-up", limit=limit, pause_on_shutdown=pause_at_the_end)
    for deployment in DEPLOYMENTS:
        await runner.aadd_deployment(await served(deployment))
    ready()
    await runner.start()
