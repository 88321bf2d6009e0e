"""Verifying a trail of a million events, against a bare loop that reads and hashes its rows.

The loop is what somebody writes who only wants to know that nothing changed: it reads every row
of every table with `sqlite3`, and hashes all of its columns with SHA-256. A leaner one hashes
only the bytes of events, documents, headers, leaves and heads; it has no target.

Each measurement is a process of its own, so that the memory that it took is its own as well.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.documents import documents
from bench.measure import compare, ratio, say
from bench.report import Report
from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.keyring import KeyFile
from benson_execution.proof.keys import SigningKey
from benson_execution.trail import Batch, NewEvent, SqlTrail, WrapClaim
from benson_execution.verification.trail import TrailVerifier

NAME: Final = "verify"
QUESTION: Final = "verifying a million events, against a bare loop that reads and hashes the rows"
ROUNDS: Final = 3
TARGET: Final = 2.5
MEMORY_MEBIBYTES: Final = 300

_EVENTS: Final = int(os.environ.get("BENCH_VERIFY_EVENTS", "1000000"))
_TABLES: Final = ("dispatches", "events", "documents", "wraps", "leaves", "heads", "rotations")
_BYTES: Final = {
    "events": "event",
    "documents": "content",
    "dispatches": "header",
    "leaves": "entry",
    "heads": "note",
}


def run(rounds: int) -> Report:
    """Make the trail once, in memory where there is room for it, and read it in turn."""
    shm = Path("/dev/shm")
    with TemporaryDirectory(prefix="benson-bench-", dir=shm if shm.is_dir() else None) as name:
        folder = Path(name)
        events = make_trail(folder, _EVENTS)
        most: dict[str, float] = {}

        def measured(variant: str) -> Callable[[], float]:
            def measure() -> float:
                seconds, mebibytes = _in_a_process(variant, folder)
                most[variant] = max(most.get(variant, 0.0), mebibytes)
                return seconds / events

            return measure

        found = compare(NAME, {variant: measured(variant) for variant in VARIANTS}, rounds)
    memory = ", ".join(f"{variant} {used:.0f} MiB" for variant, used in most.items())
    verdict = "met" if most["benson"] <= MEMORY_MEBIBYTES else "missed"
    return Report(
        NAME,
        QUESTION,
        "event",
        found,
        [
            ratio("benson / all columns", found, "benson", "all columns", TARGET),
            ratio("benson / bytes only", found, "benson", "bytes only"),
        ],
        notes=[
            f"{events} events; the most memory: {memory}",
            f"target {MEMORY_MEBIBYTES} MiB at most: {verdict}",
        ],
    )


def make_trail(folder: Path, events: int) -> int:
    """A trail of about so many events of judged dispatches, each of a document of its own."""
    trail = SqlTrail(f"sqlite:///{folder / 'trail.db'}", KeyFile(folder / "signing-key.pem"))
    key = SigningKey.generate()  # of the trails in memory, of which nothing stays
    made = 0
    began = time.perf_counter()
    for number, document in enumerate(documents()):
        if made >= events:
            break
        judged = MemoryTrail(key)
        BensonExecutionEngine(enable_telemetry=False, trail=judged).execute_pac(document)
        with judged.rows() as rows:
            claim = next((WrapClaim(*row[:4]) for row in rows.wraps()), None)
            kept = [(row.sha256, row.content) for row in rows.documents()]
        stored = list(judged.events())
        ref = stored[0].dispatch
        batch = [NewEvent(s.key, s.event) for s in stored]
        trail.append(Batch(ref, batch, kept, claim))
        made += len(batch)
        if number % 5000 == 4999:
            say(f"{NAME}: {made} events written, {time.perf_counter() - began:.0f} s")
    trail.close()
    return made


def _in_a_process(variant: str, folder: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "bench.verify", variant, str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, mebibytes = said.split()
    return float(seconds), float(mebibytes)


def _benson(folder: Path) -> None:
    keys = KeyFile(folder / "signing-key.pem").public_keys()
    trail = SqlTrail(f"sqlite:///{folder / 'trail.db'}", None)
    with trail.rows() as rows:
        verifier = TrailVerifier(rows, TrustedKeys(keys))
        found = next(verifier.run(), None)
    assert found is None, found
    assert verifier.counts.events > 0


def _all_columns(folder: Path) -> None:
    connection = sqlite3.connect(folder / "trail.db")
    for table in _TABLES:
        for row in connection.execute(f"SELECT * FROM {table}"):
            digest = hashlib.sha256()
            for value in row:
                digest.update(value if type(value) is bytes else str(value).encode())
            digest.digest()


def _bytes_only(folder: Path) -> None:
    connection = sqlite3.connect(folder / "trail.db")
    for table, column in _BYTES.items():
        names = [info[1] for info in connection.execute(f"PRAGMA table_info({table})")]
        at = names.index(column)
        for row in connection.execute(f"SELECT * FROM {table}"):
            hashlib.sha256(row[at]).digest()


VARIANTS: Final = {"benson": _benson, "all columns": _all_columns, "bytes only": _bytes_only}


def main(variant: str, folder: str) -> None:
    """One measurement: seconds, and the process's largest memory in MiB."""
    began = time.perf_counter()
    VARIANTS[variant](Path(folder))
    seconds = time.perf_counter() - began
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
