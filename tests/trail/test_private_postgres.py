"""The tests' own PostgreSQL: what the tests on it rely upon, and that nothing of it is left."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psycopg
import pytest

from tests import private_postgres as module
from tests.private_postgres import PrivatePostgres, private_postgres

from .stores import wait_until

PARENT = f"""
import os, sys
from {module.__name__} import private_postgres
with private_postgres() as server:
    print(server.guarded.guardian_pid, server.pid, server.port, server.folder, flush=True)
    sys.stdin.read()
"""
"""A process that has a server, and says where, until it is ended."""


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    """A server that these tests stop and start as they like."""
    with private_postgres() as running:
        yield running


def connect(url: str) -> psycopg.Connection:
    """A connection to the database with this SQLAlchemy URL."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def runs(pid: int) -> bool:
    """Whether this process runs; what only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_two_databases_share_nothing(server: PrivatePostgres) -> None:
    """A table that is made in the one does not exist in the other."""
    with connect(server.new_database()) as one, connect(server.new_database()) as other:
        one.execute("CREATE TABLE only_here (n INTEGER)")
        with pytest.raises(psycopg.errors.UndefinedTable):
            other.execute("SELECT * FROM only_here")


def test_a_database_counts_in_utf8_and_sorts_by_bytes_and_syncs(server: PrivatePostgres) -> None:
    """The tests' order is the same everywhere, and what was acknowledged is on the disk."""
    with connect(server.new_database()) as connection:
        found = connection.execute(
            "SELECT current_setting('server_encoding'), datcollate, current_setting('fsync')"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert found == ("UTF8", "C", "on")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_stop_and_a_start_keep_the_port_and_the_data(
    server: PrivatePostgres, mode: Literal["fast", "immediate"]
) -> None:
    """What was committed is there under the same URL, also when nothing was shut down in order."""
    url = server.new_database()
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
        server.stop(mode)
        assert not listens(server.port)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT n FROM kept")
    server.stop()
    server.start()
    server.start()
    with connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)


def test_a_server_that_was_killed_starts_again(server: PrivatePostgres) -> None:
    """A SIGKILL leaves its lock file behind, and that does not keep the next one from starting."""
    url = server.new_database()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: server.pid is None, description="the server is dead")
    server.start()
    connect(url).close()


def test_a_server_outlives_the_thread_that_started_it(server: PrivatePostgres) -> None:
    """What dies with its parent dies with the parent's thread; the tests have many."""
    server.stop()
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    connect(server.new_database()).close()
    assert server.pid is not None


def test_it_listens_on_loopback_only(server: PrivatePostgres) -> None:
    """Who listens everywhere is heard at 127.0.0.2 as well; and there is no socket file."""
    assert listens(server.port)
    assert not listens(server.port, "127.0.0.2")
    assert not listens(server.port, "::1")
    with connect(server.new_database()) as connection:
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)


def test_it_never_runs_as_root(server: PrivatePostgres) -> None:
    """PostgreSQL would refuse; its folder belongs to who runs it, and to nobody else."""
    found = server.folder.stat()
    assert found.st_uid != 0
    assert found.st_mode & 0o077 == 0


def test_a_taken_port_is_not_fought_over(
    server: PrivatePostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second server that draws the first one's port draws again."""
    draws = iter([server.port - 20_000, server.port - 20_000])
    real = secrets.randbelow
    monkeypatch.setattr(secrets, "randbelow", lambda below: next(draws, None) or real(below))
    with private_postgres() as second:
        assert second.port != server.port
        assert listens(server.port)
        assert next(draws, None) is None


def test_its_end_removes_the_folder_and_the_process() -> None:
    """Also when somebody is connected; and to end it twice is no mistake."""
    with private_postgres() as server:
        pid = server.pid
        assert pid is not None
        with connect(server.new_database()):
            server.close()
    assert not server.folder.exists()
    assert not runs(pid)
    assert not listens(server.port)


def test_a_server_that_cannot_start_says_why() -> None:
    """The error holds the server's own words."""
    with private_postgres() as server:
        server.stop()
        with (server.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write("no_such_setting = 1\n")
        with pytest.raises(RuntimeError, match="no_such_setting"):
            server.start()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("victim", ["parent", "guardian"])
def test_a_violent_end_leaves_no_server(victim: str, number: signal.Signals) -> None:
    """The server ends when either of those who look after it is killed."""
    with private_postgres():
        pass  # skips without binaries
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=Path(module.__file__).parents[module.__name__.count(".")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        guardian, pid, port, folder = process.stdout.readline().split()
        assert runs(int(pid))
        assert listens(int(port))
        os.kill(process.pid if victim == "parent" else int(guardian), number)
        wait_until(lambda: not runs(int(pid)), description="the server ended")
        wait_until(lambda: not listens(int(port)), description="nobody listens any more")
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)
    wait_until(lambda: not Path(folder).exists(), description="the folder is gone")


def test_without_binaries_a_test_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the reason says what to install."""
    monkeypatch.setattr(module, "server_binaries", lambda: None)
    with pytest.raises(pytest.skip.Exception, match="install postgresql"), private_postgres():
        pass
