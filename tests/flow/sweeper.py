"""Sweeps once in a process of its own, and kills itself where BENSON_TEST_DIE says.

Run as `python -m tests.flow.sweeper`: `claimed` is before the first document is submitted,
`submitted` right behind that, `moving` before the first file is moved, `moved` behind it, and
`between` is inside a move: what lies beside the file is written, the file is where it was.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from benson_execution.inbox import listing, local
from flows import sweep
from flows.pac_inbox import pac_inbox

POINTS = ("claimed", "submitted", "moving", "between", "moved")


def _die(*_: object, **__: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


async def _die_later(*_: object, **__: object) -> Any:
    _die()


def _then_die(step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def both(*args: Any, **kwargs: Any) -> Any:
        await step(*args, **kwargs)
        _die()

    return both


def arm(point: str) -> None:
    """Let the process die there."""
    module: Any = sweep
    one: Any = sweep.Sweep
    if point == "claimed":
        module.submit_document = _die_later
    elif point == "submitted":
        module.submit_document = _then_die(module.submit_document)
    elif point == "moving":
        one._move = _die_later
    elif point == "between":
        leave = local._leave
        local._rename_new = _die
        local._leave = lambda *args: _written(leave, *args)
    elif point == "moved":
        one._move = _then_die(one._move)


def _written(leave: Callable[..., bool], *args: Any) -> bool:
    folder, name, content, _mode = args
    with open(os.open(name, os.O_WRONLY | os.O_CREAT, dir_fd=folder), "wb") as file:  # noqa: PTH123
        file.write(content)
    return True


if __name__ == "__main__":
    arm(os.environ.get("BENSON_TEST_DIE", ""))
    listing.SETTLED_SECONDS = 0.0

    async def once() -> str | None:
        return (await pac_inbox(60, return_state=True)).message

    print(asyncio.run(once()))
