"""Signed notes: a few lines of text, a blank one, and Ed25519 signatures of all lines above it.

They are written as transparency logs write checkpoints (C2SP `signed-note`). The first line names
the trail; what the others say is up to heads.py and archive_note.py. A note has one spelling.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from benson_execution.proof.keys import PublicKey, SigningKey

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
"""A SHA-256, or the id of a key."""
_ORIGIN: Final = re.compile(r"benson/[0-9a-f]{32}")
_MOST: Final = (1 << 63) - 1


def sign(trail_id: str, lines: list[str], *keys: SigningKey) -> bytes:
    """The note with these lines behind the trail's, signed by these keys."""
    origin = f"benson/{trail_id}"
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"{trail_id!r} is no trail")
    body = "".join(f"{line}\n" for line in (origin, *lines)).encode()
    signatures = [key.public.hint(origin) + key.sign(body) for key in keys]
    return body + b"\n" + b"".join(_signature_line(origin, one) for one in signatures)


def _signature_line(origin: str, signature: bytes) -> bytes:
    return f"\N{EM DASH} {origin} {to_base64(signature)}\n".encode()


def is_signed(note: bytes, trail_id: str, *keys: PublicKey) -> bool:
    """Whether these keys signed a note of this trail, in this order and nobody else."""
    origin, body = f"benson/{trail_id}", body_of(note)
    signatures = signatures_of(note, trail_id)
    return len(signatures) == len(keys) and all(
        signature[:4] == key.hint(origin) and key.verifies(signature[4:], body)
        for signature, key in zip(signatures, keys, strict=True)
    )


def body_of(note: bytes) -> bytes:
    """What is signed: all lines above the blank one."""
    return note.rpartition(b"\n\n")[0] + b"\n"


def signatures_of(note: bytes, trail_id: str) -> list[bytes]:
    """The signatures of a note with their hints; none when they are not spelt as we spell them.

    A note has one spelling, so that not a byte of it can be changed.
    """
    origin = f"benson/{trail_id}"
    tail = note.rpartition(b"\n\n")[2]
    found = []
    for line in tail.splitlines():
        try:
            found.append(from_base64(line.decode().rpartition(" ")[2]))
        except ValueError:
            return []
    spelt = b"".join(_signature_line(origin, signature) for signature in found)
    return found if spelt == tail else []


def parse(note: bytes) -> tuple[str, list[str]]:
    """The trail and the other lines of a note, whoever signed it; `ValueError` if it is none."""
    try:
        body, blank, _ = note.decode().rpartition("\n\n")
    except UnicodeDecodeError:
        raise ValueError("not a note: it is no text") from None
    origin, *lines = body.split("\n")
    if not blank or not _ORIGIN.fullmatch(origin):
        raise ValueError("not a note of a trail")
    return origin.removeprefix("benson/"), lines


def named(line: str, name: str) -> str:
    """What a line with this name says."""
    if not line.startswith(f"{name} "):
        raise ValueError(f"not a note of a trail: where is its {name}?")
    return line.removeprefix(f"{name} ")


def count(line: str) -> int:
    """The size that a line says."""
    if not line.isascii() or not line.isdigit() or len(line) > 19 or str(int(line)) != line:
        raise ValueError(f"{line!r} is no size")
    if int(line) > _MOST:
        raise ValueError(f"{line} is more than a log can have")
    return int(line)


def to_base64(content: bytes) -> str:
    """As notes spell it."""
    return base64.b64encode(content).decode()


def from_base64(text: str) -> bytes:
    """The bytes that this spells; `ValueError` when it spells none."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None
