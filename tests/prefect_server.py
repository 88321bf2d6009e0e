"""A real Prefect server on loopback, for the tests that need one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benson_execution.prefect_environment import DEFAULTS
from deployments.stack.waiting import wait_until

__all__ = [
    "free_port",
    "running_server",
    "server_environment",
    "stopped_afterwards",
    "wait_until",
]


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of this process, with a Prefect home of its own and our defaults."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "BENSON_"))}
    return {**kept, **DEFAULTS, "PREFECT_HOME": str(home), **more}


@contextmanager
def stopped_afterwards(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a process, and whatever it started in its own session, in any case."""
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


@contextmanager
def running_server(home: Path, more: Mapping[str, str] | None = None) -> Iterator[str]:
    """The API's URL of a server that is ready; it is stopped afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "prefect", "server", "start",
                "--host", "127.0.0.1", "--port", str(port),
            ],
            env={**server_environment(home), **(more or {})},
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    with stopped_afterwards(process):
        url = f"http://127.0.0.1:{port}/api"

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        wait_until(ready, timeout=180, description="the Prefect server answers")
        yield url
