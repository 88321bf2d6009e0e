"""A document handed in by an event, and the run that the event leads to.

Prefect's own way to emit an event is a queue that nobody hears of when it fails. Here the event
is sent to the API, and counts as handed in once the API lists it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.events import Event, Resource
from prefect.events.filters import (
    EventFilter,
    EventIDFilter,
    EventNameFilter,
    EventOccurredFilter,
    EventRelatedFilter,
)
from prefect.events.schemas.events import ReceivedEvent
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from benson_execution.document import Document
from benson_execution.errors import BadInput, ExecutionFailed
from benson_execution.outcome import Outcome
from benson_execution.prefect_environment import password_hint
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.timeline import gist
from benson_execution.trail import Batch, Trail
from deployments.catalogue import ON_EVENT, SUBMITTED
from flows.run import outcome_of_run
from flows.submission import inline_text

LISTED_SECONDS: Final = 60
"""How long the API may take to list an event."""
BEGUN_SECONDS: Final = 60
"""How long a run may take to be made for an event; only then it is sure that nobody listens."""
_PAUSE: Final = 0.2
_PAGE: Final = 50
"""How many events the server lists at most; Prefect's client asks for more by default."""
_EXECUTED: Final = "prefect.automation.action.executed"
_NOT_EXECUTED: Final = "prefect.automation.action.failed"

Answer = TypeVar("Answer")


async def hand_in(client: PrefectClient, trail: Trail, document: Document) -> UUID:
    """Emit the event of a document, and return its id once the API lists it.

    What is too large for an event is kept in the trail, and the event has its digest only.
    Raises `ExecutionFailed`, and `TrailUnavailable`.
    """
    text = inline_text(document.content)
    if text is None:
        kept = Batch(documents=((document.sha256, document.content),))
        await asyncio.to_thread(trail.append, kept)
    event = Event(
        event=SUBMITTED,
        resource=Resource({"prefect.resource.id": f"benson.pac.{document.pac.pac_id}"}),
        payload={"document": text, "document_digest": document.sha256, "document_url": None},
    )
    await _asked(client.request("POST", "/events", json=[event.model_dump(mode="json")]))
    listed = EventFilter(id=EventIDFilter(id=[event.id]), occurred=_any_time())
    if not await _until(lambda: _events(client, listed), LISTED_SECONDS):
        raise ExecutionFailed(
            f"Prefect took the event {event.id}, and did not list it within {LISTED_SECONDS} s"
        )
    return event.id


async def run_of(client: PrefectClient, event_id: UUID, seconds: float = BEGUN_SECONDS) -> UUID:
    """The id of the run that the trigger made for this very event.

    Raises `ExecutionFailed` where none is made within `seconds`.
    """
    caused = EventFilter(
        event=EventNameFilter(name=[_EXECUTED, _NOT_EXECUTED]),
        related=EventRelatedFilter(
            resources_in_roles=[(f"prefect.event.{event_id}", "triggering-event")]
        ),
        occurred=_any_time(),
    )
    deployment = await _deployment(client)
    made: list[UUID] = []

    async def found() -> bool:
        for event in await _events(client, caused):
            if event.event == _NOT_EXECUTED:
                why = plain(str(event.payload.get("reason")), 500)
                raise ExecutionFailed(f"Prefect could not make a run for the event: {why}")
            for resource in event.related:
                run_id = resource.id.removeprefix("prefect.flow-run.")
                if run_id != resource.id and await _is_of(client, UUID(run_id), deployment):
                    made.append(UUID(run_id))
        return bool(made)

    if deployment is None or not await _until(found, seconds):
        what = f"no run was made for it within {seconds:g} s"
        if deployment is None:
            what = f"there is no deployment {ON_EVENT}"
        raise ExecutionFailed(
            f"the event was handed in, but nothing listens: {what}",
            "serve it with `benson up`, or deploy it with `prefect deploy --all`",
        )
    return made[0]


async def verdict_of(
    client: PrefectClient,
    trail: Trail,
    event_id: UUID,
    document: Document,
    settings: Settings,
    *,
    seconds: float,
    tell: Callable[[str], None],
) -> Outcome:
    """Follow the run of an event to its end, for at most `seconds`, and say what became of it.

    `tell` is called with what is going on. Raises `BadInput` for a document that the run refused,
    `ExecutionFailed` where there is no run, no end in time, or no dispatch in this trail.
    """
    deadline = time.monotonic() + seconds
    tell("waiting for its run to be made")
    run_id = await run_of(client, event_id, min(seconds, BEGUN_SECONDS))
    while True:
        run = await _run(client, run_id)
        state = run.state
        if state is not None and state.is_final():
            break
        told = "unknown" if state is None else plain(str(state.name))
        if time.monotonic() > deadline:
            raise ExecutionFailed(f"no verdict within {seconds:g} s: the run {run_id} is {told}")
        tell(f"its run is {told}{await asyncio.to_thread(_newest, trail, run_id)}")
        await asyncio.sleep(_PAUSE)
    outcome = await asyncio.to_thread(outcome_of_run, trail, str(run_id), document, settings)
    if outcome is not None:
        return outcome
    message = plain(state.message or "", 2000)
    if state.name == "REFUSED":
        raise BadInput(f"the run {run_id} refused it: {message}")
    raise ExecutionFailed(
        f"the run {run_id} ended {plain(str(state.name))} without a dispatch in this trail: "
        f"{message or 'it says no more'}",
        "BENSON_TRAIL_URL names the trail, which must be that of whoever serves",
    )


def _newest(trail: Trail, run_id: UUID) -> str:
    """The newest event of a run, for people."""
    recorded = [stored.event for stored in trail.events(run_id=str(run_id))]
    return f": {recorded[-1].event_type} {plain(gist(recorded[-1]))}" if recorded else ""


@asynccontextmanager
async def connected() -> AsyncIterator[PrefectClient]:
    """A client of the Prefect at `PREFECT_API_URL`; `ExecutionFailed` where none answers."""
    async with get_client() as client:
        if (failure := await client.api_healthcheck()) is not None:
            raise _unreachable(failure)
        yield client


async def _run(client: PrefectClient, run_id: UUID) -> FlowRun:
    try:
        return await _asked(client.read_flow_run(run_id))
    except ObjectNotFound:
        raise ExecutionFailed(f"the run {run_id} was deleted") from None


async def _deployment(client: PrefectClient) -> UUID | None:
    try:
        return (await _asked(client.read_deployment_by_name(ON_EVENT))).id
    except ObjectNotFound:
        return None


async def _is_of(client: PrefectClient, run_id: UUID, deployment: UUID | None) -> bool:
    """Other automations may listen to the same event, and run something else."""
    return (await _run(client, run_id)).deployment_id == deployment


async def _events(client: PrefectClient, wanted: EventFilter) -> list[ReceivedEvent]:
    return (await _asked(client.read_events(wanted, limit=_PAGE))).events


def _any_time() -> EventOccurredFilter:
    """Clocks differ: an hour ahead is not too late."""
    return EventOccurredFilter(until=datetime.now(UTC) + timedelta(hours=1))


async def _asked(answer: Awaitable[Answer]) -> Answer:
    """What the API answers; `ExecutionFailed` when it does not."""
    try:
        return await answer
    except PrefectHTTPStatusError as error:
        status = error.response.status_code
        told = f"Prefect refused to answer: status {status}"
        raise ExecutionFailed(told, password_hint(error)) from None
    except httpx.HTTPError as error:
        raise _unreachable(error) from None


def _unreachable(error: Exception) -> ExecutionFailed:
    why = plain(str(error)) or type(error).__name__
    return ExecutionFailed(
        f"Prefect can't be reached: {why}", "PREFECT_API_URL says where it is; does it run?"
    )


async def _until(happened: Callable[[], Awaitable[object]], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not await happened():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_PAUSE)
    return True
