"""Asking a person: the run suspends, and its process ends, until somebody answers in the UI.

Prefect starts the flow's body again with the answer, days later perhaps, and on another machine.
"""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.flow_runs import asuspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from benson_execution.dispatch import Dispatch
from benson_execution.events import Event, EventType
from benson_execution.phases.human_review import MAX_NOTES, ReviewAnswer
from benson_execution.settings import Settings
from benson_execution.text import markdown, number
from tasks.mirror import mirror
from tasks.projection import label_run

WAITING: Final = "WAITING_FOR_REVIEW"
"""The status in the tags of a run that waits for a person."""


class ReviewForm(RunInput):
    """What a reviewer answers. Nothing has a default: an empty answer is none."""

    decision: Literal["approve", "reject"] = Field(
        description="Whether Benson may close the work order with a WRAP."
    )
    reviewer: str = Field(
        min_length=1,
        max_length=200,
        description="Your name as the agent registry lists it among its reviewers. "
        "Nobody checks that it is yours: it is recorded as self-declared.",
    )
    notes: str = Field(
        max_length=MAX_NOTES, description="Why; recorded with your decision, for the audit."
    )


def can_suspend(run: FlowRun) -> bool:
    """Whether somebody would start the run again: only a deployment's runs, and not their parts."""
    return run.deployment_id is not None and run.parent_task_run_id is None


async def ask_reviewer(dispatch: Dispatch, settings: Settings) -> ReviewAnswer:
    """What the reviewer of this dispatch answered; until there is an answer, the run ends here.

    The question is asked once in each dispatch: the answer to an earlier attempt of the same run
    must not approve the next one.
    """
    # The automations that remind people look at events; a dispatch may wait for days.
    await asyncio.gather(_show_waiting(dispatch, settings), mirror(dispatch, settings))
    form = await asuspend_flow_run(
        wait_for_input=ReviewForm.with_initial_data(description=_question(dispatch)),
        timeout=settings.review_timeout_seconds,
        key=f"review-{dispatch.ref.dispatch_id}",
    )
    return ReviewAnswer(form.decision == "approve", form.reviewer, form.notes)


async def _show_waiting(dispatch: Dispatch, settings: Settings) -> None:
    """The run's name and tags, so that whoever looks at the list of runs sees what waits."""
    context = FlowRunContext.get()
    if context is not None and context.flow_run is not None:
        pac = dispatch.document.pac
        await label_run(context.client, context.flow_run, pac, WAITING, settings)


def _question(dispatch: Dispatch) -> str:
    """What the form says above its fields, as Markdown."""
    pac = dispatch.document.pac
    events = dispatch.events()
    lines = [
        f"Agent {markdown(pac.agent_name)} ({pac.agent_gid}) has executed this work order:",
        "",
        f"{markdown(pac.pac_id)}",
        "",
        "All checkpoints passed. May Benson close it?",
        "",
        *(_gate(event) for event in events if event.event_type == EventType.CHECKPOINT),
        *(
            f"- {event.data.tasks_completed} tasks, quality score "
            f"{number(event.data.quality_score)}"
            for event in events
            if event.event_type == EventType.AGENT_EXECUTION_END
        ),
        "",
        f"Document SHA-256 `{dispatch.document.sha256}`.",
    ]
    return "\n".join(lines)


def _gate(event: Event) -> str:
    data = event.data
    return f"- {data.checkpoint_id} {data.status}: {markdown(data.details)}"
