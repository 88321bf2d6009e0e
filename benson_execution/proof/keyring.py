"""Where signing keys come from: a file of our own, or what the settings name."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from benson_execution.errors import InvalidSettings
from benson_execution.proof.heads import Rotation
from benson_execution.proof.keys import PublicKey, SigningKey, read_public_keys

_RETIRED: Final = "retired-keys.pem"


class Keyring(Protocol):
    """Finds the key that a trail is signed with."""

    def key(self, key_id: str | None, rotation: Rotation | None = None) -> SigningKey:
        """The key with this id; None asks for the one that a new trail is to begin with.

        `rotation` is what the trail has of how that key came into force.
        Raises `InvalidSettings` when it is not there.
        """
        ...


class GivenKey:
    """One key that the settings name."""

    def __init__(self, key: SigningKey, source: str) -> None:
        self._key = key
        self._source = source

    def key(self, key_id: str | None, rotation: Rotation | None = None) -> SigningKey:  # noqa: ARG002  # the port's
        if key_id not in (None, self._key.key_id):
            raise InvalidSettings(
                f"the trail is signed with the key {key_id}, and {self._source} is "
                f"{self._key.key_id}",
                "give the trail's key, or hand the trail over with `benson keys rotate`",
            )
        return self._key


class KeyFile:
    """A key in a file of our own, made when it is first needed.

    A rotation puts the new key beside it first, and the old public half into `retired`; whoever
    finds that the trail was handed over puts the new key in its place. So a rotation that is
    killed at any moment leaves a trail that can be signed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.next_path = path.with_name(f"{path.name}.next")
        self._known: SigningKey | None = None

    def key(self, key_id: str | None, rotation: Rotation | None = None) -> SigningKey:
        known = self._known
        if known is not None and key_id in (None, known.key_id):
            return known
        key = SigningKey.make(self.path) if key_id is None else self._read(key_id, rotation)
        self._known = key
        return key

    def _read(self, key_id: str, rotation: Rotation | None) -> SigningKey:
        key = SigningKey.read(self.path)
        if key.key_id != key_id and rotation is not None and rotation.is_signed_by(key.public):
            # Of several that find the new key beside the old one, one puts it into its place; the
            # others find it there.
            with suppress(InvalidSettings, OSError):
                if SigningKey.read(self.next_path).key_id == key_id:
                    self.next_path.replace(self.path)
            key = SigningKey.read(self.path)
        if key.key_id != key_id:
            raise InvalidSettings(
                f"the trail is signed with the key {key_id}, and {self.path} is {key.key_id}",
                "put the trail's key back, or name it with BENSON_SIGNING_KEY",
            )
        return key

    def prepare_rotation(self, in_force: str) -> SigningKey:
        """A new key, which takes effect once the trail is handed over to it.

        `in_force` is the id of the trail's key; call it within `rotating`.
        """
        self._known = None
        old = self._read(in_force, None)
        new = SigningKey.generate()
        try:
            self.next_path.unlink(missing_ok=True)  # of a rotation that never came to its end
            new.write(self.next_path)
        except OSError as error:
            raise InvalidSettings(f"{self.next_path} can't be written: {error.strerror}") from None
        retire(self.path.parent, old.public)
        return new

    @contextmanager
    def rotating(self) -> Iterator[None]:
        """Keep other rotations out: one could throw away the key that another just put in force."""
        path = self.path.with_name(f"{self.path.name}.lock")
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def public_keys(self) -> list[PublicKey]:
        """The public halves of the keys before, and of the one in force."""
        return [*retired_keys(self.path.parent), SigningKey.read(self.path).public]


def retire(home: Path, key: PublicKey) -> None:
    """Note a key that is handed over: what it signed must be verified with it for ever."""
    try:
        with (home / _RETIRED).open("ab") as file:
            file.write(key.pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{home / _RETIRED} can't be written: {error.strerror}"
        raise InvalidSettings(message) from None


def retired_keys(home: Path) -> list[PublicKey]:
    """The keys of this home that were handed over."""
    path = home / _RETIRED
    return read_public_keys([path]) if path.is_file() else []
