"""JSON values that can't be changed, at any depth.

A telemetry event is immutable, and shares nothing with whoever emitted it.
Plain dicts and lists can't promise that, so they are copied into these two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NoReturn, Self

_IMMUTABLE = "a frozen JSON value can't be changed"


class FrozenList(tuple[Any, ...]):
    """A JSON array: a tuple that also equals the list with the same items."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, list | tuple) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


class FrozenObject(Mapping[str, Any]):
    """A JSON object, read as a mapping (`o["pac_id"]`) or by attribute (`o.pac_id`).

    It equals any mapping with the same members, and can be copied, pickled and hashed.
    The constructor takes ownership of `members`, whose values must be frozen already;
    `freeze` copies what somebody else can still reach.
    """

    __slots__ = ("_members",)
    _members: Mapping[str, Any]

    # Built in __new__: calling __init__ once more on a finished object must change nothing.
    def __new__(cls, members: dict[str, Any]) -> Self:
        self = super().__new__(cls)
        object.__setattr__(self, "_members", MappingProxyType(members))
        return self

    def __getitem__(self, key: str) -> Any:
        return self._members[key]

    def __getattr__(self, name: str) -> Any:
        try:
            return self._members[name]
        except KeyError:
            raise AttributeError(f"there is no member {name!r}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __hash__(self) -> int:
        return hash(frozenset(self._members.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self._members)!r})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(_IMMUTABLE)

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(_IMMUTABLE)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (freeze, (thaw(self),))

    def to_dict(self) -> dict[str, Any]:
        """A plain, independent copy: dicts and lists all the way down."""
        return {key: thaw(value) for key, value in self._members.items()}


def freeze(value: Any) -> Any:
    """A frozen copy of a plain JSON value; `jsonable` makes plain ones of others."""
    if isinstance(value, Mapping):
        return FrozenObject({key: freeze(member) for key, member in value.items()})
    if isinstance(value, list | tuple):
        return FrozenList([freeze(item) for item in value])
    return value


def thaw(value: Any) -> Any:
    """The plain copy of a JSON value: dicts and lists all the way down."""
    if isinstance(value, Mapping):
        return {key: thaw(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value
