"""The task of CP-03: is the result good enough?"""

from __future__ import annotations

from prefect import task
from prefect.client.schemas.objects import State

from benson_execution.dispatch import Dispatch
from benson_execution.phases import quality as gate
from benson_execution.phases.verdict import CheckpointVerdict
from tasks.gate import emit_checkpoint, judged
from tasks.options import phase


@task(
    **phase("CP-03 QUALITY_SCORE_VALIDATION"),
    on_completion=[emit_checkpoint],
    on_failure=[emit_checkpoint],
)
async def quality(dispatch: Dispatch) -> State[CheckpointVerdict]:
    """Judge CP-03."""
    return judged(gate.judge, dispatch)
