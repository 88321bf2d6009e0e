"""What would make a refused gate pass: for each thing that is wrong, one sentence with its values.

No advice has an agent say what is not so. A score is raised by better work, and a path that is out
of scope is left alone, or the PAC is changed: what the result says follows from either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any, Final

from benson_execution.document import Document
from benson_execution.insight.finding import Finding, found_at, in_result, some, some_places
from benson_execution.phases.completion import GapKind, gaps
from benson_execution.phases.quality import usable_score
from benson_execution.phases.scope import Breach, BreachKind, breaches
from benson_execution.policy import Policy
from benson_execution.registry import BENSON_GID, Agent, AgentRegistry
from benson_execution.text import enumerate_some, number, plain, quote

MAX_BREACHES: Final = 1000
"""How many paths out of scope are looked at: a result may name a million."""

Remedy = Callable[[Document, Policy], Iterator[Finding]]


def activation(document: Document, policy: Policy) -> Iterator[Finding]:
    """CP-01: the agent that the PAC names is none that may execute."""
    pac, registry = document.pac, policy.registry
    gid, name = pac.agent_gid, quote(pac.agent_name)
    agent = registry.find(gid)
    if gid == BENSON_GID:
        what = f"the PAC is addressed to {BENSON_GID}, which judges and never executes"
        fix = f"address the PAC to the agent that executes it: {_executing(registry)}"
        yield found_at("CP-01", what, fix, ["/pac/agent_gid"])
    elif agent is None:
        fix = (
            f"address the PAC to an agent of the registry ({_executing(registry)}), "
            f"or add {gid} to the registry (BENSON_REGISTRY)"
        )
        yield found_at("CP-01", f"the registry has no agent {gid}", fix, ["/pac/agent_gid"])
    elif agent.name.casefold() != pac.agent_name.casefold():
        what = f"the registry binds {gid} to {quote(agent.name)}, the PAC says {name}"
        fix = f"set /pac/agent_name to {quote(agent.name)}{_of_that_name(registry, document)}"
        yield found_at("CP-01", what, fix, ["/pac/agent_name"])
    elif not agent.executes:
        what = f"{_named(agent)} may not execute"
        fix = (
            f"address the PAC to an agent that executes ({_executing(registry)}), or let "
            f'{_named(agent)} execute: in the registry (BENSON_REGISTRY), "executes": true'
        )
        yield found_at("CP-01", what, fix, ["/pac/agent_gid"])


def _named(agent: Agent) -> str:
    return f"{plain(agent.name)} ({agent.gid})"


def _executing(registry: AgentRegistry) -> str:
    """The agents that may execute, as far as a sentence has room for them."""
    able = [_named(agent) for agent in registry.agents if agent.executes and agent.gid]
    return enumerate_some(able, most=4) or "there is none yet"


def _of_that_name(registry: AgentRegistry, document: Document) -> str:
    meant = document.pac.agent_name.casefold()
    for agent in registry.agents:
        if agent.gid and agent.name.casefold() == meant:
            return f", or /pac/agent_gid to {agent.gid}, whose agent is {quote(agent.name)}"
    return ", or bind them in the registry (BENSON_REGISTRY)"


def scope(document: Document, _policy: Policy) -> Iterator[Finding]:
    """CP-02: the agent was where the PAC does not let it be, or does not say that it was not."""
    result = document.result
    if not isinstance(result, Mapping):
        return
    found = list(islice(breaches(result, document.pac), MAX_BREACHES))
    is_cut = len(found) == MAX_BREACHES
    for (kind, rule), of_kind in groupby(sorted(found, key=_kind), key=_kind):
        alike = list(of_kind)
        places = [in_result(one.place) for one in alike]
        several = f" (and {len(alike) - 1} more like it)" if len(alike) > 1 else ""
        fix = _fix_of_scope(BreachKind(kind), rule, alike)
        beyond = " or more" if is_cut and several else ""
        yield found_at("CP-02", f"{alike[0].said}{several}{beyond}", fix, places)


def _kind(breach: Breach) -> tuple[str, str]:
    return breach.kind.value, breach.rule or ""


def _fix_of_scope(kind: BreachKind, rule: str, found: list[Breach]) -> str:
    paths = some([one.subject for one in found])
    its = "it" if len(found) == 1 else "them"
    match kind:
        case BreachKind.CLAIM if found[0].subject is False:
            return (
                "the agent itself says that it left its scope: undo what is out of scope, or widen "
                "the PAC's allowed_paths, and have the PAC executed again"
            )
        case BreachKind.CLAIM:
            return (
                "have the agent state at /execution_result/scope_compliance whether it kept to its "
                "scope, true or false; only true passes"
            )
        case BreachKind.FORM:
            return f"hand over a list of paths, each a string, at {some_places(_at(found))}"
        case BreachKind.UNCLEAN:
            return (
                f"name {paths} by a path relative to the repository, such as 'src/app.py', without "
                "'..', '.', '~' or backslashes; undo what was changed outside of the repository"
            )
        case BreachKind.FORBIDDEN:
            return (
                f"undo the change to {paths}, or take {quote(rule)} out of the PAC's "
                "forbidden_paths"
            )
        case BreachKind.OUTSIDE:
            return f"undo the change to {paths}, or add {its} to the PAC's allowed_paths"


def _at(found: list[Breach]) -> list[str]:
    return [in_result(one.place) for one in found]


def quality(document: Document, policy: Policy) -> Iterator[Finding]:
    """CP-03: the score is too low, or is none."""
    result = document.result
    if not isinstance(result, Mapping):
        return
    wanted = number(policy.quality_threshold)
    where = [in_result(("quality_score",))]
    given = result.get("quality_score")
    score = usable_score(given)
    if score is None:
        found = quote(given) if "quality_score" in result else "nothing"
        what = f"quality_score is to be a number in [0, 1], and is {found}"
        fix = (
            f"have the agent score its work at {where[0]} with a number from 0 to 1; "
            f"at least {wanted} passes"
        )
        yield found_at("CP-03", what, fix, where)
    elif score < policy.quality_threshold:
        found = number(score)
        fix = (
            f"raise quality_score from {found} to at least {wanted} by improving the work, "
            "or lower BENSON_QUALITY_THRESHOLD"
        )
        yield found_at("CP-03", f"quality_score {found} is below {wanted}", fix, where)


def completion(document: Document, _policy: Policy) -> Iterator[Finding]:
    """CP-04: not every task was completed, or more than there are."""
    result = document.result
    if not isinstance(result, Mapping):
        return
    where = [in_result(("tasks_completed",))]
    completed, total = result.get("tasks_completed"), result.get("tasks_total")
    if not isinstance(completed, list | tuple):
        found = quote(completed) if "tasks_completed" in result else "nothing"
        fix = f"list the ids of the completed tasks at {where[0]}"
        yield found_at("CP-04", f"tasks_completed is to be a list, and is {found}", fix, where)
        return
    wrong = [(i, t) for i, t in enumerate(completed) if not isinstance(t, str) or not t]
    if wrong:
        places = [in_result(("tasks_completed", index)) for index, _ in wrong]
        what = f"a task's id is to be a text that is not empty, and is {quote(wrong[0][1])}"
        fix = f"name the task by the id that the PAC gives it, at {some_places(places)}"
        yield found_at("CP-04", what, fix, places)
        return
    listed = [task.id for task in document.pac.tasks]
    for gap in gaps(completed, total, listed):
        at = [in_result(("tasks_total",))] if gap.kind is GapKind.TOTAL else where
        yield found_at("CP-04", gap.said, _fix_of_tasks(gap.kind, gap.tasks, completed), at)


def _fix_of_tasks(kind: GapKind, tasks: Any, completed: Any) -> str:
    named = some(tasks)
    match kind:
        case GapKind.NONE:
            return "complete the PAC's tasks, and list their ids at tasks_completed"
        case GapKind.TWICE:
            return f"list {named} once at tasks_completed"
        case GapKind.TOTAL:
            many = len(completed)
            return f"state at tasks_total how many tasks the PAC has: an integer, at least {many}"
        case GapKind.MISSING:
            return f"complete {named}, or take what is not wanted any more out of the PAC's tasks"
        case GapKind.UNKNOWN:
            return f"report the PAC's tasks only, or add {named} to the PAC's tasks"


REMEDIES: Final[Mapping[str, Remedy]] = {
    "CP-01": activation,
    "CP-02": scope,
    "CP-03": quality,
    "CP-04": completion,
}
"""What would make each gate pass."""

IN_GENERAL: Final[Mapping[str, str]] = {
    "CP-01": "address the PAC to an agent that the registry binds to its GID, and that may execute",
    "CP-02": "undo what is out of the PAC's scope, or change its allowed_paths and forbidden_paths",
    "CP-03": "raise quality_score by improving the work, or lower BENSON_QUALITY_THRESHOLD",
    "CP-04": "complete every task of the PAC, and report each once",
    "GS_130": "hand over a result that fits the schema: `benson validate FILE` says what does not",
    "GS_131": "delete every WRAP field from the result: only Benson closes a work order",
    "GS_132": "delete every field of closure from the result: no agent closes its own work order",
    "GS_133": "delete every field of authority, and name the agent that executed: not Benson",
}
"""What would make a gate or the schema pass, where nobody can tell any more what is wrong."""
