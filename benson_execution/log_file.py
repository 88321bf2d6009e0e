"""The log file of a TelemetryLogger: JSON Lines, appended, whole lines or an error."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from pathlib import Path

from benson_execution.errors import TrailUnavailable
from benson_execution.events import Event


class LogFile:
    """A JSON Lines file that is only ever appended to, one write per batch of events."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._unavailable(error) from error
        self._finalizer = weakref.finalize(self, os.close, self._fd)
        # A process that died in mid-write left half a line: the next must not continue it.
        size = os.fstat(self._fd).st_size
        self._torn = size > 0 and os.pread(self._fd, 1, size - 1) != b"\n"
        if self._torn:
            self.write(())

    def close(self) -> None:
        self._fd = -1  # its number may be another file's soon
        self._finalizer()

    def write(self, events: Sequence[Event]) -> None:
        if len(events) == 1:
            lines = events[0].json + b"\n"
        else:
            lines = b"".join([event.json + b"\n" for event in events])
        if self._torn:
            lines = b"\n" + lines
        try:
            # One write to a file opened for appending: other processes' lines stay whole.
            written = os.write(self._fd, lines)
        except OSError as error:
            raise self._unavailable(error) from error
        if written == len(lines):
            self._torn = False
        else:
            self._torn = self._torn or written > 0
            raise self._unavailable(OSError(f"wrote {written} of {len(lines)} bytes"))

    def _unavailable(self, error: OSError) -> TrailUnavailable:
        cause = error.strerror or error
        return TrailUnavailable(f"the telemetry log {self._path} can't be written: {cause}")
