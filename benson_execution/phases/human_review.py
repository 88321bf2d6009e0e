"""Human review: does a person's answer let the PAC be closed, under the policy of this moment?

A dispatch that waits for a person may wait for days. So the document is judged again when the
answer comes: what was strict enough when it was asked may not be any more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benson_execution.document import Document
from benson_execution.events import Event, EventType
from benson_execution.lookalikes import WITHOUT_SIGHT, alike, compared
from benson_execution.own_events import OwnEventType, ReviewDecision
from benson_execution.pac import Pac
from benson_execution.phases import GATES, schema_validation
from benson_execution.phases.verdict import MAX_DETAILS, reason_of
from benson_execution.policy import Policy
from benson_execution.registry import AgentRegistry
from benson_execution.text import plain, quote, shorten

MAX_NOTES: Final = 2000
"""How many characters of a reviewer's notes are kept."""
_MAX_NAME: Final = 200
_BETWEEN: Final = re.compile(r"[\W_]+")
"""What separates the words of a name."""


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """What a person answered; nobody checks that they are the `reviewer` whom they name."""

    approved: bool
    reviewer: str
    notes: str


@dataclass(frozen=True, slots=True)
class ReviewVerdict:
    """What the answer counts as, and whether the document is `eligible` under `policy`.

    `reason` names every failure where it is not. `error` says why it could not be judged: then
    nothing is approved, and the execution failed.
    """

    decision: ReviewDecision
    reviewer: str
    notes: str
    policy: Policy
    eligible: bool
    reason: str
    error: str | None = None

    @property
    def approved(self) -> bool:
        """Whether the PAC may be closed."""
        return self.decision is ReviewDecision.APPROVED and self.eligible


def waits_for_review(events: Sequence[Event]) -> bool:
    """Whether the decision among a dispatch's events demands a person, who has not answered."""
    data = {event.event_type: event.data for event in events}
    decision = data.get(EventType.BER_GENERATION_DECISION)
    answered = OwnEventType.HUMAN_REVIEW in data or EventType.WRAP_GENERATION in data
    asked = decision is not None and decision.eligible and decision.human_review_required
    return bool(asked and not answered)


def judge(
    answer: ReviewAnswer, document: Document, policy: Policy, prior_wrap_id: str | None = None
) -> ReviewVerdict:
    """Judge an answer by `policy`, the one in force now; `prior_wrap_id` is the PAC's WRAP."""
    reviewer = _name(answer.reviewer)
    notes = _bounded(answer.notes, MAX_NOTES)
    decision = ReviewDecision.APPROVED if answer.approved else ReviewDecision.REJECTED
    obstacle = _may_not_review(reviewer, document.pac, policy.registry)
    if obstacle is not None:
        decision = ReviewDecision.INVALID
        notes = obstacle if not notes else f"{obstacle}; {notes}"
    failures = _failures(document, policy)
    if prior_wrap_id is not None:
        failures.append(f"the PAC is closed already by {prior_wrap_id}")
    reason = "; ".join(failures) or "All checkpoints passed"
    reason = shorten(reason, 4 * MAX_DETAILS)
    return ReviewVerdict(decision, reviewer, notes, policy, not failures, reason)


def not_judged(answer: ReviewAnswer, policy: Policy, error: BaseException | str) -> ReviewVerdict:
    """An answer that could not be judged approves nothing."""
    cause = reason_of(error)
    told = f"not judged: {cause}"
    return ReviewVerdict(
        ReviewDecision.INVALID, _name(answer.reviewer), told, policy, False, told, error=cause
    )


def _name(name: str) -> str:
    """A person's name as it is recorded, and compared: judged again, it must be the same one."""
    return _bounded(name.strip(), _MAX_NAME)


def _bounded(text: str, length: int) -> str:
    return shorten(plain(text, length), length)  # escapes are longer than what they stand for


def _may_not_review(reviewer: str, pac: Pac, registry: AgentRegistry) -> str | None:
    """Why this person's answer counts for nothing, or None."""
    name = compared(reviewer)
    # As the registry spells it: what is not printable is an escape in the record.
    known = [one for one in registry.reviewers if compared(_name(one)) == name]
    if any(_is_agent(spelt, pac) for spelt in (reviewer, *known)):
        return "the executing agent does not review itself"
    if not registry.reviewers:
        return "the registry names no reviewers, so nobody may approve"
    if not name or not known:
        return f"the registry has no reviewer {quote(reviewer)}"
    return None


def _is_agent(name: str, pac: Pac) -> bool:
    """Whether a name may be taken for the agent's, or has the agent's GID among its words."""
    if compared(_name(name)) == compared(_name(pac.agent_name)) or alike(name, pac.agent_name):
        return True
    words = _BETWEEN.split(shorten(WITHOUT_SIGHT.sub("", compared(name)), _MAX_NAME))
    return any(
        alike("".join(words[begin : begin + count]), pac.agent_gid)
        for begin in range(len(words))
        for count in range(1, len(pac.agent_gid) + 1)
    )


def _failures(document: Document, policy: Policy) -> list[str]:
    """What stands against the document under this policy, in the order of the phases."""
    verdicts = [gate(document, policy) for _, gate in GATES]
    found = [
        f"{v.checkpoint_id} {v.checkpoint_name}: {v.details}" for v in verdicts if not v.passed
    ]
    validation = schema_validation.judge(document)
    if not validation.valid:
        found.append(f"SCHEMA_VALIDATION: {validation.error_code}")
    return found
