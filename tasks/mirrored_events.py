"""Telemetry events as Prefect events: what each is called, what it is about, and what it says.

Foreign text, an agent's name or a gate's details, stays text: bounded, on one line, and free of
control characters; it names nothing. Labels end up in messages to people: there nothing of it
mentions anybody, links anywhere, or is filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from benson_execution.events import EventType
from benson_execution.outcome import Outcome
from benson_execution.own_events import OwnEventType
from benson_execution.text import MAX_QUOTED, plain
from benson_execution.trail.port import StoredEvent

PREFIX: Final = "benson.telemetry."
"""What the names of all mirrored events begin with."""
DISPATCH: Final = "benson.dispatch."
"""What the ids of their resources begin with; a dispatch's id follows."""

_NAMESPACE: Final = UUID("5b8f0f0e-6c56-5d0c-9d0a-7d9f3b1f6c11")
_CLEAN_TYPE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_MAX_TEXT: Final = 2000
_MAX_LABEL: Final = 500
_MAX_MEMBERS: Final = 100
_MAX_DEPTH: Final = 6
_MAX_DATA_BYTES: Final = 32 * 1024

_MEANS_MORE: Final = re.compile(r"[<>@]|\{(?=[{%#])|\}(?=\})|\](?=\()|:(?=//)|(?i:www(?=\.))")
_INSTEAD: Final = {"<": "\u2039", ">": "\u203a", "@": "\uff20"}
"""Characters that look the same; whatever else means more is parted by a space."""

_OWN_LABELS: Final = (
    "status",
    "checkpoint_id",
    "valid",
    "error_code",
    "eligible",
    "reason",
    "blocked",
    "decision",
    "answered",
)
"""The members of an event's data that become labels of its resource: triggers match on labels."""
_KEPT_LABELS: Final = ("human_review_required", "wrap_id")
"""Those that the events after it carry as well: a trigger's `match` holds for all its events."""

_AWAITED: Final = frozenset(
    PREFIX + name
    for name in (
        EventType.BER_GENERATION_DECISION,
        OwnEventType.HUMAN_REVIEW,
        EventType.PAC_DISPATCH_END,
    )
)


def mirrored(trail_id: str, stored: Sequence[StoredEvent]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The Prefect event of each event of one dispatch, with its sequence there.

    `stored` is the dispatch from its beginning. A caller's own type is mirrored when it is a
    clean name: capitals, digits and underscores, at most 64. The same event is the same Prefect
    event whenever it is made, under the same id.
    """
    related = _related(stored)
    labels = {f"benson.{r['prefect.resource.role']}": r["prefect.resource.name"] for r in related}
    labels.pop("benson.flow-run", None)
    for one in stored:
        data = one.event.to_dict()["data"]
        labels |= _labels(data, _KEPT_LABELS)
        if not _CLEAN_TYPE.fullmatch(one.event.event_type):
            continue
        dispatch_id = told(one.dispatch.dispatch_id)
        yield (
            one.sequence,
            {
                "id": str(event_id(trail_id, one.dispatch.dispatch_id, one.sequence)),
                "occurred": one.event.timestamp,
                "event": PREFIX + one.event.event_type,
                "resource": {
                    "prefect.resource.id": DISPATCH + dispatch_id,
                    "prefect.resource.name": f"{told(one.dispatch.pac_id)} · {dispatch_id}",
                    **labels,
                    **_labels(data, _OWN_LABELS),
                    **_why(one, stored),
                },
                "related": related,
                "payload": {
                    "position": one.position,
                    "sequence": one.sequence,
                    "data": _bounded_data(data),
                },
            },
        )


def in_order(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same events, to be sent in one request, such that triggers see them in this order.

    A server works on two events at a time. One that saw the end of a dispatch before the decision
    on its review would wait in vain for the review. Only the events that triggers wait for follow
    each other: a follower may hold up everything behind it for a quarter of a second.
    """
    ordered: list[dict[str, Any]] = []
    before: str | None = None
    for event in events:
        if event["event"] in _AWAITED:
            # Only one of the same request: the server would wait for an earlier one for minutes.
            ordered.append({**event, "follows": before} if before else event)
            before = event["id"]
        else:
            ordered.append(event)
    return ordered


def event_id(trail_id: str, dispatch_id: str, sequence: int) -> UUID:
    """The id of a mirrored event: the same for the same event, so that sending twice gives one."""
    return uuid5(_NAMESPACE, f"{trail_id}/{dispatch_id}/{sequence}")


def _related(stored: Sequence[StoredEvent]) -> list[dict[str, str]]:
    """The PAC, the agent where the dispatch says who it is, and the flow run."""
    if not stored:
        return []
    pac_id = told(stored[0].dispatch.pac_id)
    found = [_resource(f"benson.pac.{pac_id}", "pac", pac_id)]
    starts = (s.event.data for s in stored if s.event.event_type == EventType.PAC_DISPATCH_START)
    if (start := next(starts, None)) is not None:
        name, gid = told(start.agent_name), told(start.agent_gid)
        found.append(_resource(f"benson.agent.{gid}", "agent", f"{name} ({gid})"))
    run_id = _uuid(stored[0].dispatch.run_id)
    if run_id is not None:
        found.append(_resource(f"prefect.flow-run.{run_id}", "flow-run", pac_id))
    return found


def _why(one: StoredEvent, stored: Sequence[StoredEvent]) -> dict[str, str]:
    """The end of a dispatch says why it ended so: who is told of it reads no other event."""
    if one.event.event_type != EventType.PAC_DISPATCH_END:
        return {}
    ref = one.dispatch
    outcome = Outcome.of(ref.dispatch_id, ref.pac_id, [s.event for s in stored])
    return _labels({"reason": outcome.reason}, ["reason"])


def _resource(resource_id: str, role: str, name: str) -> dict[str, str]:
    return {
        "prefect.resource.id": resource_id,
        "prefect.resource.role": role,
        "prefect.resource.name": name,
    }


def _labels(data: dict[str, Any], names: Sequence[str]) -> dict[str, str]:
    return {f"benson.{name}": _label(data[name]) for name in names if _is_label(data.get(name))}


def _is_label(value: Any) -> bool:
    return type(value) in (str, bool, int, float)


def _label(value: Any) -> str:
    # As JSON writes it: `true`, and not Python's `True`.
    return told(value if type(value) is str else orjson.dumps(value).decode(), _MAX_LABEL)


def told(text: str, length: int = MAX_QUOTED) -> str:
    """Foreign text for a message to people, whatever the messenger makes of it.

    No mention and no link begins in it, no HTML, and no placeholder that a block would fill in.
    """
    return _MEANS_MORE.sub(lambda m: _INSTEAD.get(m[0], f"{m[0]} "), plain(text, length))


def _bounded_data(data: dict[str, Any]) -> Any:
    bounded = _bounded(data, _MAX_DEPTH)
    size = len(orjson.dumps(bounded))
    if size <= _MAX_DATA_BYTES:
        return bounded
    return {"…": f"{size} bytes of data, which the trail has in full"}


def _bounded(value: Any, depth: int) -> Any:
    """A JSON value with its texts shortened, and of its arrays and objects the beginning."""
    if isinstance(value, str):
        return plain(value, _MAX_TEXT)
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, list):
        items = [_bounded(item, depth - 1) for item in value[:_MAX_MEMBERS]]
        return items + (["…"] if len(value) > _MAX_MEMBERS else [])
    names = list(value)[:_MAX_MEMBERS]
    members = {plain(name): _bounded(value[name], depth - 1) for name in names}
    return members | ({"…": f"{len(value)} members"} if len(value) > _MAX_MEMBERS else {})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
