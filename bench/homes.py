"""Temporary homes, the environment of the processes in them, and a Prefect server of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from bench.documents import ROOT
from bench.measure import say
from benson_execution.prefect_environment import DEFAULTS

RECORDER: Final = tuple(name for name in DEFAULTS if "_SERVICES_" in name)
"""Those of Benson's settings of Prefect that make its recorder work in batches."""
_SERVER: Final = (sys.executable, "-m", "prefect", "server", "start")
_START_SECONDS: Final = 180.0
"""The first start on an empty home migrates a database."""
_STOP_SECONDS: Final = 15.0


@contextmanager
def temporary_home() -> Iterator[Path]:
    """An empty folder for `BENSON_HOME` and `PREFECT_HOME`, which is removed in the end."""
    # A process that was killed in it may still be closing a file.
    with TemporaryDirectory(prefix="benson-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


def environment(home: Path) -> dict[str, str]:
    """An environment that belongs to this home alone, with Benson's settings of Prefect.

    Whatever the caller's environment says to Prefect or Benson is left out: it would be measured.
    """
    ours = ("PREFECT_", "BENSON_")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
        **DEFAULTS,
        "BENSON_HOME": str(home / "benson"),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_PROFILES_PATH": str(home / "no-profiles.toml"),
        # As `benson run` has it: what Prefect logs goes to its server, not to a terminal.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        # Processes start in their home, because Prefect reads settings from the current folder.
        "PYTHONPATH": str(ROOT),
    }


def without_batches(env: Mapping[str, str]) -> dict[str, str]:
    """The same environment with Prefect's own defaults for its recorder."""
    return {name: value for name, value in env.items() if name not in RECORDER}


def end_of(log: Path, lines: int = 15) -> str:
    """The last lines of a log: what a process said before it went wrong."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


@contextmanager
def prefect_server(home: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Start a server in this home, and yield the URL of its API; it is stopped in the end."""
    port = _free_port()
    log = home / "server.log"
    say(f"starting a Prefect server on port {port}")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_SERVER, "--host", "127.0.0.1", "--port", str(port)],
            env=dict(env),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}/api"
    try:
        _wait_until_healthy(url, process, log)
        yield url
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a child process: kindly first, and then not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the Prefect server ended by itself:\n{end_of(log)}")
        try:
            with urlopen(f"{url}/health", timeout=5) as answer:
                if answer.status == HTTPStatus.OK:
                    return
        except (URLError, OSError):
            pass  # it does not listen yet
        time.sleep(0.1)
    raise RuntimeError(f"the Prefect server did not start:\n{end_of(log)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
