"""The policy in force: by what a dispatch is judged, besides its PAC."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from benson_execution.registry import AgentRegistry
from benson_execution.review_rule import ReviewRule
from benson_execution.settings import Settings


class Policy:
    """`quality_threshold` lies in [0, 1]; `registry` says which agents may execute.

    `human_review` says when a person must approve; None is a policy that was recorded before
    there were reviews, and means never. `content` is the policy as the trail keeps it, and
    `sha256` its digest; it names the registry by its own.
    """

    __slots__ = ("content", "human_review", "quality_threshold", "registry", "sha256")

    def __init__(
        self,
        quality_threshold: float,
        registry: AgentRegistry,
        human_review: ReviewRule | None = None,
    ) -> None:
        self.quality_threshold = quality_threshold
        self.registry = registry
        self.human_review = human_review or ReviewRule()
        content: dict[str, Any] = {
            "quality_threshold": quality_threshold,
            "agent_registry_sha256": registry.sha256,
        }
        if human_review is not None:
            content["human_review"] = human_review.to_dict()
        self.content = orjson.dumps(content)
        self.sha256 = hashlib.sha256(self.content).hexdigest()

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """The policy that the settings state."""
        registry = AgentRegistry.load(settings.registry)
        return cls(settings.quality_threshold, registry, settings.human_review)

    @classmethod
    def recorded(cls, policy: bytes, registry: bytes) -> Policy:
        """The policy that the trail keeps: its content, and that of its registry."""
        kept = orjson.loads(policy)
        threshold, rule = kept["quality_threshold"], kept.get("human_review")
        return cls(
            threshold,
            AgentRegistry(registry, "the registry in the trail"),
            None if rule is None else ReviewRule.from_dict(rule),
        )

    @property
    def documents(self) -> Sequence[tuple[str, bytes]]:
        """What the trail keeps, so that a verdict can be judged again: digests and bytes."""
        return ((self.sha256, self.content), (self.registry.sha256, self.registry.content))
