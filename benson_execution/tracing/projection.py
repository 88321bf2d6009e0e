"""The events of a closed dispatch as spans and records, in plain values.

Every time is that of a recorded event, and what was not recorded is not there. Foreign text is
bounded and on one line; only a record's body is the event to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from benson_execution.errors import TrailUnavailable
from benson_execution.events import DispatchStatus, EventType
from benson_execution.outcome import Outcome
from benson_execution.own_events import OwnEventType
from benson_execution.proof.leaf import Header
from benson_execution.text import MAX_QUOTED, plain
from benson_execution.tracing.context import TraceParent, span_id_of, trace_id_of_run
from benson_execution.tracing.names import EVENT, RECORD_UID, Attribute, SpanName
from benson_execution.tracing.verdicts import (
    MAX_TEXT,
    OPENS,
    Severity,
    Value,
    attributes_of,
    bounded,
    error_of,
    phase_of,
    severity_of,
)
from benson_execution.trail.port import StoredEvent

_NAMESPACE: Final = UUID("0c1c1f5e-3f0a-5c6e-9b54-0f7c3c1d9a42")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_INTEGER: Final = (1 << 63) - 1
_INTERRUPTED: Final = "it was interrupted"


@dataclass(slots=True)
class Span:
    """A stretch of time; nanoseconds since 1970. `error` says why it did not pass."""

    name: SpanName
    span_id: str
    parent_id: str | None
    start: int
    end: int
    attributes: dict[str, Value] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One event; `body` is its exact JSON, and `span_id` that of the phase that it belongs to."""

    name: str
    span_id: str
    at: int
    severity: Severity
    body: str
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Trace:
    """What is exported of one dispatch; `sampled` is whether its spans are wanted at all."""

    dispatch_id: str
    trace_id: str
    sampled: bool
    spans: Sequence[Span]
    """That of the dispatch, and those of its phases in order."""
    records: Sequence[Record]
    """One for each event, in order."""


def project(header: Header, stored: Sequence[StoredEvent], parent: TraceParent | None) -> Trace:
    """The trace of a closed dispatch, given all of its events.

    `parent` is the orchestrator's span of the run. The dispatch's own trace is kept with it: a
    span of another one is no parent.
    """
    trace_id = header.provenance.trace_id
    if trace_id is None:  # it was begun before dispatches were traced
        trace_id = parent.trace_id if parent else trace_id_of_run(header.run_id)
    if parent is not None and parent.trace_id != trace_id:
        parent = None
    whole = _whole(header, stored, None if parent is None else parent.span_id)
    phases = _phases(header, stored, whole)
    records = [
        _record(header, one, whole if phase is None else phases[phase])
        for one, phase in ((one, phase_of(one.event)) for one in stored)
    ]
    sampled = parent is None or parent.sampled
    return Trace(header.dispatch_id, trace_id, sampled, [whole, *phases.values()], records)


def _whole(header: Header, stored: Sequence[StoredEvent], parent_id: str | None) -> Span:
    """The span of the dispatch: what it is, what became of it, and why."""
    span_id = span_id_of(header.trail_id, header.dispatch_id, SpanName.DISPATCH)
    first, last = _nanoseconds(stored[0]), _nanoseconds(stored[-1])
    whole = Span(SpanName.DISPATCH, span_id, parent_id, min(first, last), last)
    texts = {
        Attribute.TRAIL_ID: header.trail_id,
        Attribute.DISPATCH_ID: header.dispatch_id,
        Attribute.RUN_ID: header.run_id,
        Attribute.PAC_ID: header.pac_id,
        Attribute.DOCUMENT_SHA256: header.document_sha256,
    }
    whole.attributes |= {n: plain(t, MAX_TEXT) for n, t in texts.items() if t is not None}
    whole.attributes[Attribute.NUMBER] = bounded(header.number)
    for one in stored:
        if phase_of(one.event) is None:
            whole.attributes |= attributes_of(one.event)
    outcome = Outcome.of(header.dispatch_id, header.pac_id, [one.event for one in stored])
    reason = plain(outcome.reason or _INTERRUPTED, MAX_TEXT)
    whole.attributes[Attribute.REASON] = reason
    if outcome.wrap_id is not None:
        whole.attributes[Attribute.WRAP_ID] = plain(outcome.wrap_id, MAX_TEXT)
    if outcome.status is not DispatchStatus.COMPLETED:
        whole.error = f"{outcome.status.value}: {reason}"
    return whole


def _phases(header: Header, stored: Sequence[StoredEvent], whole: Span) -> dict[SpanName, Span]:
    """One span for each phase that was recorded, in order.

    A phase begins with the event that says so, or where the phase before it ended. One of which
    only the beginning was recorded lasted until the dispatch was closed.
    """
    found: dict[SpanName, Span] = {}
    unfinished: set[SpanName] = set()
    before = _nanoseconds(stored[0])
    for one in stored:
        now = _nanoseconds(one)
        name = phase_of(one.event)
        if name is not None:
            opens = one.event.event_type in OPENS
            span = found.get(name)
            if span is None:
                span_id = span_id_of(header.trail_id, header.dispatch_id, name)
                span = Span(name, span_id, whole.span_id, now if opens else before, whole.end)
                found[name] = span
            if opens:
                unfinished.add(name)
            else:
                unfinished.discard(name)
                span.end = now
            span.attributes |= attributes_of(one.event)
            span.error = span.error or error_of(one.event)
        if one.event.event_type in _BOUNDS:
            before = now
    for name in unfinished:
        found[name].error = _INTERRUPTED
    for span in found.values():
        # The clock may have been set back in between, and no span ends before it began.
        span.start = min(span.start, span.end)
    return found


def _record(header: Header, one: StoredEvent, span: Span) -> Record:
    event_type = plain(one.event.event_type, MAX_QUOTED)
    uid = uuid5(_NAMESPACE, f"{header.trail_id}/{header.dispatch_id}/{one.sequence}")
    return Record(
        EVENT + event_type,
        span.span_id,
        _nanoseconds(one),
        severity_of(one.event),
        one.event.json.decode(),
        {
            RECORD_UID: str(uid),
            Attribute.EVENT_TYPE: event_type,
            Attribute.DISPATCH_ID: plain(header.dispatch_id, MAX_TEXT),
            Attribute.PAC_ID: plain(header.pac_id, MAX_TEXT),
            Attribute.SEQUENCE: one.sequence,
            Attribute.POSITION: one.position,
        },
    )


def _nanoseconds(one: StoredEvent) -> int:
    """When an event was recorded, in nanoseconds since 1970; its timestamp has microseconds.

    Raises `TrailUnavailable` for a time before that, or after 2262.
    """
    passed = datetime.fromisoformat(one.event.timestamp) - _EPOCH
    found = passed // timedelta(microseconds=1) * 1000
    if not 0 <= found <= _MAX_INTEGER:  # one such time would keep all that is sent with it
        raise TrailUnavailable(
            f"event {one.sequence} has a time that no trace can have: {one.event.timestamp}",
            "`benson verify` says what was changed",
        )
    return found


_BOUNDS: Final = frozenset({*EventType, *OwnEventType})
"""Events between which phases lie; a caller's own event ends none."""
