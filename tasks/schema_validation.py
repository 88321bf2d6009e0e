"""The task of the schema validation: does the result fit AgentExecutionResult?"""

from __future__ import annotations

from typing import Any

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun

from benson_execution.dispatch import Dispatch
from benson_execution.phases import schema_validation as validation
from benson_execution.result import ResultValidation
from tasks.hooks import current_dispatch, record
from tasks.options import outcome_of, passed, phase, refused


async def validation_of(state: State[Any]) -> ResultValidation:
    """The validation in the task's final state; one that raised is not valid."""
    found = await outcome_of(state, ResultValidation)
    return found if isinstance(found, ResultValidation) else validation.not_judged(found)


async def emit_validation(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> None:
    """Hook, on completion and failure: `SCHEMA_VALIDATION`, then `AGENT_EXECUTION_END`."""
    await record(current_dispatch().record_validation, await validation_of(state))


@task(
    **phase("SCHEMA_VALIDATION"),
    on_completion=[emit_validation],
    on_failure=[emit_validation],
)
async def schema_validation(dispatch: Dispatch) -> State[ResultValidation]:
    """Validate the agent's result."""
    answer = validation.judge(dispatch.document)
    if answer.valid:
        return passed("PASS", answer.message, answer)
    return refused("FAIL", f"{answer.error_code}: {answer.message}", answer)
