"""When a person must approve before a WRAP is generated: a part of the policy in force."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

_GID: Final = re.compile(r"GID-[0-9]{2}")
_FORMS: Final = "never, always, below:0.9 or agents:GID-07,GID-08"


class ReviewMode(StrEnum):
    """For which dispatches a person is asked."""

    NEVER = "never"
    """For none."""
    BELOW = "below"
    """For those whose quality score is below a score, or unusable."""
    AGENTS = "agents"
    """For those of named agents."""
    ALWAYS = "always"
    """For all."""


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """`score` lies in [0, 1] and is set for `below` only; `agents` are GIDs, for `agents` only."""

    mode: ReviewMode = ReviewMode.NEVER
    score: float | None = None
    agents: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The rule that a setting states; `ValueError` says what a rule looks like."""
        mode, colon, rest = text.strip().partition(":")
        try:
            rule = cls._of(ReviewMode(mode.strip().lower()), rest.strip())
        except ValueError:
            rule = None
        if rule is None or bool(colon) is not (rule.mode in (ReviewMode.BELOW, ReviewMode.AGENTS)):
            raise ValueError(f"a rule of human review is {_FORMS}")
        return rule

    @classmethod
    def _of(cls, mode: ReviewMode, rest: str) -> Self:
        if mode is ReviewMode.BELOW:
            score = float(rest)
            if not 0 <= score <= 1:  # NaN compares false
                raise ValueError(rest)
            return cls(mode, score)
        if mode is ReviewMode.AGENTS:
            agents = tuple(dict.fromkeys(part.strip().upper() for part in rest.split(",")))
            if not all(_GID.fullmatch(gid) for gid in agents):
                raise ValueError(rest)
            return cls(mode, agents=agents)
        return cls(mode)

    def applies(self, agent_gid: str, score: float | None) -> bool:
        """Whether a person must approve; `score` is None where it is no number in [0, 1]."""
        if self.mode is ReviewMode.BELOW:
            assert self.score is not None
            return score is None or score < self.score
        if self.mode is ReviewMode.AGENTS:
            return agent_gid in self.agents
        return self.mode is ReviewMode.ALWAYS

    def to_dict(self) -> dict[str, Any]:
        """The rule as the recorded policy has it."""
        return {"mode": self.mode.value, "score": self.score, "agents": list(self.agents)}

    @classmethod
    def from_dict(cls, recorded: Mapping[str, Any]) -> Self:
        """The rule of a recorded policy; raises `ValueError`, `KeyError` or `TypeError`."""
        return cls(ReviewMode(recorded["mode"]), recorded["score"], tuple(recorded["agents"]))


NO_REVIEW: Final = ReviewRule()
"""Nobody is asked."""
