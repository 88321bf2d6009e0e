"""The faults that this machine noted, counted by reading on in its `faults.jsonl`."""

from __future__ import annotations

import os
import stat
from collections import Counter
from pathlib import Path
from typing import BinaryIO, Final, get_args

import orjson

from benson_execution.errors import ExecutionFailed
from benson_execution.faults import MAX_BYTES, FaultKind, faults_file
from benson_execution.metrics.definitions import UNKNOWN
from benson_execution.metrics.tally import known
from benson_execution.text import plain

_KINDS: Final = get_args(FaultKind)
_LONGEST_LINE: Final = 1 << 16
"""Bytes; the lines that are noted are far shorter."""
_LAST_BYTE: Final = MAX_BYTES + _LONGEST_LINE
"""Behind this nobody of ours writes: who put more there does not keep every look busy."""


class FaultCounts:
    """Faults by kind since it began to count: a file that was emptied takes none of them back."""

    def __init__(self, home: Path) -> None:
        self.counts = Counter(dict.fromkeys((*_KINDS, UNKNOWN), 0))
        self.size = 0
        """Of the file at the last look, in bytes."""
        self._path = faults_file(home)
        self._file: tuple[int, int] | None = None
        self._offset = 0

    def read(self) -> None:
        """Count the lines that are new; the last one only when it is whole.

        No file is no fault yet. Raises `ExecutionFailed` for one that can't be read.
        """
        try:
            # What stands there may be a pipe, or a link to anywhere, by whoever could put it there.
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            try:
                handle = os.open(self._path, flags)
            except FileNotFoundError:
                self._file, self._offset, self.size = None, 0, 0
                return
            with os.fdopen(handle, "rb") as file:
                self._read(file)
        except OSError as error:
            raise ExecutionFailed(
                f"the faults noted in {plain(str(self._path), 500)} can't be counted: "
                f"{error.strerror or error}"
            ) from error

    def _read(self, file: BinaryIO) -> None:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no file")
        same = self._file == (status.st_dev, status.st_ino)
        if not same or status.st_size < self._offset:
            self._offset = 0  # it was put away, or emptied: what is there now is new
        self._file, self.size = (status.st_dev, status.st_ino), status.st_size
        file.seek(self._offset)
        while self._offset < _LAST_BYTE and (line := file.readline(_LONGEST_LINE)):
            rest = line
            while not rest.endswith(b"\n"):
                # A longer one is none of ours: its end is looked for, and it counts once.
                rest = file.readline(_LONGEST_LINE)
                if not rest or file.tell() > _LAST_BYTE:
                    return  # it is still being written
            self.counts[_kind_of(line)] += 1
            self._offset = file.tell()


def _kind_of(line: bytes) -> str:
    try:
        members = orjson.loads(line)
    except orjson.JSONDecodeError:
        return UNKNOWN
    return known(members.get("kind") if isinstance(members, dict) else None, _KINDS)
