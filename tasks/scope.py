"""The task of CP-02: did the agent stay where the PAC allows?"""

from __future__ import annotations

from prefect import task
from prefect.client.schemas.objects import State

from benson_execution.dispatch import Dispatch
from benson_execution.phases import scope as gate
from benson_execution.phases.verdict import CheckpointVerdict
from tasks.gate import emit_checkpoint, judged
from tasks.options import phase


@task(
    **phase("CP-02 SCOPE_COMPLIANCE_VALIDATION"),
    on_completion=[emit_checkpoint],
    on_failure=[emit_checkpoint],
)
async def scope(dispatch: Dispatch) -> State[CheckpointVerdict]:
    """Judge CP-02."""
    return judged(gate.judge, dispatch)
