"""Python values that claim to be JSON: copied into plain ones, with all that is wrong with them.

What a program hands in may be cyclic, shared, endless, or made of classes that misbehave. One
walk turns it into plain dicts, lists and scalars; everything after it can trust those.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from benson_execution.limits import MAX_DEPTH, MAX_INTEGER, MAX_VALUES
from benson_execution.text import quote

Path = tuple[Any, ...]


class _Part(NamedTuple):
    """The copy of a value, how many values it unfolds to, and how deep it nests."""

    copy: Any
    size: int = 1
    height: int = 0


_NOTHING: Final = _Part(None)


class PlainCopy:
    """The plain `copy` of a value, and its `problems`: each a path and what is no JSON there.

    What is no JSON is None in the copy. A shared object is visited once, at its first place.
    `nameless` are the members whose keys are no texts, which the copy is without.
    """

    def __init__(self, value: Any) -> None:
        self.problems: list[tuple[Path, str]] = []
        self.nameless: list[tuple[Path, Any]] = []
        # With the value itself: an address that is given back would stand for another value.
        self._known: dict[int, tuple[Any, _Part]] = {}
        self._open: set[int] = set()
        whole = self._visit(value, ())
        self.copy = whole.copy
        if whole.size > MAX_VALUES:
            self._problem((), f"more than {MAX_VALUES} values")

    def _problem(self, path: Path, message: str) -> None:
        self.problems.append((path, message))

    def _visit(self, value: Any, path: Path) -> _Part:
        kind = type(value)
        if value is None or kind is bool:
            return _Part(value)
        if kind is str:
            return _Part(self._text(value, path))
        if kind is int or kind is float:
            return _Part(self._number(value, path))
        # The type, not what the value says of itself, and the containers' own methods: a class
        # that lies can't tell two stories.
        if issubclass(kind, dict):
            return self._container(value, path, dict.items(value))
        if issubclass(kind, list):
            return self._container(value, path, enumerate(list.__iter__(value)))
        if issubclass(kind, tuple):
            return self._container(value, path, enumerate(tuple.__iter__(value)))
        if issubclass(kind, Mapping):
            try:
                return self._container(value, path, list(value.items()))
            except Exception as error:  # whatever a class of somebody else's raises
                self._problem(path, f"a mapping that raises {type(error).__name__}")
                return _NOTHING
        self._problem(path, f"{quote(value)} is no JSON")
        return _NOTHING

    def _text(self, value: str, path: Path) -> str | None:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                self._problem(path, "a lone surrogate is no text")
                return None
        return value

    def _number(self, value: float, path: Path) -> float | None:
        if type(value) is float and not math.isfinite(value):
            self._problem(path, f"{value} is not a JSON number")
            return None
        if type(value) is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
            self._problem(path, f"the integer {quote(value)} is beyond 2^53")
            return None
        return value

    def _container(self, value: Any, path: Path, members: Iterable[tuple[Any, Any]]) -> _Part:
        identity = id(value)
        if identity in self._open:
            self._problem(path, "it contains itself")
            return _NOTHING
        _, known = self._known.get(identity, (None, None))
        # What is shared may be met again where it reaches too deep.
        if len(path) + (0 if known is None else known.height) > MAX_DEPTH:
            self._problem(path, f"nested more than {MAX_DEPTH} deep")
            return _NOTHING
        if known is None:
            self._open.add(identity)
            known = self._members(value, path, members)
            self._known[identity] = (value, known)
            self._open.remove(identity)
        return known

    def _members(self, value: Any, path: Path, members: Iterable[tuple[Any, Any]]) -> _Part:
        size, height = 1, 0
        is_array = issubclass(type(value), list | tuple)
        items: list[Any] = []
        made: dict[str, Any] = {}
        for key, member in members:
            name = key if is_array else self._name(key, path)
            part = self._visit(member, (*path, "?" if name is None else name))
            size += part.size
            height = max(height, part.height + 1)
            if is_array:
                items.append(part.copy)
            elif name is None:
                self.nameless.append(((*path, "?"), part.copy))
            else:
                made[name] = part.copy
        return _Part(items if is_array else made, size, height)

    def _name(self, key: Any, path: Path) -> str | None:
        if type(key) is not str:
            self._problem(path, f"the key {quote(key)} is not a string")
            if not issubclass(type(key), str):
                return None
            key = str.__str__(key)
        return None if self._text(key, path) is None else str(key)
