"""An emitted event can't be changed, at any depth and by no way around."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given

from benson_execution import Event
from benson_execution.frozen import FrozenList, FrozenObject, freeze, thaw

from .helpers import PAYLOADS, json_objects, json_values, law


def nested() -> dict[str, Any]:
    return {"list": [1, {"inner": ["a"]}], "object": {"deep": {"deeper": []}}}


def custom() -> Event:
    return Event.create("CUSTOM_EVENT", nested())


@law
@given(json_objects)
def test_an_event_shares_nothing_with_its_caller(data: dict[str, Any]) -> None:
    """What the caller does afterwards with what it passed in does not reach the event."""
    given_away = copy.deepcopy(data)
    event = Event.create("CUSTOM_EVENT", given_away)
    before = event.json
    _spoil(given_away)
    assert event.data == data
    assert event.json == before
    assert json.loads(event.json)["data"] == data


def _spoil(value: Any) -> None:
    if isinstance(value, dict):
        for member in value.values():
            _spoil(member)
        value.clear()
        value["spoilt"] = True
    elif isinstance(value, list):
        for item in value:
            _spoil(item)
        value[:] = ["spoilt"]


@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_payload_shares_nothing_with_its_caller(kind: str) -> None:
    """The contract's payloads are copied as well."""
    given_away = dict(PAYLOADS[kind])
    event = Event.create(kind, given_away)
    given_away.clear()
    assert event.data == PAYLOADS[kind]


@pytest.mark.parametrize(
    "at",
    [
        lambda event: event,
        lambda event: event.data,
        lambda event: event.data.object,
        lambda event: event.data.object.deep,
        lambda event: event.data.list[1],
    ],
)
def test_a_frozen_object_refuses_every_change(at: Callable[[Event], Any]) -> None:
    """No attribute and no member is set or deleted, and no new one is added."""
    event = custom()
    target, name = at(event), next(iter(at(event)))
    for attempt in (
        lambda: setattr(target, name, 1),
        lambda: setattr(target, "added", 1),
        lambda: setattr(target, "_members", {}),
        lambda: setattr(target, "__class__", dict),
        lambda: delattr(target, name),
        lambda: delattr(target, "_members"),
        lambda: target.__setitem__(name, 1),
        lambda: target.__delitem__(name),
        lambda: target._members.__setitem__(name, 1),
        lambda: target.update({}),
        lambda: target.pop(name),
        lambda: vars(target),
    ):
        with pytest.raises((AttributeError, TypeError)):
            attempt()
    assert event.data == nested()


@pytest.mark.parametrize("kind", ["CUSTOM_EVENT", "CHECKPOINT"])
def test_nothing_that_an_event_holds_can_be_changed_in_place(kind: str) -> None:
    """None of its attributes, not even one with an underscore, is a dict, a list or the like."""
    event = Event.create(kind, PAYLOADS.get(kind, nested()))
    for target in (event, event.data):
        slots = [name for of in type(target).__mro__ for name in vars(of).get("__slots__", ())]
        assert slots
        for name in slots:
            held = getattr(target, name, None)
            assert not isinstance(held, dict | list | set | bytearray), name


def test_an_event_keeps_its_own_bytes() -> None:
    """A buffer that it was read from may be overwritten afterwards."""
    buffer: Any = bytearray(Event.create("CUSTOM_EVENT", {"a": 1}).json)
    event = Event.from_json(buffer)
    buffer[:] = buffer.replace(b'"a":1', b'"a":9')
    assert event.data == {"a": 1}
    assert type(event.json) is bytes


def test_the_bytes_of_an_event_can_not_be_exchanged() -> None:
    """`json` is what is stored and hashed: it stays."""
    event = custom()
    with pytest.raises(AttributeError):
        event.json = b"{}"
    with pytest.raises(AttributeError):
        del event.json


def test_a_frozen_list_refuses_every_change() -> None:
    """A JSON array inside an event is no list."""
    items: Any = custom().data.list
    for attempt in (
        lambda: items.append(1),
        lambda: items.insert(0, 1),
        lambda: items.remove(1),
        lambda: items.__setitem__(0, 2),
        lambda: items.__delitem__(0),
        lambda: setattr(items, "added", 1),
    ):
        with pytest.raises((AttributeError, TypeError)):
            attempt()
    assert items == nested()["list"]


def test_initialising_once_more_changes_nothing() -> None:
    """`__init__` and `__new__` on a finished object leave it as it is."""
    event: Any = custom()
    before = event.to_dict()
    for target in (event, event.data, event.data.object, event.data.list):
        try:
            target.__init__({"spoilt": True})
            type(target).__new__(type(target), {"spoilt": True})
        except TypeError:
            pass
    assert event.to_dict() == before


def test_there_is_no_copy_that_changes() -> None:
    """Nothing like pydantic's `model_copy(update=…)` or a named tuple's `_replace`."""
    event = custom()
    for name in ("model_copy", "model_construct", "_replace", "copy", "__setstate__", "__ior__"):
        assert not hasattr(event, name)
        assert not hasattr(event.data, name)


def test_an_event_can_not_be_made_around_its_validation() -> None:
    """An invalid event can't exist: only `create` and `from_json` make one, and both validate."""
    members: dict[str, Any] = {**custom(), "authority": "AGENT (GID-07)"}
    with pytest.raises((TypeError, ValueError)):
        Event(members)


def test_an_event_type_brings_no_object_of_the_callers() -> None:
    """A subclass of str carries attributes that its owner can still change: a copy is kept."""

    class Loose(str):
        note = "mine"

    assert type(Event.create(Loose("CUSTOM_EVENT"), {}).event_type) is str


def test_a_plain_copy_is_independent() -> None:
    """`to_dict` gives plain dicts and lists, and what is done to them does not reach the event."""
    event = custom()
    plain = event.to_dict()
    assert type(plain["data"]) is dict
    assert type(plain["data"]["list"]) is list
    assert plain == json.loads(event.json)
    _spoil(plain)
    assert event.data == nested()


def test_an_event_reads_as_attributes_and_as_a_mapping() -> None:
    """Callers of the contract's examples hold plain JSON-like objects."""
    event = Event.create("CHECKPOINT", PAYLOADS["CHECKPOINT"])
    assert event.event_type == event["event_type"] == "CHECKPOINT"
    assert event.data.checkpoint_id == event["data"]["checkpoint_id"] == "CP-01"
    assert isinstance(event, Mapping)
    assert dict(event) == json.loads(event.json)
    assert event.get("missing") is None
    with pytest.raises(KeyError):
        event["missing"]
    with pytest.raises(AttributeError, match="missing"):
        event.missing  # noqa: B018  # reading it is what raises


@law
@given(json_objects)
def test_an_event_equals_its_plain_dict(data: dict[str, Any]) -> None:
    """From both sides, and two equal events have the same hash."""
    event = Event.create("CUSTOM_EVENT", data)
    plain = json.loads(event.json)
    assert event == plain
    assert plain == event
    assert event != {**plain, "event_type": "OTHER"}
    assert event != {**plain, "data": {**data, "more": 1}}
    assert hash(event) == hash(Event.from_json(event.json))


@law
@given(json_objects)
def test_an_event_can_be_copied_and_pickled(data: dict[str, Any]) -> None:
    """Every copy is an equal event with the same bytes."""
    event = Event.create("CUSTOM_EVENT", data)
    copies = [copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))]
    for one in copies:
        assert type(one) is Event
        assert one == event
        assert one.json == event.json
    assert pickle.loads(pickle.dumps(event.data)) == copy.deepcopy(event.data) == data


@law
@given(json_values)
def test_thawing_gives_back_what_was_frozen(value: Any) -> None:
    """A frozen value equals its original, and thaws to plain dicts and lists."""
    frozen = freeze(value)
    assert frozen == value
    assert value == frozen
    assert json.dumps(thaw(frozen)) == json.dumps(value)


def test_frozen_lists_and_objects_differ_where_their_members_do() -> None:
    """Equality is by the members, not by the kind alone."""
    assert freeze([1, [2]]) != [1, [3]]
    assert freeze([1]) != {"0": 1}
    assert freeze({"a": [1]}) != {"a": [2]}
    assert isinstance(freeze([1]), FrozenList)
    assert isinstance(freeze({}), FrozenObject)
    assert len({freeze([1]), freeze([1]), freeze([2])}) == 2
