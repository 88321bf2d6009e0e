"""The trail's events as JSON Lines: each to the letter as it was recorded."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from benson_execution.interchange.records import Record


def json_lines(record: Record) -> Iterator[bytes]:
    """The event alone: the contract's five fields."""
    yield record.event.json


def json_lines_with_dispatch(record: Record) -> Iterator[bytes]:
    """The event as the member `event` of an object that says where it stands.

    `chain` is its hash, in hexadecimal.
    """
    place = orjson.dumps(
        {
            "dispatch_id": record.header.dispatch_id,
            "sequence": record.sequence,
            "position": record.position,
            "chain": record.chain.hex(),
        }
    )
    yield place[:-1] + b',"event":' + record.event.json + b"}"
