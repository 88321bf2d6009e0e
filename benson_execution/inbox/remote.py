"""An inbox at an fsspec URL: object stores and servers, most of which can't rename in one step.

There a move is a copy, a look at the copy, and only then the removal of the original. A file that
is replaced between the last look and the removal, a moment later, would be lost with it: leave new
files under new names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import fsspec

from benson_execution.errors import InvalidSettings
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

_TIMES: Final = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")
_MARKS: Final = ("size", "ETag", "etag", "md5", "md5Hash", "crc32c", "generation", *_TIMES)


def shown_url(url: str) -> str:
    """An inbox's URL as claims and people have it: without a password, a query and a fragment.

    The user stays, which to some stores is the container. Raises `InvalidSettings`, which does not
    repeat it, for a URL in which it is not plain where a password ends.
    """
    try:
        # One file system may stand upon another: `simplecache::sftp://host/inbox`.
        return "::".join(_shown(part) for part in url.split("::"))
    except ValueError:
        raise InvalidSettings(
            "BENSON_INBOX is no URL that can be told without its password",
            "write /, @, ?, # and : in a user or a password as %2F, %40, %3F, %23 and %3A",
        ) from None


def _shown(url: str) -> str:
    if url.isalnum():
        return url
    parts = urlsplit(url)
    if not parts.scheme or not url[len(parts.scheme) :].startswith("://"):
        raise ValueError
    server = parts.netloc
    # Of `//ada:12/34@host` the password may be `12/34`, or the port 12.
    if ":" in server and "@" in f"{parts.path}?{parts.query}#{parts.fragment}":
        raise ValueError
    user, at, host = server.rpartition("@")
    _ = parts.port  # raises for what is no number
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}".rstrip("/")


class RemoteInbox:
    """A folder of any file system that fsspec has a driver for."""

    def __init__(self, url: str) -> None:
        self.where = shown_url(url)
        try:
            self._system, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise InvalidSettings(
                f"BENSON_INBOX={plain(self.where)}: {plain(str(error))}",
                "name a folder, or a URL whose file system fsspec has a driver for",
            ) from None

    def prepare(self) -> None:
        with self._reporting():
            for name in FOLDERS:
                self._system.makedirs(self._path(name), exist_ok=True)

    def entries(self) -> Iterator[Entry]:
        with self._reporting():
            self._system.invalidate_cache()
            found = self._system.ls(self._root, detail=True)
        for info in found:
            name = str(info["name"]).rstrip("/").rpartition("/")[2]
            if name and not name.startswith(".") and name not in FOLDERS:
                kind = info.get("type")
                if kind == "file" and not info.get("islink"):
                    yield Entry(name, _modified(info))
                elif kind != "directory":
                    yield Entry(name, _modified(info), "it is no regular file")

    def read(self, name: str, limit: int) -> Content:
        with self._reporting():
            before = self._info(self._path(name))
            with self._system.open(self._path(name), "rb") as file:
                content = bytes(file.read(limit + 1))
            after = self._info(self._path(name))
        if _stamp(before) != _stamp(after):
            raise Changed
        size = after.get("size")
        if size is not None and len(content) != min(size, limit + 1):
            raise Changed
        return Content(content, len(content) <= limit, _stamp(after))

    def stamp(self, name: str) -> object:
        with self._reporting():
            return _stamp(self._info(self._path(name)))

    def move(self, name: str, stamp: object, folder: str, tag: str, beside: Beside) -> str:
        source = self._path(name)
        with self._reporting():
            digest = self._digest(source)
            for candidate in target_names(name, tag):
                target = self._path(f"{folder}/{candidate}")
                if not self._leave(target + beside.suffix, beside.content):
                    continue
                if not self._system.exists(target):
                    self._system.cp_file(source, target)
                elif self._digest(target) != digest:
                    continue
                # Otherwise it is ours, of somebody who got no further.
                if self._digest(target) != digest or _stamp(self._info(source)) != stamp:
                    raise Changed
                self._system.rm_file(source)
                return f"{folder}/{candidate}"
        raise AssertionError("target_names ends by raising")

    def _leave(self, path: str, content: bytes) -> bool:
        if not self._system.exists(path):
            self._system.pipe_file(path, content)
            return True
        size = self._info(path).get("size")
        return size in (None, len(content)) and self._system.cat_file(path) == content

    def _digest(self, path: str) -> str:
        """The SHA-256 of all of a file, which may be long."""
        digest = hashlib.sha256()
        with self._system.open(path, "rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
        return digest.hexdigest()

    def _info(self, path: str) -> Mapping[str, Any]:
        self._system.invalidate_cache()
        info: Mapping[str, Any] = self._system.info(path)
        return info

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise Gone from None
        except (Gone, Changed, InvalidSettings, InboxUnavailable, PermissionError):
            raise
        except Exception as error:  # every driver has its own
            raise InboxUnavailable(
                f"the inbox {plain(self.where, 500)} is not available: {plain(str(error), 500)}",
                "BENSON_INBOX names it",
            ) from error


def _modified(info: Mapping[str, Any]) -> float:
    for name in _TIMES:
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return 0.0


def _stamp(info: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(repr(info.get(name)) for name in _MARKS)
