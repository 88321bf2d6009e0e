"""The policy in force: by what a dispatch is judged, besides its PAC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benson_execution.registry import AgentRegistry
from benson_execution.settings import Settings
from benson_execution.version import __version__


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """`quality_threshold` lies in [0, 1]; `registry` says which agents may execute."""

    quality_threshold: float
    registry: AgentRegistry

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """The policy that the settings state."""
        return cls(settings.quality_threshold, AgentRegistry.load(settings.registry))

    def to_dict(self) -> dict[str, Any]:
        """What an artifact says about the policy: its values, and the digest of the registry."""
        return {
            "quality_threshold": self.quality_threshold,
            "agent_registry": self.registry.source,
            "agent_registry_sha256": self.registry.sha256,
            "benson_version": __version__,
        }
