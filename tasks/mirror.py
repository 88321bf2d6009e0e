"""The mirror: what the trail has of a dispatch, as events that Prefect's automations see.

The trail is the record. Prefect keeps events for a week, and may lose one: the mirror is sent
from the trail, never instead of it. One request takes all events of a run, when it is judged or
before it waits for a person. One that could not be sent is noted in `faults.jsonl`, and never
fails a run.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from prefect.client.orchestration import PrefectClient, get_client
from prefect.context import FlowRunContext
from prefect.events.filters import EventFilter, EventResourceFilter
from prefect.exceptions import PrefectHTTPStatusError

from benson_execution.dispatch import Dispatch
from benson_execution.faults import note_fault
from benson_execution.settings import Settings
from benson_execution.timestamps import utc_now
from benson_execution.trail.port import StoredEvent, Trail
from tasks.mirrored_events import DISPATCH, in_order, mirrored

_BACKOFF_SECONDS: Final = (0.3, 1.0)
"""How long to wait before another attempt; the first is made at once."""
_ATTEMPT_SECONDS: Final = 10
"""Prefect's client would try again for a minute, and keep the run from its end."""
_REMEMBERED: Final = 10_000

_BEGAN: Final = utc_now()
"""When this process began to know dispatches: one that began earlier is another process's."""
_sent: Final[dict[str, int]] = {}
"""Up to which sequence this process has sent its dispatches."""
_sent_lock: Final = threading.Lock()


async def mirror(dispatch: Dispatch, settings: Settings) -> None:
    """Mirror what the trail has of a dispatch, and this process has not sent yet.

    For the run's own process: of a dispatch that another one began, before it waited for a
    person, Prefect is asked first what it has. Raises nothing.
    """
    await _mirror(dispatch.trail, dispatch.ref.dispatch_id, settings, by_us=True)


async def mirror_rest(trail: Trail, dispatch_id: str, settings: Settings) -> None:
    """Mirror what Prefect lacks of a dispatch, whichever process it was recorded by.

    Raises nothing.
    """
    await _mirror(trail, dispatch_id, settings, by_us=False)


async def _mirror(trail: Trail, dispatch_id: str, settings: Settings, *, by_us: bool) -> None:
    if not settings.prefect_events:
        return
    try:
        trail_id, stored = await asyncio.to_thread(_read, trail, dispatch_id)
        sent = _sent.get(dispatch_id, 0)
        events = [event for sequence, event in mirrored(trail_id, stored) if sequence > sent]
        if not events:
            return
        # Another process may have sent some. What was sent
        # twice is stored once, but a server on SQLite drops a batch of which it has every event.
        known_here = dispatch_id in _sent or (by_us and stored[0].event.timestamp >= _BEGAN)
        await _deliver(events, None if known_here else dispatch_id)
        _remember(dispatch_id, len(stored))
    except Exception as error:  # a projection: the trail has it all
        note_fault(settings.home, "mirror", error, f"events of {dispatch_id}")


def _read(trail: Trail, dispatch_id: str) -> tuple[str, list[StoredEvent]]:
    """The trail's id, and all that it has of the dispatch."""
    header = trail.header(dispatch_id)
    if header is None:
        return "", []
    return header.trail_id, list(trail.events(dispatch_id=dispatch_id))


def _remember(dispatch_id: str, sequence: int) -> None:
    with _sent_lock:
        _sent[dispatch_id] = sequence
        if len(_sent) > _REMEMBERED:
            del _sent[next(iter(_sent))]  # the oldest: Prefect is asked, should it come back


async def _deliver(events: Sequence[dict[str, Any]], ask_about: str | None) -> None:
    """Send events in one request; a failed one is tried again, and the last failure is raised."""
    for pause in (*_BACKOFF_SECONDS, None):
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS), _client() as client:
                if ask_about is not None:
                    known = await _known(client, ask_about)
                    events = [event for event in events if event["id"] not in known]
                if events:
                    await client.request("POST", "/events", json=in_order(events))
            return
        except Exception as error:
            if pause is None or _is_refused(error):
                raise
            await asyncio.sleep(pause)


@asynccontextmanager
async def _client() -> AsyncIterator[PrefectClient]:
    """The run's own client, or one for this moment: hooks have none."""
    context = FlowRunContext.get()
    if context is not None and isinstance(context.client, PrefectClient):
        yield context.client
        return
    async with get_client() as client:
        yield client


async def _known(client: PrefectClient, dispatch_id: str) -> set[str]:
    """The ids of the events that Prefect has of a dispatch."""
    about = EventFilter(resource=EventResourceFilter(id=[DISPATCH + dispatch_id]))
    page = await client.read_events(about, limit=50)
    known = {str(event.id) for event in page.events}
    while page.next_page:
        page = await client.read_events_page(str(page.next_page))
        known |= {str(event.id) for event in page.events}
    return known


def _is_refused(error: Exception) -> bool:
    """Whether the server refused the events themselves: another attempt is refused as well."""
    return (
        isinstance(error, PrefectHTTPStatusError)
        and 400 <= error.response.status_code < 500
        and error.response.status_code not in (408, 429)
    )
