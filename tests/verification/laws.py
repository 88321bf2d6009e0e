"""What the properties of the verification share."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings

law: Final = settings(
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def flipped_at(content: bytes, at: int, xor: int) -> bytes:
    """The same bytes, but for one that is another one."""
    return content[:at] + bytes([content[at] ^ xor]) + content[at + 1 :]
