"""Benson's own event types beside the contract's eight: agents that it ran, people that it asked.

They stand in the chain of their dispatch like every event, each at most once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from benson_execution.payload import IdText, Payload

_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class OwnEventType(StrEnum):
    """The event types that the contract leaves to callers, and that this program emits."""

    AGENT_RUN_START = "AGENT_RUN_START"
    """The agent is started now: whatever happens from here on, it is not started again."""
    AGENT_RUN_END = "AGENT_RUN_END"
    """The agent answered, or it is known why it did not."""
    HUMAN_REVIEW = "HUMAN_REVIEW"
    """A person answered whether the PAC may be closed."""
    POLICY_RECHECK = "POLICY_RECHECK"
    """The document was judged again, under the policy of the moment of that answer."""


class ReviewDecision(StrEnum):
    """What a person's answer counts as."""

    APPROVED = "APPROVED"
    """The PAC may be closed."""
    REJECTED = "REJECTED"
    """It may not."""
    INVALID = "INVALID"
    """Who answered is no reviewer, or is the agent itself: nothing is approved."""


class AgentRunStart(Payload):
    """`AGENT_RUN_START`; `runner` is `command NAME` or `deployment NAME`, as the operator names it.

    The agent must bring the `nonce` back with its answer.
    """

    pac_id: IdText
    agent_gid: str
    runner: str
    nonce: str
    phase: Literal["EXECUTION"]


class AgentRunEnd(Payload):
    """`AGENT_RUN_END`; `result_sha256` is of the bytes of the result that the agent handed over.

    Without a result `cause` says why there is none.
    """

    pac_id: IdText
    agent_gid: str
    answered: bool
    cause: str | None
    result_sha256: _Sha256 | None
    phase: Literal["EXECUTION"]

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if not (self.answered is (self.cause is None) is (self.result_sha256 is not None)):
            raise ValueError("answered, cause and result_sha256 contradict one another")
        return self


class HumanReview(Payload):
    """`HUMAN_REVIEW`; nobody but the person says that `reviewer` is who answered."""

    pac_id: IdText
    decision: Literal["APPROVED", "REJECTED", "INVALID"]
    reviewer: str
    notes: str
    phase: Literal["REVIEW"]


class PolicyRecheck(Payload):
    """`POLICY_RECHECK`; `reason` names every failure where the document is not eligible now."""

    pac_id: IdText
    eligible: bool
    reason: str
    policy_sha256: _Sha256
    agent_registry_sha256: _Sha256
    phase: Literal["REVIEW"]


OWN_PAYLOADS: Final[Mapping[str, type[Payload]]] = {
    OwnEventType.AGENT_RUN_START: AgentRunStart,
    OwnEventType.AGENT_RUN_END: AgentRunEnd,
    OwnEventType.HUMAN_REVIEW: HumanReview,
    OwnEventType.POLICY_RECHECK: PolicyRecheck,
}
