"""Projections into Prefect: names, tags and artifacts. One that fails never fails a run.

The trail is the record; these show it. A failed one is noted in `faults.jsonl`, where it is
counted; Prefect's client has retried it by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from benson_execution.dispatch import Dispatch
from benson_execution.events import Event
from benson_execution.faults import note_fault
from benson_execution.outcome import Outcome
from benson_execution.pac import Pac
from benson_execution.settings import Settings
from benson_execution.text import plain
from tasks.verdict_page import events_table, verdict_page


def run_name(pac: Pac) -> str:
    """What a flow run is called: its PAC and its agent."""
    return f"{pac.pac_id} · {plain(pac.agent_name)} ({pac.agent_gid})"


def run_tags(pac: Pac, status: str | None = None) -> list[str]:
    """The tags of a flow run: its agent, and its status once there is one."""
    tags = [f"agent:{pac.agent_gid}"]
    return tags if status is None else [*tags, f"status:{status}"]


async def label_run(
    client: PrefectClient | SyncPrefectClient,
    run: FlowRun,
    pac: Pac,
    status: str | None,
    settings: Settings,
) -> None:
    """Give a flow run its name and tags, beside the tags that it was started with."""
    if not settings.prefect_labels or isinstance(client, SyncPrefectClient):
        return  # an async flow always has an async client; Prefect's types don't say so
    ours = ("agent:", "status:")
    tags = [tag for tag in run.tags if not tag.startswith(ours)] + run_tags(pac, status)
    update = client.update_flow_run(run.id, name=run_name(pac), tags=tags)
    await _shown(update, f"labels of flow run {run.id}", settings)


async def publish_artifacts(
    dispatch: Dispatch, events: Sequence[Event], path: Path, settings: Settings
) -> None:
    """The verdict and the events, under keys by which the UI shows one PAC's history."""
    pac_id, dispatch_id = dispatch.ref.pac_id, dispatch.ref.dispatch_id
    # A key has lower-case letters, digits and dashes, as has a PAC id once it is lowered.
    key = pac_id.lower()
    status = Outcome.of(dispatch_id, pac_id, events).status
    await asyncio.gather(
        _shown(
            acreate_markdown_artifact(
                verdict_page(dispatch, events, path), f"verdict-{key}", f"{status}: {pac_id}"
            ),
            f"verdict artifact of {dispatch_id}",
            settings,
        ),
        _shown(
            acreate_table_artifact(
                events_table(events), f"events-{key}", f"Telemetry events of {dispatch_id}"
            ),
            f"events artifact of {dispatch_id}",
            settings,
        ),
    )


async def _shown(projection: Awaitable[Any], about: str, settings: Settings) -> None:
    try:
        await projection
    except Exception as error:
        note_fault(settings.home, "projection", error, about)
