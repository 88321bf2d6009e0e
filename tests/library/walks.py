"""Dispatches that the engine never has: some wait for a person, some had their agent run.

The flow has them, with an orchestrator in between; here the same phases are walked in one process.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any, Final

from benson_execution import AgentRegistry, Document, MemoryTrail, Trail
from benson_execution.agent_run.recorded import as_judged
from benson_execution.dispatch import Dispatch
from benson_execution.document import NoResult
from benson_execution.events import Event
from benson_execution.phases import GATES, ber_decision, human_review, schema_validation, wrap
from benson_execution.phases.human_review import ReviewAnswer, waits_for_review
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.policy import Policy
from benson_execution.review_rule import ReviewRule
from benson_execution.walk import walk

from .helpers import CANONICAL, dan, pac, result, text

REVIEWERS: Final = ("Ada", "Grace Hopper", "Dan")
"""Who may review; Dan, whose work it is in the examples, may not review his own."""
APPROVAL: Final = ReviewAnswer(True, "Ada", "read it all")
REVIEWED: Final = [*CANONICAL[:9], "HUMAN_REVIEW", "POLICY_RECHECK", *CANONICAL[9:]]
"""The events of a dispatch that a person was asked about, and answered."""
RAN: Final = [*CANONICAL[:3], "AGENT_RUN_START", "AGENT_RUN_END", *CANONICAL[3:]]
"""The events of a dispatch whose agent was run."""
AGENT: Final = {"command": "dan"}
RESULT: Final = json.dumps(result()).encode()
"""What an agent hands over that did everything right, as it wrote it."""


def registry(*reviewers: str) -> AgentRegistry:
    """The shipped agents, and these reviewers."""
    content = {**json.loads(AgentRegistry.load().content), "reviewers": reviewers}
    return AgentRegistry(json.dumps(content).encode(), "reviewed.json")


def review_policy(
    rule: str = "always", threshold: float = 0.7, reviewers: tuple[str, ...] = REVIEWERS
) -> Policy:
    """A policy under which a person is asked."""
    return Policy(threshold, registry(*reviewers), ReviewRule.parse(rule))


class Waiting(Dispatch):
    """Leaves the WRAP to whoever answers."""

    def close(self, verdict: WrapVerdict) -> None:
        if not waits_for_review(self.events()):
            super().close(verdict)


def waiting(
    trail: Trail,
    content: bytes = text(),
    in_force: Policy | None = None,
    kind: type[Dispatch] = Waiting,
) -> Dispatch:
    """A dispatch that is judged up to its decision, and waits."""
    document = Document.read(content)
    dispatch = kind.of(str(uuid.uuid4()), document, in_force or review_policy(), trail)
    walk(dispatch)
    return dispatch


def answer(
    dispatch: Dispatch, given: ReviewAnswer = APPROVAL, in_force: Policy | None = None
) -> list[Event]:
    """Answer it under the policy of this moment, and close it; its events."""
    prior = dispatch.prior_wrap_id()
    verdict = human_review.judge(given, dispatch.document, in_force or dispatch.policy, prior)
    dispatch.record_review(verdict)
    Dispatch.close(dispatch, wrap.judge(dispatch.events()))
    return dispatch.events()


def reviewed(given: ReviewAnswer = APPROVAL, in_force: Policy | None = None) -> MemoryTrail:
    """A trail with one dispatch, which a person has answered."""
    trail = MemoryTrail()
    answer(waiting(trail), given, in_force)
    return trail


def agent_document(agent: Any = AGENT, **members: Any) -> dict[str, Any]:
    """A document that brings no result, and says how its agent is to be run."""
    return {"pac": dan()["pac"], "agent": agent, **members}


def run_by(agent: Any = AGENT, **order: Any) -> bytes:
    """The same as a text; `order` changes the PAC."""
    return json.dumps(agent_document(agent, pac=pac(**order))).encode()


def ran(
    trail: Trail,
    handed_over: bytes | NoResult = RESULT,
    content: bytes = run_by(),
    in_force: Policy | None = None,
    until: Callable[[Dispatch], None] = lambda dispatch: None,
) -> Dispatch:
    """A dispatch whose agent was run, unless CP-01 refused it, and handed this over.

    `until` may stop it, by raising, after the agent was started.
    """
    policy = in_force or review_policy("never")
    dispatch = Waiting.of(str(uuid.uuid4()), Document.read(content), policy, trail)
    dispatch.begin()
    dispatch.begin_execution()
    (_, activation), *gates = GATES
    verdict = activation(dispatch.document, policy)
    dispatch.record_checkpoint(verdict)
    if verdict.passed:
        dispatch.begin_run("0" * 32)
        until(dispatch)
        dispatch.end_run(handed_over)
    dispatch.document = as_judged(dispatch.document, dispatch.events(), trail.document)
    for _, gate in gates:
        dispatch.record_checkpoint(gate(dispatch.document, policy))
    dispatch.record_validation(schema_validation.judge(dispatch.document))
    prior = dispatch.prior_wrap_id()
    dispatch.record_decision(ber_decision.judge(dispatch.events(), prior, policy.human_review))
    dispatch.close(wrap.judge(dispatch.events()))
    return dispatch
