"""A reviewer's answer is not lost to a recovery, however late a process takes it up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Running, Scheduled

from benson_execution import Settings, Trail
from benson_execution.recovery import Action
from benson_execution.trail.lease import Holder
from flows import trail_recovery
from flows.trail_recovery import recover_with_prefect
from tests.flow.documents import document
from tests.flow.running import walk
from tests.flow.test_human_review import reviewers, suspended, told

__all__ = ["reviewers"]

ANSWER = {"decision": "approve", "reviewer": "Ada", "notes": "read it all"}


@pytest.fixture
def ended_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that asked is dead, as a worker's is; here it is the test's own."""
    monkeypatch.setattr(Holder, "is_dead", lambda _: True)


async def test_an_answer_waits_for_a_worker_for_as_long_as_it_takes(
    prefect: str,
    reviewers: None,
    ended_process: None,
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No worker was free for longer than any grace: the run is still scheduled, and goes on."""
    monkeypatch.setattr(trail_recovery, "_GRACE", timedelta(days=-1))
    async with suspended(document()) as (client, run):
        response = await client.resume_flow_run(run.id, run_input=ANSWER)
        assert response.status == SetStateStatus.ACCEPT
        (left,) = await recover_with_prefect(Settings.load())
        assert (left.action, left.because) == (
            Action.LEFT,
            "its run waits to be started or resumed",
        )
        done = await walk(client, run.id)
    assert done.state_type is StateType.COMPLETED
    assert told(trail, run)["HUMAN_REVIEW"].decision == "APPROVED"


@pytest.mark.parametrize("lately", [True, False], ids=["lately", "long ago"])
async def test_a_run_that_goes_on_just_now_is_left_alone(
    lately: bool,
    prefect: str,
    reviewers: None,
    ended_process: None,
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Prefect says RUNNING a moment before its new process takes the dispatch up; not for ever."""
    if not lately:
        monkeypatch.setattr(trail_recovery, "_GRACE", timedelta(days=-1))
    async with suspended(document()) as (client, run):
        await client.set_flow_run_state(run.id, Scheduled(name="Resuming"), force=True)
        await client.set_flow_run_state(run.id, Running(), force=True)
        (found,) = await recover_with_prefect(Settings.load())
    assert found.action is (Action.LEFT if lately else Action.CLOSED), found
    assert ("PAC_DISPATCH_END" in told(trail, run)) is not lately
