"""The heads file: every signed head and rotation, one per line, where the database is not.

Whoever puts an older copy of the database back, or empties it, would have to do the same here;
keep the file on another disk (BENSON_HEADS), or copy it away.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from benson_execution.files import make_folder, sync_folder
from benson_execution.proof.heads import Head, Rotation

_LONGEST_LINE: Final = 64 * 1024
_BEGINNING: Final = b'{"kind":"'
_LOCK_SECONDS: Final = 10.0


class Noted(NamedTuple):
    """A line of the file: a head or a rotation, and where its trail stood."""

    said: Head | Rotation
    where: str | None


def append_head(path: Path, said: Head | Rotation, where: str) -> None:
    """Append one line, durably; raises `OSError`. `where` is where the trail is kept."""
    kind = "head" if isinstance(said, Head) else "rotation"
    members = {"kind": kind, "trail": where, "trail_id": said.trail_id, "size": said.size}
    line = orjson.dumps({**members, "note": said.note.decode()}) + b"\n"
    make_folder(path.parent)
    is_new = not path.exists()
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    handle = os.open(path, flags, 0o644)
    try:
        # Nobody else may write between the look at the last byte and the line.
        _lock(handle)
        size = _whole_lines(handle)
        written = os.write(handle, line)
        if written != len(line):
            os.ftruncate(handle, size)  # half a line would look like one that somebody changed
            raise OSError(f"only {written} of {len(line)} bytes were written")
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        sync_folder(path.parent)


def _whole_lines(handle: int) -> int:
    """How far the file's lines are whole; a last one that a power cut tore is cut off.

    Its dispatch still has its lease then: a recovery writes the line again.
    """
    status = os.fstat(handle)
    size = status.st_size
    if not stat.S_ISREG(status.st_mode):
        return size  # a pipe to somewhere else has no lines to look at
    tail = os.pread(handle, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
    torn = tail[tail.rfind(b"\n") + 1 :]
    if torn and read_line(torn) is not None:
        return size + os.write(handle, b"\n")  # only its end is missing
    if torn and not (torn.startswith(_BEGINNING) or _BEGINNING.startswith(torn)):
        raise OSError("it ends with what is no head: it is somebody else's file")
    if torn:
        size -= len(torn)
        os.ftruncate(handle, size)
    return size


def _lock(handle: int) -> None:
    """Wait for the others, but not for somebody who never lets go."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OSError(f"it was locked for {_LOCK_SECONDS:.0f} seconds") from None
            time.sleep(0.01)


def read_line(line: bytes) -> Noted | None:
    """What a line says, or what `benson head --json` printed; None when it is neither."""
    try:
        members = orjson.loads(line)
        note = members["note"].encode()
        parse = Rotation.parse if members.get("kind") == "rotation" else Head.parse
        where = members.get("trail")
        return Noted(parse(note), where if isinstance(where, str) else None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
