"""The process between whoever starts a server and the server: it lets none outlive its starter.

It holds the one end of a pipe, and a pipe closes however the process at its other end dies; no
handler of that process would do, as none runs at a SIGKILL. It is also the server's parent,
because a server that dies with its parent dies when the *thread* that started it ends, and this
process has but one. What the server starts itself, and leaves behind, is handed to it and killed.

It is run as a file, by itself: it must be there before anything that takes time is imported.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36
SECONDS_TO_END: Final = 20.0
"""How long a server may take to end before it is killed."""


def main() -> None:
    """Run what standard input says, and end all of it when that closes.

    The argument is a JSON object: `user`, as whom the server runs, or null; `folder`, where it
    runs, or null for a new one that is removed in the end; `end`, the signal that ends it.
    """
    options = json.loads(sys.argv[1])
    user = None if options["user"] is None else pwd.getpwnam(options["user"])
    kept = options["folder"]
    folder = _make_folder(user) if kept is None else Path(kept)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    process: subprocess.Popen[bytes] | None = None
    try:
        print(json.dumps(str(folder)), flush=True)
        for line in sys.stdin:
            word, argument = json.loads(line)
            if word == "run":
                process = _run(argument, folder, user, options["end"])
            elif word == "signal" and process is not None:
                process.send_signal(argument)
            answer = (0, 0) if process is None else (process.pid, process.poll())
            print(json.dumps(answer), flush=True)
    finally:
        if process is not None and process.poll() is None:
            process.send_signal(options["end"])
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
        _kill_all_below(process)
        if kept is None:
            _remove(folder)


def _run(
    order: dict[str, Any], folder: Path, user: pwd.struct_passwd | None, end: int
) -> subprocess.Popen[bytes]:
    switch: dict[str, Any] = (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    )
    process = subprocess.Popen(
        order["command"],
        cwd=folder,
        env=order["environment"],
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        stderr=sys.stderr,
        start_new_session=True,
        # After the change of user, which would undo it; that is when subprocess calls this.
        preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, end),  # noqa: PLW1509  # there is one thread
        **switch,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin:
        process.stdin.write(order["input"].encode())
    return process


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _make_folder(user: pwd.struct_passwd | None) -> Path:
    """A new folder of this user's own."""
    base = Path(tempfile.gettempdir()).resolve()
    if user is not None and not all(p.stat().st_mode & stat.S_IXOTH for p in (base, *base.parents)):
        base = Path("/tmp")  # noqa: S108  # root's own folders are closed to everybody else
    folder = Path(tempfile.mkdtemp(prefix="benson-postgres-", dir=base))
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_END
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)


def _kill_all_below(process: subprocess.Popen[bytes] | None) -> None:
    """Kill the server's session, and whatever of it, or of its children, came down to us."""
    if process is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS_TO_END
    while (left := descendants(os.getpid())) and time.monotonic() < deadline:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def descendants(ancestor: int) -> list[int]:
    """The processes that this one started, and those that they did, oldest generation first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            # The name, in brackets, may hold anything; the parent is the second after it.
            parent = int(entry.read_bytes().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found = list(children.get(ancestor, []))
    for pid in found:  # it grows meanwhile
        found += children.get(pid, [])
    return found


if __name__ == "__main__":
    main()
