"""A whole dispatch in the engine, against pydantic alone on the payloads of its eleven events.

The engine reads and judges the document, builds, validates and records eleven events, reads them
back twice to decide, and gives the outcome. Pydantic validates eleven payloads and dumps them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.documents import documents, payloads
from bench.measure import Measure, compare, ratio, sync_seconds
from bench.report import Report, duration
from benson_execution import (
    BensonExecutionEngine,
    Document,
    MemoryTrail,
    Settings,
    Trail,
    open_trail,
)
from benson_execution.events import PAYLOADS, DispatchStatus

NAME: Final = "dispatch"
QUESTION: Final = "a whole dispatch in the engine, against eleven bare pydantic payloads"
ROUNDS: Final = 41
TARGET: Final = 3.0

_EACH: Final = 100
"""How many dispatches in memory one round makes."""
_BARE: Final = 1000
"""How often pydantic does its share in one round: for about as long, since what is over sooner is
interrupted less by whatever else the machine does."""
_ON_DISK: Final = 10
"""How many dispatches over SQLite one round makes; each waits for the disk several times."""


def run(rounds: int) -> Report:
    """Measure in turn; every round in memory begins with a new trail, SQLite keeps its one."""
    with TemporaryDirectory(prefix="benson-bench-") as folder:
        # Its key lies beside it; whatever the environment says of another trail is left out.
        url = f"sqlite:///{Path(folder) / 'trail.db'}"
        sqlite = open_trail(Settings(home=Path(folder), trail_url=url))
        texts = documents()
        measures: dict[str, Measure] = {
            "pydantic alone": _pydantic(),
            "engine, from a read document": lambda: _read(texts),
            "engine, from bytes": lambda: _bytes(texts),
            "engine over SQLite, from bytes": lambda: _bytes(texts, sqlite, _ON_DISK),
        }
        for warm in measures.values():
            warm()
        found = compare(NAME, measures, rounds)
        sync = sync_seconds(Path(folder))
        sqlite.close()
    bare, read, whole, disk = measures
    return Report(
        NAME,
        QUESTION,
        "dispatch",
        found,
        [
            ratio("from bytes / pydantic", found, whole, bare, TARGET),
            ratio("from a read document / pydantic", found, read, bare, TARGET),
            ratio("over SQLite / in memory", found, disk, whole),
        ],
        notes=[
            f"{_EACH} dispatches per round in memory, {_ON_DISK} over SQLite; gc is on",
            f"one write of 4 KB synced to the same disk takes {duration(sync)}",
        ],
    )


def _pydantic() -> Measure:
    bare = [(PAYLOADS[event_type], payload) for event_type, payload in payloads()]
    assert len(bare) == 11

    def measure() -> float:
        began = time.perf_counter()
        for _ in range(_BARE):
            for model, payload in bare:
                model.model_validate(payload).model_dump_json()
        return (time.perf_counter() - began) / _BARE

    return measure


def _bytes(texts: Iterator[str], trail: Trail | None = None, count: int = _EACH) -> float:
    return _dispatch([text.encode() for text in islice(texts, count)], trail)


def _read(texts: Iterator[str]) -> float:
    return _dispatch([Document.read(text) for text in islice(texts, _EACH)], None)


def _dispatch(given: list[bytes] | list[Document], trail: Trail | None) -> float:
    engine = BensonExecutionEngine(enable_telemetry=False, trail=trail or MemoryTrail())
    outcomes = []
    began = time.perf_counter()
    for document in given:
        outcomes.append(engine.execute_pac(document))  # noqa: PERF401  # what is timed is a loop
    seconds = time.perf_counter() - began
    assert all(outcome.status is DispatchStatus.COMPLETED for outcome in outcomes)
    return seconds / len(given)
