"""A server process under a guardian of its own, as whoever starts it sees it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from deployments.stack import guardian
from deployments.stack.waiting import draw_port, wait_until

SECONDS_TO_END: Final = 60.0


class Guarded:
    """One server at a time; it ends with the process that has this, however that ends.

    `log` is an open file that the server writes to, and that can be read. `end` is the signal
    that ends the server. Without a `folder` it runs in a new one, which is removed in the end.
    """

    def __init__(
        self,
        log: IO[bytes],
        *,
        user: str | None = None,
        folder: Path | None = None,
        end: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._lock = threading.Lock()
        self._log = log
        self._end = end
        self._keeps = folder is not None
        options = {
            "user": user,
            "folder": None if folder is None else str(folder),
            "end": end.value,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", guardian.__file__, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C is for who started it; they close the pipe
        )
        try:
            self.folder = Path(self._answer())
        except BaseException:
            self.close()
            raise

    @property
    def guardian_pid(self) -> int:
        """The guardian's process."""
        return self._process.pid

    @property
    def pid(self) -> int | None:
        """The server's process; None while it does not run."""
        pid, exit_code = self.look()
        return pid if exit_code is None else None

    def look(self) -> tuple[int, int | None]:
        """The process that was started last, and its exit code once it has one."""
        return self._ask("look")

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], *, given: str = ""
    ) -> int:
        """Start a server, with this text as its standard input, and return its process's id."""
        order = {"command": list(command), "environment": dict(environment), "input": given}
        return self._ask("run", order)[0]

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal, if it runs."""
        self._ask("signal", number.value)

    def run_on_a_port(
        self,
        start: Callable[[int], int],
        ready: Callable[[int, int], bool],
        *,
        taken: Sequence[str],
        port: int = 0,
        timeout: float = 60,
    ) -> int:
        """Start a server on a free port, or on this one, wait until it is ready, return the port.

        `start` gets a port and returns the process's id, `ready` gets both. Some text of `taken`
        in the log says that the port is somebody else's, and worth another attempt.
        Raises `RuntimeError` with the server's own words, and `TimeoutError`.
        """
        found = 0

        def started() -> bool:
            nonlocal found
            found = port or draw_port()
            seen = self.logged()
            pid = start(found)
            self.wait(
                lambda: self.pid is None or ready(found, pid),
                "the server is ready",
                timeout=timeout,
            )
            if self.pid is not None:
                return True
            if any(why in self.log(seen) for why in taken):
                return False
            raise RuntimeError(f"the server did not start:\n{self.log(seen)}")

        self.wait(started, "the server starts", timeout=timeout)
        return found

    def wait(
        self, predicate: Callable[[], object], description: str, *, timeout: float = 60
    ) -> None:
        """`wait_until`, and what the server said meanwhile."""
        try:
            wait_until(predicate, timeout=timeout, description=description)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log()}") from None

    def logged(self) -> int:
        """How many bytes the server and its guardian have said."""
        return os.fstat(self._log.fileno()).st_size

    def log(self, start: int = 0) -> str:
        """What the server and its guardian said from this byte on."""
        return os.pread(self._log.fileno(), self.logged(), start).decode(errors="replace")

    def last_words(self, lines: int = 15) -> str:
        """The last lines of the log."""
        return "\n".join(self.log(max(0, self.logged() - 16_384)).splitlines()[-lines:])

    def ask_to_end(self) -> None:
        """Ask the server to end; it is not waited for."""
        with suppress(RuntimeError):  # the guardian is gone, and so is the server
            self._ask("signal", self._end.value)

    def has_ended(self, timeout: float) -> bool:
        """Whether the server ends within so many seconds."""
        try:
            wait_until(lambda: self.pid is None, timeout=timeout)
        except TimeoutError:
            return False
        except RuntimeError:  # the guardian is gone, and so is the server
            pass
        return True

    def close(self) -> None:
        """End the server and its guardian, and remove the folder that was made for it."""
        if self._log.closed:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it was killed
            self._process.stdin.close()
        self._process.wait(SECONDS_TO_END)
        self._process.stdout.close()
        self._log.close()
        if hasattr(self, "folder") and not self._keeps:  # a guardian that was killed could not
            shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, word: str, argument: object = None) -> tuple[int, int | None]:
        """What the guardian's process is now: its id and, unless it runs, its exit code."""
        assert self._process.stdin is not None
        with self._lock, suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps([word, argument]) + "\n")
            self._process.stdin.flush()
            pid, exit_code = self._answer()
            return pid, exit_code
        raise RuntimeError(f"the server's guardian is gone:\n{self.log()}")

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return json.loads(line)
        raise RuntimeError(f"the server's guardian is gone:\n{self.log()}")
