"""How a dispatch begins with its flow run, and how it is closed whatever becomes of the run.

Prefect calls these hooks by keyword, sometimes in another process than the run's own.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final, NamedTuple

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State

from benson_execution.artifact import leave_artifact, release_lease
from benson_execution.dispatch import Dispatch
from benson_execution.document import Document
from benson_execution.errors import (
    AgentRunsElsewhere,
    BadInput,
    InvalidPac,
    Received,
    UnreadableDocument,
)
from benson_execution.faults import note_fault
from benson_execution.fetching import fetch_document
from benson_execution.policy import Policy
from benson_execution.refusals import record_refusal
from benson_execution.settings import Settings
from benson_execution.text import quote
from benson_execution.trail import open_dispatch, open_trail
from tasks.hooks import record
from tasks.mirror import mirror_rest
from tasks.projection import label_run
from tasks.tracing import trace, trace_id_of


class Given(NamedTuple):
    """What a run is started with, each None where it was left out.

    The document as text or by its URL; `document_digest` is its SHA-256, by which the trail has it
    where neither is given.
    """

    document: str | None = None
    document_digest: str | None = None
    document_url: str | None = None

    @classmethod
    def to(cls, flow_run: FlowRun) -> Given:
        """What a flow run was started with."""
        return cls(**{name: flow_run.parameters.get(name) for name in cls._fields})


_refused: Final[dict[str, BadInput]] = {}
"""Why the hook that begins a run refused its document, until the flow's body says so.

What a URL leads to may have changed by then: a document would be judged that never began.
"""
_REMEMBERED: Final = 1000


def read_document(given: Given, run_id: str, settings: Settings) -> Document:
    """The document that a run was started with: its text, what its URL leads to, or the trail's.

    What was fetched for the run's open dispatch is in the trail, and is not fetched again.
    Raises `UnreadableDocument` or `InvalidPac`.
    """
    text, digest, url = given
    if (text is not None and url is not None) or given == Given():
        raise UnreadableDocument("give one of document, document_digest and document_url")
    if url is not None:
        content: str | bytes = _fetched(url, run_id, settings)
    elif text is not None:
        content = text
    else:
        assert digest is not None
        return Document.read(_kept(digest, settings), limit=settings.max_document_bytes)
    document = Document.read(content, limit=settings.max_document_bytes)
    if digest not in (None, document.sha256):
        error = UnreadableDocument(
            f"the document has the SHA-256 {document.sha256}, and not {quote(digest)}"
        )
        error.received = Received.of(document.content)
        raise error
    return document


def _kept(digest: str, settings: Settings) -> bytes:
    content = open_trail(settings).document(digest)
    if content is None:
        # Handed in while it was kept for an old dispatch, it was archived with that one since.
        content = open_trail(settings, read_only=True).document(digest)
    if content is None:
        raise UnreadableDocument(f"the trail has no document with SHA-256 {quote(digest)}")
    return content


def _fetched(url: str, run_id: str, settings: Settings) -> bytes:
    is_open, _ = open_dispatch(open_trail(settings), run_id)
    if is_open is not None and is_open.document_sha256 is not None:
        return _kept(is_open.document_sha256, settings)
    return fetch_document(url, settings)


def dispatch_of(
    run_id: str, given: Given, settings: Settings, trace_id: str | None = None
) -> Dispatch:
    """The dispatch that a run is to judge: its open one, or its next, in this trace."""
    read = read_document(given, run_id, settings)
    trail = open_trail(settings)
    return Dispatch.of(run_id, read, Policy.of(settings), trail, trace_id=trace_id)


def begun_dispatch(run_id: str, given: Given, settings: Settings) -> tuple[Dispatch, bool]:
    """The dispatch that a run is to judge, and whether its `PAC_DISPATCH_START` is in the trail.

    Raises what the hook that was to begin it raised.
    """
    refused = _refused.pop(run_id, None)
    if refused is not None:
        raise refused
    dispatch = dispatch_of(run_id, given, settings)
    return dispatch, dispatch.has_begun()


def refuse_document(error: BadInput, run_id: str, settings: Settings) -> None:
    """Record that a run's document was refused: there is no dispatch that could tell it."""
    record_refusal(partial(open_trail, settings), settings, error, run_id)


def _dispatch_of_run(flow_run: FlowRun, settings: Settings) -> Dispatch:
    trace_id = trace_id_of(flow_run, settings)
    return dispatch_of(str(flow_run.id), Given.to(flow_run), settings, trace_id)


async def begin_dispatch(  # the names are Prefect's
    flow: Flow[..., Any],  # noqa: ARG001
    flow_run: FlowRun,
    state: State[Any],  # noqa: ARG001
) -> None:
    """Hook, on running: `PAC_DISPATCH_START`, in the run's open dispatch or its next one."""
    try:
        dispatch = await record(_dispatch_of_run, flow_run, Settings.load())
    except (UnreadableDocument, InvalidPac) as error:
        # No dispatch; the flow's body says why. The frames of the error hold the whole document.
        if len(_refused) >= _REMEMBERED:
            del _refused[next(iter(_refused))]
        _refused[str(flow_run.id)] = error.with_traceback(None)
        return
    await record(dispatch.begin)


async def close_dispatch(  # the names are Prefect's
    flow: Flow[..., Any],  # noqa: ARG001
    flow_run: FlowRun,
    state: State[Any],
) -> None:
    """Hook, on failure, crash and cancellation: `PAC_DISPATCH_END` `FAILED` if it is still open.

    A run that was judged to its end is closed already, blocked or failed: then this does nothing.
    """
    # As the exception stands in a state of this process; nothing is read from a storage for it.
    if isinstance(getattr(state.data, "result", state.data), AgentRunsElsewhere):
        return  # the dispatch is another process's, which closes it
    settings = Settings.load()
    trail = open_trail(settings)
    open_ref, next_number = await asyncio.to_thread(open_dispatch, trail, str(flow_run.id))
    if open_ref is None and not await _began_without_record(state, flow_run, next_number):
        # Its process may have died after the end was recorded, and before it was mirrored.
        latest = f"{flow_run.id}-{next_number - 1}"
        await mirror_rest(trail, latest, settings)
        await trace(trail, latest, settings, flow_run)
        return
    try:
        dispatch = await asyncio.to_thread(_dispatch_of_run, flow_run, settings)
    except (UnreadableDocument, InvalidPac):
        return  # there never was one
    await record(dispatch.fail)
    dispatch_id = dispatch.ref.dispatch_id
    leave = partial(leave_artifact, duration_estimated=not dispatch.began_here, keep_lease=True)
    finished = True
    try:
        await asyncio.to_thread(leave, trail, dispatch_id, settings)
    except Exception as error:
        finished = False
        note_fault(settings.home, "artifact", error, f"artifact of {dispatch_id}")
    await mirror_rest(trail, dispatch_id, settings)
    await trace(trail, dispatch_id, settings, flow_run)
    if finished:
        await asyncio.to_thread(release_lease, trail, dispatch_id, settings)
    async with get_client() as client:
        await label_run(client, flow_run, dispatch.document.pac, "FAILED", settings)


async def _began_without_record(state: State[Any], flow_run: FlowRun, number: int) -> bool:
    """Whether the run ended because the START of this very dispatch is missing from the trail.

    Only the flow's body knows; it leaves the dispatch's id in its final state.
    """
    return bool(await state.aresult(raise_on_failure=False) == f"{flow_run.id}-{number}")
