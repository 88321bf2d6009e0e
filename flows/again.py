"""Having a document judged again whose run was killed, and starting a run that never began.

The recovery does it, and the inbox, which follows its files: both through here, so that what the
one did already is what the other one finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterEndTime,
    FlowRunFilterIdempotencyKey,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.events.filters import (
    EventFilter,
    EventNameFilter,
    EventOccurredFilter,
    EventResourceFilter,
)
from prefect.states import Crashed, Scheduled

from benson_execution.again import MOST_AGAIN, Latest, latest_dispatch, why_not_again
from benson_execution.trail import Trail
from flows.submission import submit_document

GRACE: Final = timedelta(minutes=5)
"""How long a run may be about to begin; then the worker that had taken it is dead."""
SILENCE: Final = timedelta(minutes=7)
"""For how long nothing is heard of a dead run: a living one tells every three minutes."""
_RECENT: Final = timedelta(days=1)
"""How far back runs are looked at that crashed; one that looks alive is, however old it is."""
_UNENDED: Final = (StateType.PENDING, StateType.RUNNING)
_PAGE: Final = 20
"""Runs come with their documents, which may be some hundred kilobytes each."""
_PUT_BACK: Final = "it never began: its worker died"
_TAKEN_ON: Final = "its state is not what it was when it was read"
_DIED: Final = "its process died, and its dispatch was closed by the recovery"
_SILENT: Final = "it had not begun a dispatch, and has not told for long that it lives"


class AgainAction(StrEnum):
    """What was done about a run that was killed."""

    SUBMITTED = "submitted again"
    """Its document is judged by a new run."""
    PUT_BACK = "put back"
    """It never began, and is scheduled again."""
    TAKEN_ON = "gone on with already"
    """Somebody else was faster."""
    NOT_AGAIN = "not submitted again"
    """Something speaks against it."""


@dataclass(frozen=True, slots=True)
class Again:
    """One killed run, what was done about it, and why."""

    run_id: str
    dispatch_id: str | None
    pac_id: str | None
    action: AgainAction
    because: str
    new_run: FlowRun | None = None
    """The run that goes on with it: a new one, or itself."""

    def to_dict(self) -> dict[str, str]:
        """A row, with the columns that the recovery's rows have."""
        return {
            "dispatch_id": self.dispatch_id or f"none, of run {self.run_id}",
            "pac_id": self.pac_id or "",
            "action": self.action.value,
            "because": self.because,
        }


def again_key(dispatch_id: str) -> str:
    """The idempotency key under which a killed dispatch's document is submitted again."""
    return f"benson-again-{dispatch_id}"


async def run_again(client: PrefectClient, trail: Trail, run: FlowRun) -> Again:
    """Go on with a crashed run: submit its dispatch's document again, or let it begin at last.

    Doing it again finds what was done. Raises `TrailUnavailable`, and `ExecutionFailed` when there
    is no deployment to submit to.
    """
    latest = await asyncio.to_thread(latest_dispatch, trail, str(run.id))
    if latest is None:
        return await _put_back(client, run)
    known = await _submitted(client, [again_key(latest.ref.dispatch_id)])
    for new in known.values():  # whatever speaks against it by now: it may have been this run
        return _told(run, latest, AgainAction.SUBMITTED, f"run {new.id} judges its document", new)
    why_not = await asyncio.to_thread(why_not_again, trail, latest)
    if why_not is not None:
        return _told(run, latest, AgainAction.NOT_AGAIN, why_not)
    assert latest.ref.document_sha256 is not None
    content = await asyncio.to_thread(trail.document, latest.ref.document_sha256)
    assert content is not None
    new = await submit_document(
        client,
        trail,
        content,
        idempotency_key=again_key(latest.ref.dispatch_id),
        tags=[tag for tag in run.tags if not tag.startswith(("agent:", "status:"))],
    )
    told = f"its process died; run {new.id} judges its document"
    return _told(run, latest, AgainAction.SUBMITTED, told, new)


async def run_killed_again(client: PrefectClient, trail: Trail) -> list[Again]:
    """Go on with all runs of this Prefect's deployments that were killed lately.

    What was gone on with before is not told again; what can't be is told once, unless Prefect had
    it crashed already. A run that somebody called directly is theirs to call again.
    """
    done: list[Again] = []
    async for page in _unfinished(client):
        newest = [await asyncio.to_thread(latest_dispatch, trail, str(run.id)) for run in page]
        killed = [one.ref.dispatch_id for one in newest if one is not None and one.was_killed]
        known = await _submitted(client, [again_key(dispatch_id) for dispatch_id in killed])
        for run, latest in zip(page, newest, strict=True):
            if latest is not None and again_key(latest.ref.dispatch_id) in known:
                continue
            if await is_killed(client, run, latest):
                told = await run_again(client, trail, run)
                crashed = run.state is not None and run.state.type is StateType.CRASHED
                if told.action is not AgainAction.NOT_AGAIN or not crashed:
                    done.append(told)
    return done


async def is_killed(client: PrefectClient, run: FlowRun, latest: Latest | None) -> bool:
    """Whether a run's process is dead; a dispatch that is open is the recovery's to close first.

    Where a dispatch proves it, Prefect is told that the run crashed. A run that is RUNNING and has
    no dispatch in this trail may have one in another, and lives for as long as it tells Prefect so.
    """
    assert run.state is not None
    if latest is not None and not latest.was_killed:
        return False
    if run.state.type is StateType.CRASHED:
        return True
    if run.state.type not in _UNENDED:
        return False  # a worker is to begin it still, or somebody ended it
    if latest is None and run.state.type is StateType.RUNNING:
        return await _is_silent(client, run) and await _crash(client, run, _SILENT)
    # What was closed since it runs is this attempt's; behind an older one the next may begin.
    closed_since = latest is not None and latest.closed_at > run.state.timestamp
    if not closed_since and datetime.now(UTC) - run.state.timestamp < GRACE:
        return False
    if latest is None:
        return True
    # Else it would look as if it ran for ever, and hold its place.
    return await _crash(client, run, _DIED)


async def _crash(client: PrefectClient, run: FlowRun, message: str) -> bool:
    """Say that a run crashed, where it still is as it was read; its state is then the new one."""
    if not await _set_state(client, run, Crashed(message=message)):
        return False
    run.state = (await client.read_flow_run(run.id)).state
    return True


async def _is_silent(client: PrefectClient, run: FlowRun) -> bool:
    """Whether a run that is RUNNING has not told Prefect for long that it lives."""
    assert run.state is not None
    since = datetime.now(UTC) - SILENCE
    if run.state.timestamp > since:
        return False
    heartbeats = EventFilter(
        event=EventNameFilter(name=["prefect.flow-run.heartbeat"]),
        resource=EventResourceFilter(id=[f"prefect.flow-run.{run.id}"]),
        # Clocks differ: an hour ahead is not too late.
        occurred=EventOccurredFilter(since=since, until=datetime.now(UTC) + timedelta(hours=1)),
    )
    return not (await client.read_events(heartbeats, limit=1)).events


async def _put_back(client: PrefectClient, run: FlowRun) -> Again:
    states = await client.read_flow_run_states(run.id)
    times = sum(state.message == _PUT_BACK for state in states)
    if times >= MOST_AGAIN:
        why = f"it was put back {times} times"
        assert run.state is not None
        if run.state.type is StateType.CRASHED or await _set_state(
            client, run, Crashed(message=f"it never began, and {why}")
        ):
            return _told(run, None, AgainAction.NOT_AGAIN, why)
    elif await _set_state(client, run, Scheduled(message=_PUT_BACK)):
        return _told(run, None, AgainAction.PUT_BACK, _PUT_BACK, run)
    found = await client.read_flow_run(run.id)
    return _told(run, None, AgainAction.TAKEN_ON, _TAKEN_ON, found)


async def _set_state(client: PrefectClient, run: FlowRun, state: State[Any]) -> bool:
    """Set a run's state where it still is in the one that was read; False where it is not.

    Nothing is forced: a process that begins the run at this moment must not get a second one
    beside it.
    """
    found = await client.read_flow_run(run.id)
    if found.state is None or run.state is None or found.state.id != run.state.id:
        return False
    response = await client.set_flow_run_state(run.id, state)
    return response.status is SetStateStatus.ACCEPT


def _told(
    run: FlowRun,
    latest: Latest | None,
    action: AgainAction,
    because: str,
    new_run: FlowRun | None = None,
) -> Again:
    ref = None if latest is None else latest.ref
    dispatch_id, pac_id = (None, None) if ref is None else (ref.dispatch_id, ref.pac_id)
    return Again(str(run.id), dispatch_id, pac_id, action, because, new_run)


async def _unfinished(client: PrefectClient) -> AsyncIterator[list[FlowRun]]:
    """The deployed runs of the governed flow that were killed, or look as if they were at work."""
    since = datetime.now(UTC) - _RECENT
    # All of them first: what is gone on with leaves the list, and would move the others up.
    found = [
        *await _runs_in(client, _UNENDED),
        *await _runs_in(client, [StateType.CRASHED], FlowRunFilterEndTime(after_=since)),
    ]
    for start in range(0, len(found), _PAGE):
        yield found[start : start + _PAGE]


async def _runs_in(
    client: PrefectClient, states: Sequence[StateType], ended: FlowRunFilterEndTime | None = None
) -> list[FlowRun]:
    """All deployed runs of the governed flow in these states, without their documents."""
    looked_at = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
        end_time=ended,
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states))),
    )
    found: list[FlowRun] = []
    while True:
        page = await client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["pac-execution"])),
            flow_run_filter=looked_at,
            limit=_PAGE,
            offset=len(found),
        )
        found += [run.model_copy(update={"parameters": {}}) for run in page]
        if len(page) < _PAGE:
            return found


async def _submitted(client: PrefectClient, keys: Sequence[str]) -> dict[str, FlowRun]:
    """The runs that were submitted under these idempotency keys."""
    if not keys:
        return {}
    wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=list(keys)))
    found = await client.read_flow_runs(flow_run_filter=wanted, limit=len(keys))
    return {str(run.idempotency_key): run for run in found}
