"""The policy in force: by what a dispatch is judged, besides its PAC."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

from benson_execution.registry import AgentRegistry
from benson_execution.settings import Settings


class Policy:
    """`quality_threshold` lies in [0, 1]; `registry` says which agents may execute.

    `content` is the policy as the trail keeps it, and `sha256` its digest; it names the registry
    by its own.
    """

    __slots__ = ("content", "quality_threshold", "registry", "sha256")

    def __init__(self, quality_threshold: float, registry: AgentRegistry) -> None:
        self.quality_threshold = quality_threshold
        self.registry = registry
        self.content = orjson.dumps(
            {"quality_threshold": quality_threshold, "agent_registry_sha256": registry.sha256}
        )
        self.sha256 = hashlib.sha256(self.content).hexdigest()

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """The policy that the settings state."""
        return cls(settings.quality_threshold, AgentRegistry.load(settings.registry))

    @classmethod
    def recorded(cls, policy: bytes, registry: bytes) -> Policy:
        """The policy that the trail keeps: its content, and that of its registry."""
        threshold = orjson.loads(policy)["quality_threshold"]
        return cls(threshold, AgentRegistry(registry, "the registry in the trail"))

    @property
    def documents(self) -> Sequence[tuple[str, bytes]]:
        """What the trail keeps, so that a verdict can be judged again: digests and bytes."""
        return ((self.sha256, self.content), (self.registry.sha256, self.registry.content))
