"""Where a page is written: all of it or nothing, and over nothing that is somebody else's."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from benson_execution.errors import BadInput, ExecutionFailed
from benson_execution.text import quote

MARK: Final = b'<meta name="generator" content="benson report '
"""What stands near the beginning of every page of ours."""
_BEGINNING: Final = 1024
_NO_LINKS: Final = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP)
"""There are file systems that have no second name for a file."""


def require_place(path: Path, *, force: bool) -> None:
    """Raise `BadInput` where no page may be written, before anything is counted for it."""
    shown = quote(str(path))
    if path.name in ("", ".", ".."):
        raise BadInput(f"{shown} names no file", "-o names the file to write, or - for the output")
    try:
        found = path.lstat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise BadInput(f"{shown} can't be written: there is no such folder") from None
        return
    except (OSError, ValueError) as error:
        raise BadInput(f"{shown} can't be written: {_why(error)}") from None
    if stat.S_ISDIR(found.st_mode):
        raise BadInput(f"{shown} is a folder", "-o names the file to write")
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISLNK(found.st_mode):
        raise BadInput(f"{shown} is no file", "-o - writes to standard output")
    if force:
        return
    if stat.S_ISLNK(found.st_mode):
        raise BadInput(f"{shown} is a link", "--force replaces the link, not what it leads to")
    if not _is_ours(path):
        raise BadInput(f"{shown} is there, and is no report", "--force replaces it")


def write_page(path: Path, page: bytes, *, force: bool) -> None:
    """Write a page into the folder of `path`, and give it its name when it is whole.

    Raises `BadInput` where `require_place` does, and `ExecutionFailed`.
    """
    require_place(path, force=force)
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unwritable(path, error) from error
    passing = f".{secrets.token_hex(8)}.tmp"
    try:
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(passing, new, 0o644, dir_fd=folder), "wb") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        _name(passing, path, folder)
        os.fsync(folder)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(passing, dir_fd=folder)
        os.close(folder)


def _name(passing: str, path: Path, folder: int) -> None:
    """Give the file its name. Where none was there, none is replaced that came meanwhile."""
    try:
        os.lstat(path.name, dir_fd=folder)
    except FileNotFoundError:
        try:
            os.link(passing, path.name, src_dir_fd=folder, dst_dir_fd=folder)
            return
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
    os.replace(passing, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def _is_ours(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            return MARK in file.read(_BEGINNING)
    except OSError:
        return False


def _unwritable(path: Path, error: OSError) -> ExecutionFailed:
    return ExecutionFailed(
        f"the report {quote(str(path))} can't be written: {_why(error)}", "-o names another place"
    )


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
