"""Projections into Prefect: names, tags, artifacts and events. One that fails never fails a run.

The trail is the record; these show it. A failed one is noted in `faults.jsonl`, where it is
counted; Prefect's client has retried it by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from benson_execution.dispatch import Dispatch
from benson_execution.evidence import Evidence
from benson_execution.faults import note_fault
from benson_execution.insight.explanation import Judged, explain_judged
from benson_execution.outcome import Outcome
from benson_execution.pac import Pac
from benson_execution.settings import Settings
from benson_execution.text import plain
from tasks.mirror import mirror
from tasks.tracing import trace
from tasks.verdict_page import events_table, verdict_page


def run_name(pac: Pac) -> str:
    """What a flow run is called: its PAC and its agent."""
    return f"{pac.pac_id} · {plain(pac.agent_name)} ({pac.agent_gid})"


def run_tags(pac: Pac, status: str) -> list[str]:
    """The tags of a flow run: its agent, and its status."""
    return [f"agent:{pac.agent_gid}", f"status:{status}"]


async def label_run(
    client: PrefectClient | SyncPrefectClient,
    run: FlowRun,
    pac: Pac,
    status: str,
    settings: Settings,
) -> None:
    """Give a flow run its name and tags, beside the tags that it was started with."""
    if not settings.prefect_labels or isinstance(client, SyncPrefectClient):
        return  # an async flow always has an async client; Prefect's types don't say so
    ours = ("agent:", "status:")
    tags = [tag for tag in run.tags if not tag.startswith(ours)] + run_tags(pac, status)
    update = client.update_flow_run(run.id, name=run_name(pac), tags=tags)
    await _shown(update, f"labels of flow run {run.id}", settings)


async def show_verdict(
    dispatch: Dispatch, evidence: Evidence, outcome: Outcome, settings: Settings
) -> None:
    """Show a judged dispatch: the run's name and tags, the verdict, and the events, twice.

    All at once, when the verdict is there: every request more than that costs a run a tenth.
    """
    shown: list[Awaitable[None]] = [
        mirror(dispatch, settings),
        trace(dispatch.trail, outcome.dispatch_id, settings),
    ]
    context = FlowRunContext.get()
    if context is not None and context.flow_run is not None:
        pac = dispatch.document.pac
        shown.append(label_run(context.client, context.flow_run, pac, outcome.status, settings))
    if settings.prefect_artifacts:
        shown += _artifacts(dispatch, evidence, outcome, settings)
    await asyncio.gather(*shown)


def _artifacts(
    dispatch: Dispatch, evidence: Evidence, outcome: Outcome, settings: Settings
) -> list[Awaitable[None]]:
    """The two artifacts, under keys by which the UI shows one PAC's history."""
    # A key has lower-case letters, digits and dashes, as has a PAC id once it is lowered.
    key = outcome.pac_id.lower()
    told = f"{outcome.status}: {outcome.pac_id}"
    events = [e.event for e in evidence.events]

    async def verdict() -> None:
        page = await asyncio.to_thread(_page, dispatch, evidence, outcome)
        await acreate_markdown_artifact(page, f"verdict-{key}", told)

    return [
        _shown(
            verdict(),
            f"verdict artifact of {outcome.dispatch_id}",
            settings,
        ),
        _shown(
            acreate_table_artifact(events_table(events), f"events-{key}", told),
            f"events artifact of {outcome.dispatch_id}",
            settings,
        ),
    ]


def _page(dispatch: Dispatch, evidence: Evidence, outcome: Outcome) -> str:
    """The verdict's page; it judges once more, by what is known here, what each gate expected."""
    judged = Judged(dispatch.document, dispatch.policy)
    events = [e.event for e in evidence.events]
    explained = explain_judged(dispatch.trail, dispatch.ref, events, judged)
    shown = replace(explained, outcome=outcome)
    return verdict_page(shown, dispatch.document.sha256, evidence.proof.head)


async def _shown(projection: Awaitable[Any], about: str, settings: Settings) -> None:
    try:
        await projection
    except Exception as error:
        note_fault(settings.home, "projection", error, about)
