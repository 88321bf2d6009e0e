"""The fields that no agent may hand over, found at any depth and under any spelling.

An agent that could name a WRAP in Cyrillic letters would have found a way past every reader who
looks for one. So names are compared by how they look: without case, separators, accents and
invisible characters, and every character read as each of the letters that it may be taken for
(Unicode TR39). However long a name is, it is read only for as long as it may still be one of these.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from benson_execution.events import ErrorCode
from benson_execution.limits import MAX_KEY
from benson_execution.lookalikes import ODD, WITHOUT_SIGHT, fold_ascii, readings
from benson_execution.schema import MAX_VIOLATIONS

FORBIDDEN: Final[Mapping[str, ErrorCode]] = {
    "wrap_id": ErrorCode.GS_131,
    "wrap_status": ErrorCode.GS_131,
    "wrap_accepted": ErrorCode.GS_131,
    "positive_closure": ErrorCode.GS_132,
    "closure_authority": ErrorCode.GS_132,
    "wrap_authority": ErrorCode.GS_133,
}


class ForbiddenField(NamedTuple):
    """A field that was found: the keys and indexes that lead to it, the last being its name."""

    path: tuple[Any, ...]
    code: ErrorCode


def forbidden_fields(value: Any) -> Iterator[ForbiddenField]:
    """The forbidden fields of a plain JSON value, those of an object before those inside it.

    Of each code as many as are told; one grave one is not crowded out by others. What a program
    put into several places is walked at the first, or a small value could unfold without end.
    """
    harmless: set[str] = set()
    grave: dict[str, ErrorCode] = {}
    noted: Counter[ErrorCode] = Counter()
    seen: set[int] = set()
    rest: list[tuple[Any, Any]] = [(value, None)]
    while rest:
        parent, place = rest.pop()
        is_object = type(parent) is dict
        # Nearly always all of its names were met before, in an object of the same kind.
        if is_object and not harmless.issuperset(parent):
            for key in parent:
                code = None if key in harmless else grave.get(key) or code_of(key)
                if code is None:
                    harmless.add(key)
                    continue
                grave[key] = code
                noted[code] += 1
                if noted[code] <= MAX_VIOLATIONS:
                    yield ForbiddenField(_path((place, key)), code)
        inside = []
        for step, member in parent.items() if is_object else enumerate(_items(parent)):
            if type(member) in _CONTAINERS and id(member) not in seen:
                seen.add(id(member))
                inside.append((member, (place, step)))
        rest += reversed(inside)


_CONTAINERS: Final = (dict, list)


def _items(value: Any) -> list[Any]:
    return value if type(value) is list else []


def _path(place: Any) -> tuple[Any, ...]:
    """The steps to a place, which is linked to the one above it."""
    steps = []
    while place is not None:
        place, step = place
        steps.append(step)
    return tuple(reversed(steps))


def code_of(name: str) -> ErrorCode | None:
    """What it means that a field has this name; None when it may have it."""
    if name.isascii():
        # Two letters that are one to the eye, whatever stands between them.
        code = _CODES.get(fold_ascii(name).replace("vv", "w"))
        if code is not None or not ODD.search(name):
            return code
    found = _read_as(name, _START)
    return None if found is None else _TARGETS[found]


def looks_like(text: str, other: str) -> bool:
    """Whether a short text is another one, which is ASCII, to whoever reads it."""
    if len(text) > MAX_KEY:
        return False
    wanted = fold_ascii(other)
    return fold_ascii(text) == wanted or _read_as(text, frozenset({(wanted, 0)})) is not None


def _read_as(name: str, reached: _Reached) -> str | None:
    """The target as which a name can be read; None when there is none."""
    for character in name if name.isascii() else WITHOUT_SIGHT.sub("", name):
        reached = _step(reached, character)
        if not reached:
            return None
    return next((target for target, at in reached if at == len(target)), None)


_Reached = frozenset[tuple[str, int]]
"""How far into each target all readings of a name lead, followed at once."""


# There are few places where a name can be and still become a forbidden one, and they are met again
# and again: so that a name of a thousand marks costs no more than a look at each.
@functools.lru_cache(maxsize=1 << 16)
def _step(reached: _Reached, character: str) -> _Reached:
    letters = readings(character)
    return frozenset(
        (target, at + len(letter))
        for target, at in reached
        for letter in letters
        if target.startswith(letter, at)
    )


_CODES: Final = {fold_ascii(name): code for name, code in FORBIDDEN.items()}
_TARGETS: Final = {
    spelt: code for name, code in _CODES.items() for spelt in {name, re.sub("^w", "vv", name)}
}
_START: Final[_Reached] = frozenset((target, 0) for target in _TARGETS)
