"""What waits for a reviewer, and answering it, through the Prefect that its run waits in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus

from benson_execution.errors import BadInput, ExecutionFailed
from benson_execution.events import EventType
from benson_execution.phases.human_review import ReviewAnswer, waits_for_review
from benson_execution.text import plain
from benson_execution.trail import Trail, open_dispatch

_PAGE: Final = 20
"""Runs come with their documents, which may be some hundred kilobytes each."""


@dataclass(frozen=True, slots=True)
class WaitingReview:
    """A dispatch that waits for a person.

    `quality_score` lies in [0, 1]. `until` is None where Prefect says no time, and
    `document_sha256` where the trail is older than that it keeps documents.
    """

    pac_id: str
    agent_gid: str
    agent_name: str
    quality_score: float
    document_sha256: str | None
    run: FlowRun
    since: datetime
    until: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """The members that `--json` prints; times are ISO 8601, in UTC."""
        return {
            "pac_id": self.pac_id,
            "agent_gid": self.agent_gid,
            "agent_name": self.agent_name,
            "quality_score": self.quality_score,
            "document_sha256": self.document_sha256,
            "run_id": str(self.run.id),
            "since": self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
        }


async def waiting_reviews(client: PrefectClient, trail: Trail) -> list[WaitingReview]:
    """The dispatches that wait for a person, longest first: suspended here, open in the trail."""
    found = []
    async for run in _suspended(client):
        one = await asyncio.to_thread(_waiting, trail, run)
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda one: one.since)


async def answer_review(
    client: PrefectClient, waiting: WaitingReview, answer: ReviewAnswer
) -> None:
    """Answer, so that the run goes on; whether the answer counts is judged there.

    Raises `BadInput` where Prefect does not take it: too late, or answered by somebody else.
    """
    response = await client.resume_flow_run(
        waiting.run.id,
        run_input={
            "decision": "approve" if answer.approved else "reject",
            "reviewer": answer.reviewer,
            "notes": answer.notes,
        },
    )
    if response.status is not SetStateStatus.ACCEPT:
        reason = getattr(response.details, "reason", None) or response.status.value
        raise BadInput(f"Prefect did not take the answer: {plain(str(reason), 500)}")


async def verdict_recorded(trail: Trail, run_id: str, seconds: float) -> None:
    """Wait until the run's dispatch is closed; `ExecutionFailed` when it takes longer."""
    deadline = time.monotonic() + seconds
    while (await asyncio.to_thread(open_dispatch, trail, run_id))[0] is not None:
        if time.monotonic() > deadline:
            raise ExecutionFailed(
                f"no verdict within {seconds:g} s",
                "the answer is given; the run goes on when a worker, or `benson up`, takes it",
            )
        await asyncio.sleep(0.2)


async def _suspended(client: PrefectClient) -> AsyncIterator[FlowRun]:
    paused = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED]))
    )
    offset = 0
    while True:
        page = await client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["pac-execution"])),
            flow_run_filter=paused,
            limit=_PAGE,
            offset=offset,
        )
        for run in page:
            yield run
        if len(page) < _PAGE:
            return
        offset += len(page)


def _waiting(trail: Trail, run: FlowRun) -> WaitingReview | None:
    """What the trail says of a suspended run; None where it is of another trail, or answered."""
    ref, _ = open_dispatch(trail, str(run.id))
    if ref is None or run.state is None:
        return None
    events = [s.event for s in trail.events(dispatch_id=ref.dispatch_id)]
    if not waits_for_review(events):
        return None
    said = {event.event_type: event.data for event in events}
    start, end = said[EventType.PAC_DISPATCH_START], said[EventType.AGENT_EXECUTION_END]
    return WaitingReview(
        ref.pac_id,
        start.agent_gid,
        start.agent_name,
        end.quality_score,
        ref.document_sha256,
        run,
        run.state.timestamp,
        run.state.state_details.pause_timeout,
    )
