"""`python -m deployments.stack`: what it says, keeps to itself, and leaves behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from benson_execution.errors import ExecutionFailed
from deployments.stack.folder import StackFolder
from deployments.stack.guardian import descendants
from deployments.stack.secrets_file import exports, passwords
from deployments.stack.stack import SECRETS, Options, Stack
from deployments.stack.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
COMMAND: Final = (sys.executable, "-m", "deployments.stack")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that others may pass through: PostgreSQL does not run as root."""
    made = Path(tempfile.mkdtemp(prefix="benson-stack-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_a_missing_server_is_told_with_its_package(home: Path) -> None:
    """In one sentence, before anything is started."""
    told = subprocess.run(
        [*COMMAND],
        cwd=ROOT,
        env={**os.environ, "BENSON_HOME": str(home), "PATH": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 3
    assert "is not installed (Debian: apt-get install redis-server)" in told.stderr or (
        "are not installed (Debian: apt-get install postgresql)" in told.stderr
    )
    assert told.stderr.count("\n") == 1
    assert not list(home.iterdir())


def test_a_second_stack_in_one_place_is_refused(home: Path) -> None:
    """Two servers on one database would be the end of it; the first one's end lets the next in."""
    first = StackFolder(home)
    with pytest.raises(ExecutionFailed, match="another stack runs in"):
        StackFolder(home)
    first.close()
    StackFolder(home).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is somebody else than PostgreSQL's user")
def test_a_home_that_postgresql_could_not_reach_is_told(home: Path) -> None:
    """The sentence names the folder that is closed."""
    home.chmod(0o700)
    folder = StackFolder(home)
    with pytest.raises(ExecutionFailed, match=f"{home} is closed to others"):
        folder.part("postgresql", "nobody")
    folder.close()


def test_passwords_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    """No two are alike; the API's may be given."""
    file = tmp_path / "passwords.json"
    made = passwords(file, None)
    assert len(set(made.values())) == len(made)
    assert all(len(password) >= 32 for password in made.values())
    assert file.stat().st_mode & 0o777 == 0o600
    assert passwords(file, None) == made
    assert passwords(file, "me:mine") == {**made, "api": "me:mine"}
    assert "mine" not in file.read_text()


def test_passwords_that_cannot_be_read_are_no_reason_to_make_new_ones(tmp_path: Path) -> None:
    """The databases have the old ones."""
    file = tmp_path / "passwords.json"
    file.write_text("{")
    with pytest.raises(ExecutionFailed, match=re.escape(str(file))):
        passwords(file, None)
    assert file.read_text() == "{"


def test_a_shell_reads_what_is_exported() -> None:
    """Whatever characters there are."""
    value = 'it\'s $HOME "and" `more`'
    told = subprocess.run(
        ["sh", "-c", exports({"SAID": value}) + 'printf %s "$SAID"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == value


@pytest.fixture
def started(home: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A stack without workers as a command, and what it printed to be exported."""
    with (home / "said").open("w") as said:
        process = subprocess.Popen(
            [*COMMAND, "--workers", "0"],
            cwd=ROOT,
            env={**os.environ, "BENSON_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        assert all(lines), (home / "said").read_text()
        yield process, dict(re.findall(r"^export (\w+)=(.*)$", "".join(lines), re.MULTILINE))
        if process.poll() is None:
            process.terminate()


def alive(pids: list[int]) -> list[int]:
    """Those of these processes that run; what only waits to be reaped does not."""
    found = []
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@pytest.mark.stack
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stack_is_closed_to_strangers_and_leaves_nothing_running(
    started: tuple[subprocess.Popen[str], dict[str, str]], home: Path, number: signal.Signals
) -> None:
    """Without the password there is no answer; nobody sees it; and no end leaves a process."""
    process, exported = started
    assert not exported.keys() & set(SECRETS)
    assert exported["PREFECT_API_URL"].startswith("http://127.0.0.1:")
    secrets_file = home / "stack" / "environment.sh"
    assert secrets_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(exported["PREFECT_API_URL"] + "/admin/version", timeout=30)
    family = descendants(process.pid)
    assert len(alive(family)) >= 8  # four servers, and a guardian of each
    secret = passwords(home / "stack" / "passwords.json", None)
    for pid in family:
        command = Path(f"/proc/{pid}/cmdline").read_text()
        assert not [name for name, value in secret.items() if value in command], command
    logs = "".join(log.read_text() for log in (home / "stack" / "logs").iterdir())
    assert not [name for name, value in secret.items() if value in logs]
    process.send_signal(number)
    assert process.wait(120) == (0 if number != signal.SIGKILL else -number)
    wait_until(lambda: not alive(family), description="everything has ended")


@pytest.mark.stack
@pytest.mark.timeout(600)
def test_what_a_stack_kept_is_there_when_it_starts_again(home: Path) -> None:
    """The databases, the passwords and the key are the same ones."""
    with Stack(Options(home, workers=0)) as first:
        known = first.ask("deployments", "filter")
        kept = first.variables["BENSON_SIGNING_KEY"], first.variables["PREFECT_API_AUTH_STRING"]
    with Stack(Options(home, workers=0)) as second:
        again = second.ask("deployments", "filter")
        assert {one["id"] for one in again} == {one["id"] for one in known}
        assert kept == (
            second.variables["BENSON_SIGNING_KEY"],
            second.variables["PREFECT_API_AUTH_STRING"],
        )


@pytest.mark.stack
@pytest.mark.timeout(600)
def test_a_server_that_dies_is_told_with_its_last_words(home: Path) -> None:
    """And the command ends, for without it nothing goes on."""
    said: list[str] = []
    with Stack(Options(home, workers=0), said.append) as stack:
        stack.servers["redis"].signal(signal.SIGKILL)
        wait_until(lambda: stack.dead() == ["redis"], description="it is noticed")
        assert "redis has ended with -9; its last words:" in said[-1]
        assert "Ready to accept connections" in said[-1]
