"""What it costs a governed flow run to be seen elsewhere: its events in Prefect, its trace by OTLP.

The receiver is in this process, on the same cores: a collector is somewhere, too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from bench.homes import environment, temporary_home
from bench.measure import compare, ratio
from bench.report import Report, stalls
from bench.workers import worker_with_server

NAME: Final = "insight"
QUESTION: Final = "a governed flow run with its mirror and its trace, against one without"
ROUNDS: Final = 21
TARGET: Final = 1.10

_VARIANTS: Final = (
    "insight off",
    "insight on",
    "insight off, artifacts",
    "insight on, artifacts",
)


def run(rounds: int) -> Report:
    """Measure the four variants in turn, one run each."""
    with temporary_home() as home, _receiver() as taken:
        env = {
            **{k: v for k, v in environment(home).items() if not k.startswith("OTEL_")},
            "OTEL_EXPORTER_OTLP_ENDPOINT": taken.url,
        }
        with worker_with_server(home, env, _VARIANTS) as worker:
            before = taken.requests
            found = compare(NAME, {v: worker.measure(v) for v in _VARIANTS}, rounds)
    sent = taken.requests - before
    if sent != 4 * rounds:  # spans and records of two of the variants
        raise RuntimeError(f"{sent} requests reached the receiver instead of {4 * rounds}")
    added = 1000 * (found["insight on"].median - found["insight off"].median)
    return Report(
        NAME,
        QUESTION,
        "run",
        found,
        [
            ratio("insight on / off", found, "insight on", "insight off", TARGET),
            ratio(
                "the same, with Prefect artifacts",
                found,
                "insight on, artifacts",
                "insight off, artifacts",
            ),
            ratio("Prefect artifacts alone", found, "insight off, artifacts", "insight off"),
        ],
        notes=[
            "on: 11 events mirrored to Prefect; 8 spans and 11 records sent, and waited for",
            f"insight costs {added:.1f} ms",
            *stalls(found.values()),
        ],
    )


class _Taken(ThreadingHTTPServer):
    """Takes whatever is posted, and counts the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take it."""
        assert isinstance(self.server, _Taken)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: standard error is for progress."""


@contextmanager
def _receiver() -> Iterator[_Taken]:
    """A receiver of OTLP, in a thread, for as long as the block lasts."""
    with _Taken() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
