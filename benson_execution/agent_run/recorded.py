"""What the trail says of an agent that Benson ran, and the document as it is judged because of it.

A document that brings no result names how its agent is run. What came of that is in the chain of
its dispatch: so whoever judges it again, or makes its artifact again, finds the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from benson_execution.document import NO_RESULT, Document, NoResult
from benson_execution.errors import TrailUnavailable
from benson_execution.events import CheckpointName, Event, EventType
from benson_execution.frozen import FrozenObject
from benson_execution.own_events import OwnEventType

NOT_ACTIVATED: Final = NoResult("not judged: the agent was not activated", not_activated=True)
"""CP-01 refused the agent, so that it was never run."""

Kept = Callable[[str], bytes | None]
"""The document that is kept under a SHA-256, or None."""


def as_judged(document: Document, events: Iterable[Event], kept: Kept) -> Document:
    """The document with the result that its agent handed over, or with the reason why it did not.

    One that brought its result is returned as it is. Raises `TrailUnavailable` when the recorded
    result is gone, and `UnreadableDocument` when it can't be read any more.
    """
    if document.runner is None:
        return document
    events = list(events)
    if is_activated(events) is False:
        return document.answered(NOT_ACTIVATED)
    end = run_end(events)
    if end is None:
        return document
    if end.result_sha256 is None:
        return document.answered(no_result(end.cause))
    result = kept(end.result_sha256)
    if result is None:
        raise TrailUnavailable(f"the agent's result {end.result_sha256} is gone from the trail")
    return document.answered(result)


def no_result(cause: str) -> NoResult:
    """There is no result, and the dispatch says why."""
    return NoResult(
        cause if cause.startswith(NO_RESULT.because) else f"{NO_RESULT.because}: {cause}"
    )


def is_activated(events: Iterable[Event]) -> bool | None:
    """What CP-01 says; None where it was not recorded."""
    wanted = CheckpointName.CP_01.checkpoint_id
    for event in events:
        if event.event_type == EventType.CHECKPOINT and event.data.checkpoint_id == wanted:
            return bool(event.data.status == "PASS")
    return None


def was_started(events: Iterable[Event]) -> bool:
    """Whether the agent was started: then it is never started again."""
    return any(event.event_type == OwnEventType.AGENT_RUN_START for event in events)


def run_end(events: Iterable[Event]) -> FrozenObject | None:
    """What came of running the agent; None while nothing is recorded."""
    ends = (event.data for event in events if event.event_type == OwnEventType.AGENT_RUN_END)
    return next(ends, None)
