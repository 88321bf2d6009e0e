"""The task of the BER decision: is there to be a Benson Execution Report?"""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun

from benson_execution.dispatch import Dispatch
from benson_execution.phases import ber_decision as decision
from benson_execution.phases.ber_decision import BerDecision
from tasks.hooks import current_dispatch, record
from tasks.options import outcome_of, passed, phase, refused


async def decision_of(state: State[Any]) -> BerDecision:
    """The decision in the task's final state; one that raised makes nothing eligible."""
    found = await outcome_of(state, BerDecision)
    return found if isinstance(found, BerDecision) else decision.not_judged(found)


async def emit_decision(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> None:
    """Hook, on completion and on failure: `BER_GENERATION_DECISION`."""
    await record(current_dispatch().record_decision, await decision_of(state))


@task(
    **phase("BER_GENERATION_DECISION"),
    on_completion=[emit_decision],
    on_failure=[emit_decision],
)
async def ber_decision(dispatch: Dispatch) -> State[BerDecision]:
    """Decide from the trail, as it is read back here: what is not in it has not happened."""
    answer = await asyncio.to_thread(
        lambda: decision.judge(
            dispatch.events(), dispatch.prior_wrap_id(), dispatch.policy.human_review
        )
    )
    make = passed if answer.eligible else refused
    return make("ELIGIBLE" if answer.eligible else "INELIGIBLE", answer.reason, answer)
