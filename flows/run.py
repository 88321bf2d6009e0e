"""Running the governed flow in this process, for the `benson` command and for programs."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect.client.schemas.objects import State

from benson_execution.agent_run.recorded import as_judged
from benson_execution.artifact import artifact_path, leave_artifact
from benson_execution.dispatch import Dispatch
from benson_execution.document import Document
from benson_execution.errors import (
    ArtifactNotWritten,
    BensonError,
    ExecutionFailed,
    TrailUnavailable,
)
from benson_execution.outcome import Outcome
from benson_execution.policy import Policy
from benson_execution.prefect_environment import password_hint
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.tracing import export_dispatch
from benson_execution.trail import Batch, Trail, open_dispatch, open_trail
from flows.pac_execution import pac_execution
from flows.submission import inline_text


async def run_document(document: Document, settings: Settings) -> Outcome:
    """Run the flow on a document, on the Prefect of the environment, and say what became of it.

    Raises `TrailUnavailable` when the trail could not be read or written, and `ExecutionFailed`
    when the run ended without a dispatch.
    """
    trail = open_trail(settings)
    text = inline_text(document.content)
    if text is not None:
        given = {"document": text}
    else:
        kept = Batch(documents=((document.sha256, document.content),))
        await asyncio.to_thread(trail.append, kept)
        given = {"document_digest": document.sha256}
    try:
        state: State[Any] = await pac_execution(**given, return_state=True)
    except Exception as failure:  # what the flow raises is in its state: this is Prefect itself
        await asyncio.to_thread(_close_what_is_open, trail, document, settings)
        told = f"Prefect did not run the flow: {plain(str(failure))}"
        raise ExecutionFailed(told, password_hint(failure)) from failure
    run_id = str(state.state_details.flow_run_id)
    error = await state.aresult(raise_on_failure=False)
    if isinstance(error, TrailUnavailable | ArtifactNotWritten):
        raise error
    await asyncio.to_thread(_close_run, trail, run_id, error, document, settings)
    outcome = await asyncio.to_thread(outcome_of_run, trail, run_id, document, settings)
    if outcome is None:
        cause = error if isinstance(error, BensonError) else state.message
        raise ExecutionFailed(f"the run ended {state.name} without a dispatch: {cause}")
    return outcome


def _close_what_is_open(trail: Trail, document: Document, settings: Settings) -> None:
    """Fail the dispatch that this process began and Prefect could not carry to its end."""
    refs = dict.fromkeys(s.dispatch for s in trail.events(pac_id=document.pac.pac_id))
    for ref in refs:
        dispatch = Dispatch(ref, document, Policy.of(settings), trail)
        is_open, _ = open_dispatch(trail, ref.run_id)
        if dispatch.began_here and is_open == ref:
            dispatch.fail()
            export_dispatch(trail, ref.dispatch_id, settings)


def _close_run(
    trail: Trail, run_id: str, left: object, document: Document, settings: Settings
) -> None:
    """Fail the run's dispatch where its own hooks could not; `TrailUnavailable` if that is why.

    A run whose very START is missing leaves the dispatch's id as its result.
    """
    is_open, number = open_dispatch(trail, run_id)
    if is_open is None and left != f"{run_id}-{number}":
        return
    dispatch = Dispatch.of(run_id, document, Policy.of(settings), trail)
    dispatch.fail()
    export_dispatch(trail, dispatch.ref.dispatch_id, settings)
    leave_artifact(
        trail, dispatch.ref.dispatch_id, settings, duration_estimated=not dispatch.began_here
    )


def outcome_of_run(
    trail: Trail, run_id: str, document: Document | None, settings: Settings
) -> Outcome | None:
    """What the trail says of the run's latest dispatch; the document adds what it violates."""
    stored = list(trail.events(run_id=run_id))
    if not stored:
        return None
    latest = max((s.dispatch for s in stored), key=lambda ref: ref.number)
    events = [s.event for s in stored if s.dispatch == latest]
    path = artifact_path(settings.artifacts_folder, latest.pac_id, latest.dispatch_id)
    if document is not None:
        document = as_judged(document, events, trail.document)
    return Outcome.of(
        latest.dispatch_id, latest.pac_id, events, path if path.exists() else None, document
    )
