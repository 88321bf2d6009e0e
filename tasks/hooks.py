"""What every hook needs: the dispatch of the task that it belongs to, and a way to the trail.

Prefect logs an exception in a hook and goes on. So a hook that could not write says so in
`faults.jsonl`, and the phases that come after it miss its event in the trail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect.context import TaskRunContext

from benson_execution.dispatch import Dispatch
from benson_execution.faults import note_fault
from benson_execution.settings import Settings

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def current_dispatch() -> Dispatch:
    """The dispatch that the current task judges."""
    context = TaskRunContext.get()
    dispatch = None if context is None else context.parameters.get("dispatch")
    if not isinstance(dispatch, Dispatch):
        raise RuntimeError("a telemetry hook ran outside a task that has a dispatch")
    return dispatch


async def record(
    write: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """Write what must be written without holding up the event loop; a refusal is noted."""
    try:
        return await asyncio.to_thread(write, *args, **kwargs)
    except Exception as error:
        note_fault(Settings.load().home, "trail", error, getattr(write, "__name__", "write"))
        raise
