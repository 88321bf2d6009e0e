"""All servers of the stack: started in order, looked after, and ended in the reverse order."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from benson_execution.errors import ExecutionFailed
from benson_execution.prefect_environment import DEFAULTS
from benson_execution.proof.keys import SigningKey
from deployments.catalogue import WORK_POOL
from deployments.stack import servers
from deployments.stack.folder import StackFolder
from deployments.stack.guarded import Guarded
from deployments.stack.postgresql import (
    HOST,
    MISSING,
    SETTINGS,
    PostgresServer,
    server_binaries,
    server_user,
)
from deployments.stack.secrets_file import exports, passwords, write_secretly
from deployments.stack.variables import (
    PREFECT_DATABASE,
    TRAIL_DATABASE,
    client_variables,
    server_variables,
    trail_variables,
    worker_variables,
)

SECRETS: Final = ("PREFECT_API_AUTH_STRING", "BENSON_TRAIL_URL")
"""Which of the variables are told in a file that only its owner can read."""
_POSTGRESQL: Final = {**SETTINGS, "shared_buffers": "64MB", "max_connections": "200"}
_END_SECONDS: Final = 20.0


class Options(NamedTuple):
    """How a stack is to be."""

    home: Path
    """`BENSON_HOME` of its workers; all that the stack keeps is in `stack` under it."""
    workers: int = 2
    limit: int = 2
    """How many runs each worker runs at once."""
    port: int = 0
    """Of the API; 0 for a free one."""


def silently(_line: str) -> None:
    """Tell nobody."""


class Stack:
    """PostgreSQL, Redis, Prefect's API and services, and workers, on this machine's loopback.

    As a context it is started, and ended in any case; the death of this process ends it too.
    Raises `ExecutionFailed` when a server can't be started, with the last lines of its log.
    """

    def __init__(self, options: Options, say: Callable[[str], None] = silently) -> None:
        self.options = options
        self.variables: dict[str, str] = {}
        """What the commands `benson` and `prefect` must find in their environment."""
        self.servers: dict[str, Guarded] = {}
        self.restart_api: Callable[[], int] = int
        """Starts the API again, where it was, after its process has ended."""
        self._say = say
        self._folder: StackFolder | None = None
        self._postgresql: PostgresServer | None = None
        self._workers = 0

    def __enter__(self) -> Self:
        try:
            self._start()
        except (RuntimeError, TimeoutError, OSError) as error:
            self.close()
            raise ExecutionFailed(f"the stack did not start: {error}") from error
        except BaseException:  # Ctrl-C while it starts: nothing outlives it
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def folder(self) -> StackFolder:
        """Where it keeps everything; it must have been started."""
        assert self._folder is not None
        return self._folder

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that uses the stack: a worker's, a command's."""
        return {**self._surroundings("client"), **self.variables}

    @property
    def secrets_file(self) -> Path:
        """The lines for a shell that nobody else may see."""
        return self.folder.path / "environment.sh"

    def add_worker(self) -> str:
        """Start one more worker, wait until the API knows it, and return its name."""
        self._workers += 1
        name = f"worker-{self._workers}"
        guarded = self._guard(name)
        environment = {**self.environment, **worker_variables()}
        servers.start_worker(guarded, environment, name, self.options.limit)

        def online() -> bool:
            self._check(name, guarded)
            return name in self._online()

        guarded.wait(online, f"{name} is online", timeout=servers.START_SECONDS)
        return name

    def dead(self) -> list[str]:
        """The names of the servers that have ended by themselves since somebody asked last."""
        found = []
        for name, guarded in list(self.servers.items()):
            try:
                exit_code = guarded.look()[1]
            except RuntimeError:  # its guardian was killed, and took it along
                exit_code = -9
            if exit_code is not None:
                found.append(name)
                words = guarded.last_words()
                self._say(f"{name} has ended with {exit_code}; its last words:\n{words}")
                # Whatever it had started itself ends with its guardian.
                self.servers.pop(name).close()
        return found

    @property
    def workers(self) -> list[str]:
        """The workers that have not ended."""
        return [name for name in self.servers if name.startswith("worker-")]

    def close(self) -> None:
        """End all servers, the last one first: whoever needs another ends before it."""
        for names in (self.workers, ["services"], ["api"], ["redis"], ["setup"]):
            ending = {name: self.servers.pop(name) for name in names if name in self.servers}
            for name, guarded in ending.items():
                self._say(f"{name} ends")
                guarded.ask_to_end()
            deadline = time.monotonic() + _END_SECONDS
            for guarded in ending.values():
                guarded.has_ended(deadline - time.monotonic())
                guarded.close()
        if self._postgresql is not None:
            self._say("postgresql ends")
            self.servers.pop("postgresql", None)
            self._postgresql.close()
            self._postgresql = None
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def _start(self) -> None:
        binaries = server_binaries()
        if binaries is None:
            raise ExecutionFailed(MISSING)
        redis = servers.redis_binary()
        self._folder = StackFolder(self.options.home)
        known = passwords(
            self.folder.path / "passwords.json", os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
        )
        with self._step("PostgreSQL") as done:
            self._postgresql = PostgresServer(
                binaries,
                folder=self.folder.part("postgresql", server_user()),
                password=known["postgresql"],
                settings=_POSTGRESQL,
                log=self.folder.log("postgresql"),
            )
            self.servers["postgresql"] = self._postgresql.guarded
            self._postgresql.give_database(PREFECT_DATABASE, known["prefect"])
            self._postgresql.give_database(TRAIL_DATABASE, known["trail"])
            database = f"{HOST}:{self._postgresql.port}"
            done(f"at {database}")
        with self._step("Redis") as done:
            guarded = self._guard("redis", folder=self.folder.part("redis"))
            port = servers.start_redis(guarded, redis, known["redis"])
            done(f"at {HOST}:{port}")
        environment = {
            **self._surroundings("server"),
            **server_variables(
                database_password=known["prefect"],
                database=database,
                redis_password=known["redis"],
                redis=f"{HOST}:{port}",
                auth=known["api"],
            ),
        }
        setup = self._guard("setup")
        with self._step("the tables of Prefect"):
            servers.migrate(setup, environment)
        with self._step("Prefect's API") as done:
            guarded = self._guard("api")
            port = servers.start_api(guarded, environment, self.options.port)
            done(f"at http://{HOST}:{port}")
        self.restart_api = partial(servers.start_api, guarded, environment, port)
        self._tell(client_variables(api=f"{HOST}:{port}", auth=known["api"]))
        self._tell(trail_variables(password=known["trail"], database=database))
        with self._step("Prefect's services"):
            api = {"PREFECT_API_URL": self.variables["PREFECT_API_URL"]}
            servers.start_services(self._guard("services"), {**environment, **api})
        with self._step("the trail, the work pool and the deployments"):
            here = self.environment
            register = [sys.executable, "-m", "deployments.stack.registration"]
            servers.run_to_the_end(setup, register, here, "the making of the deployments")
        self.servers.pop("setup").close()
        for _ in range(self.options.workers):
            with self._step("a worker") as done:
                done(f"{self.add_worker()}, {self.options.limit} runs at once")
        write_secretly(
            self.secrets_file,
            exports({name: self.variables[name] for name in SECRETS}),
        )
        if ended := self.dead():
            raise ExecutionFailed(f"{', '.join(ended)} did not stay up")

    def _tell(self, variables: dict[str, str]) -> None:
        self.variables.update(variables)
        if "BENSON_SIGNING_KEY" in self.variables or "BENSON_TRAIL_URL" not in variables:
            return
        home = self.options.home.absolute()
        self.variables["BENSON_HOME"] = str(home)
        # Of a trail that several share, nobody may guess where its archives lie.
        self.variables["BENSON_ARCHIVE"] = os.environ.get("BENSON_ARCHIVE", str(home / "archive"))
        if "BENSON_SIGNING_KEY_PEM" in os.environ:
            return  # the workers have it from the environment too
        given = os.environ.get("BENSON_SIGNING_KEY")
        key = Path(given).absolute() if given else home / "signing-key.pem"
        SigningKey.make(key)
        self.variables["BENSON_SIGNING_KEY"] = str(key)

    def _surroundings(self, who: str) -> dict[str, str]:
        """What a process finds beside its own variables: nothing of anybody else's Prefect."""
        ours = ("PREFECT_",) if who == "client" else ("PREFECT_", "BENSON_")
        home = self.folder.part(f"prefect-{who}")
        return {
            **{n: v for n, v in os.environ.items() if not n.startswith(ours)},
            **DEFAULTS,
            "PREFECT_HOME": str(home),
            "PREFECT_PROFILES_PATH": str(home / "no-profiles.toml"),
        }

    def _guard(self, name: str, folder: Path | None = None) -> Guarded:
        log = self.folder.log(name)
        guarded = Guarded(log, folder=folder or self.folder.path)
        self.servers[name] = guarded
        return guarded

    @contextmanager
    def _step(self, what: str) -> Iterator[Callable[[str], None]]:
        began = time.monotonic()
        told: list[str] = []
        yield told.append
        self._say(" ".join([what, *told, f"({time.monotonic() - began:.1f} s)"]))

    def _check(self, name: str, guarded: Guarded) -> None:
        if guarded.pid is None:
            raise RuntimeError(f"{name} has ended:\n{guarded.last_words()}")

    def _online(self) -> list[str]:
        found: list[dict[str, Any]] = self.ask("work_pools", WORK_POOL, "workers", "filter")
        return [worker["name"] for worker in found if worker["status"] == "ONLINE"]

    def ask(self, *path: str) -> Any:
        """What the API answers when it is asked to filter by nothing."""
        auth = base64.b64encode(self.variables["PREFECT_API_AUTH_STRING"].encode()).decode()
        # The URL is ours, and on loopback.
        request = urllib.request.Request(  # noqa: S310
            "/".join([self.variables["PREFECT_API_URL"], *path]),
            data=b"{}",
            headers={"Authorization": f"Basic {auth}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
