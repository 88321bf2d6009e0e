"""Judging and refusing large documents: whether the time grows with the size and no faster.

Each measurement is a process of its own that has imported everything, and opens an empty trail in
SQLite; its time is the processor's, from the bytes to the artifact, and its memory is all that the
process took. Each kind is measured at a tenth of its size as well: the ratio of the two is 10
where the time is linear and nothing else costs any.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.measure import compare, ratio
from bench.report import Report
from benson_execution import BensonExecutionEngine, Settings
from benson_execution.errors import BadInput

NAME: Final = "large"
QUESTION: Final = "judging and refusing documents of ten megabytes, and of a tenth of that"
ROUNDS: Final = 5
TARGET: Final = 12.0
"""Ten, and what noise adds."""
SECONDS: Final = 1.0
MEBIBYTES: Final = 200

_BYTES: Final = 10 * 1024 * 1024 - 4096
_VALUES: Final = 249_000


def run(rounds: int) -> Report:
    """Measure each kind at both sizes."""
    most: dict[str, float] = {}

    def measured(kind: str, share: int) -> Callable[[], float]:
        def measure() -> float:
            seconds, mebibytes = _in_a_process(kind, share)
            most[kind] = max(most.get(kind, 0.0), mebibytes)
            return seconds

        return measure

    variants = {
        f"{kind}{size}": measured(kind, share)
        for kind in KINDS
        for size, share in (("", 1), (", a tenth", 10))
    }
    found = compare(NAME, variants, rounds)
    slow = [kind for kind in KINDS if found[kind].median > SECONDS]
    large = [kind for kind in KINDS if most[kind] > MEBIBYTES]
    return Report(
        NAME,
        QUESTION,
        "document",
        found,
        [ratio(f"{kind} / a tenth", found, kind, f"{kind}, a tenth", TARGET) for kind in KINDS],
        notes=[
            f"target {SECONDS:.0f} s each: missed by {', '.join(slow)}"
            if slow
            else f"target {SECONDS:.0f} s each: met",
            f"target {MEBIBYTES} MiB each: missed by {', '.join(large)}"
            if large
            else f"target {MEBIBYTES} MiB each: met",
            "the most memory: "
            + ", ".join(f"{kind} {used:.0f} MiB" for kind, used in most.items()),
        ],
    )


def _in_a_process(kind: str, share: int) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.large", kind, str(share)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, mebibytes = done.stdout.split()
    return float(seconds), float(mebibytes)


def _result(**more: Any) -> dict[str, Any]:
    return {
        "pac_id": "PAC-DAN-P44-LARGE-01",
        "agent_gid": "GID-07",
        "agent_name": "Dan",
        "execution_timestamp": "2026-01-02T03:04:05Z",
        "tasks_completed": ["T1"],
        "tasks_total": 1,
        "files_modified": ["src/a.py"],
        "quality_score": 0.9,
        "scope_compliance": True,
        "execution_time_ms": 1,
        **more,
    }


def _document(**more: Any) -> bytes:
    pac = {
        "pac_id": "PAC-DAN-P44-LARGE-01",
        "agent_gid": "GID-07",
        "agent_name": "Dan",
        "tasks": [{"id": "T1", "description": "all of it"}],
    }
    return json.dumps({"pac": pac, "execution_result": _result(**more)}).encode()


def _paths(share: int) -> list[str]:
    return [f"src/package/module_{n:08}.py" for n in range(_VALUES // share)]


KINDS: Final[Mapping[str, Callable[[int], bytes]]] = {
    "a long note": lambda share: _document(notes="x, " * (_BYTES // 3 // share)),
    "many paths": lambda share: _document(files_modified=_paths(share)),
    "many objects": lambda share: _document(
        warnings=[{"code": n, "text": "x" * 80} for n in range(_VALUES // 3 // share)]
    ),
    "many forbidden fields": lambda share: _document(
        warnings=[{"wrap_id": n} for n in range(_VALUES // 2 // share)]
    ),
    "many unknown tasks": lambda share: _document(
        tasks_completed=[f"T{n:08}" for n in range(_VALUES // share)]
    ),
    "too many values": lambda share: _document(warnings=[1] * (_BYTES // 3 // share)),
    "a key twice": lambda share: (
        b'{"pac": {"' + b"x" * (_BYTES // share) + b'": 1, "a": 1, "a": 2}}'
    ),
    "a string without an end": lambda share: b'{"pac": "' + b'\\"' * (_BYTES // 2 // share),
    "brackets": lambda share: b'{"pac": ' + b"[" * (_BYTES // share),
}


def measure(kind: str, share: int) -> tuple[float, float]:
    """Judge one document in this process: seconds of the processor, and MiB in all."""
    content = KINDS[kind](share)
    with TemporaryDirectory(prefix="benson-bench-") as home:
        os.environ["BENSON_HOME"] = home
        engine = BensonExecutionEngine(enable_telemetry=False, settings=Settings())
        assert engine.trail.last_position() == 0
        began = time.process_time()
        with suppress(BadInput):
            engine.execute_pac(content)
        seconds = time.process_time() - began
        engine.trail.close()
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    spent, took = measure(sys.argv[1], int(sys.argv[2]))
    sys.stdout.write(f"{spent} {took}\n")
