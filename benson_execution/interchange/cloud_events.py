"""The trail's events as CloudEvents 1.0, in its JSON format.

    id           DISPATCH_ID/SEQUENCE: unique within its source
    source       urn:benson-execution:trail:TRAIL_ID
    type         benson.telemetry.EVENT_TYPE, as the mirrored Prefect events are called
    subject      the PAC's id
    time         the event's own timestamp
    dataschema   the published schema of events
    data         the event, to the letter as it was recorded

and two extension attributes, `dispatchid` and `dispatchsequence` (from 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import orjson

from benson_execution.interchange.naming import clean, trail_urn
from benson_execution.interchange.records import Record

TYPE_PREFIX: Final = "benson.telemetry."
OTHER: Final = f"{TYPE_PREFIX}other"
"""The type of an event whose own type is no clean name; its data says what it is."""
DATA_SCHEMA: Final = "urn:benson-execution:schema:event:1"
_CLEAN_TYPE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def cloud_events(record: Record) -> Iterator[bytes]:
    """The CloudEvent of one event."""
    header, event = record.header, record.event
    dispatch_id = clean(header.dispatch_id)
    is_clean = _CLEAN_TYPE.fullmatch(event.event_type)
    attributes = {
        "specversion": "1.0",
        "id": f"{dispatch_id}/{record.sequence}",
        "source": trail_urn(header.trail_id),
        "type": f"{TYPE_PREFIX}{event.event_type}" if is_clean else OTHER,
        **({"subject": clean(header.pac_id)} if header.pac_id else {}),
        "time": event.timestamp,
        "datacontenttype": "application/json",
        "dataschema": DATA_SCHEMA,
        "dispatchid": dispatch_id,
        "dispatchsequence": record.sequence,
    }
    yield orjson.dumps(attributes)[:-1] + b',"data":' + event.json + b"}"
