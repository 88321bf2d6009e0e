"""What Prefect lists of the events that the mirror sends."""

from __future__ import annotations

from typing import Any, Final

import httpx

from benson_execution import Trail
from tests.prefect_server import wait_until

TYPES: Final = [
    "PAC_DISPATCH_START",
    "AGENT_EXECUTION_START",
    *["CHECKPOINT"] * 4,
    "SCHEMA_VALIDATION",
    "AGENT_EXECUTION_END",
    "BER_GENERATION_DECISION",
    "WRAP_GENERATION",
    "PAC_DISPATCH_END",
]


def events_of(api_url: str, dispatch_id: str) -> list[dict[str, Any]]:
    """The events that Prefect lists for a dispatch, oldest first, as its API returns them."""
    about = {"resource": {"id": [f"benson.dispatch.{dispatch_id}"]}, "order": "ASC"}
    answered = httpx.post(f"{api_url}/events/filter", json={"filter": about, "limit": 50})
    page = answered.raise_for_status().json()
    assert page["next_page"] is None
    return list(page["events"])


def mirrored_events(api_url: str, dispatch_id: str, count: int = 11) -> list[dict[str, Any]]:
    """The same, once there are this many: the server stores events in batches."""
    wait_until(
        lambda: len(events_of(api_url, dispatch_id)) >= count,
        description=f"Prefect has {count} events of {dispatch_id}",
    )
    return events_of(api_url, dispatch_id)


def types(events: list[dict[str, Any]]) -> list[str]:
    """The telemetry types of mirrored events."""
    return [event["event"].removeprefix("benson.telemetry.") for event in events]


def only_dispatch(trail: Trail) -> str:
    """The id of the one dispatch that the trail has."""
    (dispatch_id,) = {s.dispatch.dispatch_id for s in trail.events()}
    return dispatch_id
