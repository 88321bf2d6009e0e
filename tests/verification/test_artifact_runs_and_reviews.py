"""What an artifact tells of an agent that Benson ran, and of a person who answered."""

from __future__ import annotations

import pytest

from benson_execution import MemoryTrail
from benson_execution.conformance import violations_in
from benson_execution.dispatch import Dispatch
from benson_execution.policy import Policy
from benson_execution.registry import AgentRegistry
from tests.conformance.ecma import fits
from tests.library.helpers import pac, result
from tests.library.walks import (
    RESULT,
    review_policy,
    waiting,
)

from .runs_and_reviews import DIGEST, KINDS, Made, all_made


@pytest.fixture
def made() -> dict[str, Made]:
    """One of every kind; nobody changes them."""
    return all_made()


@pytest.mark.parametrize("name", KINDS)
def test_an_honest_artifact_is_verified_without_its_trail(made: dict[str, Made], name: str) -> None:
    """And it is one by the published schema, and by the product's own model."""
    assert made[name].told() == []
    assert violations_in(made[name].artifact, "ber-telemetry-artifact") == []
    assert fits(made[name].artifact, "ber-telemetry-artifact")


def test_a_report_has_what_a_person_answered(made: dict[str, Made]) -> None:
    """Word for word, self-declared, and with the policy of that moment."""
    policy = review_policy()
    assert made["approved"].artifact["report"]["human_review"] == {
        "decision": "APPROVED",
        "reviewer": "Ada",
        "reviewer_identity": "self-declared",
        "notes": "read it all",
        "still_eligible": True,
        "reason": "All checkpoints passed",
        "policy_sha256": policy.sha256,
        "agent_registry_sha256": policy.registry.sha256,
    }
    for name, decision in (("rejected", "REJECTED"), ("no reviewer", "INVALID")):
        report = made[name].artifact["report"]
        assert (report["human_review"]["decision"], report["wrap"]["blocked"]) == (decision, True)


def test_a_report_says_that_nobody_answered(made: dict[str, Made]) -> None:
    """It was required, and there is none."""
    report = made["unanswered"].artifact["report"]
    assert report["decision"]["human_review_required"] is True
    assert (report["human_review"], report["wrap"]["blocked"]) == (None, True)


def test_where_nobody_was_to_be_asked_there_is_no_such_member(made: dict[str, Made]) -> None:
    assert "human_review" not in made["ran"].artifact["report"]
    assert "agent_run" not in made["approved"].artifact["dispatch"]
    assert "agent_result" not in made["approved"].artifact["proof"]


def test_the_policy_says_when_a_person_is_asked(made: dict[str, Made]) -> None:
    """One of before there were reviews does not, and its artifact neither."""
    told = made["approved"].artifact["dispatch"]["policy"]["human_review"]
    assert told == {"mode": "always", "score": None, "agents": []}
    old = Made(lambda trail: waiting(trail, in_force=Policy(0.7, AgentRegistry.load())))
    assert "human_review" not in old.artifact["dispatch"]["policy"]
    assert old.told() == []
    assert violations_in(old.artifact, "ber-telemetry-artifact") == []


def test_a_dispatch_has_how_its_agent_was_run(made: dict[str, Made]) -> None:
    """The runner, when, and what came of it; the very bytes are the evidence of it."""
    artifact = made["ran"].artifact
    run = artifact["dispatch"]["agent_run"]
    events = made["ran"].dispatch.events()
    assert run == {
        "runner": "command dan",
        "started_at": events[3].timestamp,
        "ended_at": events[4].timestamp,
        "answered": True,
        "cause": None,
        "result_sha256": DIGEST,
    }
    assert artifact["dispatch"]["execution_result"] == result()
    assert artifact["dispatch"]["execution_result_sha256"] == DIGEST
    assert artifact["proof"]["agent_result"].encode() == RESULT


def test_a_dispatch_says_why_its_agent_handed_nothing_over(made: dict[str, Made]) -> None:
    dispatch = made["handed nothing over"].artifact["dispatch"]
    run = dispatch["agent_run"]
    assert (run["answered"], run["cause"]) == (False, "it exited with 3")
    assert (dispatch["execution_result"], dispatch["execution_result_sha256"]) == (None, None)
    assert dispatch["violations"] == [
        {
            "path": "/execution_result",
            "message": "no execution result was handed over: it exited with 3",
        }
    ]


def test_an_agent_that_was_not_activated_was_not_run(made: dict[str, Made]) -> None:
    """The member is there, and empty."""
    dispatch = made["not activated"].artifact["dispatch"]
    assert (dispatch["agent_run"], dispatch["status"]) == ({}, "BLOCKED")


def test_a_run_of_a_person_and_an_agent_has_all_of_it(made: dict[str, Made]) -> None:
    artifact = made["ran and approved"].artifact
    assert artifact["dispatch"]["agent_run"]["answered"] is True
    assert artifact["report"]["human_review"]["decision"] == "APPROVED"
    assert artifact["telemetry"]["summary"]["total_events"] == 15


def test_a_dispatch_that_was_interrupted_while_it_waited_has_no_report() -> None:
    """Its end says that it failed; whatever was eligible, nothing was closed."""

    def failed(trail: MemoryTrail) -> Dispatch:
        dispatch = waiting(trail)
        dispatch.fail()
        return dispatch

    made = Made(failed)
    assert made.artifact["report"] is None
    assert made.artifact["dispatch"]["pac"] == pac()
    assert made.told() == []
