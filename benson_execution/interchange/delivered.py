"""The digests of the files that an agent names, as they lie beneath one folder now.

The names are the agent's own word. So none of them leads out of the folder: each segment is opened
for itself, and neither links nor anything but regular files are read.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from benson_execution.errors import BadInput
from benson_execution.pac import path_problem
from benson_execution.text import plain, quote

MAX_FILE_BYTES: Final = 1 << 30
"""How large a file may be that is read."""
MAX_FILES: Final = 10_000
"""How many of the files that one agent names are read."""
_CHUNK: Final = 1 << 20
_FIELDS: Final = ("files_modified", "files_created")
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_WITHIN: Final = _FOLDER | os.O_NOFOLLOW
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Progress = Callable[[str], None]
"""Called with the path that is read next."""


class Unread(Exception):
    """A file that is not read, and why."""


def named_files(result: Any) -> Iterator[Any]:
    """What a result names as modified or created, each text once.

    The result may be anything, and so may the items: it need not have been valid.
    """
    if not isinstance(result, Mapping):
        return
    seen = set()
    for field in _FIELDS:
        items = result.get(field, ())
        for item in items if isinstance(items, list | tuple) else ():
            if not isinstance(item, str):
                yield item
            elif item not in seen:
                seen.add(item)
                yield item


class Folder:
    """A folder of the user's, and the files beneath it; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = -1

    def __enter__(self) -> Self:
        """Open it; `BadInput` when it is no folder that can be read."""
        try:
            self._handle = os.open(self.path, _FOLDER)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise BadInput(f"the folder {plain(str(self.path), 500)}: {why}") from None
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def sha256(self, path: str) -> str:
        """The digest of a file beneath it; `Unread` says why there is none."""
        problem = path_problem(path)
        if problem is not None:
            raise Unread(f"the path {problem}")
        try:
            with self._opened(path) as handle:
                return _digest(handle)
        except OSError as error:
            is_link = error.errno in _LINKED
            raise Unread(
                "it is, or lies behind, a link or no folder"
                if is_link
                else str(error.strerror or error).lower()
            ) from None

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        *folders, name = path.removesuffix("/").split("/")
        at = os.dup(self._handle)
        try:
            for folder in folders:
                below = os.open(folder, _WITHIN, dir_fd=at)
                os.close(at)
                at = below
            file = os.open(name, _FILE, dir_fd=at)
        finally:
            os.close(at)
        try:
            yield file
        finally:
            os.close(file)


def digests(
    folder: Folder | None, names: Iterable[Any], progress: Progress = lambda _: None
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The SHA-256 of each file that can be read; and for each reason, the names that can't be."""
    found: dict[str, str] = {}
    unread: dict[str, list[str]] = {}
    for name in names:
        try:
            if not isinstance(name, str):
                raise Unread("it is no path")
            if folder is None:
                raise Unread("no folder was named to read it from")
            if len(found) >= MAX_FILES:
                raise Unread(f"only {MAX_FILES} files are read")
            progress(name)
            found[name] = folder.sha256(name)
        except Unread as why:
            told = name if isinstance(name, str) else quote(name)
            unread.setdefault(str(why), []).append(told)
    return found, unread


def _digest(handle: int) -> str:
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        raise Unread("it is no regular file")
    digest, size = hashlib.sha256(), 0
    while chunk := os.read(handle, _CHUNK):
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            raise Unread(f"it has more than {MAX_FILE_BYTES} bytes")
        digest.update(chunk)
    after = os.fstat(handle)
    if (size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Unread("it was changed while it was read")
    return digest.hexdigest()


_LINKED: Final = (errno.ELOOP, errno.ENOTDIR)
"""What opening a link, or a segment that is no folder, is answered with."""
