"""Python values that claim to be JSON: copied into plain ones, with all that is wrong with them.

What a program hands in may be cyclic, shared, endless, or made of classes that misbehave. One
walk turns it into plain dicts, lists and scalars; everything after it can trust those.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from benson_execution.frozen import MAX_DEPTH
from benson_execution.text import quote

MAX_INTEGER: Final = 2**53
"""Beyond it a JSON number may not survive the next reader, which has only floats."""
MAX_VALUES: Final = 6_000_000
"""How many values a document may unfold to; ten megabytes of JSON hold fewer."""

Path = tuple[Any, ...]


class PlainCopy:
    """The plain `copy` of a value, and its `problems`: each a path and what is no JSON there.

    What is no JSON is None in the copy. A shared object is visited once, at its first place.
    """

    def __init__(self, value: Any) -> None:
        self.problems: list[tuple[Path, str]] = []
        self._copies: dict[int, Any] = {}
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()
        self.copy, size = self._visit(value, ())
        if size > MAX_VALUES:
            self.problem((), f"more than {MAX_VALUES} values")

    def problem(self, path: Path, message: str) -> None:
        """Called for whatever is no JSON."""
        self.problems.append((path, message))

    def key(self, path: Path, key: str) -> None:
        """Called for every key of every object, in document order; `path` ends with it."""

    def _visit(self, value: Any, path: Path) -> tuple[Any, int]:
        """The copy, and how many values it unfolds to."""
        kind = type(value)
        if value is None or kind is bool:
            return value, 1
        if kind is str:
            return self._text(value, path), 1
        if kind is int or kind is float:
            return self._number(value, path), 1
        # The containers' own methods, so that a subclass can't tell two stories.
        if isinstance(value, dict):
            return self._container(value, path, dict.items(value))
        if isinstance(value, list):
            return self._container(value, path, enumerate(list.__iter__(value)))
        if isinstance(value, tuple):
            return self._container(value, path, enumerate(tuple.__iter__(value)))
        if isinstance(value, Mapping):
            try:
                return self._container(value, path, list(value.items()))
            except Exception as error:  # whatever a class of somebody else's raises
                self.problem(path, f"a mapping that raises {type(error).__name__}")
                return None, 1
        self.problem(path, f"{quote(value)} is no JSON")
        return None, 1

    def _text(self, value: str, path: Path) -> str | None:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                self.problem(path, "a lone surrogate is no text")
                return None
        return value

    def _number(self, value: float, path: Path) -> float | None:
        if type(value) is float and not math.isfinite(value):
            self.problem(path, f"{value} is not a JSON number")
            return None
        if type(value) is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
            self.problem(path, f"the integer {quote(value)} is beyond 2^53")
            return None
        return value

    def _container(
        self, value: Any, path: Path, members: Iterable[tuple[Any, Any]]
    ) -> tuple[Any, int]:
        identity = id(value)
        if identity in self._open:
            self.problem(path, "it contains itself")
            return None, 1
        if identity in self._copies:
            return self._copies[identity], self._sizes[identity]
        if len(path) > MAX_DEPTH:
            self.problem(path, f"nested more than {MAX_DEPTH} deep")
            return None, 1
        self._open.add(identity)
        copy, size = self._members(value, path, members)
        self._open.remove(identity)
        self._copies[identity], self._sizes[identity] = copy, size
        return copy, size

    def _members(
        self, value: Any, path: Path, members: Iterable[tuple[Any, Any]]
    ) -> tuple[Any, int]:
        size = 1
        if isinstance(value, list | tuple):
            items = []
            for index, item in members:
                copied, unfolded = self._visit(item, (*path, index))
                items.append(copied)
                size += unfolded
            return items, size
        made: dict[str, Any] = {}
        for key, member in members:
            name = self._name(key, path)
            if name is None:
                copied, unfolded = self._visit(member, (*path, "?"))
            else:
                copied, unfolded = self._visit(member, (*path, name))
                made[name] = copied
            size += unfolded
        return made, size

    def _name(self, key: Any, path: Path) -> str | None:
        if type(key) is not str:
            self.problem(path, f"the key {quote(key)} is not a string")
            if not isinstance(key, str):
                return None
            key = str.__str__(key)
        if self._text(key, path) is None:
            return None
        self.key((*path, key), key)
        return str(key)
