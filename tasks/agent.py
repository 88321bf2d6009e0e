"""The task that runs the agent of a document that brings no result: once, whatever happens.

It has no telemetry hooks. What it does is recorded before it has consequences: the start before
the agent is started, the result before anything is judged by it. So a run that starts again, in
another process, reads what is there.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from prefect import task
from prefect.client.schemas.objects import State

from benson_execution.agent_run.command import run_command_in_thread, work_folder
from benson_execution.agent_run.envelope import answer_limit, new_nonce, read_answer, request
from benson_execution.agent_run.recorded import as_judged, is_activated, run_end, was_started
from benson_execution.agent_run.runners import Command, Runners
from benson_execution.dispatch import Dispatch
from benson_execution.document import NoResult
from benson_execution.errors import (
    AgentFailed,
    AgentRunsElsewhere,
    BensonError,
    ExecutionFailed,
)
from benson_execution.events import CheckpointName, EventType
from benson_execution.phases.ber_decision import require
from benson_execution.phases.verdict import reason_of
from benson_execution.settings import Settings
from tasks.agent_deployment import run_agent_deployment
from tasks.hooks import record
from tasks.options import (
    INFRASTRUCTURE_ERRORS,
    RETRY_DELAYS,
    outcome_of,
    passed,
    phase,
    refused,
)

_LOST: Final = (
    "it was started by a process that died before its answer was recorded, and runs only once"
)
_BEFORE: Final = "not started: an earlier attempt of this run started it, and it runs only once"


@task(**phase("AGENT_EXECUTION"))
async def agent(dispatch: Dispatch) -> State[str]:
    """Run the agent, unless it was run or is not to be; then the dispatch has what is judged."""
    events = await asyncio.to_thread(dispatch.events)
    activation = f"{EventType.CHECKPOINT}:{CheckpointName.CP_01.checkpoint_id}"
    require(events, (EventType.PAC_DISPATCH_START, EventType.AGENT_EXECUTION_START, activation))
    if is_activated(events) and run_end(events) is None:
        lost = was_started(events)
        result = NoResult(_LOST) if lost else await _run(dispatch, Settings.load())
        await _record_end(dispatch, result)
    events = await asyncio.to_thread(dispatch.events)
    judged = partial(as_judged, dispatch.document, events, dispatch.trail.document)
    dispatch.document = await asyncio.to_thread(judged)
    if isinstance(dispatch.document.result, NoResult):
        because = dispatch.document.result.because
        return refused("NO_RESULT", because, because)
    return passed("ANSWERED", "the agent handed its result over", "")


async def handed_over(state: State[str]) -> None:
    """Raise what kept the agent's run from being recorded: then there is nothing to judge."""
    found = await outcome_of(state, str)
    if isinstance(found, BaseException):
        raise found


async def _record_end(dispatch: Dispatch, result: bytes | NoResult) -> None:
    """Record what came of it, trying again here: another attempt of the task has no answer."""
    for delay in RETRY_DELAYS:
        try:
            await record(dispatch.end_run, result)
            return
        except INFRASTRUCTURE_ERRORS:
            await asyncio.sleep(delay)
    try:
        await record(dispatch.end_run, result)
    except INFRASTRUCTURE_ERRORS as error:
        raise ExecutionFailed(f"what came of the agent can't be recorded: {error}") from error


async def _run(dispatch: Dispatch, settings: Settings) -> bytes | NoResult:
    """The bytes of the agent's result, or why there is none. Raises what the trail raises."""
    runner = dispatch.document.runner
    assert runner is not None
    if await asyncio.to_thread(dispatch.ran_before):
        return NoResult(_BEFORE)
    try:
        how = Runners.load(settings.runners).find(runner)
    except BensonError as error:
        return NoResult(f"not started: {error}")
    nonce = new_nonce()
    begun = await record(dispatch.begin_run, nonce)
    if begun.data.nonce != nonce:
        raise AgentRunsElsewhere("another process runs the agent of this dispatch")
    asked = request(nonce, dispatch.document.pac_as_received)
    limit = answer_limit(settings.max_document_bytes)
    dispatch_id = dispatch.ref.dispatch_id
    try:
        if isinstance(how, Command):
            folder = work_folder(settings.home, dispatch_id)
            answer = await run_command_in_thread(how, asked, folder, limit=limit)
        else:
            answer = await run_agent_deployment(how, asked, dispatch_id, limit=limit)
        return await asyncio.to_thread(read_answer, answer, nonce, limit=limit)
    except AgentFailed as error:
        return NoResult(error.message)
    except Exception as error:  # whatever else went wrong: the agent was started, and is told of
        return NoResult(reason_of(error))
