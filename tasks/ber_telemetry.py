"""The last task: the BER telemetry artifact, as a file and as Prefect artifacts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prefect import task

from benson_execution.artifact import build_artifact, write_artifact
from benson_execution.dispatch import Dispatch
from benson_execution.phases.ber_decision import CANONICAL, require
from benson_execution.settings import Settings
from tasks.options import phase
from tasks.projection import publish_artifacts


@task(**phase("BER_TELEMETRY"))
async def ber_telemetry(dispatch: Dispatch) -> Path:
    """Write the artifact from the finished trail, and return its path.

    Raises `TrailIncomplete` when an event is missing: then nothing was closed properly.
    """
    settings = Settings.load()
    events = await asyncio.to_thread(dispatch.events)
    require(events, CANONICAL)
    path = await asyncio.to_thread(
        lambda: write_artifact(build_artifact(dispatch, events), settings.artifacts_folder)
    )
    if settings.prefect_artifacts:
        await publish_artifacts(dispatch, events, path, settings)
    return path
