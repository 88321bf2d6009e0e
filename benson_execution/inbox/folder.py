"""What every inbox does, wherever it is: list its files, read one, and move one out of it.

Nothing is ever deleted, and nothing is overwritten. Files are left by anybody, under any name, and
may change while they are looked at.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

from benson_execution.errors import ExecutionFailed

DONE: Final = "done"
REFUSED: Final = "refused"
UNREADABLE: Final = "unreadable"
FOLDERS: Final = (DONE, REFUSED, UNREADABLE)
"""The folders inside an inbox into which its files are moved."""

_MAX_NAME: Final = 180
"""Bytes of a file's name that are kept; file systems allow 255, and something is added."""
_MAX_NAMES: Final = 10_000


class InboxUnavailable(ExecutionFailed):
    """The inbox can't be listed, read or written."""


class Gone(Exception):
    """The file is not there any more: somebody else moved it."""


class Changed(Exception):
    """The file changes while it is looked at, or is another one by now."""


class Entry(NamedTuple):
    """Something in the inbox that is no folder and not hidden."""

    name: str
    """As Python has names that are no UTF-8: with surrogates."""
    modified: float
    """Seconds since 1970, by the clock of whoever keeps the file; 0 where nobody says."""
    strange: str | None = None
    """Why it is never opened, when it is no regular file."""


class Content(NamedTuple):
    """What a file held while it did not change."""

    content: bytes
    complete: bool
    """False for one that is longer than is read: these are its first bytes."""
    stamp: object
    """Tells this very state of the file from every other one, without reading it."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was read, in lower-case hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


class Beside(NamedTuple):
    """What is left beside a file that was moved."""

    suffix: str
    """Behind the file's name: `.artifact.json` or `.error.txt`."""
    content: bytes


class Inbox(Protocol):
    """A place where files arrive. Safe to use from many threads and processes at once.

    Every method may raise `InboxUnavailable`.
    """

    @property
    def where(self) -> str:
        """Where it is, without a password: what the claims to its files begin with."""
        ...

    def prepare(self) -> None:
        """Make it, and the folders that files are moved into, where they are missing."""
        ...

    def entries(self) -> Iterator[Entry]:
        """What is in it, in no order: regular files, and what only looks like one."""
        ...

    def read(self, name: str, limit: int) -> Content:
        """At most `limit` bytes of a file that does not change meanwhile.

        Raises `Gone`, `Changed`, and `PermissionError` for one that may not be read.
        """
        ...

    def stamp(self, name: str) -> object:
        """What `Content.stamp` would be, of something that is not opened. Raises `Gone`."""
        ...

    def move(self, name: str, stamp: object, folder: str, tag: str, beside: Beside) -> str:
        """Move a file into one of the folders, and say under which name, with its folder.

        `beside` lies there before the file does. Where the name is taken, `tag` is put into it.
        Of two that move the same file one does it; the other one raises `Gone`. Raises `Changed`
        when the file is not in the state of the `stamp`: then it stays where it is.
        """
        ...


def claimed_path(inbox: Inbox, name: str) -> str:
    """What a file is claimed by: the inbox and its name, in ASCII; no two names give one path."""
    return quote(os.fsencode(f"{inbox.where}/"), safe="/:@") + quote(os.fsencode(name), safe="")


def target_names(name: str, tag: str) -> Iterator[str]:
    """The names that a file may get where it is moved: its own, and others while that is taken."""
    raw = os.fsencode(name)
    if len(raw) <= _MAX_NAME:
        yield name
    else:  # what lies beside it has a longer name
        name = os.fsdecode(raw[:_MAX_NAME])
    path = PurePosixPath(name)
    yield f"{path.stem}-{tag}{path.suffix}"
    for number in range(2, _MAX_NAMES):
        yield f"{path.stem}-{tag}-{number}{path.suffix}"
    raise InboxUnavailable(f"{_MAX_NAMES} files of the same name and content were moved already")
