"""A work order and its result that a person fills in, judged like any other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed
from pydantic import BaseModel, Field

from benson_execution.document import Document
from benson_execution.errors import BadInput
from benson_execution.phases.quality import usable_score
from benson_execution.schema import AgentGid, NonEmpty, PacId
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.trail import Batch, open_trail
from flows.lifecycle import refuse_document
from flows.pac_execution import pac_execution
from flows.submission import inline_text, submit_document

Count = Annotated[int, Field(ge=0)]


class FormTask(BaseModel):
    """One task of the work order."""

    id: Annotated[str, Field(min_length=1, description="Short and unique, as T1.")]
    description: Annotated[str, Field(description="What is to be done.")]


@flow(name="pac-form", retries=0)
async def pac_form(  # noqa: PLR0917  # Prefect knows them by their names
    pac_id: PacId,
    agent_gid: AgentGid,
    agent_name: NonEmpty,
    tasks: list[FormTask],
    tasks_completed: list[str],
    files_modified: list[str],
    quality_score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)],
    scope_compliance: Literal["yes", "no"],
    execution_time_ms: Count,
    files_created: tuple[str, ...] = (),
    allowed_paths: tuple[str, ...] = (),
    forbidden_paths: tuple[str, ...] = (),
    notes: str = "",
) -> State[Any]:
    """Judge a work order (PAC) and what its agent handed over, as a person fills them in.

    They are written down once, as a document with the time of the run, and judged by
    pac-execution: as a part of this run, or in a run of its own where a person must approve.

    Args:
        pac_id: The work order's id, PAC- and capitals, digits and dashes.
        agent_gid: The agent's number in the registry, as GID-07.
        agent_name: The agent's name in the registry, as Dan.
        tasks: What the agent was to do, each with an id of its own.
        tasks_completed: The ids of the tasks that the agent says are done.
        files_modified: The paths that the agent changed, relative to the project.
        quality_score: The agent's own score, from 0 to 1.
        scope_compliance: Whether the agent says that it kept to the allowed paths.
        execution_time_ms: How long the agent worked, in milliseconds.
        files_created: The paths that the agent made, if any.
        allowed_paths: Where the agent may work; where none is stated, there is no limit.
        forbidden_paths: Where the agent may not work, inside the allowed paths too.
        notes: What the agent has to say, if anything.
    """
    settings = Settings.load()
    context = FlowRunContext.get()
    assert context is not None
    run = context.flow_run
    assert run is not None
    agent = {"pac_id": pac_id, "agent_gid": agent_gid, "agent_name": agent_name}
    stated = {"allowed_paths": allowed_paths, "forbidden_paths": forbidden_paths}
    told = {"files_created": files_created, "notes": notes}
    filled_in = {
        "pac": agent | {"tasks": [task.model_dump() for task in tasks]} | _given(stated),
        "execution_result": agent
        | {
            "execution_timestamp": _time_of(run),
            "tasks_completed": tasks_completed,
            "tasks_total": len(tasks),
            "files_modified": files_modified,
            "quality_score": quality_score,
            "scope_compliance": scope_compliance == "yes",
            "execution_time_ms": execution_time_ms,
        }
        | _given(told),
    }
    try:
        document = Document.of(filled_in, limit=settings.max_document_bytes)
    except BadInput as error:
        await asyncio.to_thread(refuse_document, error, str(run.id), settings)
        return Failed(name="REFUSED", message=str(error))
    # A part of a run can't wait for a person: its process would not end.
    if settings.human_review.applies(agent_gid, usable_score(quality_score)):
        return await _hand_over(document, run, settings)
    return await _judge(document, settings)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that were filled in: a form can't tell an empty one from none."""
    return {name: value for name, value in fields.items() if value}


def _time_of(run: FlowRun) -> str:
    """When the form was sent: the same document, however often its run is started again."""
    created = run.created or datetime.now(UTC)
    return created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _judge(document: Document, settings: Settings) -> State[Any]:
    """Judge the document as a part of this run, which ends as that part does."""
    text = inline_text(document.content)
    if text is not None:
        given = {"document": text}
    else:
        kept = Batch(documents=((document.sha256, document.content),))
        await asyncio.to_thread(open_trail(settings).append, kept)
        given = {"document_digest": document.sha256}
    ended: State[Any] = await pac_execution(**given, return_state=True)
    return State(type=ended.type, name=ended.name, message=ended.message)


async def _hand_over(document: Document, run: FlowRun, settings: Settings) -> State[Any]:
    """Have a run of its own judge the document, and wait for its reviewer."""
    async with get_client() as client:
        judging = await submit_document(
            client,
            open_trail(settings),
            document.content,
            idempotency_key=f"pac-form-{run.id}",
        )
    return Completed(
        message=f"a person must approve: the run {plain(judging.name)} ({judging.id}) of "
        "pac-execution/on-demand judges it, and waits for the reviewer"
    )
