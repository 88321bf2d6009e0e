"""The governed run: one PAC and its agent's result, judged phase by phase."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from prefect import Task, flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed

from benson_execution.dispatch import Dispatch
from benson_execution.errors import BadInput
from benson_execution.events import DispatchStatus
from benson_execution.outcome import Outcome
from benson_execution.phases.human_review import waits_for_review
from benson_execution.policy import Policy
from benson_execution.settings import Settings
from flows.lifecycle import (
    Given,
    begin_dispatch,
    begun_dispatch,
    close_dispatch,
    refuse_document,
)
from flows.review import ask_reviewer, can_suspend
from tasks.activation import activation
from tasks.agent import agent, handed_over
from tasks.ber_decision import ber_decision, decision_of
from tasks.ber_telemetry import ber_telemetry
from tasks.completion import completion
from tasks.gate import verdict_of
from tasks.human_review import human_review, review_of
from tasks.options import final_state
from tasks.quality import quality
from tasks.schema_validation import schema_validation, validation_of
from tasks.scope import scope
from tasks.wrap import wrap

GATES: Final = (scope, quality, completion)
"""The gates that judge what the agent handed over."""


# Retries stay at 0: a flow that returns a failed state and may retry waits for ever. What is
# worth another attempt is retried by the tasks.
@flow(
    name="pac-execution",
    retries=0,
    on_running=[begin_dispatch],
    on_failure=[close_dispatch],
    on_crashed=[close_dispatch],
    on_cancellation=[close_dispatch],
)
async def pac_execution(
    document: str | None = None,
    document_digest: str | None = None,
    document_url: str | None = None,
) -> State[Any]:
    """Judge one work order (PAC) and what its agent handed over, and close it if it has earned it.

    Args:
        document: The PAC and the execution result as one JSON or YAML text, at most 350 KB.
        document_digest: Its SHA-256; where neither text nor URL is given, the trail has it by that.
        document_url: Instead of the text, where to fetch it from: below what BENSON_DOCUMENT_URLS
            allows.
    """
    settings = Settings.load()
    context = FlowRunContext.get()
    assert context is not None
    run = context.flow_run
    assert run is not None
    try:
        dispatch, has_begun = await asyncio.to_thread(
            begun_dispatch,
            str(run.id),
            Given(document, document_digest, document_url),
            settings,
        )
    except BadInput as error:
        await asyncio.to_thread(refuse_document, error, str(run.id), settings)
        return Failed(name="REFUSED", message=str(error))
    if not has_begun:
        return Failed(
            name="FAILED",
            message="PAC_DISPATCH_START is missing from the trail: nothing was judged",
            data=dispatch.ref.dispatch_id,
        )
    return _final_state(await _judge(dispatch, run, settings))


async def _judge(dispatch: Dispatch, flow_run: FlowRun, settings: Settings) -> Outcome:
    """Walk all phases; a refusal stops none of them, so that one run tells everything."""
    # Kept to the end: Prefect knows a verdict by its address, and one that is given back to memory
    # and used again draws lines between phases that have nothing to do with each other.
    verdicts: list[Any] = []

    async def run(task: Task[..., Any], *more: Any) -> State[Any]:
        state = await final_state(task, dispatch, *more, after=verdicts[-1:])
        verdicts.append(await state.aresult(raise_on_failure=False))
        return state

    errors = [(await verdict_of(activation, await run(activation))).error]
    if dispatch.document.runner is not None:
        await handed_over(await run(agent))
    errors += [(await verdict_of(gate, await run(gate))).error for gate in GATES]
    errors.append((await validation_of(await run(schema_validation))).error)
    errors.append((await decision_of(await run(ber_decision))).error)
    # What the trail says, whatever is decided again meanwhile: the person was asked, and answers.
    if can_suspend(flow_run) and waits_for_review(await asyncio.to_thread(dispatch.events)):
        answer = await ask_reviewer(dispatch, settings)
        policy = Policy.of(settings)  # of this moment: the dispatch began under its own
        reviewed = await run(human_review, answer, policy)
        errors.append((await review_of(reviewed, answer, policy)).error)
    await run(wrap, [e for e in errors if e is not None])
    finished = await run(ber_telemetry)
    # Raises what kept the artifact from being written.
    return cast("Outcome", await finished.aresult())


def _final_state(outcome: Outcome) -> State[Any]:
    """What the trail says became of the dispatch, as the state of the flow run."""
    if outcome.status is DispatchStatus.COMPLETED:
        return Completed(message=f"{outcome.wrap_id}: all checkpoints passed")
    return Failed(name=outcome.status.value, message=outcome.reason)
