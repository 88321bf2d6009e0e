"""Who is at work on a dispatch, and whether they still live.

On the machine that it runs on, a process is known by its id and its start: ids are given again.
The boot's id tells two starts of one machine apart, and the namespace of process ids two
containers on it, which count their processes separately.
"""

from __future__ import annotations

import functools
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LEASE_SECONDS: Final = 120.0
"""How long a lease lasts that nobody renews; it decides only where the process can't be seen."""

_PROC: Final = Path("/proc")
_MACHINE_ID: Final = Path("/etc/machine-id")
_NO_PID: Final = 1 << 22
"""No system gives process ids from here on."""
_DEAD_STATES: Final = frozenset("ZXx")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process. `host` names the machine, by name and id, and its namespace of process ids.

    `boot_id` and `started` (clock ticks since that boot) are empty where the system does not
    tell them; such a process is judged by its lease's time alone.
    """

    host: str
    boot_id: str
    pid: int
    started: str

    def is_dead(self) -> bool | None:
        """Whether the process is known to be dead, or alive; None when it can't be seen from here.

        Neither a clock nor a process id that was given again can make a living one look dead.
        """
        here = this_process()
        if type(self.pid) is not int or not 0 < self.pid < _NO_PID:
            return None  # somebody wrote it there
        if not (self.boot_id and self.started and here.boot_id) or self.host != here.host:
            return None
        if self.boot_id != here.boot_id:
            return True  # the machine has been started again since
        try:
            return _started(self.pid) != self.started
        except OSError:
            return None  # something keeps us from looking


@functools.lru_cache(maxsize=1)
def _process(pid: int) -> Holder:
    try:
        boot_id, started = _read(_PROC / "sys/kernel/random/boot_id"), _started(pid)
    except OSError:
        boot_id = started = ""
    return Holder(_host(), boot_id, pid, started)


def this_process() -> Holder:
    """The process that asks; a fork is another one."""
    return _process(os.getpid())


def _host() -> str:
    """The machine and its namespace of process ids.

    By its id too: two machines may have one name, and count their processes alike.
    """
    try:
        namespace = (_PROC / "self/ns/pid").readlink().name
        machine = _read(_MACHINE_ID)
    except OSError:
        namespace = machine = ""
    return " ".join((socket.gethostname(), machine, namespace))


def _started(pid: int) -> str:
    """When a living process began, in clock ticks since the boot; empty when there is none.

    Raises `OSError` when that can't be found out: another user's processes may be hidden.
    """
    try:
        status = _read(_PROC / str(pid) / "stat")
    except (FileNotFoundError, ProcessLookupError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        raise  # it is there, and not shown to us
    # The command's name, in brackets, may itself hold blanks and brackets.
    fields = status.rpartition(")")[2].split()
    return fields[19] if fields[0] not in _DEAD_STATES else ""


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()
