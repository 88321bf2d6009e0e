"""CloudEvents: read by their own library, and held against the specification's rules."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from benson_execution import Event, MemoryTrail
from benson_execution.conformance.schemas import schema_of
from benson_execution.errors import TrailUnavailable
from benson_execution.interchange.cloud_events import OTHER, cloud_events
from benson_execution.interchange.records import Record
from benson_execution.proof.leaf import Header, Provenance
from tests.insight.generated import fill
from tests.insight.test_attestation import judged
from tests.insight.test_export_records import exported
from tests.library.helpers import text

_TEXT: Final = {
    "type": "string",
    "minLength": 1,
    "pattern": r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+$",
}
_URI: Final = {**_TEXT, "pattern": r"^[a-z][a-z0-9+.-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+$"}
RULES: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _TEXT,
        "source": _URI,
        "type": _TEXT,
        "subject": _TEXT,
        "time": {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
        },
        "datacontenttype": {"type": "string", "pattern": "^[a-z]+/[a-z+]+$"},
        "dataschema": _URI,
        "data": True,
    },
    # What is not named above is an extension: its name, and the types that attributes have.
    "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
    "additionalProperties": {
        "anyOf": [
            _TEXT,
            {"type": "boolean"},
            {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
        ]
    },
}
"""What the specification says of an event in JSON, in a schema of our own."""
_EVENT: Final = Draft202012Validator(schema_of("event"))


def read(line: bytes) -> CloudEvent:
    """The event as its library reads it, once our rules have found nothing wrong."""
    assert b"\n" not in line
    Draft202012Validator(RULES).validate(json.loads(line))
    event = JSONFormat().read(None, line)
    assert type(event) is CloudEvent
    return event


@pytest.fixture(scope="module")
def trail() -> MemoryTrail:
    """Dispatches of every kind."""
    made = MemoryTrail()
    fill(made, 60, open_ones=2)
    return made


def test_every_event_is_one(trail: MemoryTrail) -> None:
    recorded = list(trail.events())
    events = [read(line) for one in exported(trail) for line in cloud_events(one)]
    assert len({(event.get_source(), event.get_id()) for event in events}) == len(recorded)
    head = trail.head()
    assert head is not None
    for event, stored in zip(events, recorded, strict=True):
        ref = stored.dispatch
        assert event.get_id() == f"{ref.dispatch_id}/{stored.sequence}"
        assert event.get_source() == f"urn:benson-execution:trail:{head.trail_id}"
        assert event.get_type() == f"benson.telemetry.{stored.event.event_type}"
        assert event.get_subject() == ref.pac_id
        assert event.get_time() == datetime.fromisoformat(stored.event.timestamp)
        assert event.get_extension("dispatchid") == ref.dispatch_id
        assert event.get_extension("dispatchsequence") == stored.sequence
        assert event.get_data() == json.loads(stored.event.json)


def test_the_data_is_the_event_to_the_letter_and_fits_its_schema() -> None:
    trail, _ = judged(text(), text(execution_result={"notes": "ü🟩"}))
    named = {schema_of("event")["$id"]}
    for record in exported(trail):
        (line,) = cloud_events(record)
        assert line.endswith(b'"data":' + record.event.json + b"}")
        event = read(line)
        assert {event.get_dataschema()} == named
        _EVENT.validate(event.get_data())


def test_the_library_writes_what_it_read(trail: MemoryTrail) -> None:
    """There and back, nothing is lost but how the time is spelt."""
    for record in exported(trail)[:50]:
        (line,) = cloud_events(record)
        again = json.loads(JSONFormat().write(read(line)))
        first = json.loads(line)
        times = again.pop("time"), first.pop("time")
        assert len({datetime.fromisoformat(time) for time in times}) == 1
        assert again == first


def _record(run_id: str, pac_id: str, event_type: str, sequence: int) -> Record:
    header = Header("0" * 32, f"{run_id}-1", run_id, 1, pac_id, None, Provenance())
    return Record(header, 1, sequence, b"\0" * 32, Event.create(event_type, {"a": "\u202e"}))


_anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(run_id=_anything, pac_id=_anything, kind=_anything.filter(bool), other=_anything)
def test_ids_and_types_of_any_kind_make_valid_events(
    run_id: str, pac_id: str, kind: str, other: str
) -> None:
    """And no two dispatches get the same id."""
    kind = f"x{kind}"
    (line,) = cloud_events(_record(run_id, pac_id, kind, 1))
    event = read(line)
    assert event.get_type() == OTHER
    data = event.get_data()
    assert isinstance(data, dict)
    assert data["event_type"] == kind
    (line,) = cloud_events(_record(other, pac_id, kind, 1))
    assert (read(line).get_id() == event.get_id()) is (other == run_id)


def test_a_custom_type_that_is_a_clean_name_is_one() -> None:
    (line,) = cloud_events(_record("run", "PAC-A", "DEPLOYED_2", 1))
    assert read(line).get_type() == "benson.telemetry.DEPLOYED_2"


@pytest.mark.parametrize("trail_id", ["", "x" * 32, "0" * 31, "0" * 32 + "\n", "\u0660" * 32])
def test_a_trail_without_an_id_is_an_error_of_ours(trail_id: str) -> None:
    record = _record("run", "PAC-A", "CUSTOM", 1)
    broken = Header(trail_id, "run-1", "run", 1, "PAC-A", None, Provenance())
    with pytest.raises(TrailUnavailable):
        list(cloud_events(record._replace(header=broken)))
