"""One event, built, validated and appended to a file, against structlog with orjson.

structlog is set up as its documentation recommends for speed: a filtering bound logger that is
cached, bytes straight into the file, orjson. It writes the same five fields and validates nothing.
Neither syncs to the disk; both hand each line to the system before the call returns.
"""

from __future__ import annotations

import itertools
import logging
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson
import structlog

from bench.documents import one_of_each_type
from bench.measure import Measure, compare, ratio
from bench.report import Report
from benson_execution import TelemetryLogger
from benson_execution.events import AUTHORITY, TELEMETRY_VERSION

NAME: Final = "event"
QUESTION: Final = "one event, built, validated and appended to a file, against structlog"
ROUNDS: Final = 41
TARGET: Final = 1.0

_EACH: Final = 250
"""How many events of each of the eight types one round writes."""

Events = list[tuple[str, dict[str, Any]]]


def run(rounds: int) -> Report:
    """Measure both in turn, each round into new files."""
    types = one_of_each_type()
    events = types * _EACH
    with TemporaryDirectory(prefix="benson-bench-") as folder:
        measures = {
            "benson": _numbered(_benson, Path(folder), events),
            "structlog": _numbered(_structlog, Path(folder), events),
        }
        for warm in measures.values():
            warm()
        found = compare(NAME, measures, rounds)
    return Report(
        NAME,
        QUESTION,
        "event",
        found,
        [ratio("benson / structlog", found, "benson", "structlog", TARGET)],
        notes=[f"{len(events)} events per round, the {len(types)} types in turn; gc is on"],
    )


def _numbered(write: Any, folder: Path, events: Events) -> Measure:
    """Write into a new file each time: a file that grows is not the same file."""
    numbers = itertools.count()

    def measure() -> float:
        file = folder / f"{write.__name__}-{next(numbers)}.jsonl"
        seconds: float = write(file, events)
        lines = file.read_bytes().splitlines()
        assert len(lines) == len(events)
        assert set(orjson.loads(lines[0])) == _FIELDS
        file.unlink()
        return seconds / len(events)

    return measure


_FIELDS: Final = {"telemetry_version", "timestamp", "event_type", "authority", "data"}


def _benson(file: Path, events: Events) -> float:
    with TelemetryLogger(enable_stdout=False, log_file=file) as logger:
        emit = logger.emit
        began = time.perf_counter()
        for event_type, data in events:
            emit(event_type, data)
        return time.perf_counter() - began


def _structlog(file: Path, events: Events) -> float:
    with file.open("ab") as opened:
        structlog.configure(
            cache_logger_on_first_use=True,
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            processors=[
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(serializer=orjson.dumps),
            ],
            logger_factory=structlog.BytesLoggerFactory(opened),
        )
        # Bound once: the constant fields cost structlog next to nothing.
        logger = structlog.get_logger().bind(
            telemetry_version=TELEMETRY_VERSION, authority=AUTHORITY
        )
        info = logger.info
        began = time.perf_counter()
        for event_type, data in events:
            # No message: it would be a sixth field.
            info(None, event_type=event_type, data=data)
        seconds = time.perf_counter() - began
    structlog.reset_defaults()
    return seconds
