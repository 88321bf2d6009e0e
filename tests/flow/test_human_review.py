"""A person approves, rejects, or may not: real suspended runs, answered through the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Scheduled

from benson_execution import BensonExecutionEngine, Settings, Trail
from benson_execution.events import Event
from benson_execution.proof.heads import TrustedKeys
from benson_execution.recovery import Action, recover
from benson_execution.rejudgement import rejudge
from benson_execution.trail.opening import trusted_keys
from benson_execution.verification.artifact import verify_artifact
from flows.pac_execution import pac_execution
from flows.trail_recovery import recover_with_prefect
from tests.flow.documents import document
from tests.flow.running import walk

REGISTRY = Path(__file__).parents[2] / "benson_execution" / "agent_registry.json"


@pytest.fixture
def reviewers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada may review, and so could Dan, were he not the agent; everything is to be reviewed."""
    registry = json.loads(REGISTRY.read_text()) | {"reviewers": ["Ada", "Dan"]}
    (home / "registry.json").write_text(json.dumps(registry))
    monkeypatch.setenv("BENSON_REGISTRY", str(home / "registry.json"))
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "always")


@asynccontextmanager
async def suspended(given: str) -> AsyncIterator[tuple[PrefectClient, FlowRun]]:
    """A run of a deployment on this document, which waits for a person."""
    async with get_client() as client:
        flow_id = await client.create_flow(pac_execution)
        deployment = await client.create_deployment(flow_id, name="reviewed-by-tests")
        run = await client.create_flow_run_from_deployment(
            deployment, parameters={"document": given}
        )
        await walk(client, run.id)
        run = await client.read_flow_run(run.id)
        assert run.state_name == "Suspended", run.state
        yield client, run


async def answer(client: PrefectClient, run: FlowRun, **fields: str) -> FlowRun:
    """Answer the form, and let the run go on."""
    given = {"decision": "approve", "reviewer": "Ada", "notes": "read it all"} | fields
    response = await client.resume_flow_run(run.id, run_input=given)
    assert response.status == SetStateStatus.ACCEPT, response
    return await walk(client, run.id)


def told(trail: Trail, run: FlowRun) -> dict[str, Any]:
    """The payloads of the run's events, by their types."""
    return {s.event.event_type: s.event.data for s in trail.events(run_id=str(run.id))}


def artifact_of(run: FlowRun) -> Any:
    """The artifact of the run's first dispatch, from its file."""
    (path,) = Settings.load().artifacts_folder.glob(f"*/{run.id}-1.json")
    return json.loads(path.read_text())


def assert_holds(trail: Trail, artifact: Any) -> None:
    """Judged again it says the same, and its artifact is verified without the trail."""
    (again,) = rejudge(trail, artifact["dispatch"]["pac_id"])
    assert again.holds, again.to_dict()
    keys = TrustedKeys(trusted_keys(Settings.load()))
    assert verify_artifact(artifact, keys).findings == []


def types(trail: Trail, run: FlowRun) -> list[str]:
    return [_name(s.event) for s in trail.events(run_id=str(run.id))]


def _name(event: Event) -> str:
    return event.data.checkpoint_id if event.event_type == "CHECKPOINT" else event.event_type


async def test_an_approved_dispatch_gets_its_wrap(
    prefect: str, reviewers: None, trail: Trail
) -> None:
    async with suspended(document()) as (client, run):
        assert "WRAP_GENERATION" not in told(trail, run)
        assert "status:WAITING_FOR_REVIEW" in run.tags
        assert told(trail, run)["BER_GENERATION_DECISION"].human_review_required is True
        done = await answer(client, run)
    assert done.state_name == "Completed", done.state
    assert types(trail, run) == [
        "PAC_DISPATCH_START", "AGENT_EXECUTION_START", "CP-01", "CP-02", "CP-03", "CP-04",
        "SCHEMA_VALIDATION", "AGENT_EXECUTION_END", "BER_GENERATION_DECISION", "HUMAN_REVIEW",
        "POLICY_RECHECK", "WRAP_GENERATION", "PAC_DISPATCH_END",
    ]  # fmt: skip
    review = told(trail, run)["HUMAN_REVIEW"]
    assert (review.decision, review.reviewer, review.notes) == ("APPROVED", "Ada", "read it all")
    assert "status:COMPLETED" in done.tags
    assert "status:WAITING_FOR_REVIEW" not in done.tags
    artifact = artifact_of(run)
    assert artifact["report"]["human_review"]["reviewer_identity"] == "self-declared"
    assert_holds(trail, artifact)


@pytest.mark.parametrize(
    ("fields", "decision", "why"),
    [
        ({"decision": "reject", "notes": "no tests"}, "REJECTED", "no tests"),
        ({"reviewer": "Mallory"}, "INVALID", "the registry has no reviewer 'Mallory'"),
        ({"reviewer": "dan"}, "INVALID", "the executing agent does not review itself"),
        ({"reviewer": "GID-07"}, "INVALID", "the executing agent does not review itself"),
    ],
)
async def test_what_is_no_approval_blocks(
    prefect: str, reviewers: None, trail: Trail, fields: dict[str, str], decision: str, why: str
) -> None:
    async with suspended(document()) as (client, run):
        done = await answer(client, run, **fields)
    assert done.state_name == "BLOCKED"
    assert why in str(done.state and done.state.message)
    assert told(trail, run)["HUMAN_REVIEW"].decision == decision
    assert told(trail, run)["WRAP_GENERATION"].blocked is True
    assert told(trail, run)["PAC_DISPATCH_END"].status == "BLOCKED"
    assert_holds(trail, artifact_of(run))


async def test_without_reviewers_nobody_may_approve(
    prefect: str, home: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "below:1")
    async with suspended(document(quality_score=0.99)) as (client, run):
        done = await answer(client, run)
    assert done.state_name == "BLOCKED"
    assert "names no reviewers" in told(trail, run)["HUMAN_REVIEW"].notes


async def test_a_policy_that_became_stricter_blocks_what_a_person_approved(
    prefect: str, reviewers: None, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gates say what they said when they were judged; the WRAP asks for this moment."""
    async with suspended(document(quality_score=0.8)) as (client, run):
        monkeypatch.setenv("BENSON_QUALITY_THRESHOLD", "0.9")
        done = await answer(client, run)
    events = told(trail, run)
    assert done.state_name == "BLOCKED"
    assert events["HUMAN_REVIEW"].decision == "APPROVED"
    assert events["POLICY_RECHECK"].eligible is False
    assert "below the threshold 0.90" in events["POLICY_RECHECK"].reason
    assert "below the threshold 0.90" in str(done.state and done.state.message)
    assert events["BER_GENERATION_DECISION"].eligible is True
    assert_holds(trail, artifact_of(run))


async def test_a_retry_of_a_rejected_run_asks_again(
    prefect: str, reviewers: None, trail: Trail
) -> None:
    """An answer is for the attempt that it was given to."""
    async with suspended(document()) as (client, run):
        done = await answer(client, run, decision="reject")
        await client.set_flow_run_state(run.id, Scheduled(), force=True)
        waiting = await walk(client, run.id)
        assert waiting.state_name == "Suspended"
        done = await answer(client, run)
    assert done.state_name == "Completed"
    ends = [
        s.event.data.status for s in trail.events(run_id=str(run.id), event_type="PAC_DISPATCH_END")
    ]
    assert ends == ["BLOCKED", "COMPLETED"]


@pytest.mark.parametrize("missing", ["decision", "reviewer", "notes"])
async def test_an_answer_with_a_field_missing_is_none(
    prefect: str, reviewers: None, trail: Trail, missing: str
) -> None:
    given = {"decision": "approve", "reviewer": "Ada", "notes": "yes"}
    del given[missing]
    async with suspended(document()) as (client, run):
        response = await client.resume_flow_run(run.id, run_input=given)
        assert response.status == SetStateStatus.REJECT
        assert (await client.read_flow_run(run.id)).state_name == "Suspended"
    assert "HUMAN_REVIEW" not in told(trail, run)


async def test_a_run_that_nobody_would_start_again_ends_blocked(
    prefect: str, reviewers: None, trail: Trail
) -> None:
    """A direct call can't suspend, and neither can the engine: review needs a deployment."""
    state = await pac_execution(document(), return_state=True)
    assert (state.name, state.message) == (
        "BLOCKED", "review required: submit it to a deployment"
    )  # fmt: skip
    outcome = BensonExecutionEngine(False).execute_pac(document())
    assert outcome.status == "BLOCKED"
    assert outcome.reason == "review required: submit it to a deployment"


async def test_what_is_not_eligible_needs_no_reviewer(
    prefect: str, reviewers: None, trail: Trail
) -> None:
    state = await pac_execution(document(quality_score=0.1), return_state=True)
    assert state.name == "BLOCKED"
    events = {s.event.event_type: s.event.data for s in trail.events()}
    assert events["BER_GENERATION_DECISION"].human_review_required is False


async def test_a_review_that_nobody_answers_in_time_ends_failed(
    prefect: str, reviewers: None, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect runs no hook when a suspension times out: the recovery closes it, with no WRAP."""
    monkeypatch.setenv("BENSON_REVIEW_TIMEOUT_SECONDS", "1")
    async with suspended(document()) as (client, run):
        assert [r.action for r in recover(trail, Settings.load())] == [Action.LEFT]
        await asyncio.sleep(1.2)  # the time-out itself
        response = await client.resume_flow_run(
            run.id, run_input={"decision": "approve", "reviewer": "Ada", "notes": "late"}
        )
        # Prefect's own look at what has expired may have failed the run first: then it aborts.
        assert response.status in {SetStateStatus.REJECT, SetStateStatus.ABORT}
        (closed,) = await recover_with_prefect(Settings.load())
    assert closed.action is Action.CLOSED, closed
    events = told(trail, run)
    assert events["WRAP_GENERATION"].blocked is True
    assert events["PAC_DISPATCH_END"].status == "FAILED"
    assert "HUMAN_REVIEW" not in events
    assert_holds(trail, artifact_of(run))


async def test_a_dispatch_that_waits_is_left_alone_by_a_recovery(
    prefect: str, reviewers: None, trail: Trail
) -> None:
    """With its Prefect to ask, and without."""
    async with suspended(document()) as (client, run):
        assert [r.action for r in await recover_with_prefect(Settings.load())] == [Action.LEFT]
        done = await answer(client, run)
    assert done.state_name == "Completed"
