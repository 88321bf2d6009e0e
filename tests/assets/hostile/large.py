"""What is too large to be kept in a repository, as recipes: made anew whenever it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .kit import Asset, good, put, raw, unreadable

MEGABYTES: Final = 10 * 1024 * 1024
"""The largest document that is read."""
YAML_BYTES: Final = 128 * 1024
"""The largest that is read as YAML."""


def _with_artifacts(name: str, value: str) -> str:
    return put(name, ('"notes": "done"', f'"artifacts": {{"x": {value}}}'))


def _padded(name: str, size: int) -> bytes:
    """A good document with notes that make it exactly this large."""
    text = good(name).encode()
    return text.replace(b'"done"', b'"' + b"x" * (size - len(text) + 4) + b'"')


def _values(name: str, count: int) -> str:
    return _with_artifacts(name, "[" + "0," * (count - 1) + "0]")


def _members(name: str, count: int) -> str:
    return _with_artifacts(name, "{" + ",".join(f'"k{n}":0' for n in range(count)) + "}")


def _key(name: str, length: int) -> str:
    return _with_artifacts(name, '{"' + "k" * length + '": 0}')


def _brackets(name: str, opening: str, closing: str, count: int) -> str:
    return _with_artifacts(name, opening * count + "1" + closing * count)


RECIPES: Final[dict[str, Callable[[str], Asset]]] = {
    "large-just-within-ten-megabytes": lambda n: raw(n, _padded(n, MEGABYTES), "COMPLETED"),
    "large-one-byte-too-many": lambda n: unreadable(n, _padded(n, MEGABYTES + 1), "10485760"),
    "large-blank-of-ten-megabytes": lambda n: unreadable(n, b" " * (MEGABYTES + 1), "10485760"),
    "large-240000-values": lambda n: raw(n, _values(n, 240_000), "COMPLETED"),
    "large-250001-values": lambda n: unreadable(n, _values(n, 250_001), "more than 250000 values"),
    "large-four-million-values": lambda n: unreadable(
        n, _values(n, 4_000_000), "more than 250000 values"
    ),
    "large-10000-members": lambda n: raw(n, _members(n, 10_000), "COMPLETED"),
    "large-10001-members": lambda n: unreadable(n, _members(n, 10_001), "more than 10000 members"),
    "large-key-of-1024": lambda n: raw(n, _key(n, 1024), "COMPLETED"),
    "large-key-of-1025": lambda n: unreadable(
        n, _key(n, 1025), "a key of more than 1024 characters"
    ),
    "large-key-of-a-million": lambda n: unreadable(
        n, _key(n, 1_000_000), "a key of more than 1024 characters"
    ),
    "large-key-of-1025-wide-characters": lambda n: unreadable(
        n,
        _with_artifacts(n, '{"' + "\U0001f600" * 1025 + '": 0}'),
        "a key of more than 1024 characters",
    ),
    "large-100000-lists": lambda n: unreadable(
        n, _brackets(n, "[", "]", 100_000), "nests more than 64 deep"
    ),
    "large-100000-objects": lambda n: unreadable(
        n, _brackets(n, '{"a":', "}", 100_000), "nests more than 64 deep"
    ),
    "large-100000-open-brackets": lambda n: unreadable(n, "[" * 100_000, "nests more than 64 deep"),
    "large-integer-of-a-million-digits": lambda n: unreadable(
        n, _with_artifacts(n, "7" * 1_000_000), "beyond 2^53"
    ),
    "large-yaml": lambda n: unreadable(n, "a: " + "x" * YAML_BYTES, "131072", suffix="yaml"),
}
"""Each makes the document of its name."""


def large(name: str) -> Asset:
    """One of them, made."""
    return RECIPES[name](name)
