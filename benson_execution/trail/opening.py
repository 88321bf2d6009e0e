"""Opening the trail that the settings name, with the key that signs it."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from benson_execution.errors import BadInput, InvalidSettings, TrailUnavailable
from benson_execution.proof.heads_file import append_head
from benson_execution.proof.keyring import GivenKey, KeyFile, Keyring, retired_keys
from benson_execution.proof.keys import PublicKey, SigningKey, read_public_keys
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.trail.database import shown
from benson_execution.trail.memory import MemoryTrail
from benson_execution.trail.port import Trail
from benson_execution.trail.sql import SqlTrail

_KNOWN: Final = "use sqlite:///PATH, postgresql+psycopg://USER@HOST/NAME or memory://"

_open: Final[dict[tuple[int, str, bool], Trail]] = {}
"""The stores that are open, by process and URL; a database connection must not cross a fork."""
_opening: Final = threading.Lock()
"""Two threads that open one URL must get one store: a trail in memory would be two."""


def open_trail(settings: Settings, *, read_only: bool = False) -> Trail:
    """The trail that the settings name; one store per URL and process.

    Who only reads needs no signing key, and reads what was archived too; a SQLite file that is
    not there yet then reads as an empty trail. Raises `InvalidSettings` for a URL that names no
    store or a key that is not there, and `TrailUnavailable`.
    """
    url = trail_url(settings)
    in_memory = url.drivername == "memory"
    name = (os.getpid(), url.render_as_string(hide_password=False), read_only and not in_memory)
    with _opening:
        known = _open.get(name)
        if known is not None:
            return known
        if in_memory:
            given = _given_key(settings)
            trail: Trail = MemoryTrail(None if given is None else given.key(None))
        elif not read_only:
            trail = SqlTrail(url, keyring_of(settings))
            try:
                _note_beginning(trail, settings)
            except BaseException:
                trail.close()
                raise
        elif is_missing_file(url):
            return MemoryTrail()  # not kept: somebody may make the file
        else:
            from benson_execution.archive.reading import ReadingTrail  # which is made of this

            trail = ReadingTrail(url, settings.archive_folder)
        _open[name] = trail
        return trail


@atexit.register
def _close_all() -> None:
    """A SQLite file is whole by itself only when its last connection has been closed.

    Whether the interpreter does that at its end depends on what its garbage collector finds.
    """
    for (pid, *_), trail in list(_open.items()):
        if pid == os.getpid():
            with suppress(Exception):
                trail.close()


def _note_beginning(trail: SqlTrail, settings: Settings) -> None:
    """The first head goes where the database is not: a trail that was wiped is missed."""
    head = trail.head()
    if head is None or head.size:
        return  # every closed dispatch notes its own
    try:
        append_head(settings.heads_file, head, trail.where)
    except OSError as error:
        raise TrailUnavailable(
            f"the heads file {settings.heads_file} can't be written: {error.strerror or error}",
            "BENSON_HEADS names the file",
        ) from error


def trail_url(settings: Settings) -> URL:
    """The URL of the trail's store; `InvalidSettings` when it names none."""
    try:
        parsed = make_url(settings.resolved_trail_url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise InvalidSettings("BENSON_TRAIL_URL is not a URL", _KNOWN) from None
    where = plain(shown(parsed))
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        path = parsed.database or ""
        if not path or path.startswith((":memory:", "file:")) or "\0" in path or parsed.host:
            raise InvalidSettings(f"BENSON_TRAIL_URL names no file: {where}", _KNOWN)
    elif parsed.drivername in ("postgresql", "postgresql+psycopg"):
        if not parsed.database:
            raise InvalidSettings(f"BENSON_TRAIL_URL names no database: {where}", _KNOWN)
    elif parsed.drivername != "memory":
        raise InvalidSettings(f"BENSON_TRAIL_URL names no store that there is: {where}", _KNOWN)
    return parsed


def lasting_trail_url(settings: Settings) -> URL:
    """The same for whoever needs a trail that outlives its process; else `BadInput`."""
    url = trail_url(settings)
    if url.drivername == "memory":
        raise BadInput("a trail in memory ends with its process", "set BENSON_TRAIL_URL")
    return url


def is_missing_file(url: URL) -> bool:
    """Whether this is a SQLite trail whose file is not there; one out of reach is no such."""
    if url.get_backend_name() != "sqlite":
        return False
    try:
        Path(url.database or "").stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def keyring_of(settings: Settings) -> Keyring:
    """Where the trail's signing key comes from; `InvalidSettings` when it must be given."""
    given = _given_key(settings)
    if given is not None:
        return given
    if trail_url(settings).get_backend_name() != "sqlite":
        raise InvalidSettings(
            "a trail that is not a local SQLite file needs a signing key",
            "name its file with BENSON_SIGNING_KEY, or give it in BENSON_SIGNING_KEY_PEM; "
            "`openssl genpkey -algorithm ed25519` makes one",
        )
    return key_file(settings)


def key_file(settings: Settings) -> KeyFile:
    """The key of our own, under the home."""
    return KeyFile(settings.home / "signing-key.pem")


def _given_key(settings: Settings) -> GivenKey | None:
    if settings.signing_key is not None and settings.signing_key_pem is not None:
        raise InvalidSettings("BENSON_SIGNING_KEY and BENSON_SIGNING_KEY_PEM: give one of them")
    if settings.signing_key is not None:
        return GivenKey(SigningKey.read(settings.signing_key), str(settings.signing_key))
    if settings.signing_key_pem is not None:
        pem = settings.signing_key_pem.get_secret_value().encode()
        return GivenKey(
            SigningKey.from_pem(pem, "BENSON_SIGNING_KEY_PEM"), "BENSON_SIGNING_KEY_PEM"
        )
    return None


def trusted_keys(settings: Settings) -> list[PublicKey]:
    """The keys that this home trusts: what BENSON_TRUSTED_KEYS names, or else our own.

    Raises `InvalidSettings` when there is none: a key that comes with the data is none.
    """
    if settings.trusted_keys is not None:
        return read_public_keys([settings.trusted_keys])
    given = _given_key(settings)
    if given is not None:
        return [*retired_keys(settings.home), given.key(None).public]
    own = key_file(settings)
    if os.access(own.path, os.F_OK):
        return own.public_keys()
    raise InvalidSettings(
        f"no key is trusted here: there is none at {own.path}",
        "name public keys with --key or BENSON_TRUSTED_KEYS",
    )
