"""The PAC: a work order for one agent, and the scope that it allows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Self

from pydantic import FailFast, ValidationError, field_validator, model_validator

from benson_execution.errors import InvalidPac
from benson_execution.schema import (
    AgentGid,
    JsonArray,
    NonEmpty,
    PacId,
    Strict,
    violations,
)
from benson_execution.text import enumerate_some, quote

_DRIVE: Final = re.compile(r"[A-Za-z]:")
MAX_PATH: Final = 4096
"""The longest path that Linux takes."""
_UNCLEAN: Final = frozenset({"", ".", ".."})
_SEGMENT: Final = r"(?!\.{0,2}(?:/|\Z)|~)[^/\\]+"
_CLEAN: Final = re.compile(rf"(?![A-Za-z]:){_SEGMENT}(?:/{_SEGMENT})*")
"""All that is wrong with a path but its length and its characters, asked at once."""
_NUMBER: Final = re.compile(r"P[0-9]+[A-Z]?")


class PacTask(Strict):
    """One task of a PAC."""

    id: NonEmpty
    description: str


class Pac(Strict):
    """A work order: who does what, and where.

    `allowed_paths` and `forbidden_paths` are folders or files, relative and POSIX; an empty
    `allowed_paths` states no limit. `execution_lane` is recorded and not judged.
    """

    pac_id: PacId
    agent_gid: AgentGid
    agent_name: NonEmpty
    tasks: Annotated[tuple[PacTask, ...], FailFast(), JsonArray]
    execution_lane: str | None = None
    allowed_paths: Annotated[tuple[str, ...], FailFast(), JsonArray] = ()
    forbidden_paths: Annotated[tuple[str, ...], FailFast(), JsonArray] = ()

    @field_validator("allowed_paths", "forbidden_paths")
    @classmethod
    def _clean(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            if problem := path_problem(rule.removesuffix("/")):
                raise ValueError(f"the path rule {quote(rule)} {problem}")
        return rules

    @model_validator(mode="after")
    def _unique_tasks(self) -> Self:
        ids = [task.id for task in self.tasks]
        if len(set(ids)) != len(ids):
            raise ValueError("two tasks have the same id")
        return self

    @property
    def number(self) -> str:
        """The PAC's number, `P53` or `P66R`: the first such segment of its id, else `P0`."""
        segments = self.pac_id.split("-")[1:]
        return next((s for s in segments if _NUMBER.fullmatch(s)), "P0")

    @classmethod
    def parse(cls, data: Any) -> Pac:
        """The PAC that this JSON value states; `InvalidPac` names every field that is wrong."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            found = violations(error, cls)
        problems = enumerate_some(map(str, found), most=10)
        raise InvalidPac(f"the PAC is invalid: {problems}", violations=found)


def path_problem(path: str) -> str | None:
    """Why this is not a clean relative POSIX path, or None: `is absolute`, `has a '..' segment`."""
    if _CLEAN.fullmatch(path) and len(path) <= MAX_PATH and path.isprintable():
        return None
    if not path:
        return "is empty"
    if path.startswith("/") or _DRIVE.match(path):
        return "is absolute"
    if len(path) > MAX_PATH:
        return f"is longer than {MAX_PATH} characters"
    if "\\" in path:
        return "has a backslash"
    if not path.isprintable():
        return "has an unprintable character"
    odd = next(s for s in path.split("/") if s in _UNCLEAN or s[0] == "~")
    return "has a '~' segment" if odd.startswith("~") else f"has the segment '{odd}'"


class PathRules:
    """Path rules by their segments, so that a path is walked once, however many there are.

    A rule is a file, or a folder with all that lies in it; whole segments are compared,
    case-sensitively: `tools` does not cover `tools2/x`.
    """

    def __init__(self, rules: Iterable[str]) -> None:
        self.stated = tuple(rules)
        self._root: dict[str, Any] = {}
        for rule in self.stated:
            branch = self._root
            for segment in rule.removesuffix("/").split("/"):
                branch = branch.setdefault(segment, {})
            branch.setdefault(_RULE, rule)

    def covering(self, path: str) -> str | None:
        """The rule that covers this clean path, as it was stated; None where there is none."""
        branch = self._root
        if not branch:
            return None
        for segment in path.split("/"):
            below = branch.get(segment)
            if below is None:
                return None
            if _RULE in below:
                rule: str = below[_RULE]
                return rule
            branch = below
        return None


_RULE: Final = "/"
"""No segment has this name: under it stands the rule that ends here."""
