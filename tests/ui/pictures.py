"""Pictures of the UI, made small: their 256 most frequent colours, well packed."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_COLOURS: Final = 256

Colour = tuple[int, int, int]


def small(png: bytes) -> bytes:
    """A screenshot (8 bits a channel, not interlaced) as a picture with a palette."""
    width, height, channels, packed = _read(png)
    rows = list(_rows(zlib.decompress(packed), width * channels, height, channels))
    pixels = [
        tuple(zip(row[0::channels], row[1::channels], row[2::channels], strict=True))
        for row in rows
    ]
    counts = Counter(pixel for row in pixels for pixel in row)
    places = _palette(counts)
    palette = [colour for colour, _ in counts.most_common(_COLOURS)]
    lines = b"".join(b"\0" + bytes(places[pixel] for pixel in row) for row in pixels)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(channel for colour in palette for channel in colour)),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _palette(counts: Counter[Colour]) -> dict[Colour, int]:
    """The place of every colour: its own for the most frequent ones, the nearest for the rest."""
    kept = [colour for colour, _ in counts.most_common(_COLOURS)]
    places = {colour: place for place, colour in enumerate(kept)}
    for colour in counts.keys() - places.keys():
        nearest = min(
            kept, key=lambda one: sum((a - b) ** 2 for a, b in zip(one, colour, strict=True))
        )
        places[colour] = places[nearest]
    return places


def _read(png: bytes) -> tuple[int, int, int, bytes]:
    assert png.startswith(_SIGNATURE)
    at, packed = len(_SIGNATURE), b""
    width = height = channels = 0
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, form, *_, interlaced = struct.unpack(">IIBBBBB", data)
            assert (depth, interlaced) == (8, 0)
            channels = {2: 3, 6: 4}[form]
        elif kind == b"IDAT":
            packed += data
        at += 12 + length
    return width, height, channels, packed


def _rows(raw: bytes, stride: int, height: int, step: int) -> Iterator[bytearray]:
    """The rows without their filters (PNG specification, 9.2)."""
    before = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        form, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for x in range(stride if form else 0):
            left = row[x - step] if x >= step else 0
            corner = before[x - step] if x >= step else 0
            row[x] = (row[x] + _predicted(form, left, before[x], corner)) & 0xFF
        yield row
        before = row


def _predicted(form: int, left: int, above: int, corner: int) -> int:
    if form < 4:
        return (0, left, above, (left + above) // 2)[form]
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
