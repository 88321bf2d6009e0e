"""The task of CP-01: may this agent execute this PAC?"""

from __future__ import annotations

from typing import Any

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun

from benson_execution.dispatch import Dispatch
from benson_execution.phases import activation as gate
from benson_execution.phases.verdict import CheckpointVerdict
from tasks.gate import emit_checkpoint, judged
from tasks.hooks import current_dispatch, record
from tasks.options import phase


async def emit_execution_start(_task: Task[..., Any], _run: TaskRun, _state: State[Any]) -> None:
    """Hook, on running: `AGENT_EXECUTION_START`; once, however often it fires."""
    await record(current_dispatch().begin_execution)


@task(
    **phase("CP-01 AGENT_ACTIVATION_VALIDATION"),
    on_running=[emit_execution_start],
    on_completion=[emit_checkpoint],
    on_failure=[emit_checkpoint],
)
async def activation(dispatch: Dispatch) -> State[CheckpointVerdict]:
    """Judge CP-01."""
    return judged(gate.judge, dispatch)
