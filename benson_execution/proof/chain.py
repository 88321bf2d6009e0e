"""The hash chain of a dispatch: every event's hash commits to the dispatch and all before it.

    c(0) = SHA-256("benson chain 1" NUL  header)
    c(n) = SHA-256("benson event 1" NUL  c(n-1)  position  sequence  key  type  event)

`header` are the bytes of the dispatch's header, `event` the bytes of the event as stored.
Numbers are unsigned, 8 bytes, big-endian. Key and type are UTF-8 with their length in bytes
before them, in 4 bytes, big-endian; an event without a key has the length 0xFFFFFFFF.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final

_DISPATCH: Final = b"benson chain 1\0"
_EVENT: Final = b"benson event 1\0"
_FIXED: Final = struct.Struct(">32sQQI")
_LENGTH: Final = struct.Struct(">I")
_NO_KEY: Final = 0xFFFFFFFF
LINK_BYTES: Final = 32


def first_link(header: bytes) -> bytes:
    """Where the chain of the dispatch with this header begins: c(0)."""
    return hashlib.sha256(_DISPATCH + header).digest()


def next_link(  # noqa: PLR0917  # called for every event there is, and keywords cost
    previous: bytes, position: int, sequence: int, key: str | None, event_type: str, event: bytes
) -> bytes:
    """The hash of an event that follows `previous`: c(sequence)."""
    if len(previous) != LINK_BYTES:  # struct would pad or cut it without a word
        raise ValueError("a link of the chain has 32 bytes")
    kind = event_type.encode()
    named = b"" if key is None else key.encode()
    length = _NO_KEY if key is None else len(named)
    try:
        head = _FIXED.pack(previous, position, sequence, length)
    except struct.error as error:
        raise ValueError(f"a number that the chain can't hold: {error}") from None
    return hashlib.sha256(_EVENT + head + named + _LENGTH.pack(len(kind)) + kind + event).digest()
