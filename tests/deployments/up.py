"""`benson up` in a home and on a port of its own, until it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.cli.command import BENSON, Benson, processes_of, wait_until
from tests.prefect_server import free_port

START_SECONDS: Final = 240


class Up:
    """A `benson up` that serves."""

    def __init__(self, benson: Benson, process: subprocess.Popen[bytes], log: Path, url: str):
        self.benson = benson
        self.process = process
        self.log = log
        self.url = url

    @property
    def env(self) -> dict[str, str]:
        """What a command needs to reach it."""
        return {"PREFECT_API_URL": self.url}

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def up(
    benson: Benson,
    *,
    env: Mapping[str, str] | None = None,
    url: str | None = None,
    options: tuple[str, ...] = (),
) -> Iterator[Up]:
    """It serves, on a server of its own or the one at `url`, and nothing of it is left behind."""
    port = free_port()
    log = benson.cwd / "up.log"
    given = {"PREFECT_API_URL": url} if url else {}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [BENSON, "up", *(() if url else ("--port", str(port))), *options],
            env=benson.environment({**given, **(env or {})}),
            cwd=benson.cwd,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:

        def serves() -> bool:
            assert process.poll() is None, log.read_text()
            return "Serving" in log.read_text()

        wait_until(serves, timeout=START_SECONDS, description="benson up serves")
        yield Up(benson, process, log, url or f"http://127.0.0.1:{port}/api")
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for left in processes_of(benson.home):
            os.kill(left, signal.SIGKILL)
