"""The folder of a stack: one stack at a time keeps its databases, logs and passwords there."""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
from pathlib import Path
from typing import IO

from benson_execution.errors import ExecutionFailed


class StackFolder:
    """`stack` under a home. It is held until `close`, or until its process has ended."""

    def __init__(self, home: Path) -> None:
        self.path = home.absolute() / "stack"
        self.path.mkdir(parents=True, exist_ok=True)
        # Others may pass: PostgreSQL, which does not run as root, must reach its own folder.
        self.path.chmod(0o711)
        self._lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise ExecutionFailed(
                f"another stack runs in {self.path}", "BENSON_HOME names another place"
            ) from None

    def part(self, name: str, user: str | None = None) -> Path:
        """A folder in it that only its owner may enter: this user, or else who runs the stack.

        Raises `ExecutionFailed` when the user could not get there.
        """
        made = self.path / name
        made.mkdir(mode=0o700, exist_ok=True)
        if user is not None:
            closed = [p for p in made.parents if not p.stat().st_mode & stat.S_IXOTH]
            if closed:
                raise ExecutionFailed(
                    f"PostgreSQL does not run as root, and the user {user} can't reach {made}: "
                    f"{closed[-1]} is closed to others",
                    "BENSON_HOME names another place",
                )
            entry = pwd.getpwnam(user)
            os.chown(made, entry.pw_uid, entry.pw_gid)
        return made

    def log(self, name: str) -> IO[bytes]:
        """The log of one server, begun anew."""
        log = self.part("logs") / f"{name}.log"
        log.unlink(missing_ok=True)
        return os.fdopen(
            os.open(log, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), "ab+"
        )

    def close(self) -> None:
        """Let another stack have it."""
        self._lock.close()
