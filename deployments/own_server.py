"""The Prefect server of `benson up`: started with it, on loopback only, and never left behind.

Run as `python -m deployments.own_server PORT`, it ends when its standard input does: that is a
pipe which only its starter holds, and whose end comes however the starter died.
"""

from __future__ import annotations

import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx

from benson_execution.errors import BadInput, ExecutionFailed
from benson_execution.text import nearby

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 180
"""How long the first start, which makes the database, may take on a busy machine."""
END_SECONDS: Final = 10
"""How long the server may take to end before it is made to."""
_SETTINGS: Final = {
    # What `benson submit` waits for is listed a second later, not five.
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    # Kept in memory, a run's hold on its deployment's concurrency limit would outlast the server
    # that was killed, and no scheduled run would ever begin again.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
}


def require_free(port: int) -> None:
    """Raise `BadInput` where a port of the loopback interface is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BadInput(
                f"port {port} can't be had: {error.strerror}", "name another one with --port"
            ) from None


@contextmanager
def own_server(port: int, prefect_home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers on a loopback port, with its database under `prefect_home`.

    Raises `ExecutionFailed`, with where its log is, when it does not come up.
    """
    log = prefect_home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # a module of ours, and a number
            [sys.executable, "-m", "deployments.own_server", str(port)],
            env={**_SETTINGS, **os.environ},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the one who started it, who still has something to tell the server.
            start_new_session=True,
        )
    assert process.stdin is not None
    try:
        _wait(process, port, log)
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(END_SECONDS + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            raise ExecutionFailed(f"the Prefect server did not start; {nearby(log)} says why")
        with suppress(httpx.HTTPError):
            url = f"http://{HOST}:{port}/api/health"
            if httpx.get(url, timeout=5, trust_env=False).status_code == 200:
                return
        if time.monotonic() > deadline:
            raise ExecutionFailed(
                f"the Prefect server did not answer within {START_SECONDS} s; "
                f"{nearby(log)} says more"
            )
        time.sleep(0.1)


def _end_with_standard_input() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    # It waits for its clients, of which one may never leave.
    time.sleep(END_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    sys.argv = ["prefect", "server", "start", "--host", HOST, "--port", sys.argv[1]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
