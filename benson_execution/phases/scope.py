"""CP-02: the agent stayed where the PAC allows, by its word and by its paths."""

from __future__ import annotations

from benson_execution.document import Document
from benson_execution.events import CheckpointName
from benson_execution.pac import Pac, path_problem, path_within
from benson_execution.phases.verdict import (
    CheckpointVerdict,
    passed,
    refused,
    result_or_refusal,
)
from benson_execution.policy import Policy
from benson_execution.text import enumerate_some, quote


def judge(document: Document, _policy: Policy) -> CheckpointVerdict:
    """Judge the agent's own word, and then every path that it modified or created."""
    result, refusal = result_or_refusal(CheckpointName.CP_02, document)
    if refusal is not None:
        return refusal
    problems = []
    claim = result.get("scope_compliance")
    if claim is not True:
        found = quote(claim) if "scope_compliance" in result else "nothing"
        problems.append(f"scope_compliance must be true, found {found}")
    count = 0
    for field in ("files_modified", "files_created"):
        paths = result.get(field, [])
        if not isinstance(paths, list | tuple):
            problems.append(f"{field} must be a list, found {quote(paths)}")
            continue
        count += len(paths)
        problems += [p for path in paths if (p := _outside(path, document.pac)) is not None]
    if problems:
        return refused(CheckpointName.CP_02, enumerate_some(problems, most=10))
    files = "1 path" if count == 1 else f"{count} paths"
    if document.pac.allowed_paths:
        return passed(CheckpointName.CP_02, f"{files} within the PAC's scope")
    return passed(CheckpointName.CP_02, f"{files}; the PAC states no limit")


def _outside(path: object, pac: Pac) -> str | None:
    """Why a path is out of scope, or None. Forbidden wins over allowed."""
    if not isinstance(path, str):
        return f"a path must be a string, found {quote(path)}"
    if problem := path_problem(path):
        return f"{quote(path)} {problem}"
    for rule in pac.forbidden_paths:
        if path_within(path, rule):
            return f"{quote(path)} is within the forbidden {quote(rule)}"
    if pac.allowed_paths and not any(path_within(path, rule) for rule in pac.allowed_paths):
        return f"{quote(path)} is outside the allowed {enumerate_some(pac.allowed_paths)}"
    return None
