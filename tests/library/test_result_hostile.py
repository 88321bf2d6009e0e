"""Results made to break their judge: validating one always ends, soon, and never raises."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import ResultValidation, validate_execution_result

from .helpers import engine, json_values, law, result


def cyclic_object() -> Any:
    own: dict[str, Any] = {}
    own["a"] = own["b"] = own
    return own


def cyclic_list() -> Any:
    own: list[Any] = []
    own += [own, own, own]
    return own


def mutual_cycle() -> Any:
    one: dict[str, Any] = {}
    other = [one, one]
    one.update(x=other, y=other)
    return one


def branching_lists() -> Any:
    value: list[Any] = []
    for _ in range(50):
        value = [value, value]
    return value


def branching_objects() -> Any:
    value: dict[str, Any] = {}
    for _ in range(50):
        value = {"a": value, "b": value, "c": [value]}
    return value


def nested_objects() -> Any:
    value: dict[str, Any] = {}
    for _ in range(100_000):
        value = {"a": value}
    return value


def nested_lists() -> Any:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


class _Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


class _Number(int):
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class _Text(str):
    def __len__(self) -> int:
        raise RuntimeError("no length")

    __slots__ = ()


class _Broken(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no items")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no items")

    def __len__(self) -> int:
        return 1


class _Liar:
    @property  # type: ignore[misc]  # a class that misbehaves, on purpose
    def __class__(self) -> Any:
        raise RuntimeError("no class")


class _Anew(Mapping[str, Any]):
    """Makes its one member anew whenever it is asked."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, key: str) -> Any:
        return {self._name: [key]}

    def __iter__(self) -> Iterator[str]:
        return iter(["in"])

    def __len__(self) -> int:
        return 1


def deep_by_sharing() -> Any:
    """Lists that nest thousands deep, each of which is short where it is met first."""
    met: list[Any] = []
    value: list[Any] = []
    for _ in range(50):
        for _ in range(50):
            value = [value]
        met.append(value)
    return met


HOSTILE: dict[str, Callable[[], Any]] = {
    "cyclic object": cyclic_object,
    "cyclic list": cyclic_list,
    "mutual cycle": mutual_cycle,
    "branching lists": branching_lists,
    "branching objects": branching_objects,
    "nested objects": nested_objects,
    "nested lists": nested_lists,
    "set": lambda: {1, 2},
    "bytes": lambda: b"bytes",
    "object": object,
    "class": lambda: dict,
    "iterator": lambda: iter([1]),
    "unprintable": _Unprintable,
    "kind of number": lambda: _Number(3),
    "kind of text": lambda: _Text("text"),
    "broken mapping": _Broken,
    "lying class": _Liar,
    "deep by sharing": deep_by_sharing,
    "infinity": lambda: float("inf"),
    "huge integer": lambda: 10**400,
    "integer beyond printing": lambda: 10**5000,
    "lone surrogate": lambda: {"\ud800": "\udfff"},
}
"""Values that no JSON text holds, or none so large."""
ENDLESS = [kind for kind in HOSTILE if "cycl" in kind or "branching" in kind]


def soon(data: Any, seconds: float = 10) -> ResultValidation:
    """The validation, which must take less processor time than this."""
    began = time.process_time()
    validation = validate_execution_result(data)
    assert time.process_time() - began < seconds
    return validation


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_value_is_refused_and_nothing_is_raised(kind: str) -> None:
    """Within `artifacts`, where anything may stand, as long as it is JSON."""
    validation = soon(result(artifacts={"in": HOSTILE[kind]()}))
    assert validation.error_code == "GS_130"


@pytest.mark.parametrize("kind", sorted(set(HOSTILE) - set(ENDLESS)))
def test_a_hostile_value_in_any_field_is_refused(kind: str) -> None:
    """Where a number, a list, a text, or nothing at all belongs."""
    for field in ("quality_score", "tasks_completed", "notes", "unknown"):
        validation = soon(result(**{field: HOSTILE[kind]()}))
        assert validation.error_code == "GS_130", field
        assert validation.violations


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_value_for_a_result_is_refused(kind: str) -> None:
    """Also in the place of the whole result."""
    assert soon(HOSTILE[kind]()).error_code == "GS_130"


@pytest.mark.parametrize(
    "name",
    [None, 5, ("a", 1), b"a", object(), 10**5000, _Number(3), _Unprintable()],
    ids=lambda name: type(name).__name__,
)
def test_a_field_name_that_is_no_text_is_refused(name: Any) -> None:
    """JSON has no such names, at the top or inside, and they hide nothing that is below them."""
    assert soon({**result(), name: 1}).error_code == "GS_130"
    assert soon(result(artifacts={"in": [{name: 1}]})).error_code == "GS_130"
    assert soon(result(artifacts={"in": [{name: {"wrap_id": 1}}]})).error_code == "GS_131"


@pytest.mark.parametrize("kind", ["cyclic list", "branching objects", "nested objects", "set"])
def test_a_forbidden_field_beside_a_hostile_value_is_found(kind: str) -> None:
    """What can't be walked to its end does not hide what can: the code is that of the field."""
    value = HOSTILE[kind]()
    assert soon({"wrap_id": 1, **result(artifacts={"in": value})}).error_code == "GS_131"
    assert soon({**result(artifacts={"in": value}), "wrap_id": 1}).error_code == "GS_131"


def test_members_that_are_made_anew_are_each_looked_at() -> None:
    """What is gone by the time that the next one is made can't stand for it."""
    for hidden in range(5):
        names = ["free"] * 5
        names[hidden] = "wrap_id"
        validation = soon(result(artifacts={"x": [_Anew(name) for name in names]}))
        assert validation.error_code == "GS_131"
        assert [v.path for v in validation.violations] == [f"/artifacts/x/{hidden}/in/wrap_id"]


def test_shared_lists_of_texts_are_not_walked_again_and_again() -> None:
    """A list that is shared thousands of times costs no more than its size in memory."""
    shared = ["x"] * 10_000
    soon(result(artifacts={"x": [shared] * 10_000}), seconds=1)


def test_many_wrong_items_are_refused_soon() -> None:
    """Half a million items of a wrong type, or as many unknown fields, are told in seconds."""
    assert soon(result(files_modified=[1] * 500_000), seconds=8).error_code == "GS_130"
    unknown = {f"k{n}": 0 for n in range(100_000)}
    assert soon({**result(), **unknown}, seconds=8).error_code == "GS_130"


def test_a_huge_text_is_not_repeated() -> None:
    """Messages quote foreign text with an end."""
    validation = validate_execution_result(
        result(pac_id="x" * 1_000_000, notes={"y" * 1_000_000: 1}, **{"z" * 1_000_000: 1})
    )
    assert validation.error_code == "GS_130"
    assert len(validation.message) < 5000
    assert all(len(str(v)) < 2000 for v in validation.violations)


def test_a_message_is_one_printable_line() -> None:
    """Control characters and whatever turns the direction of writing are shown, not obeyed."""
    nasty = "a\x1b[31m\n\u202eb\x00"
    validation = validate_execution_result(result(agent_gid=nasty, **{nasty: nasty}))
    for told in (validation.message, *map(str, validation.violations)):
        assert told.isprintable()


@law
@given(json_values)
def test_no_json_value_raises(value: Any) -> None:
    """Whatever was handed over, there is an answer, and it is coherent."""
    for data in (value, result(artifacts={"a": value}), result(notes=value)):
        validation = validate_execution_result(data)
        assert validation.valid is (validation.error_code is None)
        assert validation.valid is (validation.violations == ())


@law
@given(st.text(max_size=6), json_values)
def test_validating_twice_gives_the_same_answer(key: str, value: Any) -> None:
    """And leaves the result as it was."""
    data = result(**{key: value})
    before = repr(data)
    assert validate_execution_result(data) == validate_execution_result(data)
    assert repr(data) == before


@pytest.mark.parametrize(
    "kind", ["cyclic list", "nested objects", "set", "infinity", "broken mapping", "lying class"]
)
def test_the_engine_records_that_a_hostile_result_is_invalid(kind: str) -> None:
    """The session's record has a SCHEMA_VALIDATION for every call."""
    judge = engine()
    for data in ({"notes": HOSTILE[kind]()}, HOSTILE[kind]()):
        assert judge.validate_execution_result_schema(data).valid is False
        event = judge.telemetry.get_all_events()[-1]
        assert event.data.valid is False
        assert event.data.pac_id == "UNKNOWN"
    assert len(judge.telemetry.get_all_events()) == 2
