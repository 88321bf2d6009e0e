"""The task of CP-04: is everything done, and nothing twice?"""

from __future__ import annotations

from prefect import task
from prefect.client.schemas.objects import State

from benson_execution.dispatch import Dispatch
from benson_execution.phases import completion as gate
from benson_execution.phases.verdict import CheckpointVerdict
from tasks.gate import emit_checkpoint, judged
from tasks.options import phase


@task(
    **phase("CP-04 TASK_COMPLETION_VALIDATION"),
    on_completion=[emit_checkpoint],
    on_failure=[emit_checkpoint],
)
async def completion(dispatch: Dispatch) -> State[CheckpointVerdict]:
    """Judge CP-04."""
    return judged(gate.judge, dispatch)
