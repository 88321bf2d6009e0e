"""The flows that are compared: the governed one as it is used, and bare ones with as many tasks.

`shown` is what an operator sees in Prefect: a name, tags, and two artifacts.
Imported by workers only: it imports Prefect.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, Final
from uuid import UUID

from prefect import flow, tags, task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State
from prefect.events.filters import EventFilter, EventResourceFilter

from bench.documents import documents, pac_id
from benson_execution.tracing import flush
from flows.pac_execution import pac_execution

TASKS: Final = 8
"""How many tasks the governed flow has."""

_texts: Final[Iterator[str]] = documents()
_numbers: Final = count(1)
_page: dict[str, Any] = {"markdown": "", "table": []}
"""What the bare flow shows: exactly what the governed one has shown."""


@task
async def nothing() -> None:
    """A task that does nothing."""


@task
async def show(key: str) -> None:
    """The last task of the bare flow that is shown; the governed one's publishes as well."""
    await asyncio.gather(
        acreate_markdown_artifact(_page["markdown"], f"verdict-{key}", "A verdict"),
        acreate_table_artifact(_page["table"], f"events-{key}", "The events"),
    )


@flow
async def bare_flow() -> None:
    """As many tasks as the governed flow has, one after another."""
    for _ in range(TASKS):
        await nothing()


@flow(flow_run_name="{name}")
async def bare_flow_shown(name: str) -> None:
    """The same, and the last task publishes two artifacts."""
    for _ in range(TASKS - 1):
        await nothing()
    await show(name.lower())


async def bare() -> State[Any]:
    """The bare flow."""
    state: State[Any] = await bare_flow(return_state=True)
    return state


async def bare_shown() -> State[Any]:
    """The bare flow with a name, tags and two artifacts."""
    with tags("agent:GID-07", "status:COMPLETED"):
        name = f"BARE-{next(_numbers)}"
        state: State[Any] = await bare_flow_shown(name=name, return_state=True)
    return state


async def governed() -> State[Any]:
    """The governed flow with neither name, tags nor Prefect artifacts."""
    return await _govern(shown=False)


async def governed_shown() -> State[Any]:
    """The governed flow with all of them, as it is by default."""
    return await _govern(shown=True)


async def _govern(*, shown: bool) -> State[Any]:
    os.environ["BENSON_PREFECT_LABELS"] = os.environ["BENSON_PREFECT_ARTIFACTS"] = str(shown)
    state: State[Any] = await pac_execution(document=next(_texts), return_state=True)
    return state


async def _insight(*, on: bool, artifacts: bool) -> State[Any]:
    """Events mirrored to Prefect, and dispatches exported over OTLP; or neither.

    What OpenTelemetry's exporter does meanwhile is waited for: nothing is left for later.
    """
    os.environ["BENSON_PREFECT_EVENTS"] = os.environ["BENSON_OTEL"] = str(on)
    os.environ["BENSON_PREFECT_ARTIFACTS"] = str(artifacts)
    os.environ["BENSON_PREFECT_LABELS"] = str(False)
    state: State[Any] = await pac_execution(document=next(_texts), return_state=True)
    assert await asyncio.to_thread(flush, 60)
    return state


INSIGHT: Final[Mapping[str, Callable[[], Awaitable[State[Any]]]]] = {
    "insight off": partial(_insight, on=False, artifacts=False),
    "insight on": partial(_insight, on=True, artifacts=False),
    "insight off, artifacts": partial(_insight, on=False, artifacts=True),
    "insight on, artifacts": partial(_insight, on=True, artifacts=True),
}

VARIANTS: Final[Mapping[str, Callable[[], Awaitable[State[Any]]]]] = {
    **INSIGHT,
    "bare": bare,
    "governed": governed,
    "governed, shown": governed_shown,
    "bare, shown": bare_shown,
}


async def check(names: Sequence[str]) -> None:
    """Run each of these variants twice, and see in Prefect that it is what it is called.

    The first runs import and compile; and what the governed flow has shown is what the bare one
    will show, so that both publish as many bytes.
    """
    for name in names:
        for _ in range(2):
            state = await VARIANTS[name]()
            assert state.is_completed(), f"{name}: {state.name}, {state.message}"
        await (_see_insight if name in INSIGHT else _see)(name, state)


async def _see_insight(name: str, state: State[Any]) -> None:
    """Whether Prefect has the run's events, and its artifacts; the receiver counts for itself."""
    run_id = state.state_details.flow_run_id
    about = EventFilter(resource=EventResourceFilter(id=[f"benson.dispatch.{run_id}-1"]))
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id] if run_id else []))
    expected = (11 * name.startswith("insight on"), 2 * name.endswith("artifacts"))
    async with get_client() as client, asyncio.timeout(60):
        while True:  # the server stores events in batches
            page = await client.read_events(about, limit=50)
            artifacts = await client.read_artifacts(artifact_filter=of_run)
            if (len(page.events), len(artifacts)) == expected:
                return
            await asyncio.sleep(0.2)


async def _see(name: str, state: State[Any]) -> None:
    run_id = state.state_details.flow_run_id
    assert isinstance(run_id, UUID)
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
    async with get_client() as client:
        run = await client.read_flow_run(run_id)
        artifacts = {
            str(a.type): a.data for a in await client.read_artifacts(artifact_filter=of_run)
        }
    shown = name.endswith("shown")
    assert bool(run.tags) is shown, f"{name}: tags {run.tags}"
    assert run.name.startswith((pac_id(0)[:9], "BARE-")) is shown, f"{name}: named {run.name}"
    assert set(artifacts) == ({"markdown", "table"} if shown else set()), f"{name}: {artifacts}"
    if name == "governed, shown":
        _page.update(markdown=artifacts["markdown"], table=json.loads(str(artifacts["table"])))
