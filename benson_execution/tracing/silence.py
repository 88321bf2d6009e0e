"""What OpenTelemetry's exporters log goes to `faults.jsonl`, and not to somebody's terminal."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LOGGERS: Final = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "opentelemetry.exporter.otlp.proto.http._common",
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.util.re",
    "opentelemetry.attributes",
    "opentelemetry.sdk.resources",
    "urllib3.connectionpool",
    "urllib3.util.retry",
)
"""Those that tell of a failed export; a program's own exporters log there as well."""


class Silence(logging.Filter):
    """Takes what one thread logs, and lets all others speak."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self.last: str | None = None
        """What was said last, if anything was."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the message of this thread from everybody else."""
        if record.thread != self._thread:
            return True
        if record.levelno >= logging.WARNING:
            self.last = record.getMessage()
        return False


def speak() -> None:
    """Let all speak again, in a child of a fork: it has none of the threads that were silenced.

    A new thread of its own may have the number of one of them.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.filters = [one for one in logger.filters if not isinstance(one, Silence)]


@contextmanager
def silenced() -> Iterator[Silence]:
    """While the block lasts, what the exporters log in this thread is kept here."""
    silence = Silence()
    for name in _LOGGERS:
        # The first of all filters: one of theirs drops what was said before, and we want to know.
        logging.getLogger(name).filters.insert(0, silence)
    try:
        yield silence
    finally:
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(silence)
