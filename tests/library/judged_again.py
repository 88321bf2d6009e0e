"""What the tests of judging again share: dispatches of every kind, and what is found of them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from benson_execution import Document, Event, MemoryTrail
from benson_execution.dispatch import Dispatch
from benson_execution.rejudgement import Found, Rejudgement, rejudge
from benson_execution.trail import Batch, NewEvent, StoredEvent
from benson_execution.walk import walk

from .helpers import (
    DAN,
    engine,
    policy,
    result,
    text,
)

PAC_ID = DAN["pac"]["pac_id"]
BAD = text(execution_result=result(quality_score=0.62))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def again(trail: MemoryTrail, pac_id: str = PAC_ID) -> list[Rejudgement]:
    return list(rejudge(trail, pac_id))


def differing(judged: Rejudgement) -> dict[str, list[tuple[str, Any, Any]]]:
    """The events that differ, each with its members."""
    return {verdict.key: verdict.differing for verdict in judged.differing}


def found(judged: Rejudgement, what: Found) -> list[str]:
    """The events of which this was found, as the helpers' labels."""
    return [v.key.replace(":", " ") for v in judged.verdicts if v.found is what]


def dispatched(
    trail: MemoryTrail, content: bytes = text(), kind: type[Dispatch] = Dispatch
) -> Dispatch:
    """A dispatch of another kind than the engine's, walked to its end."""
    dispatch = kind.of(str(uuid.uuid4()), Document.read(content), policy(), trail)
    walk(dispatch)
    return dispatch


def copied(content: bytes, events: int, *, failed: bool) -> MemoryTrail:
    """A trail with the first events of a dispatch only, as an interruption leaves it."""
    whole, trail = MemoryTrail(), MemoryTrail()
    engine(whole).execute_pac(content)
    dispatch = Dispatch.of("run", Document.read(content), policy(), trail)
    first = [NewEvent(s.key, s.event) for s in whole.events()][:events]
    trail.append(Batch(dispatch.ref, first, dispatch._documents))
    if failed:
        dispatch.fail()
    return trail


def altered(
    whole: MemoryTrail,
    key: str | None = None,
    *,
    without: Collection[str] = (),
    adding: Sequence[StoredEvent] = (),
    documents: Iterable[tuple[str, bytes]] = (),
    **changes: Any,
) -> MemoryTrail:
    """A copy of a trail with one dispatch, in which one event says something else, or is gone.

    What the copy keeps are all documents of the original, and `documents`.
    """
    stored = list(whole.events())
    events = []
    for one in [*stored[:-1], *adding, stored[-1]]:
        event = one.event
        if one.key == key:
            event = Event.create(event.event_type, {**event.data, **changes})
        if one.key not in without:
            events.append(NewEvent(one.key, event))
    assert key is None or any(event.key == key for event in events), f"there is no {key}"
    trail = MemoryTrail()
    kept = [*whole._documents.items(), *documents]
    trail.append(Batch(stored[0].dispatch, events, kept))
    return trail
