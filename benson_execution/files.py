"""Files that must be there after a power cut."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; raises `OSError`."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, durably; raises `OSError`."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync_folder(one.parent)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file anew: it is there, whole and durable, when the block ends well, or not at all.

    Where a link leads to is written, and the link stays. Raises `OSError`, also for a path that is
    something else than a file.
    """
    try:
        path = path.resolve()
    except RuntimeError:  # links that lead to each other
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file")
    unique = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with unique.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unique.replace(path)
    except BaseException:  # an interrupt too: nothing half written stays behind
        unique.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
