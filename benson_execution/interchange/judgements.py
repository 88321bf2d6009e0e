"""What was judged of a dispatch: each judgement by its name, with its verdict, in one order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from benson_execution.events import CHECKPOINT_NAMES, DispatchStatus, Event, EventType
from benson_execution.frozen import FrozenObject
from benson_execution.own_events import OwnEventType, ReviewDecision


class Judgement(NamedTuple):
    """One judgement; `passed` is None where it was due and nobody judged."""

    name: str
    """A checkpoint's id and name, `CP-01 AGENT_ACTIVATION_VALIDATION`, or an event's type."""
    passed: bool | None
    said: str | None = None
    """What the event says of it: the agent's or the document's text may be in it."""


def judgements(events: Sequence[Event]) -> list[Judgement]:
    """All that a closed dispatch was judged by.

    The last one is the dispatch itself: it passed exactly when it was `COMPLETED`. So what did
    not pass is never without a judgement that failed.
    """
    said = {e.event_type: e.data for e in events if e.event_type != EventType.CHECKPOINT}
    gates = {e.data.checkpoint_id: e.data for e in events if e.event_type == EventType.CHECKPOINT}
    return [*_gates(gates), *_schema(said), *_decisions(said), _end(said)]


def _gates(gates: Mapping[str, FrozenObject]) -> Iterator[Judgement]:
    for checkpoint_id, name in CHECKPOINT_NAMES.items():
        gate = gates.get(checkpoint_id)
        title = f"{checkpoint_id} {name}"
        if gate is None:
            yield Judgement(title, None)
        else:
            yield Judgement(title, gate.status == "PASS", gate.details)


def _schema(said: Mapping[str, FrozenObject]) -> Iterator[Judgement]:
    schema = said.get(EventType.SCHEMA_VALIDATION)
    if schema is None:
        yield Judgement(_SCHEMA, None)
    else:
        yield Judgement(_SCHEMA, schema.valid, schema.error_code)


def _decisions(said: Mapping[str, FrozenObject]) -> Iterator[Judgement]:
    decision = said.get(EventType.BER_GENERATION_DECISION)
    if decision is None:
        yield Judgement(_DECISION, None)
    else:
        yield Judgement(_DECISION, decision.eligible, decision.reason)
    review, recheck = said.get(OwnEventType.HUMAN_REVIEW), said.get(OwnEventType.POLICY_RECHECK)
    if review is not None:
        yield Judgement(_REVIEW, review.decision == ReviewDecision.APPROVED, review.notes)
    elif decision is not None and decision.eligible and decision.human_review_required:
        yield Judgement(_REVIEW, None)
    if recheck is not None:
        yield Judgement(_RECHECK, recheck.eligible, recheck.reason)
    wrap = said.get(EventType.WRAP_GENERATION)
    if wrap is None:
        yield Judgement(_WRAP, None)
    else:
        yield Judgement(_WRAP, not wrap.blocked, wrap.wrap_id)


def _end(said: Mapping[str, FrozenObject]) -> Judgement:
    end = said.get(EventType.PAC_DISPATCH_END)
    if end is None:
        return Judgement(_END, None)
    return Judgement(_END, end.status == DispatchStatus.COMPLETED, end.status)


_SCHEMA: Final = EventType.SCHEMA_VALIDATION.value
_DECISION: Final = EventType.BER_GENERATION_DECISION.value
_REVIEW: Final = OwnEventType.HUMAN_REVIEW.value
_RECHECK: Final = OwnEventType.POLICY_RECHECK.value
_WRAP: Final = EventType.WRAP_GENERATION.value
_END: Final = EventType.PAC_DISPATCH_END.value
