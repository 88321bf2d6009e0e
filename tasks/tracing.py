"""Traces of dispatches in step with Prefect's own: its span of the flow run is their parent.

Prefect makes spans where somebody gave OpenTelemetry a tracer, and keeps the flow run's in the
run's labels. A dispatch of a run that is not traced by it has a trace of its own.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.telemetry.run_telemetry import LABELS_TRACEPARENT_KEY

from benson_execution.faults import note_fault
from benson_execution.settings import Settings
from benson_execution.tracing import (
    TraceParent,
    export_dispatch,
    is_wanted,
    prepare,
    trace_id_of_run,
)
from benson_execution.trail import Trail


def parent_of(run: FlowRun | None) -> TraceParent | None:
    """Prefect's span of a flow run; None when it made none."""
    return None if run is None else TraceParent.parse(run.labels.get(LABELS_TRACEPARENT_KEY))


def trace_id_of(run: FlowRun, settings: Settings) -> str | None:
    """The trace that a dispatch of this flow run is part of; None when none is wanted.

    From here on the exporter is made ready, while the dispatch is judged.
    """
    if not is_wanted(settings):
        return None
    prepare(settings)
    parent = parent_of(run)
    return trace_id_of_run(str(run.id)) if parent is None else parent.trace_id


async def trace(
    trail: Trail, dispatch_id: str, settings: Settings, run: FlowRun | None = None
) -> None:
    """Have a closed dispatch exported; `run` is its flow run, by default the one that runs here.

    Raises nothing, and waits for no receiver.
    """
    if not is_wanted(settings):
        return
    if run is None and (context := FlowRunContext.get()) is not None:
        run = context.flow_run
    await asyncio.to_thread(export_dispatch, trail, dispatch_id, settings, parent_of(run))


async def trace_recovered(
    client: PrefectClient, trail: Trail, dispatch_id: str, settings: Settings
) -> None:
    """Have a dispatch exported that a recovery closed; Prefect is asked for its flow run."""
    if not is_wanted(settings):
        return
    parent = None
    try:
        header = await asyncio.to_thread(trail.header, dispatch_id)
        if header is not None:
            parent = parent_of(await client.read_flow_run(UUID(header.run_id)))
    except Exception as error:  # it goes without a parent, in the same trace
        note_fault(settings.home, "otel", error, f"flow run of {dispatch_id}")
    await asyncio.to_thread(export_dispatch, trail, dispatch_id, settings, parent)
