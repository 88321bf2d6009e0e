"""The last task: the BER telemetry artifact, as a file and as Prefect artifacts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prefect import task

from benson_execution.artifact import leave_artifact, release_lease
from benson_execution.dispatch import Dispatch
from benson_execution.evidence import Evidence
from benson_execution.outcome import Outcome
from benson_execution.phases.ber_decision import CANONICAL, require
from benson_execution.settings import Settings
from tasks.hooks import record
from tasks.options import phase
from tasks.projection import show_verdict


@task(**phase("BER_TELEMETRY"))
async def ber_telemetry(dispatch: Dispatch) -> Outcome:
    """Write the artifact from the finished trail, and say what became of the dispatch.

    Raises `TrailIncomplete` when an event is missing: then nothing was closed properly.
    """
    settings = Settings.load()
    evidence, path = await record(_write, dispatch, settings)
    events = [e.event for e in evidence.events]
    ref = dispatch.ref
    outcome = Outcome.of(ref.dispatch_id, ref.pac_id, events, path, dispatch.document)
    await show_verdict(dispatch, evidence, outcome, settings)
    # Not earlier: what a run did not live to mirror, a recovery finds by its lease.
    await asyncio.to_thread(release_lease, dispatch.trail, ref.dispatch_id, settings)
    return outcome


def _write(dispatch: Dispatch, settings: Settings) -> tuple[Evidence, Path]:
    require(dispatch.events(), CANONICAL)
    return leave_artifact(
        dispatch.trail,
        dispatch.ref.dispatch_id,
        settings,
        duration_estimated=not dispatch.began_here,
        known=dispatch.document,
        keep_lease=True,
    )
