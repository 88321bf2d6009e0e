"""The task of the human review: does a person's answer let the PAC be closed?"""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext

from benson_execution.dispatch import Dispatch
from benson_execution.phases import human_review as review
from benson_execution.phases.human_review import ReviewAnswer, ReviewVerdict
from benson_execution.policy import Policy
from tasks.hooks import current_dispatch, record
from tasks.options import outcome_of, passed, phase, refused


async def review_of(state: State[Any], answer: ReviewAnswer, policy: Policy) -> ReviewVerdict:
    """The verdict in the task's final state; one that raised approves nothing."""
    found = await outcome_of(state, ReviewVerdict)
    return found if isinstance(found, ReviewVerdict) else review.not_judged(answer, policy, found)


async def emit_review(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> None:
    """Hook, on completion and on failure: `HUMAN_REVIEW`, then `POLICY_RECHECK`."""
    context = TaskRunContext.get()
    given = {} if context is None else context.parameters
    verdict = await review_of(state, given["answer"], given["policy"])
    await record(current_dispatch().record_review, verdict)


@task(
    **phase("HUMAN_REVIEW"),
    on_completion=[emit_review],
    on_failure=[emit_review],
)
async def human_review(
    dispatch: Dispatch, answer: ReviewAnswer, policy: Policy
) -> State[ReviewVerdict]:
    """Judge the answer, and the document once more, by the policy in force now."""
    prior = await asyncio.to_thread(dispatch.prior_wrap_id)
    verdict = review.judge(answer, dispatch.document, policy, prior)
    make = passed if verdict.approved else refused
    told = verdict.reason if not verdict.eligible else verdict.notes
    return make(verdict.decision.value, told or verdict.decision.value, verdict)
