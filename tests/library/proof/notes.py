"""A head and a rotation to tamper with, and what it takes for a note to stand."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import PublicKey, SigningKey

A, B, C, D = (
    SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(1, 5)
)
TRAIL: Final = "7d0c" * 8
ORIGIN: Final = f"benson/{TRAIL}"
ROOT: Final = hashlib.sha256(b"root").digest()
TIME: Final = "2025-12-26T10:30:45.123456+00:00"
SIGNED: Final = "\N{EM DASH} ".encode()

HEAD: Final = Head.sign(A, TRAIL, 42, ROOT)
ROTATION: Final = Rotation.sign(A, B, HEAD)
Note = Head | Rotation
NOTES: Final[list[Note]] = [HEAD, ROTATION]
SIGNERS: Final[dict[type[Note], tuple[SigningKey, ...]]] = {Head: (A,), Rotation: (A, B)}
"""Who signed these two, line by line."""
both = pytest.mark.parametrize("said", NOTES, ids=["head", "rotation"])


def stands(note: bytes, kind: type[Note], key: PublicKey = A.public) -> bool:
    """Whether these bytes are such a note, signed by the key; errors but ValueError are raised."""
    try:
        return kind.parse(note).is_signed_by(key)
    except ValueError:
        return False


def signed(lines: list[str], *keys: SigningKey, origin: str = ORIGIN) -> bytes:
    """A note of these lines with a right signature of each of these keys, whatever they say."""
    body = body_of(lines)
    return note_of(lines, [key.public.hint(origin) + key.sign(body) for key in keys], origin)


def note_of(lines: list[str], signatures: list[bytes], origin: str = ORIGIN) -> bytes:
    """A note of these lines, and under them these signatures, each behind its hint."""
    words = [base64.b64encode(signature) for signature in signatures]
    under = [SIGNED + origin.encode() + b" " + word + b"\n" for word in words]
    return body_of(lines) + b"\n" + b"".join(under)


def body_of(lines: list[str]) -> bytes:
    """What is signed of a note of these lines."""
    return "".join(f"{line}\n" for line in lines).encode()


def lines_of(said: Note) -> list[str]:
    """The lines above the blank one."""
    return said.note.decode().partition("\n\n")[0].split("\n")


def digest(head: Head) -> str:
    """What a rotation names a head by."""
    return hashlib.sha256(head.note).hexdigest()
