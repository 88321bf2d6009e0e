"""What each gate expected and what it found, from the document and the policy in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from benson_execution.document import Document, NoResult
from benson_execution.insight.finding import some
from benson_execution.insight.remedies import MAX_BREACHES
from benson_execution.phases.scope import FIELDS, breaches
from benson_execution.policy import Policy
from benson_execution.registry import BENSON_GID
from benson_execution.result import ResultValidation
from benson_execution.text import number, plain, quote


class Expectation(NamedTuple):
    """What was expected, and what was found in its place; foreign text is quoted in escapes."""

    expected: str
    actual: str


def activation(document: Document, policy: Policy) -> Expectation:
    """The registry's binding of the PAC's GID, and the PAC's own."""
    pac = document.pac
    agent = policy.registry.find(pac.agent_gid)
    found = f"{plain(pac.agent_name)} ({pac.agent_gid})"
    if agent is None or pac.agent_gid == BENSON_GID:
        ours = "Benson itself" if agent is not None else "unknown to the registry"
        return Expectation("an agent of the registry that may execute", f"{found}, {ours}")
    allowed = "" if agent.executes else ", which may not execute"
    expected = f"{plain(agent.name)} ({agent.gid}), allowed to execute"
    return Expectation(expected, found + allowed)


def scope(document: Document, _policy: Policy) -> Expectation:
    """The PAC's paths, and those of the result that are not within them."""
    pac = document.pac
    expected = "scope_compliance true, relative paths"
    if pac.allowed_paths:
        expected += f" within {some(pac.allowed_paths, 2)}"
    if pac.forbidden_paths:
        expected += f", not within {some(pac.forbidden_paths, 2)}"
    if not isinstance(document.result, Mapping):
        return Expectation(expected, _nothing(document))
    result = document.result
    out = [b for b in islice(breaches(result, pac), MAX_BREACHES) if len(b.place) > 1]
    count = sum(_length(result.get(field)) for field in FIELDS)
    claim = quote(result["scope_compliance"]) if "scope_compliance" in result else "missing"
    actual = f"scope_compliance {claim}, {count} {'path' if count == 1 else 'paths'}"
    if out:
        actual += f", of them out of scope: {some([breach.subject for breach in out])}"
    return Expectation(expected, actual)


def quality(document: Document, policy: Policy) -> Expectation:
    """The threshold in force, and the agent's own score."""
    expected = f"at least {number(policy.quality_threshold)}"
    if not isinstance(document.result, Mapping):
        return Expectation(expected, _nothing(document))
    if "quality_score" not in document.result:
        return Expectation(expected, "no quality_score")
    score = document.result["quality_score"]
    is_score = type(score) in (int, float)
    return Expectation(expected, number(score) if is_score and 0 <= score <= 1 else quote(score))


def completion(document: Document, _policy: Policy) -> Expectation:
    """The PAC's tasks, and those that were completed."""
    listed = [task.id for task in document.pac.tasks]
    expected = f"each once: {some(listed)}" if listed else "at least one task, each once"
    if not isinstance(document.result, Mapping):
        return Expectation(expected, _nothing(document))
    completed = document.result.get("tasks_completed")
    if not isinstance(completed, list | tuple):
        told = quote(completed) if "tasks_completed" in document.result else "no tasks_completed"
        return Expectation(expected, told)
    total = document.result.get("tasks_total")
    named = f": {some(completed)}" if completed else ""
    return Expectation(expected, f"{len(completed)} of {quote(total)}{named}")


def _nothing(document: Document) -> str:
    if isinstance(document.result, NoResult):
        return "no result"
    return f"{quote(document.result)} in place of a result"


def _length(paths: Any) -> int:
    return len(paths) if isinstance(paths, Sequence) and not isinstance(paths, str) else 0


EXPECTATIONS: Final[Mapping[str, Callable[[Document, Policy], Expectation]]] = {
    "CP-01": activation,
    "CP-02": scope,
    "CP-03": quality,
    "CP-04": completion,
}
"""What each gate expects and finds."""


def schema(validation: ResultValidation) -> Expectation:
    """That nothing is wrong, and how much is."""
    count = len(validation.violations)
    found = "1 violation" if count == 1 else f"{count or 'no'} violations"
    return Expectation("no violation of AgentExecutionResult", found)
