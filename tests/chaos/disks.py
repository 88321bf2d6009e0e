"""Disks that get full: a small one of its own, or a limit on what a process may write."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

import pytest

from tests.chaos.warm import Process

MIB: Final = 1024 * 1024


class Disk(Protocol):
    """A place for a trail."""

    folder: Path

    def fill(self, process: Process) -> None:
        """From now on, nothing that this process writes there has room."""
        ...

    def free(self) -> None:
        """There is room again."""
        ...


class SmallDisk:
    """A file system of four megabytes; who is not allowed to make one skips its tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, process: Process) -> None:
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


class Limit:
    """No file of the process may grow beyond what the trail has already."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, process: Process) -> None:
        # The database's log takes no more pages, and a few small files have room elsewhere.
        size = max(4096, *(path.stat().st_size for path in self.folder.glob("trail.db-wal")), 0)
        limit(process, size)

    def free(self) -> None:
        """Whoever comes later has no limit."""


def limit(process: Process, size: int) -> None:
    """From now on no file of the process grows beyond this size; what fits is written."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def disk(kind: str, folder: Path) -> Iterator[Disk]:
    """An empty disk of this kind, which is taken away afterwards."""
    folder.mkdir()
    if kind == "limit":
        yield Limit(folder)
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={4 * MIB}", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a file system is not allowed here")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()  # fails when the disk is still there
