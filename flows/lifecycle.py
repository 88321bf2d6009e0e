"""How a dispatch begins with its flow run, and how it is closed whatever becomes of the run.

Prefect calls these hooks by keyword, sometimes in another process than the run's own.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State

from benson_execution.artifact import leave_artifact
from benson_execution.dispatch import Dispatch
from benson_execution.document import Document
from benson_execution.errors import BadInput, InvalidPac, UnreadableDocument
from benson_execution.faults import note_fault
from benson_execution.policy import Policy
from benson_execution.refusals import record_refusal
from benson_execution.settings import Settings
from benson_execution.trail import open_dispatch, open_trail
from tasks.hooks import record
from tasks.projection import label_run


def read_document(
    document: str | None, document_digest: str | None, settings: Settings
) -> Document:
    """The document that a run was started with: its text, or what the trail keeps by its SHA-256.

    Raises `UnreadableDocument` or `InvalidPac`.
    """
    if (document is None) == (document_digest is None):
        raise UnreadableDocument("give either document or document_digest")
    if document is not None:
        return Document.read(document, limit=settings.max_document_bytes)
    assert document_digest is not None
    content = open_trail(settings).document(document_digest)
    if content is None:
        raise UnreadableDocument(f"the trail has no document with SHA-256 {document_digest!r}")
    return Document.read(content, limit=settings.max_document_bytes)


def dispatch_of(
    run_id: str, document: str | None, document_digest: str | None, settings: Settings
) -> Dispatch:
    """The dispatch that a run is to judge: its open one, or its next."""
    read = read_document(document, document_digest, settings)
    trail = open_trail(settings)
    return Dispatch.of(run_id, read, Policy.of(settings), trail)


def begun_dispatch(
    run_id: str, document: str | None, document_digest: str | None, settings: Settings
) -> tuple[Dispatch, bool]:
    """The dispatch that a run is to judge, and whether its `PAC_DISPATCH_START` is in the trail."""
    dispatch = dispatch_of(run_id, document, document_digest, settings)
    return dispatch, dispatch.has_begun()


def refuse_document(error: BadInput, run_id: str, settings: Settings) -> None:
    """Record that a run's document was refused: there is no dispatch that could tell it."""
    record_refusal(partial(open_trail, settings), settings, error, run_id)


def _dispatch_of_run(flow_run: FlowRun, settings: Settings) -> Dispatch:
    given = flow_run.parameters
    return dispatch_of(
        str(flow_run.id), given.get("document"), given.get("document_digest"), settings
    )


async def begin_dispatch(  # the names are Prefect's
    flow: Flow[..., Any],  # noqa: ARG001
    flow_run: FlowRun,
    state: State[Any],  # noqa: ARG001
) -> None:
    """Hook, on running: `PAC_DISPATCH_START`, in the run's open dispatch or its next one."""
    try:
        dispatch = await record(_dispatch_of_run, flow_run, Settings.load())
    except (UnreadableDocument, InvalidPac):
        return  # no dispatch; the flow's body says why
    await record(dispatch.begin)


async def close_dispatch(  # the names are Prefect's
    flow: Flow[..., Any],  # noqa: ARG001
    flow_run: FlowRun,
    state: State[Any],
) -> None:
    """Hook, on failure, crash and cancellation: `PAC_DISPATCH_END` `FAILED` if it is still open.

    A run that was judged to its end is closed already, blocked or failed: then this does nothing.
    """
    settings = Settings.load()
    trail = open_trail(settings)
    open_ref, next_number = await asyncio.to_thread(open_dispatch, trail, str(flow_run.id))
    if open_ref is None and not await _began_without_record(state, flow_run, next_number):
        return
    try:
        dispatch = await asyncio.to_thread(_dispatch_of_run, flow_run, settings)
    except (UnreadableDocument, InvalidPac):
        return  # there never was one
    await record(dispatch.fail)
    try:
        await asyncio.to_thread(
            partial(
                leave_artifact,
                trail,
                dispatch.ref.dispatch_id,
                settings,
                duration_estimated=not dispatch.began_here,
            )
        )
    except Exception as error:
        note_fault(settings.home, "artifact", error, f"artifact of {dispatch.ref.dispatch_id}")
    async with get_client() as client:
        await label_run(client, flow_run, dispatch.document.pac, "FAILED", settings)


async def _began_without_record(state: State[Any], flow_run: FlowRun, number: int) -> bool:
    """Whether the run ended because the START of this very dispatch is missing from the trail.

    Only the flow's body knows; it leaves the dispatch's id in its final state.
    """
    return bool(await state.aresult(raise_on_failure=False) == f"{flow_run.id}-{number}")
