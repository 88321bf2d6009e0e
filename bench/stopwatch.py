"""Where a governed run's time goes: its own functions with a stopwatch around each.

Only the benchmark does this, in runs of their own: a stopwatch costs time as well. Times are what
passed on the clock, those of one inside the other counted in both, and those of what waits while
other tasks run as well.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

PARTS: Final = {
    "requests to Prefect's API": "prefect.client.base:PrefectHttpxAsyncClient.send",
    "reading the document": "flows.lifecycle:read_document",
    "hooks that record, with their hop to a thread": "tasks.hooks:record",
    "of it: appends to the trail": "benson_execution.trail.sql:SqlTrail.append",
    "reads of the trail": "benson_execution.trail.sql:SqlTrail.events",
    "building the artifact": "benson_execution.artifact:build_artifact",
    "writing the artifact's file": "benson_execution.artifact:write_artifact",
    "name, tags and Prefect artifacts": "tasks.projection:show_verdict",
    "of it: name and tags": "tasks.projection:label_run",
    "settings": "benson_execution.settings:Settings.load",
}
"""What is measured: a name for people, and where the function is."""

_PACKAGES: Final = ("benson_execution", "tasks", "flows")


class Stopwatch:
    """Counts calls and seconds by name; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[int, float]] = {}

    def note(self, name: str, seconds: float) -> None:
        """One more call."""
        with self._lock:
            calls, known = self._found.get(name, (0, 0.0))
            self._found[name] = (calls + 1, known + seconds)

    def parts(self) -> list[tuple[str, int, float]]:
        """Name, number of calls and milliseconds, in the order of `PARTS`."""
        found = ((name, *self._found.get(name, (0, 0.0))) for name in PARTS)
        return [(name, calls, 1000 * seconds) for name, calls, seconds in found]

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with this stopwatch around it; what yields is read to its end inside."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def waiting(*args: Any, **kwargs: Any) -> Any:
                began = time.perf_counter()
                try:
                    return await function(*args, **kwargs)
                finally:
                    self.note(name, time.perf_counter() - began)

            return waiting

        @functools.wraps(function)
        def calling(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                answer = function(*args, **kwargs)
                return iter(list(answer)) if inspect.isgenerator(answer) else answer
            finally:
                self.note(name, time.perf_counter() - began)

        return calling


@contextmanager
def stopwatches() -> Iterator[Stopwatch]:
    """Put a stopwatch around every part, and take them all away again."""
    watch = Stopwatch()
    undo: list[tuple[Any, str, Any]] = []
    try:
        for name, place in PARTS.items():
            module, _, path = place.partition(":")
            *owners, attribute = path.split(".")
            owner: Any = functools.reduce(getattr, owners, import_module(module))
            function = getattr(owner, attribute)
            timed: Any = watch.around(name, function)
            if isinstance(inspect.getattr_static(owner, attribute), classmethod):
                timed = staticmethod(timed)  # the function is bound already
            # A function is also known in the modules that imported it.
            for known in [owner] if owners else _modules_that_know(function, attribute):
                undo.append((known, attribute, inspect.getattr_static(known, attribute)))
                setattr(known, attribute, timed)
        yield watch
    finally:
        for known, attribute, before in reversed(undo):
            setattr(known, attribute, before)


def _modules_that_know(function: Any, name: str) -> list[Any]:
    ours = (m for n, m in list(sys.modules.items()) if n.partition(".")[0] in _PACKAGES)
    return [module for module in ours if vars(module).get(name) is function]
