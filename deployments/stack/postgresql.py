"""A private PostgreSQL server on loopback, from the binaries that are installed here."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, Literal, LiteralString, Self

import psycopg
from psycopg import sql

from deployments.stack.guarded import Guarded

MISSING: Final = (
    "PostgreSQL's server binaries are not installed (Debian: apt-get install postgresql)"
)
HOST: Final = "127.0.0.1"
USER: Final = "postgres"
"""Who may do everything; what is in a stack belongs to users of its own."""
TRANSIENT: Final = (
    "Address already in use",
    "pre-existing shared memory block",  # of a killed server, whose children are not yet dead
)
STOPS: Final = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    # What was acknowledged must be on the disk: that is among what is tested.
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
    # In its folder, and thus removed with it, however it ended.
    "dynamic_shared_memory_type": "mmap",
}


def server_binaries() -> Path | None:
    """Where `initdb` and `postgres` are, the newest of Debian's first; None without them."""
    # Debian keeps them out of the PATH, so that several versions can be installed.
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: [int(part) for part in folder.parent.name.split(".") if part.isdigit()],
        reverse=True,
    )
    candidates = list(debian)
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        candidates += [Path(line) for line in asked.stdout.splitlines()]
    if postgres := shutil.which("postgres"):
        candidates.append(Path(postgres).resolve().parent)
    for folder in candidates:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    return None


def server_user() -> str | None:
    """Whom the server runs as; None for oneself. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


class PostgresServer:
    """A server on loopback; what it was told to keep outlives its stops.

    With a `folder`, which must belong to `server_user`, it outlives `close` too, and the next
    server there goes on with it; without one, `close` removes all of it. Without a `password`
    whoever is on this machine may connect: that is for tests.
    """

    def __init__(
        self,
        binaries: Path,
        *,
        folder: Path | None = None,
        password: str | None = None,
        settings: Mapping[str, str] = SETTINGS,
        log: IO[bytes] | None = None,
    ) -> None:
        self.port = 0
        self._binaries = binaries
        self._password = password
        self._databases = 0
        self._lock = threading.Lock()
        self._guardian = Guarded(
            # Without a name, so that it can be read when the folder is gone, and is never left.
            tempfile.TemporaryFile() if log is None else log,  # noqa: SIM115
            user=server_user(),
            folder=folder,
            end=STOPS["immediate"] if folder is None else STOPS["fast"],
        )
        self.folder = self._guardian.folder
        try:
            if not (self._data / "PG_VERSION").exists():
                self._initialise(settings)
            self.start()
        except BaseException:  # Ctrl-C while it starts: nothing outlives it
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def guarded(self) -> Guarded:
        """The process."""
        return self._guardian

    @property
    def pid(self) -> int | None:
        """The server's process; None while it does not run."""
        return self._guardian.pid

    def log(self, start: int = 0) -> str:
        """What the server and its guardian said."""
        return self._guardian.log(start)

    def start(self) -> None:
        """Start the server unless it runs; after the first time always on the same port."""
        if self.pid is not None:
            return
        command = [str(self._binaries / "postgres"), "-D", str(self._data), "-p"]
        self.port = self._guardian.run_on_a_port(
            lambda port: self._guardian.run([*command, str(port)], self._environment),
            lambda _port, pid: self._ready(pid),
            taken=TRANSIENT,
            port=self.port,
        )

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server if it runs; `immediate` is as a crash, and it recovers at its start."""
        self._guardian.signal(STOPS[mode])
        self._guardian.wait(lambda: self.pid is None, "the server stops")

    def new_database(self) -> str:
        """The URL of a new and empty database."""
        with self._lock:
            self._databases += 1
            name = f"test_{self._databases}"
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://{USER}@{HOST}:{self.port}/{name}"

    def give_database(self, name: str, password: str) -> None:
        """See that there are a user and a database of its own with this name and password."""
        known, secret = sql.Identifier(name), sql.Literal(password)
        with self._connect() as connection:
            if not _there(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name):
                connection.execute(sql.SQL("CREATE USER {}").format(known))
            alter = sql.SQL("ALTER USER {} LOGIN PASSWORD {}")
            connection.execute(alter.format(known, secret))
            if not _there(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
                connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(known))

    def close(self) -> None:
        """Stop the server, and remove what is not to be kept."""
        self._guardian.close()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _environment(self) -> dict[str, str]:
        # Nothing of the developer's: not his PGDATA, and none of his secrets.
        return {"HOME": str(self.folder), "PATH": os.defpath, "LC_ALL": "C"}

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=HOST,
            port=self.port,
            user=USER,
            password=self._password,
            dbname="postgres",
            autocommit=True,
        )

    def _initialise(self, settings: Mapping[str, str]) -> None:
        # Under another name first: a folder that was half made would be taken for a whole one.
        made = self.folder / "data.new"
        shutil.rmtree(made, ignore_errors=True)
        with self._password_file() as who:
            self._guardian.run(
                [
                    str(self._binaries / "initdb"), "-D", str(made), *who, "--no-sync",
                    "--username", USER, "--encoding", "UTF8", "--locale", "C",
                ],
                self._environment,
            )  # fmt: skip
            self._guardian.wait(lambda: self.pid is None, "initdb ends")
        if self._guardian.look()[1] != 0:
            raise RuntimeError(f"initdb failed:\n{self.log()}")
        with (made / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        made.rename(self._data)

    @contextmanager
    def _password_file(self) -> Iterator[list[str]]:
        """How initdb is told who may connect: a password must not stand in its command line."""
        if self._password is None:
            yield ["--auth", "trust"]
            return
        owner = self.folder.stat()
        handle, name = tempfile.mkstemp(dir=self.folder)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(f"{self._password}\n")
            os.chown(name, owner.st_uid, owner.st_gid)
            yield ["--auth", "scram-sha-256", "--pwfile", name]
        finally:
            Path(name).unlink()

    def _ready(self, pid: int) -> bool:
        # As pg_ctl does it. To connect would tell less: somebody else's server might answer.
        with suppress(FileNotFoundError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return lines[:1] == [str(pid)] and lines[7:] == ["ready   "]
        return False


def _there(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None
