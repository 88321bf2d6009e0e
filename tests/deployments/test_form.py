"""The form that a person fills in: judged like a document, with the same end."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId

from benson_execution import Trail
from flows.pac_form import pac_form
from tests.deployments.registered import registered, runs_of
from tests.flow.test_every_hook_matters import statuses

FILLED_IN: dict[str, Any] = {
    "pac_id": "PAC-DAN-P53-FORM-01",
    "agent_gid": "GID-07",
    "agent_name": "Dan",
    "tasks": [{"id": "T1", "description": "first"}, {"id": "T2", "description": "second"}],
    "tasks_completed": ["T1", "T2"],
    "files_modified": ["src/app.py"],
    "quality_score": 0.9,
    "scope_compliance": "yes",
    "execution_time_ms": 1200,
    "allowed_paths": ["src/"],
    "notes": "{{ 7*7 }}",
}


async def filled_in(**changes: Any) -> Any:
    return await pac_form(**{**FILLED_IN, **changes}, return_state=True)


async def test_what_is_filled_in_is_judged_as_a_part_of_the_run(prefect: str, trail: Trail) -> None:
    """The form's run ends as that part does; the document is in the trail as it was written."""
    state = await filled_in()
    assert (state.is_completed(), statuses(trail)) == (True, ["COMPLETED"])
    assert "all checkpoints passed" in (state.message or "")
    async with get_client() as client:
        form = await client.read_flow_run(state.state_details.flow_run_id)
        of_form = FlowRunFilterParentFlowRunId(any_=[form.id])
        (part,) = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(parent_flow_run_id=of_form)
        )
    (start, *_) = list(trail.events())
    assert start.dispatch.run_id == str(part.id)
    content = trail.document(str(start.dispatch.document_sha256))
    assert content is not None
    assert b'"notes":"{{ 7*7 }}"' in content
    assert form.created is not None
    assert form.created.strftime("%Y-%m-%dT%H:%M:%SZ").encode() in content


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"quality_score": 0.2}, "CP-03"),
        ({"scope_compliance": "no"}, "CP-02"),
        ({"files_created": ["etc/passwd"]}, "CP-02"),
        ({"forbidden_paths": ["src/app.py"]}, "CP-02"),
        ({"tasks_completed": ["T1"]}, "CP-04"),
        ({"agent_name": "Alex"}, "CP-01"),
    ],
    ids=str,
)
async def test_a_refused_form_ends_blocked(
    changes: dict[str, Any], why: str, prefect: str, trail: Trail
) -> None:
    """By the same name, and with the same reason, as its part."""
    state = await filled_in(**changes)
    assert (state.name, statuses(trail)) == ("BLOCKED", ["BLOCKED"])
    assert why in (state.message or "")


async def test_a_form_that_makes_no_pac_is_refused(prefect: str, trail: Trail) -> None:
    """And is on record."""
    state = await filled_in(allowed_paths=["/etc"])
    assert state.name == "REFUSED"
    assert "is absolute" in (state.message or "")
    assert len(list(trail.refusals())) == 1
    assert list(trail.events()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"pac_id": "PAC-../../x"},
        {"agent_gid": "GID-7"},
        {"quality_score": 1.1},
        {"scope_compliance": "perhaps"},
        {"execution_time_ms": -1},
    ],
    ids=str,
)
async def test_a_field_that_can_not_be_is_refused_by_prefect(
    changes: dict[str, Any], prefect: str, trail: Trail
) -> None:
    """Before anything is written down."""
    state = await filled_in(**changes)
    assert state.is_failed()
    assert "invalid parameters" in (state.message or "")
    assert list(trail.events()) == []


async def test_what_a_person_must_approve_gets_a_run_of_its_own(
    prefect: str, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a run can't wait: the form says which run does, and ends."""
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "below:0.95")
    async with registered("pac-execution/on-demand") as deployment_id:
        state = await filled_in()
        (judging,) = await runs_of(deployment_id)
    assert state.is_completed()
    assert str(judging.id) in (state.message or "")
    assert '"notes":"{{ 7*7 }}"' in judging.parameters["document"]
    assert list(trail.events()) == []


async def test_without_anybody_to_judge_it_the_form_fails(
    prefect: str, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is missing; it is not judged without the person."""
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "always")
    state = await filled_in()
    assert state.is_failed()
    assert "there is no deployment pac-execution/on-demand" in (state.message or "")
    assert list(trail.events()) == []


def test_every_field_is_described() -> None:
    """The UI shows what each of them means, and offers what may be chosen."""
    from prefect.utilities.callables import parameter_schema

    schema = parameter_schema(pac_form).model_dump()
    for name, said in schema["properties"].items():
        assert len(said.get("description", "")) > 10, name
    assert schema["properties"]["scope_compliance"]["enum"] == ["yes", "no"]
    assert set(schema["required"]) == set(FILLED_IN) - {"allowed_paths", "notes"}
