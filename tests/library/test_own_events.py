"""Benson's own events: four payloads, exact to the field, each at most once in a dispatch."""

from __future__ import annotations

from typing import Any, Final

import pytest

from benson_execution import Event, MemoryTrail
from benson_execution.document import NoResult
from benson_execution.errors import EventRefused
from benson_execution.events import KNOWN_PAYLOADS, PAYLOADS
from benson_execution.own_events import OWN_PAYLOADS, OwnEventType
from benson_execution.telemetry import event_key
from benson_execution.timeline import gist

from .helpers import labels, recorded, without
from .walks import RAN, RESULT, REVIEWED, ran, reviewed

SAID: Final[dict[str, dict[str, Any]]] = {
    "AGENT_RUN_START": {
        "pac_id": "PAC-DAN-P44-01",
        "agent_gid": "GID-07",
        "runner": "command dan",
        "nonce": "0" * 32,
        "phase": "EXECUTION",
    },
    "AGENT_RUN_END": {
        "pac_id": "PAC-DAN-P44-01",
        "agent_gid": "GID-07",
        "answered": True,
        "cause": None,
        "result_sha256": "ab" * 32,
        "phase": "EXECUTION",
    },
    "HUMAN_REVIEW": {
        "pac_id": "PAC-DAN-P44-01",
        "decision": "APPROVED",
        "reviewer": "Ada",
        "notes": "",
        "phase": "REVIEW",
    },
    "POLICY_RECHECK": {
        "pac_id": "PAC-DAN-P44-01",
        "eligible": True,
        "reason": "All checkpoints passed",
        "policy_sha256": "cd" * 32,
        "agent_registry_sha256": "ef" * 32,
        "phase": "REVIEW",
    },
}
"""One valid payload of each."""
ALL: Final = [(kind, field) for kind, said in SAID.items() for field in said]
NO_ANSWER: Final = {"answered": False, "cause": "it exited with 3", "result_sha256": None}


def test_they_stand_beside_the_contracts_eight() -> None:
    """Nobody else can emit one of these types with another payload."""
    assert set(SAID) == set(OWN_PAYLOADS) == set(OwnEventType)
    assert not set(OWN_PAYLOADS) & set(PAYLOADS)
    assert set(KNOWN_PAYLOADS) == {*PAYLOADS, *OWN_PAYLOADS}


@pytest.mark.parametrize("kind", SAID)
def test_a_valid_payload_is_recorded_as_it_is(kind: str) -> None:
    assert dict(Event.create(kind, SAID[kind]).data) == SAID[kind]


@pytest.mark.parametrize(("kind", "field"), ALL)
def test_every_field_is_required_and_of_its_type(kind: str, field: str) -> None:
    """Neither missing, nor a number, nor a list."""
    for said in (without(SAID[kind], field), {**SAID[kind], field: 7}, {**SAID[kind], field: []}):
        with pytest.raises(EventRefused, match=field):
            Event.create(kind, said)


@pytest.mark.parametrize("kind", SAID)
def test_a_field_too_many_is_refused(kind: str) -> None:
    with pytest.raises(EventRefused, match="wrap_id"):
        Event.create(kind, {**SAID[kind], "wrap_id": "WRAP-DAN-P44-20251226"})


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        *((kind, {"phase": "WRAP"}) for kind in SAID),
        *((kind, {"pac_id": ""}) for kind in SAID),
        *((kind, {"pac_id": "P" * 129}) for kind in SAID),
        ("HUMAN_REVIEW", {"decision": "approved"}),
        ("HUMAN_REVIEW", {"decision": "MAYBE"}),
        ("POLICY_RECHECK", {"eligible": "yes"}),
        ("POLICY_RECHECK", {"eligible": 1}),
        ("POLICY_RECHECK", {"policy_sha256": "CD" * 32}),
        ("POLICY_RECHECK", {"agent_registry_sha256": "ef" * 31}),
        ("AGENT_RUN_END", {"result_sha256": "ab" * 32 + "\n"}),
        ("AGENT_RUN_END", {"answered": 1}),
    ],
)
def test_a_value_that_there_is_not_is_refused(kind: str, changes: dict[str, Any]) -> None:
    """Nothing is made to fit."""
    (field,) = changes
    with pytest.raises(EventRefused, match=field):
        Event.create(kind, {**SAID[kind], **changes})


def test_a_run_without_an_answer_says_why() -> None:
    event = Event.create("AGENT_RUN_END", {**SAID["AGENT_RUN_END"], **NO_ANSWER})
    assert (event.data.answered, event.data.cause) == (False, "it exited with 3")


@pytest.mark.parametrize(
    "changes",
    [
        {"answered": False},
        {"cause": "it exited with 3"},
        {"result_sha256": None},
        {**NO_ANSWER, "answered": True},
        {**NO_ANSWER, "cause": None},
        {**NO_ANSWER, "result_sha256": "ab" * 32},
    ],
)
def test_an_end_of_a_run_does_not_contradict_itself(changes: dict[str, Any]) -> None:
    """There is a result exactly when the agent answered, and else a cause."""
    with pytest.raises(EventRefused, match="contradict one another"):
        Event.create("AGENT_RUN_END", {**SAID["AGENT_RUN_END"], **changes})


def test_a_dispatch_has_each_at_most_once() -> None:
    """Each is the key of its place, so a second one is refused by every trail."""
    for kind, said in SAID.items():
        assert event_key(Event.create(kind, said), None) == kind


def test_a_review_stands_between_the_decision_and_the_wrap() -> None:
    """And both of its events are of one moment's policy."""
    events = recorded(reviewed())
    assert labels(events) == REVIEWED
    assert all(len(event.data.policy_sha256) == 64 for event in events[10:11])


def test_a_run_stands_between_the_first_gate_and_the_others() -> None:
    trail = MemoryTrail()
    ran(trail)
    assert labels(recorded(trail)) == RAN


def test_a_run_is_recorded_with_what_it_handed_over() -> None:
    """The runner as the document names it, the nonce, and the very bytes by their digest."""
    trail = MemoryTrail()
    ran(trail)
    start, end = recorded(trail)[3:5]
    assert (start.data.runner, start.data.nonce) == ("command dan", "0" * 32)
    assert (end.data.answered, end.data.cause) == (True, None)
    assert trail.document(end.data.result_sha256) == RESULT


def test_a_run_that_handed_nothing_over_is_recorded_with_its_cause() -> None:
    trail = MemoryTrail()
    ran(trail, NoResult("it exited with 3"))
    end = recorded(trail)[4]
    assert (end.data.answered, end.data.cause, end.data.result_sha256) == (
        False,
        "it exited with 3",
        None,
    )


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("AGENT_RUN_START", {}, "command dan"),
        ("AGENT_RUN_END", {}, "answered"),
        ("AGENT_RUN_END", NO_ANSWER, "no answer: it exited with 3"),
        ("HUMAN_REVIEW", {"notes": "fine"}, "APPROVED by Ada (self-declared): fine"),
        ("POLICY_RECHECK", {}, "eligible now: All checkpoints passed"),
        (
            "POLICY_RECHECK",
            {"eligible": False, "reason": "CP-03"},
            "not eligible now: CP-03",
        ),
    ],
)
def test_each_is_told_in_words(kind: str, changes: dict[str, Any], told: str) -> None:
    """For whoever reads a dispatch; that nobody checked the reviewer is said each time."""
    assert gist(Event.create(kind, {**SAID[kind], **changes})) == told
