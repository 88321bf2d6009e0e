"""The agent registry: which agents there are, which may execute, and which people may review."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from pathlib import Path
from typing import Annotated, Self

import orjson
from pydantic import FailFast, ValidationError, model_validator

from benson_execution.errors import InvalidSettings
from benson_execution.schema import AgentGid, JsonArray, NonEmpty, Strict, violations
from benson_execution.text import enumerate_some

BENSON_GID = "GID-00"


class Agent(Strict):
    """One agent. An agent without a GID can't be dispatched to."""

    gid: AgentGid | None
    name: NonEmpty
    role: str
    execution_lane: str
    executes: bool
    note: str | None = None


class _AgentFile(Strict):
    agents: Annotated[tuple[Agent, ...], FailFast(), JsonArray]
    reviewers: Annotated[tuple[NonEmpty, ...], FailFast(), JsonArray] = ()

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        for values in (
            [a.gid for a in self.agents if a.gid is not None],
            [a.name.casefold() for a in self.agents],
        ):
            if len(set(values)) != len(values):
                raise ValueError("two agents have the same GID or the same name")
        return self


class AgentRegistry:
    """The agents of one registry file; `sha256` is the digest of `content`, the file's bytes.

    `reviewers` are the names of the people who may approve; without any, nobody may.
    """

    def __init__(self, content: bytes, source: str) -> None:
        self.source = source
        self.content = content
        self.sha256 = hashlib.sha256(content).hexdigest()
        try:
            read = _AgentFile.model_validate(orjson.loads(content))
        except orjson.JSONDecodeError as error:
            raise InvalidSettings(f"the agent registry {source} is not JSON: {error}") from None
        except ValidationError as error:
            found = enumerate_some(map(str, violations(error, _AgentFile)))
            raise InvalidSettings(f"the agent registry {source} is invalid: {found}") from None
        self.agents, self.reviewers = read.agents, read.reviewers
        self._by_gid = {agent.gid: agent for agent in self.agents if agent.gid is not None}

    def find(self, gid: str) -> Agent | None:
        """The agent with this GID, or None."""
        return self._by_gid.get(gid)

    @classmethod
    def load(cls, path: Path | None = None) -> AgentRegistry:
        """The registry in a file; without one, the agents that ship with the package."""
        if path is None:
            return _shipped()
        try:
            return cls(path.read_bytes(), str(path))
        except OSError as error:
            raise InvalidSettings(
                f"the agent registry {path} can't be read: {error.strerror}",
                "BENSON_REGISTRY names it; unset it to use the agents that ship with Benson",
            ) from None


@functools.cache
def _shipped() -> AgentRegistry:
    file = resources.files("benson_execution") / "agent_registry.json"
    return AgentRegistry(file.read_bytes(), "agent_registry.json (shipped)")
