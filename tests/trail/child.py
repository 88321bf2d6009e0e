"""What the tests of databases do in another process: this module with a COMMAND and its arguments.

Every line that is printed is flushed at once, so that a parent knows what was acknowledged
before it kills.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import resource
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benson_execution.errors import BensonError
from benson_execution.events import Event
from benson_execution.trail import Batch, open_trail
from benson_execution.trail.postgresql import WRITERS_LOCK

from .stores import append, connect, dispatch, end, note, settings_of

CAP_DAC_OVERRIDE: Final = 1
CAP_DAC_READ_SEARCH: Final = 2
PR_CAPBSET_DROP: Final = 24


def say(*words: object) -> None:
    """One line to the parent."""
    print(*words, flush=True)


def listen() -> str:
    """One line from the parent."""
    return sys.stdin.readline().strip()


def append_for_ever(url: str, run_id: str) -> None:
    """Append batches of three events, and say the last sequence of each once it is acknowledged."""
    trail = open_trail(settings_of(url))
    for n in itertools.count(1, 3):
        stored = append(trail, dispatch(run_id), note(n), note(n + 1), note(n + 2))
        say(stored[-1].sequence)


def append_some(count: str) -> None:
    """Open each trail that is told, offer its dispatch's key, and append so many events.

    A line tells the trail's URL, the run, and the file of the key for a trail in PostgreSQL.
    """
    say("ready")
    while told := listen().split():
        url, run_id, key = told
        try:
            trail = open_trail(settings_of(url, Path(key)))
            append(trail, dispatch(run_id), note(os.getpid(), key="FIRST"))
            for n in range(int(count)):
                append(trail, dispatch(run_id), note([os.getpid(), n]))
            trail.close()
        except BensonError as error:
            say(error)
        else:
            say("done")


def close_some(url: str, run_id: str, count: str) -> None:
    """When told to, begin and close so many dispatches of a run, two events each."""
    trail = open_trail(settings_of(url))
    say("ready")
    listen()
    for number in range(1, int(count) + 1):
        append(trail, dispatch(run_id, number), note(number))
        append(trail, dispatch(run_id, number), end())
    say("done")


def hang_before_commit(url: str, run_id: str) -> None:
    """Append one event; then stop in the middle of the next transaction."""
    trail = open_trail(settings_of(url))
    append(trail, dispatch(run_id), note("acknowledged"))

    def stop(_events: Sequence[Event]) -> None:
        say("in the transaction")
        listen()

    trail.append(Batch(dispatch(run_id), (note("lost"),)), before_commit=stop)


def lock(url: str) -> None:
    """Hold the database's write lock until told otherwise."""
    with trail_lock(url):
        say("locked")
        listen()
    say("unlocked")


@contextmanager
def trail_lock(url: str) -> Iterator[None]:
    """What a writer in the middle of its transaction holds."""
    if not url.startswith("sqlite"):
        with connect(url) as other, other.transaction():
            other.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS_LOCK])
            yield
        return
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.rollback()
    connection.close()


def attempt(url: str) -> None:
    """Open the trail and append one event; say what came of it."""
    try:
        append(open_trail(settings_of(url)), dispatch(), note("attempt"))
    except BensonError as error:
        say(json.dumps([type(error).__name__, str(error)]))
    else:
        say(json.dumps(["appended", ""]))


def fill_the_disk(url: str, room: str) -> None:
    """Append until no file may grow any more; then with room again; say what came of both.

    `room` is how many bytes a file may have beyond the largest file of the trail while it is empty.
    """
    trail = open_trail(settings_of(url))
    folder = Path(url.removeprefix("sqlite:///")).parent
    limit = max(file.stat().st_size for file in folder.iterdir()) + int(room)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    acknowledged = 0
    said = ["nothing", ""]
    try:
        while acknowledged < 10_000:
            append(trail, dispatch(), note(["x" * 10_000, acknowledged]))
            acknowledged += 1
    except BensonError as error:
        said = [type(error).__name__, str(error)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    append(trail, dispatch(), note(["after", acknowledged]))
    say(json.dumps([*said, acknowledged]))


def attempt_on_a_full_disk(url: str) -> None:
    """The same where no file may have more than a few bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    attempt(url)


def fork(url: str) -> None:
    """Append before a fork, in the fork, and after it."""
    append(open_trail(settings_of(url)), dispatch(), note("before the fork"))
    forked = os.fork()
    if forked == 0:
        append(open_trail(settings_of(url)), dispatch(), note("in the fork"))
        os._exit(0)
    _, status = os.waitpid(forked, 0)
    append(open_trail(settings_of(url)), dispatch(), note("after the fork"))
    say("forked", status)


def claim_files(url: str, count: str) -> None:
    """Claim so many files, each once told to; say which were won."""
    trail = open_trail(settings_of(url))
    say("ready")
    listen()
    claimed = [trail.claim_file(f"inbox/{n}.json", "ab" * 32) for n in range(int(count))]
    say(json.dumps([[one.claim.claim_id, one.won] for one in claimed]))


def attempt_as_anybody(url: str) -> None:
    """The same as someone whom file permissions bind, which they don't bind root."""
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    assert __spec__ is not None
    # What is dropped is dropped for the next program.
    os.execv(sys.executable, [sys.executable, "-m", __spec__.name, "attempt", url])


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    command.__name__: command
    for command in (
        append_for_ever,
        append_some,
        claim_files,
        close_some,
        hang_before_commit,
        lock,
        attempt,
        attempt_as_anybody,
        attempt_on_a_full_disk,
        fork,
        fill_the_disk,
    )
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
