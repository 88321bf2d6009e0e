"""The thread that exports traces, so that no run ever waits for a receiver.

What waits is bounded; what finds no room, or no receiver, is counted, and the count is noted in
`faults.jsonl`: at once, then at most once a minute, and when the process ends.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benson_execution.errors import ExecutionFailed
from benson_execution.faults import note_fault
from benson_execution.text import plain
from benson_execution.tracing.projection import Trace
from benson_execution.tracing.silence import Silence, silenced

if TYPE_CHECKING:
    from benson_execution.tracing.otlp import Sender

MAX_WAITING_BYTES: Final = 16 * 1024 * 1024
"""How much waits to be sent; a trace alone may be larger, since the trail held it as well."""
_LOAD_SECONDS: Final = 10.0
"""How long the first trace waits for OpenTelemetry, which takes a while to be imported."""
_MAX_SAID: Final = 500
_NOTE_SECONDS: Final = 60.0
_PER_RECORD: Final = 1000
"""About what a record takes beside its body, in bytes."""


class NotExported(ExecutionFailed):
    """Dispatches that no receiver took; the trail has them."""


class _Faults:
    """Counts what was not exported, and says when it is time to note it."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""
        self._why = ""
        self._noted: float | None = None

    def add(self, traces: Sequence[Trace], why: str) -> None:
        """Count these."""
        if not traces:
            return
        if not self._count:
            self._first = traces[0].dispatch_id
        self._count += len(traces)
        self._why = why

    @property
    def seconds(self) -> float | None:
        """How long until what was counted is to be noted; None while there is nothing."""
        if not self._count or self._noted is None:
            return None
        return max(self._noted + _NOTE_SECONDS - time.monotonic(), 0.0)

    def due(self, *, last: bool) -> tuple[NotExported, str] | None:
        """What is to be noted now, and about what; None while it is too early, or nothing."""
        now = time.monotonic()
        if not self._count or not (
            last or self._noted is None or now - self._noted >= _NOTE_SECONDS
        ):
            return None
        count, self._count, self._noted = self._count, 0, now
        more = f" and {count - 1} more" if count > 1 else ""
        error = NotExported(f"{count} not exported: {self._why}")
        return error, f"trace of {plain(self._first)}{more}"


class Exporter:
    """One thread, and what waits for it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Trace, int]] = deque()
        self._bytes = 0
        self._under_way: Sequence[Trace] = ()
        self._is_busy = False
        self._stopped = False
        self._loaded = threading.Event()
        self._sender: Sender | None = None
        self._said: Silence | None = None
        self._faults = _Faults()
        threading.Thread(target=self._run, name="benson-otel", daemon=True).start()

    def put(self, trace: Trace) -> None:
        """Take a trace to be sent, or count it where there is no room.

        The first one waits for OpenTelemetry's import: an interpreter that ends can't do it.
        """
        self.wait_until_loaded()
        size = sum(len(record.body) + _PER_RECORD for record in trace.records)
        with self._changed:
            if self._stopped:
                self._faults.add([trace], "its exporter was stopped")
            elif self._waiting and self._bytes + size > MAX_WAITING_BYTES:
                self._faults.add([trace], "too many wait to be sent")
            else:
                self._waiting.append((trace, size))
                self._bytes += size
                self._changed.notify_all()
        self._note()

    def wait_until_loaded(self) -> None:
        """Wait for OpenTelemetry's import: a child forked meanwhile would have half of it."""
        self._loaded.wait(_LOAD_SECONDS)

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is left to be sent; False when the seconds are over before."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, max(seconds, 0.0))

    def stop(self, seconds: float) -> None:
        """Wait for the last traces, then give up what is left, and note it."""
        self.wait(seconds)
        with self._changed:
            self._stopped = True
            left = [*self._under_way, *(trace for trace, _ in self._waiting)]
            said = "" if self._said is None or not self._said.last else f": {self._said.last}"
            self._faults.add(left, f"the process ended before they were taken{said[:_MAX_SAID]}")
            self._waiting.clear()
            self._bytes = 0
            self._under_way = ()
            self._changed.notify_all()
            sender = self._sender
        if sender is not None and left:
            sender.stop()
        self._note(last=True)

    def _is_idle(self) -> bool:
        # What was given up when it was stopped is waited for by nobody.
        return self._stopped or (not self._waiting and not self._is_busy)

    def _is_called(self) -> bool:
        return self._stopped or bool(self._waiting)

    def _run(self) -> None:
        with silenced() as said:
            self._said = said
            why = self._load()
            while True:
                self._note()  # whether or not there is ever another trace
                with self._changed:
                    self._changed.wait_for(self._is_called, self._faults.seconds)
                    if self._stopped:
                        return
                    if not self._waiting:
                        continue
                    self._is_busy = True
                    self._under_way = [trace for trace, _ in self._waiting]
                    self._waiting.clear()
                    self._bytes = 0
                    sending = self._under_way
                said.last = None
                failure = why or self._send(sending, said)
                with self._changed:
                    if failure is not None and not self._stopped:
                        self._faults.add(sending, failure)
                    self._under_way = ()
                self._note()
                with self._changed:  # only now: who waited for it finds what was noted
                    self._is_busy = False
                    self._changed.notify_all()

    def _load(self) -> str | None:
        """Import OpenTelemetry, and read its variables; why that failed, or None."""
        try:
            from benson_execution.tracing.otlp import Sender

            self._sender = Sender()
        except Exception as error:
            return plain(f"{type(error).__name__}: {error}", _MAX_SAID)
        finally:
            self._loaded.set()
        return None

    def _send(self, traces: Sequence[Trace], said: Silence) -> str | None:
        """Send these; why nobody took them, or None."""
        assert self._sender is not None
        try:
            self._sender.send(traces)
        except Exception as error:
            return plain(f"{error}: {said.last}" if said.last else str(error), _MAX_SAID)
        return None

    def _note(self, *, last: bool = False) -> None:
        with self._changed:
            told = self._faults.due(last=last)
        if told is not None:
            note_fault(self._home, "otel", *told)
