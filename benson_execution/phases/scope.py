"""CP-02: the agent stayed where the PAC allows, by its word and by its paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any, Final, NamedTuple

from benson_execution.document import Document
from benson_execution.events import CheckpointName
from benson_execution.pac import Pac, PathRules, path_problem
from benson_execution.phases.verdict import (
    CheckpointVerdict,
    passed,
    refused,
    result_or_refusal,
)
from benson_execution.policy import Policy
from benson_execution.text import enumerate_some, quote

MAX_PROBLEMS: Final = 10
"""How many problems the details name."""


def judge(document: Document, _policy: Policy) -> CheckpointVerdict:
    """Judge the agent's own word, and then every path that it modified or created."""
    result, refusal = result_or_refusal(CheckpointName.CP_02, document)
    if refusal is not None:
        return refusal
    found = [one.said for one in islice(breaches(result, document.pac), MAX_PROBLEMS + 1)]
    if found:
        more = " and more" if len(found) > MAX_PROBLEMS else ""
        return refused(CheckpointName.CP_02, ", ".join(found[:MAX_PROBLEMS]) + more)
    count = sum(len(result.get(field, ())) for field in FIELDS)
    files = "1 path" if count == 1 else f"{count} paths"
    if document.pac.allowed_paths:
        return passed(CheckpointName.CP_02, f"{files} within the PAC's scope")
    return passed(CheckpointName.CP_02, f"{files}; the PAC states no limit")


FIELDS: Final = ("files_modified", "files_created")
"""The fields of a result that name paths."""


class BreachKind(StrEnum):
    """In what way the scope was left, or can't be told to have been kept."""

    CLAIM = "claim"
    """The agent does not say that it kept to the scope."""
    FORM = "form"
    """There is no list of paths, or something in it is no text."""
    UNCLEAN = "unclean"
    """A path is not relative, or leads elsewhere than it seems to."""
    FORBIDDEN = "forbidden"
    """A path is within what the PAC forbids."""
    OUTSIDE = "outside"
    """A path is outside of what the PAC allows."""


class Breach(NamedTuple):
    """One thing that is out of scope: `place` leads to it in the result.

    `subject` is what stands there, and `rule` the forbidden path that covers it.
    """

    kind: BreachKind
    place: tuple[str | int, ...]
    said: str
    subject: Any = None
    rule: str | None = None


def breaches(result: Mapping[str, Any], pac: Pac) -> Iterator[Breach]:
    """What is out of scope, in the document's order."""
    claim = result.get("scope_compliance")
    if claim is not True:
        found = quote(claim) if "scope_compliance" in result else "nothing"
        said = f"scope_compliance must be true, found {found}"
        yield Breach(BreachKind.CLAIM, ("scope_compliance",), said, claim)
    allowed, forbidden = PathRules(pac.allowed_paths), PathRules(pac.forbidden_paths)
    for field in FIELDS:
        paths = result.get(field, [])
        if not isinstance(paths, list | tuple):
            said = f"{field} must be a list, found {quote(paths)}"
            yield Breach(BreachKind.FORM, (field,), said, paths)
            continue
        for index, path in enumerate(paths):
            place = (field, index)
            if not isinstance(path, str):
                said = f"a path must be a string, found {quote(path)}"
                yield Breach(BreachKind.FORM, place, said, path)
            elif problem := path_problem(path):
                yield Breach(BreachKind.UNCLEAN, place, f"{quote(path)} {problem}", path)
            elif rule := forbidden.covering(path):  # forbidden wins over allowed
                said = f"{quote(path)} is within the forbidden {quote(rule)}"
                yield Breach(BreachKind.FORBIDDEN, place, said, path, rule)
            elif allowed.stated and not allowed.covering(path):
                said = f"{quote(path)} is outside the allowed {_some(allowed.stated)}"
                yield Breach(BreachKind.OUTSIDE, place, said, path)


def _some(rules: Sequence[str]) -> str:
    """The first rules, and how many more."""
    return enumerate_some(map(quote, rules[:_TOLD]), more=len(rules) - _TOLD)


_TOLD: Final = 5
