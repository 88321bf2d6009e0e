"""CP-02: the agent stayed where the PAC allows, by its word and by its paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

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
    problems = list(islice(_problems(result, document.pac), MAX_PROBLEMS + 1))
    if problems:
        more = " and more" if len(problems) > MAX_PROBLEMS else ""
        return refused(CheckpointName.CP_02, ", ".join(problems[:MAX_PROBLEMS]) + more)
    count = sum(len(result.get(field, ())) for field in _FIELDS)
    files = "1 path" if count == 1 else f"{count} paths"
    if document.pac.allowed_paths:
        return passed(CheckpointName.CP_02, f"{files} within the PAC's scope")
    return passed(CheckpointName.CP_02, f"{files}; the PAC states no limit")


_FIELDS: Final = ("files_modified", "files_created")


def _problems(result: Mapping[str, Any], pac: Pac) -> Iterator[str]:
    """What is out of scope, in the document's order."""
    claim = result.get("scope_compliance")
    if claim is not True:
        found = quote(claim) if "scope_compliance" in result else "nothing"
        yield f"scope_compliance must be true, found {found}"
    allowed, forbidden = PathRules(pac.allowed_paths), PathRules(pac.forbidden_paths)
    for field in _FIELDS:
        paths = result.get(field, [])
        if not isinstance(paths, list | tuple):
            yield f"{field} must be a list, found {quote(paths)}"
            continue
        for path in paths:
            if not isinstance(path, str):
                yield f"a path must be a string, found {quote(path)}"
            elif problem := path_problem(path):
                yield f"{quote(path)} {problem}"
            elif rule := forbidden.covering(path):  # forbidden wins over allowed
                yield f"{quote(path)} is within the forbidden {quote(rule)}"
            elif allowed.stated and not allowed.covering(path):
                yield f"{quote(path)} is outside the allowed {_some(allowed.stated)}"


def _some(rules: Sequence[str]) -> str:
    """The first rules, and how many more."""
    return enumerate_some(map(quote, rules[:_TOLD]), more=len(rules) - _TOLD)


_TOLD: Final = 5
