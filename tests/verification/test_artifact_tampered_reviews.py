"""What a person answered or an agent handed over, changed in an artifact: each change is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from benson_execution.verification.findings import Kind
from tests.library.helpers import result
from tests.library.walks import (
    RESULT,
)

from .runs_and_reviews import DIGEST, Artifact, Made, all_made


@pytest.fixture
def made() -> dict[str, Made]:
    """One of every kind; nobody changes them."""
    return all_made()


def _set(*path: str, to: Any) -> Callable[[Artifact], Any]:
    def change(artifact: Artifact) -> None:
        *outer, last = path
        for name in outer:
            artifact = artifact[name]
        artifact[last] = to

    return change


def _without(*path: str) -> Callable[[Artifact], Any]:
    def change(artifact: Artifact) -> None:
        *outer, last = path
        for name in outer:
            artifact = artifact[name]
        del artifact[last]

    return change


REVIEW: Final = ("report", "human_review")
RUN: Final = ("dispatch", "agent_run")
RULE: Final = ("dispatch", "policy", "human_review")


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        *(
            ("approved", (*REVIEW, member), "x")
            for member in (
                "decision",
                "reviewer",
                "reviewer_identity",
                "notes",
                "still_eligible",
                "reason",
                "policy_sha256",
                "agent_registry_sha256",
            )
        ),
        ("rejected", (*REVIEW, "decision"), "APPROVED"),
        ("no reviewer", (*REVIEW, "decision"), "APPROVED"),
        ("stricter", (*REVIEW, "still_eligible"), True),
        ("approved", REVIEW, None),
        ("unanswered", (*REVIEW,), {"decision": "APPROVED"}),
        ("approved", ("report", "decision", "human_review_required"), False),
        ("approved", (*RULE, "mode"), "never"),
        ("approved", RULE, None),
        *(
            ("ran", (*RUN, member), "x")
            for member in (
                "runner",
                "started_at",
                "ended_at",
                "answered",
                "cause",
                "result_sha256",
            )
        ),
        ("handed nothing over", (*RUN, "cause"), "it was killed"),
        ("handed nothing over", (*RUN, "answered"), True),
        ("not activated", RUN, None),
        ("ran", ("dispatch", "execution_result"), None),
        ("ran", ("dispatch", "execution_result_sha256"), None),
    ],
)
def test_each_member_that_says_something_else_is_told(
    made: dict[str, Made], name: str, path: tuple[str, ...], value: Any
) -> None:
    """By its place, and by nothing else."""
    ((kind, message),) = made[name].told(_set(*path, to=value))
    assert kind is Kind.ARTIFACT_ALTERED
    assert message.startswith(f"/{'/'.join(path)} is ")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("approved", REVIEW),
        ("unanswered", REVIEW),
        ("approved", RULE),
        ("ran", RUN),
        ("ran", (*RUN, "cause")),
        ("not activated", RUN),
    ],
)
def test_each_member_that_is_gone_is_told(
    made: dict[str, Made], name: str, path: tuple[str, ...]
) -> None:
    told = f"/{'/'.join(path)} is gone"
    assert made[name].told(_without(*path)) == [(Kind.ARTIFACT_ALTERED, told)]


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("ran", REVIEW, {"decision": "APPROVED"}),
        ("approved", RUN, {"runner": "command dan"}),
        ("not activated", (*RUN, "runner"), "command dan"),
        ("approved", (*REVIEW, "seen_by"), "Grace Hopper"),
    ],
)
def test_each_member_that_was_added_is_told(
    made: dict[str, Made], name: str, path: tuple[str, ...], value: Any
) -> None:
    told = f"/{'/'.join(path)} was added"
    assert made[name].told(_set(*path, to=value)) == [(Kind.ARTIFACT_ALTERED, told)]


def test_a_result_that_was_changed_is_told(made: dict[str, Made]) -> None:
    """By its digest, whether it means something else or not."""
    told = (Kind.DOCUMENT_ALTERED, "the agent's result is not the one that was judged")
    blank = RESULT.decode() + " "
    assert made["ran"].told(_set("proof", "agent_result", to=blank)) == [told]
    other = json.dumps(result(quality_score=0.99))
    found = made["ran"].told(_set("proof", "agent_result", to=other))
    assert found[0] == told
    assert any("/dispatch/execution_result/quality_score is" in message for _, message in found)


@pytest.mark.parametrize("torn", ["", "{", '{"a": 1, "a": 2}', "[NaN]"])
def test_a_result_that_can_not_be_read_is_told(made: dict[str, Made], torn: str) -> None:
    """No artifact follows from it, and it is not what was judged."""
    found = made["ran"].told(_set("proof", "agent_result", to=torn))
    assert [kind for kind, _ in found] == [Kind.DOCUMENT_ALTERED, Kind.EVIDENCE_ALTERED]
    assert found[1][1].startswith("no artifact follows from it: ")


def test_a_result_that_is_gone_is_missed(made: dict[str, Made]) -> None:
    assert made["ran"].told(_without("proof", "agent_result")) == [
        (Kind.DOCUMENT_MISSING, "the agent's result is not there"),
        (
            Kind.EVIDENCE_ALTERED,
            f"no artifact follows from it: the agent's result {DIGEST} is gone from the trail",
        ),
    ]


@pytest.mark.parametrize("value", [None, 7, {}, ["x"]])
def test_a_result_that_is_no_text_is_no_evidence(made: dict[str, Made], value: Any) -> None:
    ((kind, message),) = made["ran"].told(_set("proof", "agent_result", to=value))
    assert kind is Kind.EVIDENCE_ALTERED
    assert message.startswith("it has no evidence that can be read: ")


@pytest.mark.parametrize("name", ["approved", "handed nothing over", "not activated"])
def test_a_result_that_nobody_recorded_is_told(made: dict[str, Made], name: str) -> None:
    """It is the result of no run of this dispatch."""
    found = made[name].told(_set("proof", "agent_result", to=RESULT.decode()))
    assert (Kind.DOCUMENT_ALTERED, "the agent's result is not the one that was judged") in found


@pytest.mark.parametrize(
    ("name", "key", "old", "new"),
    [
        ("rejected", "HUMAN_REVIEW", "REJECTED", "APPROVED"),
        ("approved", "HUMAN_REVIEW", '"Ada"', '"Eve"'),
        ("stricter", "POLICY_RECHECK", '"eligible":false', '"eligible":true'),
        ("ran", "AGENT_RUN_START", "command dan", "command eve"),
        ("handed nothing over", "AGENT_RUN_END", "exited with 3", "exited with 4"),
    ],
)
def test_each_event_that_was_changed_is_told(
    made: dict[str, Made], name: str, key: str, old: str, new: str
) -> None:
    """The chain breaks; and what is told elsewhere does not follow from it any more."""

    def change(artifact: Artifact) -> None:
        (event,) = [e for e in artifact["proof"]["events"] if e["key"] == key]
        event["json"] = event["json"].replace(old, new)

    found = made[name].told(change)
    told = "the events are not those that its entry in the log commits to"
    assert found[0] == (Kind.EVENT_ALTERED, told)
    assert {kind for kind, _ in found[1:]} == {Kind.ARTIFACT_ALTERED}
