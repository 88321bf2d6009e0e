"""The task of the WRAP: is the PAC closed? It decides; the WRAP exists once its hook wrote it."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun

from benson_execution.dispatch import Dispatch
from benson_execution.phases import wrap as closure
from benson_execution.phases.wrap import WrapVerdict
from tasks.hooks import current_dispatch, record
from tasks.options import outcome_of, passed, phase, refused


async def emit_wrap_and_end(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> None:
    """Hook, on completion and on failure: `WRAP_GENERATION` and `PAC_DISPATCH_END`, together."""
    found = await outcome_of(state, WrapVerdict)
    verdict = found if isinstance(found, WrapVerdict) else closure.not_judged(found)
    await record(current_dispatch().close, verdict)


@task(
    **phase("WRAP_GENERATION"),
    on_completion=[emit_wrap_and_end],
    on_failure=[emit_wrap_and_end],
)
async def wrap(dispatch: Dispatch, errors: list[str]) -> State[WrapVerdict]:
    """Decide on the WRAP from the trail, and from what could not be judged on the way."""
    verdict = closure.judge(await asyncio.to_thread(dispatch.events), errors)
    if verdict.generate:
        return passed("WRAP_GRANTED", "eligible", verdict)
    return refused("WRAP_BLOCKED", verdict.error or "the BER is not eligible", verdict)
