"""CP-04: every task is completed, and none is claimed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from benson_execution.document import Document
from benson_execution.events import CheckpointName
from benson_execution.phases.verdict import (
    CheckpointVerdict,
    passed,
    refused,
    result_or_refusal,
)
from benson_execution.policy import Policy
from benson_execution.text import enumerate_some, quote


def judge(document: Document, _policy: Policy) -> CheckpointVerdict:
    """Judge the completed tasks against the PAC's, where it lists any."""
    result, refusal = result_or_refusal(CheckpointName.CP_04, document)
    if refusal is not None:
        return refusal
    completed, total = result.get("tasks_completed"), result.get("tasks_total")
    if not isinstance(completed, list | tuple):
        found = quote(completed) if "tasks_completed" in result else "nothing"
        return refused(CheckpointName.CP_04, f"tasks_completed must be a list, found {found}")
    wrong = [task for task in completed if not isinstance(task, str) or not task]
    if wrong:
        found = _some(wrong)
        return refused(CheckpointName.CP_04, f"a task id must be a non-empty string, found {found}")
    problems = [gap.said for gap in gaps(completed, total, [t.id for t in document.pac.tasks])]
    if problems:
        return refused(CheckpointName.CP_04, "; ".join(problems))
    return passed(CheckpointName.CP_04, f"{len(completed)} of {total} tasks completed")


class GapKind(StrEnum):
    """In what way the tasks that were completed are not those that were to be."""

    NONE = "none"
    """Nothing was completed."""
    TWICE = "twice"
    """A task is claimed more than once."""
    TOTAL = "total"
    """`tasks_total` is no number, or less than were completed."""
    MISSING = "missing"
    """A task of the PAC was not completed."""
    UNKNOWN = "unknown"
    """A task was completed that the PAC does not list."""


class Gap(NamedTuple):
    """One thing that is wrong with the tasks; `tasks` are those that it is about."""

    kind: GapKind
    said: str
    tasks: Sequence[str] = ()


def gaps(completed: Sequence[str], total: Any, listed: Sequence[str]) -> Iterator[Gap]:
    """What is wrong with the completed tasks, where the PAC lists these (none states no limit)."""
    if not completed:
        yield Gap(GapKind.NONE, "no task is completed")
    twice = [task for task, count in Counter(completed).items() if count > 1]
    if twice:
        yield Gap(GapKind.TWICE, f"completed twice: {_some(twice)}", twice)
    if isinstance(total, bool) or not isinstance(total, int):
        yield Gap(GapKind.TOTAL, f"tasks_total must be an integer, found {quote(total)}")
    elif len(completed) > total:
        said = f"{len(completed)} tasks are completed, but tasks_total is {total}"
        yield Gap(GapKind.TOTAL, said)
    if listed:
        # Keys of dicts, not sets: the order is the document's.
        done, wanted = dict.fromkeys(completed), dict.fromkeys(listed)
        missing = [task for task in wanted if task not in done]
        unknown = [task for task in done if task not in wanted]
        if missing:
            yield Gap(GapKind.MISSING, f"not completed: {_some(missing)}", missing)
        if unknown:
            yield Gap(GapKind.UNKNOWN, f"not in the PAC: {_some(unknown)}", unknown)


def _some(tasks: Sequence[Any]) -> str:
    """The first of them, and how many more: there may be as many as the document has values."""
    return enumerate_some([quote(task) for task in tasks[:_TOLD]], more=len(tasks) - _TOLD)


_TOLD: Final = 5
