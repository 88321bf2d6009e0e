"""A PostgreSQL server of the tests' own, which neither they nor their violent end leave behind.

Between the tests and the server stands a guardian: this module, run as a process of its own.
It holds the one end of a pipe, and a pipe closes however the process at its other end dies; no
handler of that process would do, as none runs at a SIGKILL. The guardian is also the server's
parent, because a server that dies with its parent dies when the *thread* that started it ends,
and the guardian has but one, while pytest has many.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal, Self

import psycopg
import pytest

from .prefect_server import wait_until

MISSING: Final = (
    "PostgreSQL's server binaries are not installed (Debian: apt-get install postgresql)"
)
HOST: Final = "127.0.0.1"
USER: Final = "benson"
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
PR_SET_PDEATHSIG: Final = 1


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


class PrivatePostgres:
    """A server on loopback; what it was told to keep outlives its stops, but not `close`."""

    def __init__(self, binaries: Path) -> None:
        self.port = 0
        self._binaries = binaries
        self._databases = 0
        self._lock = threading.Lock()
        # Without a name, so that it can be read when the folder is gone, and is never left.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._guardian = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=Path(__file__).parents[__name__.count(".")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests alone; they close the pipe
        )
        try:
            self.folder = Path(self._answer())
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The server's process; None while it does not run."""
        pid, exit_code = self._ask("look")
        return pid if exit_code is None else None

    def log(self, start: int = 0) -> str:
        """What the server and its guardian said."""
        return os.pread(self._log.fileno(), self._logged(), start).decode(errors="replace")

    def start(self) -> None:
        """Start the server unless it runs; after the first time always on the same port."""
        if self.pid is not None:
            return
        self._wait(self._started, "the server starts")

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server if it runs; `immediate` is as a crash, and it recovers at its start."""
        self._ask("signal", STOPS[mode])
        self._wait(lambda: self.pid is None, "the server stops")

    def new_database(self) -> str:
        """The URL of a new and empty database."""
        with self._lock:
            self._databases += 1
            name = f"test_{self._databases}"
        where = f"host={HOST} port={self.port} user={USER} dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{USER}@{HOST}:{self.port}/{name}"

    def close(self) -> None:
        """Stop the server, and remove all that it kept."""
        if self._log.closed:
            return
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        with suppress(BrokenPipeError):  # it was killed
            self._guardian.stdin.close()
        self._guardian.wait(60)
        self._guardian.stdout.close()
        self._log.close()
        if hasattr(self, "folder"):  # a guardian that was killed could not
            shutil.rmtree(self.folder, ignore_errors=True)

    def _logged(self) -> int:
        return os.fstat(self._log.fileno()).st_size

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _initialise(self) -> None:
        # A power cut is not survived by a temporary folder anyway: no need to sync it here.
        self._ask(
            "run",
            [
                str(self._binaries / "initdb"), "-D", str(self._data), "--no-sync",
                "--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C",
            ],
        )  # fmt: skip
        self._wait(lambda: self.pid is None, "initdb ends")
        if self._ask("look")[1] != 0:
            raise RuntimeError(f"initdb failed:\n{self.log()}")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())

    def _started(self) -> bool:
        # Whether a port is free is known only to who gets it: a look beforehand would be a
        # race. Below the ephemeral ports, for one of those might serve somebody's outgoing
        # connection while the server is stopped; even one to this very port, to itself.
        port = self.port or 20_000 + secrets.randbelow(10_000)
        seen = self._logged()
        pid, _exit_code = self._ask(
            "run", [str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(port)]
        )
        self._wait(lambda: self.pid is None or self._ready(pid), "the server is ready")
        if self.pid is not None:
            self.port = port
            return True
        if any(why in self.log(seen) for why in TRANSIENT):
            return False
        raise RuntimeError(f"the server did not start:\n{self.log()}")

    def _ready(self, pid: int) -> bool:
        # As pg_ctl does it. To connect would tell less: somebody else's server might answer.
        with suppress(FileNotFoundError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return lines[:1] == [str(pid)] and lines[7:] == ["ready   "]
        return False

    def _wait(self, predicate: Callable[[], object], description: str) -> None:
        try:
            wait_until(predicate, description=description)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log()}") from None

    def _ask(self, word: str, argument: object = None) -> tuple[int, int | None]:
        """What the guardian's process is now: its id and, unless it runs, its exit code."""
        assert self._guardian.stdin is not None
        with self._lock, suppress(BrokenPipeError):
            self._guardian.stdin.write(json.dumps([word, argument]) + "\n")
            self._guardian.stdin.flush()
            pid, exit_code = self._answer()
            return pid, exit_code
        raise RuntimeError(f"the server's guardian is gone:\n{self.log()}")

    def _answer(self) -> Any:
        assert self._guardian.stdout is not None
        if line := self._guardian.stdout.readline():
            return json.loads(line)
        raise RuntimeError(f"the server's guardian is gone:\n{self.log()}")


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    """A running server, for a fixture of the whole session; without binaries, a skip."""
    binaries = server_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    with PrivatePostgres(binaries) as server:
        yield server


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as; None for oneself. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _make_folder(user: pwd.struct_passwd | None) -> Path:
    """A new folder of this user's own."""
    base = Path(tempfile.gettempdir()).resolve()
    if user is not None and not all(p.stat().st_mode & stat.S_IXOTH for p in (base, *base.parents)):
        base = Path("/tmp")  # root's own folders are closed to everybody else
    folder = Path(tempfile.mkdtemp(prefix="benson-postgres-", dir=base))
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def _die_with_the_guardian() -> None:
    # After the change of user, which would undo it; that is when subprocess calls this.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)


def _guard() -> None:
    """Run what standard input says, and end and remove all of it when that closes."""
    user = _server_user()
    switch: dict[str, Any] = (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    )
    folder = _make_folder(user)
    process: subprocess.Popen[bytes] | None = None

    def removed() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    try:
        print(json.dumps(str(folder)), flush=True)
        for line in sys.stdin:
            word, argument = json.loads(line)
            if word == "run":
                process = subprocess.Popen(
                    argument,
                    cwd=folder,
                    # Nothing of the developer's: not his PGDATA, and none of his secrets.
                    env={"HOME": str(folder), "PATH": os.defpath, "LC_ALL": "C"},
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr,
                    stderr=sys.stderr,
                    start_new_session=True,
                    preexec_fn=_die_with_the_guardian,  # noqa: PLW1509  # there is one thread
                    **switch,
                )
            elif word == "signal" and process is not None:
                process.send_signal(argument)
            answer = (0, 0) if process is None else (process.pid, process.poll())
            print(json.dumps(answer), flush=True)
    finally:
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGQUIT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with suppress(ProcessLookupError):  # initdb has children that might write on
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        wait_until(removed, description="the server's folder is removed")


if __name__ == "__main__":
    _guard()
