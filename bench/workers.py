"""Processes that run flows when told to: each has its own settings, home and Prefect server.

Prefect reads its settings when it is imported, so that one process can't try two.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.homes import end_of, prefect_server, stop
from bench.measure import Measure, say
from bench.report import Part

SHOWN: Final = ("bare", "governed", "governed, shown", "bare, shown")
"""The variants in which the governed flow is held against a bare one."""


class Worker:
    """The other end of `worker.py`: one line of JSON per order, one per answer."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def seconds(self, variant: str, count: int = 1) -> float:
        """Run a variant's flow `count` times, one after another: seconds per run."""
        seconds: float = self._ask({"variant": variant, "count": count})["seconds"]
        return seconds

    def measure(self, variant: str, count: int = 1) -> Measure:
        """The same as a measure, for `compare`."""
        return lambda: self.seconds(variant, count)

    def parts(self, variant: str) -> list[Part]:
        """Run a variant's flow once with stopwatches in it, and say where its time went."""
        answer = self._ask({"variant": variant, "parts": True})
        return [Part(*part) for part in answer["parts"]]

    def check(self, variants: Sequence[str]) -> None:
        """Run these twice each, untimed, and see that each does what its name says."""
        self._ask({"check": list(variants)})

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has gone; its log says why
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()  # its last words are still on their way
            raise RuntimeError(f"a worker ended by itself:\n{end_of(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def worker_with_server(
    home: Path, env: Mapping[str, str], variants: Sequence[str] = SHOWN
) -> Iterator[Worker]:
    """A server, and a worker that runs its flows there; both end with the context."""
    log = home / "worker.log"
    with prefect_server(home, env) as url, log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker"],
            env={**env, "PREFECT_API_URL": url},
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
        )
        try:
            worker = Worker(process, log)
            say("warming up")
            worker.check(variants)
            yield worker
        finally:
            stop(process)
