"""Starting each server of the stack: Redis, Prefect's servers, the workers."""

from __future__ import annotations

import os
import shutil
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from benson_execution.errors import ExecutionFailed
from deployments.catalogue import WORK_POOL
from deployments.stack.guarded import Guarded

REDIS_MISSING: Final = "redis-server is not installed (Debian: apt-get install redis-server)"
HOST: Final = "127.0.0.1"
START_SECONDS: Final = 240.0
"""How long a server may take to start on a busy machine."""
_PREFECT: Final = (sys.executable, "-m", "prefect")
_TAKEN: Final = ("ddress already in use", "is already in use")


def redis_binary() -> str:
    """Where redis-server is; `ExecutionFailed` names the package that has it."""
    found = shutil.which("redis-server")
    if found is None:
        raise ExecutionFailed(REDIS_MISSING)
    return found


def start_redis(guarded: Guarded, binary: str, password: str) -> int:
    """Start a Redis that keeps what it is told in its folder, and return its port."""

    def start(port: int) -> int:
        # On standard input: a password must stand in no command line.
        configuration = {
            "bind": HOST,
            "port": str(port),
            "protected-mode": "yes",
            "requirepass": password,
            "appendonly": "yes",
            "save": '""',
            "dir": f'"{guarded.folder}"',
            "daemonize": "no",
        }
        lines = "".join(f"{name} {value}\n" for name, value in configuration.items())
        return guarded.run([binary, "-"], {"PATH": os.defpath, "LC_ALL": "C"}, given=lines)

    def ready(_port: int, pid: int) -> bool:
        said = guarded.log().splitlines()
        return any(f"{pid}:M" in line and "Ready to accept connections" in line for line in said)

    return guarded.run_on_a_port(start, ready, taken=_TAKEN, timeout=START_SECONDS)


def run_to_the_end(
    guarded: Guarded, command: Sequence[str], environment: Mapping[str, str], what: str
) -> None:
    """Run a command that ends by itself; `ExecutionFailed` has what it said if it went wrong."""
    seen = guarded.logged()
    guarded.run(command, environment)
    guarded.wait(lambda: guarded.pid is None, what, timeout=START_SECONDS)
    if guarded.look()[1] != 0:
        raise ExecutionFailed(f"{what} failed:\n{guarded.log(seen)}")


def migrate(guarded: Guarded, environment: Mapping[str, str]) -> None:
    """Bring the tables of Prefect's database to this version of Prefect."""
    command = [*_PREFECT, "server", "database", "upgrade", "-y"]
    run_to_the_end(guarded, command, environment, "the migration of Prefect's database")


def start_api(guarded: Guarded, environment: Mapping[str, str], port: int = 0) -> int:
    """Start Prefect's API server, without background services, and return its port."""

    def start(found: int) -> int:
        command = [*_PREFECT, "server", "start", "--no-services", "--host", HOST]
        return guarded.run([*command, "--port", str(found)], environment)

    def ready(found: int, _pid: int) -> bool:
        return answers(f"http://{HOST}:{found}/api/ready")

    # A port that was asked for is not waited for: whoever has it may keep it for ever.
    taken = () if port else _TAKEN
    return guarded.run_on_a_port(start, ready, taken=taken, port=port, timeout=START_SECONDS)


def answers(url: str) -> bool:
    """Whether a server says that all is well there."""
    try:
        # The URL is ours, and on loopback.
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def start_services(guarded: Guarded, environment: Mapping[str, str]) -> None:
    """Start the background services: schedules, triggers, late runs, the recorders."""
    guarded.run([*_PREFECT, "server", "services", "start"], environment)


def start_worker(guarded: Guarded, environment: Mapping[str, str], name: str, limit: int) -> None:
    """Start a worker that runs so many flow runs at once, each in a process of its own."""
    command = [*_PREFECT, "worker", "start", "--pool", WORK_POOL, "--type", "process"]
    more = ["--name", name, "--limit", str(limit), "--no-create-pool-if-not-found"]
    guarded.run([*command, *more, "--install-policy", "never"], environment)
