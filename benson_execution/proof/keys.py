"""Signing keys and public keys: Ed25519, as PEM files, by `cryptography`."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from benson_execution.errors import InvalidSettings
from benson_execution.files import sync_folder

if TYPE_CHECKING:
    # The package does not say which of its names are for others.
    from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # exported implicitly

_ED25519: Final = b"\x01"
"""The number of Ed25519 in the names that signed notes give to keys."""
_BEGIN: Final = b"-----BEGIN "
_END: Final = b"-----END "
_MAX_BYTES: Final = 64 * 1024
_Y: Final = 2**255 - 1
_P: Final = 2**255 - 19
_Y8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER: Final = frozenset({0, 1, _Y8, _P - _Y8, _P - 1, _P, _P + 1})


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half that verifies; `key_id` is the SHA-256 of its 32 bytes, in hexadecimal."""

    raw: bytes
    key_id: str

    @classmethod
    def from_raw(cls, raw: bytes) -> PublicKey:
        """The key with these 32 bytes; `ValueError` when they are no key."""
        Ed25519PublicKey.from_public_bytes(raw)
        if int.from_bytes(raw, "little") & _Y in _SMALL_ORDER:
            raise ValueError("a public key of a small order, in whose name anybody can sign")
        return cls(raw, hashlib.sha256(raw).hexdigest())

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        """The key that `text` of another one gave; `ValueError` when there is none in it."""
        key = cls.from_raw(bytes.fromhex(text))
        if key.text != text:
            raise ValueError("a public key is 64 digits in lower case")
        return key

    @property
    def text(self) -> str:
        """Its 32 bytes in lower-case hexadecimal."""
        return self.raw.hex()

    @property
    def pem(self) -> bytes:
        """The key as a PEM file, for `openssl` and everybody else."""
        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def hint(self, origin: str) -> bytes:
        """The 4 bytes that signed notes name a key by."""
        return hashlib.sha256(origin.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this is the key's signature of the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def dsse_key(self) -> SSlibKey:
        """The key as `securesystemslib` verifies envelopes with it, under the same id."""
        # Imported late: it is seldom needed, and every command would wait for it.
        from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # exported implicitly

        return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(self.raw), keyid=self.key_id)


class SigningKey:
    """The half that signs. It is shown and pickled nowhere."""

    __slots__ = ("_private", "key_id", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        raw = private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        self.public = PublicKey.from_raw(raw)
        self.key_id = self.public.key_id

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes, source: str) -> SigningKey:
        """The key in a PEM text; `InvalidSettings` says what `source` is wrong about."""
        if pem.count(_BEGIN) > 1:
            raise InvalidSettings(f"{source} holds more than one key")
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
            raise InvalidSettings(
                f"{source} holds no private key that can be read",
                "an unencrypted Ed25519 key in PEM: openssl genpkey -algorithm ed25519",
            ) from None
        if not isinstance(private, Ed25519PrivateKey):
            raise InvalidSettings(f"{source} holds a key of another kind than Ed25519")
        return cls(private)

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """The key in a file, which nobody else may read; `InvalidSettings` otherwise."""
        try:
            # Not blocking: a pipe would be waited for, and is no file anyway.
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as file:
                status = os.fstat(handle)
                if not stat.S_ISREG(status.st_mode):
                    raise ValueError("it is no file")
                pem = file.read(_MAX_BYTES)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise InvalidSettings(f"the signing key {path}: {why}") from None
        if status.st_uid not in (0, os.geteuid()):
            raise InvalidSettings(f"the signing key {path} is somebody else's")
        if status.st_mode & 0o077:
            raise InvalidSettings(
                f"the signing key {path} can be read by others", f"chmod 600 {path}"
            )
        return cls.from_pem(pem, str(path))

    @classmethod
    def make(cls, path: Path) -> SigningKey:
        """The key in a file, made there if there is none; of two who make it, one does.

        Raises `InvalidSettings` when it can't be made.
        """
        try:
            if path.exists():
                return cls.read(path)
        except OSError as error:
            raise InvalidSettings(f"the signing key {path}: {error.strerror}") from None
        key = cls.generate()
        unique = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                key.write(unique)
                os.link(unique, path)  # whole or not at all, and never over another key
            except FileExistsError:
                return cls.read(path)
            finally:
                unique.unlink(missing_ok=True)
            sync_folder(path.parent)
        except OSError as error:
            raise InvalidSettings(f"the signing key {path}: {error.strerror}") from None
        return key

    def write(self, path: Path) -> None:
        """Write the key into a new file that only its owner can read; raises `OSError`."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id})"

    def __reduce__(self) -> NoReturn:
        """Refused: a signing key is written down in its own file, and nowhere else."""
        raise TypeError("a signing key is not pickled")

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        return self._private.sign(message)

    def dsse_signer(self) -> CryptoSigner:
        """What `securesystemslib` signs envelopes with, under the id that the key has here."""
        from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # exported implicitly

        return CryptoSigner(self._private, self.public.dsse_key())


def read_public_keys(paths: Iterable[Path]) -> list[PublicKey]:
    """The public keys in these PEM files, each of which may hold several.

    Raises `InvalidSettings` for a file that holds none, or anything else.
    """
    keys: list[PublicKey] = []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InvalidSettings(f"the public key {path}: {error.strerror}") from None
        pems = [_BEGIN + part for part in content.split(_BEGIN)[1:]]
        if len(pems) != content.count(_END):
            raise InvalidSettings(f"{path} holds something else than public keys")
        if not pems:
            raise InvalidSettings(f"{path} holds no public key", "`benson keys public` prints ours")
        keys += [_public_key(pem, path) for pem in pems]
    return keys


def _public_key(pem: bytes, path: Path) -> PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
        raise InvalidSettings(f"{path} holds something else than a public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidSettings(f"{path} holds a key of another kind than Ed25519")
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    try:
        return PublicKey.from_raw(raw)
    except ValueError as error:
        raise InvalidSettings(f"{path} holds {error}") from None
