"""Brackets: as many as may nest, one more, and as many as it takes to exhaust a careless reader.

What nests 64 deep inside the outermost object is read; in the result's `artifacts` that leaves
62 brackets, since result and artifacts are two.
"""

from __future__ import annotations

from typing import Final

from .kit import Asset, put, unreadable, with_result
from .kit import raw as as_is

DEEP: Final = "nests more than 64 deep"


def _nested(name: str, levels: int, opening: str = "[", closing: str = "]") -> str:
    value = opening * levels + ("1" if opening != "[" else "") + closing * levels
    return put(name, ('"notes": "done"', f'"artifacts": {{"x": {value}}}'))


def _too_deep(name: str, levels: int, opening: str = "[", closing: str = "]") -> Asset:
    name = f"nesting-{name}"
    return unreadable(name, _nested(name, levels, opening, closing), DEEP)


ASSETS: Final = [
    as_is("nesting-64-lists", _nested("nesting-64-lists", 62), "COMPLETED"),
    as_is("nesting-64-objects", _nested("nesting-64-objects", 62, '{"a":', "}"), "COMPLETED"),
    _too_deep("65-lists", 63),
    _too_deep("65-objects", 63, '{"a":', "}"),
    _too_deep("66-lists", 64),
    _too_deep("500-lists", 500),
    _too_deep("1000-objects", 1000, '{"a":', "}"),
    _too_deep("5000-lists", 5000),
    unreadable("nesting-1500-at-the-top", "[" * 1500 + "]" * 1500, DEEP),
    unreadable("nesting-unbalanced", "[" * 60, "not JSON"),
    unreadable(
        "nesting-closed-too-often",
        put("nesting-closed-too-often", ('"done"', '"done"]]]')),
        "not JSON",
    ),
    with_result("nesting-brackets-in-a-text", notes="[" * 3000 + "{" * 3000),
    with_result("nesting-wide-and-flat", artifacts={"x": [[]] * 2000}),
]
