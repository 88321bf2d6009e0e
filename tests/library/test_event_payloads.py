"""The eight payloads of the contract: exact fields, exact types, and refusals that name a field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benson_execution import BensonError, Event
from benson_execution.errors import EventRefused

from .helpers import GATES, PAYLOADS, without

FIELDS = [(kind, field) for kind, payload in PAYLOADS.items() for field in payload]

WRONG: dict[str, list[Any]] = {
    "pac_id": [None, 5, True, "", [], "P" * 129],
    "agent_gid": [None, 7, True, ["GID-07"]],
    "agent_name": [None, 7, False, {}],
    "phase": [None, "", "OTHER", "dispatch", 1, True],
    "duration_ms": [None, True, -1, 1.5, "5000", 5000.0],
    "tasks_completed": [None, True, -1, 1.5, "5", ["T1"]],
    "quality_score": [None, True, "0.9", -0.1, 1.01, float("nan"), float("inf"), 10**400],
    "schema_type": [None, 1, True],
    "valid": [None, 1, 0, "true"],
    "error_code": ["GS_134", "", 130, True, "gs_130"],
    "checkpoint_id": [None, "CP-05", "CP-1", 1, "cp-01"],
    "checkpoint_name": [None, "", 1, "SCOPE_COMPLIANCE_VALIDATION"],
    "details": [None, 1, True, ["a"]],
    "eligible": [None, 1, 0, "true"],
    "reason": [None, 1, True],
    "human_review_required": [None, 0, "false"],
    "wrap_id": [5, True, ["WRAP"], None],
    "blocked": [None, 0, "false", True],
}
STATUS: list[Any] = [None, "", "DONE", "completed", 1, True]


@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_payload_of_the_contract_is_accepted_as_it_is_printed(kind: str) -> None:
    """The `data` of each of the contract's examples makes an event that holds just that."""
    event = Event.create(kind, PAYLOADS[kind])
    assert event["data"] == PAYLOADS[kind]
    assert json.loads(event.json)["data"] == PAYLOADS[kind]


@pytest.mark.parametrize("kind", PAYLOADS)
def test_fields_come_in_the_contracts_order_whatever_the_callers(kind: str) -> None:
    """The order of a payload's fields is the specification's, in memory and in the bytes."""
    event = Event.create(kind, dict(reversed(PAYLOADS[kind].items())))
    assert list(event.data) == list(PAYLOADS[kind])
    assert list(json.loads(event.json)["data"]) == list(PAYLOADS[kind])


def test_an_event_has_exactly_five_fields_in_order() -> None:
    """Nothing is added beside the contract's five fields."""
    event = Event.create("CUSTOM_EVENT", {"key": "value"})
    fields = ["telemetry_version", "timestamp", "event_type", "authority", "data"]
    assert list(event) == fields
    assert list(json.loads(event.json)) == fields


def test_version_and_authority_are_the_contracts() -> None:
    """`telemetry_version` is 1.0.0 and `authority` is Benson, whatever `data` says."""
    event = Event.create("CUSTOM_EVENT", {"authority": "AGENT", "telemetry_version": "9"})
    assert event.telemetry_version == "1.0.0"
    assert event.authority == "BENSON (GID-00)"
    assert event.data.authority == "AGENT"


def test_a_caller_can_not_set_the_authority() -> None:
    """There is no argument for it."""
    create: Any = Event.create
    with pytest.raises(TypeError):
        create("CUSTOM_EVENT", {}, authority="AGENT")


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_missing_field_is_refused_by_name(kind: str, field: str) -> None:
    """Every field is required, `phase` and `error_code` too."""
    with pytest.raises(EventRefused, match=rf"{kind}: .*\b{field}\b"):
        Event.create(kind, without(PAYLOADS[kind], field))


@pytest.mark.parametrize("kind", PAYLOADS)
def test_an_unknown_field_is_refused_by_name(kind: str) -> None:
    """An event carries nothing that the contract does not know."""
    with pytest.raises(EventRefused, match=rf"{kind}: .*\bdispatch_id\b"):
        Event.create(kind, {**PAYLOADS[kind], "dispatch_id": "1-1"})


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_wrong_value_is_refused_by_name(kind: str, field: str) -> None:
    """Types are exact: a bool is no number, a string is no number, 1 is no bool."""
    for wrong in STATUS if field == "status" else WRONG[field]:
        with pytest.raises(EventRefused) as refusal:
            Event.create(kind, {**PAYLOADS[kind], field: wrong})
        assert kind in str(refusal.value)
        assert field in str(refusal.value), wrong


@pytest.mark.parametrize("kind", PAYLOADS)
@pytest.mark.parametrize("data", [None, 5, "data", [], ["data"], {1, 2}])
def test_data_that_is_no_object_is_refused(kind: str, data: Any) -> None:
    """`data` is an object, for the contract's types as for any other."""
    with pytest.raises(EventRefused, match=kind):
        Event.create(kind, data)


@pytest.mark.parametrize("kind", ["CUSTOM_EVENT", "AGENT_EXECUTION_START"])
def test_a_list_of_pairs_is_no_object(kind: str) -> None:
    """What Python could make a dict of is not therefore a JSON object."""
    pairs: Any = list(PAYLOADS["AGENT_EXECUTION_START"].items())
    with pytest.raises(EventRefused, match="data must be an object"):
        Event.create(kind, pairs)


@pytest.mark.parametrize("kind", ["", None, 5, b"CUSTOM_EVENT", ["CHECKPOINT"]])
def test_an_event_type_is_a_non_empty_string(kind: Any) -> None:
    """Anything else is refused, and the message names the field."""
    with pytest.raises(EventRefused, match="event_type"):
        Event.create(kind, {})


@pytest.mark.parametrize("kind", ["CUSTOM_EVENT", "SOMEBODY_S_OWN", "checkpoint", "Ünï"])
def test_any_other_event_type_takes_any_object(kind: str) -> None:
    """Types that the contract does not know stay open to callers."""
    data = {"key": "value", "count": 42, "none": None, "list": [1, {"a": []}]}
    assert Event.create(kind, data).data == data
    assert Event.create(kind, {}).data == {}


@pytest.mark.parametrize(("gate", "name"), GATES.items())
def test_a_checkpoint_goes_by_its_own_name_only(gate: str, name: str) -> None:
    """Id and name of a checkpoint are one pair of the contract's table."""
    payload = {**PAYLOADS["CHECKPOINT"], "checkpoint_id": gate}
    assert Event.create("CHECKPOINT", {**payload, "checkpoint_name": name}).data.status == "PASS"
    for other in set(GATES.values()) - {name}:
        with pytest.raises(EventRefused, match="checkpoint_name"):
            Event.create("CHECKPOINT", {**payload, "checkpoint_name": other})


@pytest.mark.parametrize(("valid", "code"), [(True, "GS_130"), (False, None)])
def test_an_error_code_is_there_exactly_when_a_result_is_invalid(
    valid: bool, code: str | None
) -> None:
    """A valid result with a code, or an invalid one without, is no event."""
    payload = {**PAYLOADS["SCHEMA_VALIDATION"], "valid": valid, "error_code": code}
    with pytest.raises(EventRefused, match="error_code"):
        Event.create("SCHEMA_VALIDATION", payload)


@pytest.mark.parametrize(
    "change",
    [
        {"blocked": True},
        {"wrap_id": None},
        {"status": "WRAP_BLOCKED"},
        {"status": "WRAP_BLOCKED", "blocked": True},
        {"status": "WRAP_BLOCKED", "wrap_id": None},
        {"wrap_id": None, "blocked": True},
    ],
)
def test_a_wrap_is_generated_with_an_id_or_blocked_without_one(change: dict[str, Any]) -> None:
    """`status`, `blocked` and `wrap_id` can't contradict one another."""
    with pytest.raises(EventRefused, match=r"wrap_id.*status.*blocked"):
        Event.create("WRAP_GENERATION", {**PAYLOADS["WRAP_GENERATION"], **change})


def test_a_blocked_wrap_has_no_id() -> None:
    """`status: "WRAP_BLOCKED"`, `blocked: true`, `wrap_id: null`."""
    blocked = {"wrap_id": None, "status": "WRAP_BLOCKED", "blocked": True}
    event = Event.create("WRAP_GENERATION", {**PAYLOADS["WRAP_GENERATION"], **blocked})
    assert event.data.wrap_id is None


def test_a_refused_event_is_an_error_of_ours_and_a_value_error() -> None:
    """Callers may catch it as either."""
    assert issubclass(EventRefused, BensonError)
    assert issubclass(EventRefused, ValueError)
    assert EventRefused("x").exit_code == 2
