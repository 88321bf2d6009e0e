"""An event's bytes: its timestamp, what JSON can't say, and reading back what was recorded."""

from __future__ import annotations

import datetime
import decimal
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import Event
from benson_execution.errors import EventRefused

from .helpers import PAYLOADS, fullwidth, json_objects, law, without

TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
SECOND = 1_000_000_000


def at(nanoseconds: int) -> str:
    """The timestamp of an event that is made so long after the epoch."""
    with mock.patch.object(time, "time_ns", return_value=nanoseconds):
        return Event.create("CUSTOM_EVENT", {}).timestamp


def test_a_timestamp_exactly_on_the_second_has_six_digits() -> None:
    """Where plain `isoformat()` drops the digits, they are zeros."""
    assert at(1_766_710_800 * SECOND) == "2025-12-26T01:00:00.000000+00:00"
    assert at(1_766_710_800 * SECOND + 999) == "2025-12-26T01:00:00.000000+00:00"
    assert at(1_766_710_801 * SECOND - 1) == "2025-12-26T01:00:00.999999+00:00"


@law
@given(st.lists(st.integers(0, 4_000_000_000 * SECOND), min_size=1, max_size=5))
def test_a_timestamp_is_utc_with_six_digits(moments: list[int]) -> None:
    """Always the same form, and the very microsecond, whatever was written before it."""
    for moment in moments:
        text = at(moment)
        assert TIMESTAMP.fullmatch(text)
        told = datetime.datetime.fromisoformat(text)
        assert told == EPOCH + datetime.timedelta(microseconds=moment // 1000)


def test_a_timestamp_is_now() -> None:
    """It is the time at which the event was made."""
    before = datetime.datetime.now(datetime.UTC)
    told = datetime.datetime.fromisoformat(Event.create("CUSTOM_EVENT", {}).timestamp)
    assert (
        before - datetime.timedelta(microseconds=1) <= told <= datetime.datetime.now(datetime.UTC)
    )


@law
@given(json_objects)
def test_an_event_is_read_back_from_its_bytes(data: dict[str, Any]) -> None:
    """What is written is what is read, and the bytes are kept as they are."""
    event = Event.create("CUSTOM_EVENT", data)
    again = Event.from_json(event.json)
    assert again == event
    assert again.json == event.json
    assert list(again) == list(event)
    assert json.loads(event.json) == again.to_dict()


@pytest.mark.parametrize("kind", PAYLOADS)
def test_an_event_of_the_contract_is_read_back(kind: str) -> None:
    """The eight payloads too, with their fields in order."""
    again = Event.from_json(Event.create(kind, PAYLOADS[kind]).json)
    assert list(again.data.items()) == list(PAYLOADS[kind].items())


def test_bytes_of_an_event_are_one_line_of_utf8() -> None:
    """One event is one line, whatever its texts hold."""
    event = Event.create("CUSTOM_EVENT", {"text": "a\nb\u2028c ü"})
    assert event.json.count(b"\n") == 0
    assert json.loads(event.json.decode()) == event.to_dict()


def recorded(**changes: Any) -> bytes:
    return json.dumps({**Event.create("CUSTOM_EVENT", {"a": 1}).to_dict(), **changes}).encode()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("telemetry_version", "1.0.1"),
        ("telemetry_version", None),
        ("authority", "DAN (GID-07)"),
        ("authority", "benson (gid-00)"),
        ("authority", None),
        ("timestamp", None),
        ("timestamp", 1766710800),
        ("timestamp", "2025-12-26T01:00:00+00:00"),
        ("timestamp", "2025-12-26T01:00:00.000000Z"),
        ("timestamp", "2025-12-26T01:00:00.000+00:00"),
        ("timestamp", "2025-12-26T01:00:00.000000+01:00"),
        ("timestamp", "2025-12-26T01:00:00.000000+00:00\n"),
        ("timestamp", "2025-13-45T25:61:61.000000+00:00"),
        ("timestamp", fullwidth("2025") + "-12-26T01:00:00.000000+00:00"),
        ("event_type", ""),
        ("event_type", 5),
        ("event_type", ["CHECKPOINT"]),
        ("data", [1]),
        ("data", None),
        ("data", "text"),
    ],
)
def test_recorded_bytes_that_are_no_event_are_refused_by_field(field: str, wrong: Any) -> None:
    """Reading back checks what creating makes sure of."""
    with pytest.raises(EventRefused, match=field):
        Event.from_json(recorded(**{field: wrong}))


@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_recorded_payload_is_checked(kind: str) -> None:
    """A payload that the contract does not allow is not read either."""
    event = Event.create(kind, PAYLOADS[kind]).to_dict()
    for wrong in (without(event["data"], "phase"), {**event["data"], "more": 1}):
        with pytest.raises(EventRefused, match=kind):
            Event.from_json(json.dumps({**event, "data": wrong}).encode())


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"5", b'"event"', b"{}", b"\xff", recorded()[:-1], recorded(x=1)],
)
def test_bytes_that_are_no_object_with_five_fields_are_refused(content: bytes) -> None:
    """Neither more nor fewer fields than the contract's, and nothing that is no JSON."""
    with pytest.raises(EventRefused):
        Event.from_json(content)


def test_a_missing_field_of_a_recorded_event_is_refused() -> None:
    """Version is required, and so are the other four."""
    whole = json.loads(recorded())
    for field in whole:
        with pytest.raises(EventRefused):
            Event.from_json(json.dumps(without(whole, field)).encode())


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        {1, 2},
        b"bytes",
        object(),
        decimal.Decimal(1),
        datetime.datetime(2025, 12, 26, tzinfo=datetime.UTC),
        {1: "a"},
        {None: "a"},
        {True: "a"},
        {("a",): "a"},
        {b"a": "a"},
        range(3),
        iter([1]),
        1j,
    ],
    ids=lambda value: type(value).__name__ + repr(value)[:12],
)
def test_what_is_no_json_is_refused_with_its_place(value: Any) -> None:
    """The message has the JSON Pointer of what can't be written."""
    with pytest.raises(EventRefused, match=r"CUSTOM_EVENT: data/list/1\b"):
        Event.create("CUSTOM_EVENT", {"list": [0, value]})
    with pytest.raises(EventRefused, match="CUSTOM_EVENT: data"):
        Event.create("CUSTOM_EVENT", {"a": value})


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("CUSTOM_EVENT", {"a": "\ud800"}),
        ("CUSTOM_EVENT", {"a": ["x\udfff"]}),
        ("CUSTOM_EVENT", {"\ud800": 1}),
        ("CUSTOM_EVENT\ud800", {}),
        ("AGENT_EXECUTION_START", {**PAYLOADS["AGENT_EXECUTION_START"], "agent_gid": "\ud800"}),
        ("CUSTOM_EVENT", {"a": 2**64}),
        ("CUSTOM_EVENT", {"a": -(2**63) - 1}),
    ],
)
def test_what_no_utf8_bytes_can_hold_is_refused(kind: str, data: dict[str, Any]) -> None:
    """Lone surrogates and integers beyond 64 bits can't be recorded."""
    with pytest.raises(EventRefused):
        Event.create(kind, data)


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def test_data_may_nest_sixty_four_levels_and_no_more() -> None:
    """What is accepted is also read back; one level more is refused."""
    event = Event.create("CUSTOM_EVENT", deep(64))
    assert Event.from_json(event.json) == event
    with pytest.raises(EventRefused, match="64 deep"):
        Event.create("CUSTOM_EVENT", deep(65))
    with pytest.raises(EventRefused, match="64 deep"):
        Event.create("CUSTOM_EVENT", deep(100_000))


def test_cyclic_data_is_refused() -> None:
    """A dict or a list that holds itself, also many times over, has no end."""
    own: dict[str, Any] = {}
    own["a"] = own["b"] = own
    items: list[Any] = []
    items += [items, items]
    for data in (own, {"list": items}):
        with pytest.raises(EventRefused):
            Event.create("CUSTOM_EVENT", data)


def test_data_that_unfolds_without_end_is_refused() -> None:
    """Lists that are shared over and over: few in memory, and wider or deeper than a record is."""
    wide: list[Any] = []
    for _ in range(40):
        wide = [wide, wide]
    long: list[Any] = []
    met: list[Any] = []
    for _ in range(50):
        for _ in range(50):
            long = [long]
        met.append(long)
    for data in (wide, met, met[:2]):
        with pytest.raises(EventRefused):
            Event.create("CUSTOM_EVENT", {"list": data})


class Anew(Mapping[str, Any]):
    """Makes its one member anew whenever it is asked."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __getitem__(self, key: str) -> Any:
        return {key: [self._number]}

    def __iter__(self) -> Iterator[str]:
        return iter(["in"])

    def __len__(self) -> int:
        return 1


def test_members_that_are_made_anew_are_each_recorded() -> None:
    """A mapping may make its members when they are read: none is taken for another."""
    event = Event.create("CUSTOM_EVENT", {"list": [Anew(n) for n in range(5)]})
    assert event.data.list == [{"in": {"in": [n]}} for n in range(5)]
