"""An inbox in a folder: no link is followed, and a move is one step that replaces nothing."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from benson_execution.errors import InvalidSettings
from benson_execution.files import make_folder
from benson_execution.inbox.folder import (
    FOLDERS,
    Beside,
    Changed,
    Content,
    Entry,
    Gone,
    InboxUnavailable,
    target_names,
)
from benson_execution.text import plain

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOREPLACE: Final = 1
_UNSUPPORTED: Final = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


class LocalInbox:
    """A folder of this machine, or one that several machines have mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    @functools.cached_property
    def where(self) -> str:
        return str(self._folder.resolve())

    def prepare(self) -> None:
        with self._reporting():
            make_folder(self._folder)
            for name in FOLDERS:
                with suppress(FileExistsError):
                    (self._folder / name).mkdir()
                try:
                    os.close(os.open(self._folder / name, _FOLDER | os.O_NOFOLLOW))
                except OSError as error:
                    raise InvalidSettings(
                        f"{self._folder / name} is not a folder: {error.strerror}",
                        "files are moved into it, and never through a link",
                    ) from None

    def entries(self) -> Iterator[Entry]:
        with self._reporting(), os.scandir(self._folder) as found:
            for one in found:
                if one.name.startswith(".") or one.name in FOLDERS:
                    continue
                try:
                    status = one.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if not stat.S_ISDIR(status.st_mode):
                    # A copy may keep the times of what it was copied from: not that of its status.
                    at = max(status.st_mtime, status.st_ctime)
                    yield Entry(one.name, at, _strangeness(status.st_mode))

    def read(self, name: str, limit: int) -> Content:
        with self._reporting(), self._opened() as folder:
            try:
                handle = os.open(name, _READ, dir_fd=folder)
            except FileNotFoundError:
                raise Gone from None
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENXIO):  # a link or a socket by now
                    raise Changed from None
                raise
            try:
                before = os.fstat(handle)
                if not stat.S_ISREG(before.st_mode):
                    raise Changed
                content = _read(handle, limit + 1)
                after = os.fstat(handle)
            finally:
                os.close(handle)
            if _stamp(before) != _stamp(after) or _stamp(self._status(folder, name)) != _stamp(
                after
            ):
                raise Changed
            if len(content) != min(after.st_size, limit + 1):
                raise Changed
            return Content(content, len(content) <= limit, _stamp(after))

    def stamp(self, name: str) -> object:
        with self._reporting(), self._opened() as folder:
            return _stamp(self._status(folder, name))

    def move(self, name: str, stamp: object, folder: str, tag: str, beside: Beside) -> str:
        with self._reporting(), self._opened() as source, self._opened(folder) as target:
            for candidate in target_names(name, tag):
                status = self._status(source, name)
                if _stamp(status) != stamp:
                    raise Changed
                if _is_there(target, candidate):
                    continue
                if not _leave(target, candidate + beside.suffix, beside.content, status.st_mode):
                    continue
                try:
                    _rename_new(name, source, candidate, target)
                except FileExistsError:
                    continue
                except FileNotFoundError:
                    raise Gone from None
                self._require_moved(name, candidate, stamp, tag, between=(target, source))
                os.fsync(target)
                os.fsync(source)
                return f"{folder}/{candidate}"
        raise AssertionError("target_names ends by raising")

    def _require_moved(
        self, name: str, candidate: str, stamp: object, tag: str, *, between: tuple[int, int]
    ) -> None:
        """Put back what took the file's name in the moment before it was moved."""
        target, source = between
        status = os.stat(candidate, dir_fd=target, follow_symlinks=False)
        if _lasting(_stamp(status)) == _lasting(stamp):
            return
        for back in target_names(name, tag):
            with suppress(FileExistsError):
                _rename_new(candidate, target, back, source)
                break
        raise Changed

    @contextmanager
    def _opened(self, name: str | None = None) -> Iterator[int]:
        path = self._folder if name is None else self._folder / name
        handle = os.open(path, _FOLDER | (0 if name is None else os.O_NOFOLLOW))
        try:
            yield handle
        finally:
            os.close(handle)

    @staticmethod
    def _status(folder: int, name: str) -> os.stat_result:
        try:
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            raise Gone from None

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            if error.filename is not None and Path(os.fsdecode(error.filename)).is_absolute():
                raise self._unavailable(error) from error
            raise  # of a single file: the inbox itself is there
        except OSError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: OSError) -> InboxUnavailable:
        return InboxUnavailable(
            f"the inbox {plain(self.where, 500)} is not available: {error.strerror or error}",
            "BENSON_INBOX names it",
        )


def _strangeness(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return "it is a symbolic link, and links are not followed"
    return "it is no regular file"


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _lasting(stamp: object) -> object:
    """The part of a stamp that a move leaves as it is."""
    return stamp[:-1] if isinstance(stamp, tuple) else stamp


def _read(handle: int, most: int) -> bytes:
    parts, left = [], most
    while left and (part := os.read(handle, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _leave(folder: int, name: str, content: bytes, mode: int) -> bool:
    """Write a file as a whole, or find that it is there; False when there is another one.

    Whoever may read the file that it lies beside may read it too, and nobody else.
    """
    if _is_there(folder, name):
        return _holds(folder, name, content)
    temporary = f".{secrets.token_hex(8)}.tmp"
    handle = os.open(temporary, _NEW, stat.S_IMODE(mode) & 0o666, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _rename_new(temporary, folder, name, folder)
    except BaseException as error:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)  # our own, which nobody has seen
        if isinstance(error, FileExistsError):
            return _holds(folder, name, content)
        raise
    return True


def _holds(folder: int, name: str, content: bytes) -> bool:
    try:
        handle = os.open(name, _READ, dir_fd=folder)
    except OSError:
        return False
    try:
        regular = stat.S_ISREG(os.fstat(handle).st_mode)
        return regular and _read(handle, len(content) + 1) == content
    finally:
        os.close(handle)


def _rename_new(old: str, source: int, new: str, target: int) -> None:
    """Rename, and replace nothing: `FileExistsError` when the new name is taken."""
    function = _renameat2()
    if function is not None:
        names = os.fsencode(old), os.fsencode(new)
        if function(source, names[0], target, names[1], _NOREPLACE) == 0:
            return
        code = ctypes.get_errno()
        if code not in _UNSUPPORTED:
            raise OSError(code, os.strerror(code), old)
    # Where the system has no such step, a name is taken first: nobody else gets it then.
    os.close(os.open(new, _NEW, 0o600, dir_fd=target))
    try:
        os.rename(old, new, src_dir_fd=source, dst_dir_fd=target)
    except BaseException:  # an interrupt too
        os.unlink(new, dir_fd=target)  # our own, and empty
        raise


@functools.cache
def _renameat2() -> ctypes._NamedFuncPointer | None:
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return None
    function.argtypes = [
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    ]
    return function  # type: ignore[no-any-return]  # ctypes makes it from the name
