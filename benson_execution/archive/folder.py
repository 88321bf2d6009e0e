"""The folder of the archives: each file is written whole and durable, or not at all.

Nothing in it is ever overwritten. What a killed run left is found again: a file that holds the
same is used, and any other is named, for a person to look at.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from benson_execution.archive.content import Content, Unreadable
from benson_execution.errors import ArchiveNotWritten
from benson_execution.files import make_folder, sync_folder
from benson_execution.proof.archive_note import FILE

SUFFIX: Final = ".jsonl.gz"
NOTE_SUFFIX: Final = ".note"
"""Behind the name of a file: its signed note, for whoever has no database."""
MAX_FILE_BYTES: Final = 1 << 30
_PARTIAL: Final = ".partial"
_LOCK: Final = ".lock"
_KEPT: Final = 2
"""How many files are held in memory after they were read: a PAC's are often in one."""


def file_name(trail_id: str, first_leaf: int, last_leaf: int, sha256: str) -> str:
    """The name of an archive: whose it is, which leaves it is of, and a part of its digest."""
    return f"benson-{trail_id[:8]}-{first_leaf}-{last_leaf}-{sha256[:12]}{SUFFIX}"


class ArchiveFolder:
    """The folder, and the files in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: OrderedDict[str, Content] = OrderedDict()
        self._reading = Lock()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other archivers of this folder out; `ArchiveNotWritten` when there is one."""
        try:
            make_folder(self.path)
            handle = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._not_written(error) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ArchiveNotWritten(
                    f"another `benson archive` is at work in {self.path}", "wait until it is done"
                ) from None
            except OSError as error:  # not every file system has locks
                why = error.strerror or error
                raise ArchiveNotWritten(
                    f"nothing was moved: {self.path / _LOCK} can't be locked: {why}",
                    "BENSON_ARCHIVE names the folder; its file system must have locks",
                ) from error
            yield
        finally:
            os.close(handle)

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, or find that the same one is there already.

        Raises `ArchiveNotWritten`; then there is no file of this name that was not there before.
        """
        partial = self.path / f".{name}.{os.getpid()}-{secrets.token_hex(4)}{_PARTIAL}"
        try:
            try:
                _write_durably(partial, content)
                # A link, unlike a rename, replaces nothing.
                os.link(partial, self.path / name)
            except FileExistsError:
                if self.read_bytes(name, len(content)) != content:
                    raise self._other(name) from None
            finally:
                with suppress(FileNotFoundError):
                    partial.unlink()
            sync_folder(self.path)
        except (OSError, Unreadable) as error:
            raise self._not_written(error) from error

    def read_bytes(self, name: str, size: int) -> bytes:
        """The bytes of a file that has this size; `Unreadable`."""
        if not FILE.fullmatch(name) or not 0 <= size <= MAX_FILE_BYTES:
            raise Unreadable("its name or its size is none that was given")
        try:
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # it may be a pipe by now
            with os.fdopen(os.open(self.path / name, flags), "rb") as file:
                content = file.read(size + 1)
        except FileNotFoundError:
            raise Unreadable(f"it is not in {self.path}") from None
        except OSError as error:
            raise Unreadable(f"{self.path / name}: {error.strerror or error}") from None
        if content is None or len(content) != size:
            raise Unreadable(f"it does not have its {size} bytes")
        return content

    def note(self, name: str) -> bytes | None:
        """The note beside a file; None when there is none, `Unreadable`."""
        path = self.path / f"{name}{NOTE_SUFFIX}"
        try:
            return self.read_bytes(path.name, path.stat().st_size)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror or error}") from None

    def read(self, archive_id: str, name: str, size: int) -> Content:
        """The content of a file with this SHA-256; `Unreadable` for any other."""
        with self._reading:
            known = self._read.get(archive_id)
            if known is None:
                known = read_content(self.read_bytes(name, size), archive_id)
                self._read[archive_id] = known
                if len(self._read) > _KEPT:
                    self._read.popitem(last=False)
            else:
                self._read.move_to_end(archive_id)
            return known

    def leftovers(self, trail_id: str, known: Collection[str]) -> list[str]:
        """The files of this trail that no archive is of: a run was killed, or they came back."""
        mine = f"benson-{trail_id[:8]}-"
        try:
            with os.scandir(self.path) as entries:
                names = [e.name for e in entries if e.name.removeprefix(".").startswith(mine)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._not_written(error) from error
        return sorted(name for name in names if name.removesuffix(NOTE_SUFFIX) not in known)

    def _other(self, name: str) -> ArchiveNotWritten:
        return ArchiveNotWritten(
            f"{self.path / name} is there already, and holds something else",
            "nothing is overwritten: look at it, and move it away",
        )

    def _not_written(self, error: OSError | Unreadable) -> ArchiveNotWritten:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if isinstance(error, OSError) and error.errno in (errno.EPERM, errno.EOPNOTSUPP):
            why += " (it must be on a file system with hard links)"
        return ArchiveNotWritten(
            f"nothing was moved: the archive folder {self.path} can't be used: {why}",
            "BENSON_ARCHIVE names the folder",
        )


def read_content(packed: bytes, sha256: str) -> Content:
    """What these bytes hold, if this is their SHA-256 and every event leads to its leaf."""
    if hashlib.sha256(packed).hexdigest() != sha256:
        raise Unreadable("its bytes are not those that were signed")
    content = Content.from_bytes(packed)
    for one in content.dispatches:
        if (misfit := one.misfit()) is not None:
            raise Unreadable(f"dispatch {one.row.dispatch_id}: {misfit}")
    return content


def _write_durably(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o444), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
