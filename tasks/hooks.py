"""What every hook needs: the dispatch of the task that it belongs to, and a way to the trail.

Prefect logs an exception in a hook and goes on. So a hook that could not write says so in
`faults.jsonl`, and the phases that come after it miss its event in the trail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect.client.schemas.objects import FlowRun
from prefect.context import TaskRunContext

from benson_execution.dispatch import Dispatch
from benson_execution.errors import ArtifactNotWritten, InvalidPac, UnreadableDocument
from benson_execution.faults import FaultKind, note_fault
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
    except (UnreadableDocument, InvalidPac):
        raise  # nothing was refused: there was nothing to write
    except Exception as error:
        kind: FaultKind = "artifact" if isinstance(error, ArtifactNotWritten) else "trail"
        note_fault(Settings.load().home, kind, error, _about(write, args))
        raise


def _about(write: Callable[..., object], args: tuple[object, ...]) -> str:
    """What could not be written: of which dispatch, where there is one."""
    name = getattr(write, "__name__", "write")
    for one in (getattr(write, "__self__", None), *args):
        if isinstance(one, Dispatch):
            return f"{name} of {one.ref.dispatch_id}"
        if isinstance(one, FlowRun):
            return f"{name} of run {one.id}"
    return name
