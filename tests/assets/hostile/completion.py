"""Tasks that were not done, were done twice, or are of another work order."""

from __future__ import annotations

from typing import Any, Final

from .kit import Asset, judged, with_result


def _tasks(name: str, code: str | None, words: str, *completed: Any, total: Any = None) -> Asset:
    return with_result(
        f"tasks-{name}",
        code,
        "CP-04",
        words=words,
        tasks_completed=list(completed),
        tasks_total=len(completed) if total is None else total,
    )


ASSETS: Final = [
    _tasks("none", None, "no task is completed"),
    _tasks("one-of-two", None, "'T2'", "T1", total=2),
    _tasks("one-twice", None, "twice", "T1", "T1"),
    _tasks("all-and-one-twice", None, "twice", "T1", "T2", "T2"),
    _tasks("unknown", None, "'T9'", "T1", "T2", "T9"),
    _tasks("in-another-case", None, "'t1'", "t1", "T2"),
    _tasks("with-a-blank", None, "'T1 '", "T1 ", "T2"),
    _tasks("look-alike", None, "'T2'", "T1", "\N{CYRILLIC CAPITAL LETTER TE}2"),
    _tasks("more-than-the-total", "GS_130", "tasks_total is 1", "T1", "T2", total=1),
    _tasks("total-of-zero", "GS_130", "tasks_total is 0", "T1", "T2", total=0),
    _tasks("empty-id", "GS_130", "tasks_completed", "T1", ""),
    _tasks("id-of-a-blank", None, "' '", "T1", "T2", " "),
    _tasks("two-thousand-unknown", None, "more", *(f"X{n}" for n in range(2000))),
    with_result("tasks-in-another-order", tasks_completed=["T2", "T1"]),
    with_result("tasks-total-of-more", tasks_total=9),
    judged(
        "tasks-none-in-the-pac-and-none-done",
        None,
        "CP-04",
        words="no task is completed",
        pac={"tasks": []},
        result={"tasks_completed": []},
    ),
    judged(
        "tasks-none-in-the-pac-and-one-twice",
        None,
        "CP-04",
        words="twice",
        pac={"tasks": []},
        result={"tasks_completed": ["X", "X"]},
    ),
    judged(
        "tasks-none-in-the-pac-and-any-done",
        pac={"tasks": []},
        result={"tasks_completed": ["any"]},
    ),
]
