"""From a closed dispatch in the trail to the exporter of this process."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from typing import Final

from benson_execution.events import EventType
from benson_execution.faults import note_fault
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.tracing.context import TraceParent
from benson_execution.tracing.exporter import Exporter
from benson_execution.tracing.projection import project
from benson_execution.tracing.silence import speak
from benson_execution.trail.port import Trail

FLUSH_SECONDS: Final = 1.5
"""How long the end of a process waits for a receiver."""
_MOST_EXPORTERS: Final = 8
_REMEMBERED: Final = 10_000

_exporters: Final[dict[tuple[str, frozenset[tuple[str, str]]], Exporter]] = {}
"""By where faults are noted, and by OpenTelemetry's variables: one, but for programs' tests."""
_exported: Final[dict[tuple[str, str], None]] = {}
"""By trail and dispatch, what this process has handed to an exporter."""
_lock = threading.Lock()


def is_wanted(settings: Settings) -> bool:
    """Whether dispatches are traced: OpenTelemetry's own switch turns it off as well."""
    return settings.otel and os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true"


def prepare(settings: Settings) -> None:
    """Begin to import what exporting needs, while a dispatch is judged. Raises nothing."""
    if not is_wanted(settings):
        return
    try:
        _exporter(settings)
    except Exception as error:  # there may be no more threads to be had
        note_fault(settings.home, "otel", error, "the exporter")


def export_dispatch(
    trail: Trail, dispatch_id: str, settings: Settings, parent: TraceParent | None = None
) -> None:
    """Hand what the trail has of a closed dispatch to the exporter; an open one waits for its end.

    `parent` is the orchestrator's span of its run. Raises nothing, and waits for no receiver.
    """
    if not is_wanted(settings):
        return
    try:
        header = trail.header(dispatch_id)
        if header is None:
            return
        stored = list(trail.events(dispatch_id=dispatch_id))
        is_closed = stored[-1].event.event_type == EventType.PAC_DISPATCH_END
        if is_closed and _is_first((header.trail_id, dispatch_id)):
            try:
                _exporter(settings).put(project(header, stored, parent))
            except Exception:
                _exported.pop((header.trail_id, dispatch_id), None)  # who asks again may have luck
                raise
    except Exception as error:  # a projection: the trail has it all
        note_fault(settings.home, "otel", error, f"trace of {plain(dispatch_id)}")


def _is_first(dispatch: tuple[str, str]) -> bool:
    """Whether this process has not exported a dispatch yet: the hook that closes it asks again."""
    with _lock:
        if dispatch in _exported:
            return False
        _exported[dispatch] = None
        if len(_exported) > _REMEMBERED:
            del _exported[next(iter(_exported))]
        return True


def flush(seconds: float = FLUSH_SECONDS) -> bool:
    """Wait until everything was sent or given up; whether it was, within these seconds."""
    with _lock:
        known = list(_exporters.values())
    deadline = time.monotonic() + seconds
    return all(one.wait(deadline - time.monotonic()) for one in known)


def _exporter(settings: Settings) -> Exporter:
    variables = frozenset((k, v) for k, v in os.environ.items() if k.startswith("OTEL_"))
    key = (str(settings.home), variables)
    surplus = None
    with _lock:
        found = _exporters.get(key)
        if found is None:
            if not _exporters:
                _stop_with_process()
            if len(_exporters) == _MOST_EXPORTERS:
                surplus = _exporters.pop(next(iter(_exporters)))
            found = _exporters[key] = Exporter(settings.home)
    if surplus is not None:
        surplus.stop(0)  # which writes a file: nobody else waits for that
    return found


def _stop_with_process() -> None:
    """Have `_stop` called at the end of a process of multiprocessing, which knows no `atexit`."""
    if "multiprocessing.process" not in sys.modules:
        return  # this is none of them, and to import it takes a while
    from multiprocessing import parent_process
    from multiprocessing.util import Finalize

    if parent_process() is not None:
        Finalize(None, _stop, exitpriority=0)


def _stop() -> None:
    deadline = time.monotonic() + FLUSH_SECONDS
    # A copy: a thread that still judges may make one now. Its lock could hold the process up.
    for one in list(_exporters.values()):
        one.stop(deadline - time.monotonic())


def _forget() -> None:
    """In a child of a fork: it has none of its parent's threads, and what waits is not its own."""
    global _lock  # noqa: PLW0603  # another thread of the parent may have held it
    _lock = threading.Lock()
    _exporters.clear()
    speak()


def _be_whole() -> None:
    """Before a fork: what is half imported would stay so in the child for ever."""
    for one in list(_exporters.values()):
        one.wait_until_loaded()


os.register_at_fork(before=_be_whole, after_in_child=_forget)
atexit.register(_stop)
