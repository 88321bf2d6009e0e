"""TelemetryLogger: the one place where telemetry events are made, and the summary of them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from benson_execution.errors import EventRefused
from benson_execution.events import KNOWN_PAYLOADS, TELEMETRY_VERSION, Event, EventType
from benson_execution.log_file import LogFile
from benson_execution.trail.lease import Holder
from benson_execution.trail.port import (
    Batch,
    DispatchRef,
    NewEvent,
    Seizure,
    Trail,
    WrapClaim,
)

_CHECKPOINT: Final = str(EventType.CHECKPOINT)


class TelemetryLogger:
    """Makes telemetry events and records them; safe to share between threads and tasks.

    It records into memory, every call anew, and keeps what it recorded for as long as it lives.
    `bind` makes one that records into a dispatch of a trail instead.

    `enable_stdout` prints each event as one line of JSON. `log_file` appends the same lines to
    a file, which is a record too: a line is written before its event counts as emitted, and one
    that can't be written raises `TrailUnavailable`.
    """

    def __init__(
        self, enable_stdout: bool = True, log_file: str | os.PathLike[str] | None = None
    ) -> None:
        self.enable_stdout = enable_stdout
        self._log = None if log_file is None else LogFile(Path(log_file))
        self._events: list[Event] = []
        # The log file and the memory must hold the same events in the same order.
        self._lock = threading.Lock()

    def bind(self, trail: Trail, dispatch: DispatchRef) -> DispatchLogger:
        """A logger that records into a dispatch of a trail, and prints where this one prints."""
        return DispatchLogger(trail, dispatch, enable_stdout=self.enable_stdout, log=self._log)

    def emit(self, event_type: str, data: Mapping[str, Any], *, key: str | None = None) -> Event:
        """Record one event of any type, and return it as it is recorded.

        One of the contract's eight types takes exactly its own payload (`EventRefused` names the
        field otherwise); any other type takes any JSON object. In a dispatch, `key` makes an event
        of such another type unique; None means that every call records a new one.
        """
        return self._record(Event.create(event_type, data), key)

    def pac_dispatch_start(self, pac_id: str, agent_gid: str, agent_name: str) -> Event:
        """Benson begins dispatching a PAC to an agent."""
        return self.emit(
            "PAC_DISPATCH_START",
            {
                "pac_id": pac_id,
                "agent_gid": agent_gid,
                "agent_name": agent_name,
                "phase": "DISPATCH",
            },
        )

    def pac_dispatch_end(self, pac_id: str, status: str, duration_ms: int) -> Event:
        """The dispatch is closed; `duration_ms` is milliseconds since it began."""
        return self.emit(
            "PAC_DISPATCH_END",
            {
                "pac_id": pac_id,
                "status": status,
                "duration_ms": duration_ms,
                "phase": "DISPATCH_COMPLETE",
            },
        )

    def agent_execution_start(self, pac_id: str, agent_gid: str) -> Event:
        """The execution phase began."""
        return self.emit(
            "AGENT_EXECUTION_START",
            {"pac_id": pac_id, "agent_gid": agent_gid, "phase": "EXECUTION"},
        )

    def agent_execution_end(
        self, pac_id: str, agent_gid: str, status: str, tasks_completed: int, quality_score: float
    ) -> Event:
        """The execution phase ended; `tasks_completed` is a count, `quality_score` in [0, 1]."""
        return self.emit(
            "AGENT_EXECUTION_END",
            {
                "pac_id": pac_id,
                "agent_gid": agent_gid,
                "status": status,
                "tasks_completed": tasks_completed,
                "quality_score": quality_score,
                "phase": "EXECUTION_COMPLETE",
            },
        )

    def schema_validation(
        self, pac_id: str, schema_type: str, valid: bool, error_code: str | None = None
    ) -> Event:
        """A result was validated; there is an error code exactly when it is not valid."""
        return self.emit(
            "SCHEMA_VALIDATION",
            {
                "pac_id": pac_id,
                "schema_type": schema_type,
                "valid": valid,
                "error_code": error_code,
                "phase": "VALIDATION",
            },
        )

    def checkpoint(
        self, checkpoint_id: str, checkpoint_name: str, status: str, details: str
    ) -> Event:
        """A gate was judged; `status` is PASS or FAIL."""
        return self.emit(
            "CHECKPOINT",
            {
                "checkpoint_id": checkpoint_id,
                "checkpoint_name": checkpoint_name,
                "status": status,
                "details": details,
                "phase": "CHECKPOINT",
            },
        )

    def ber_generation_decision(
        self, pac_id: str, eligible: bool, reason: str, human_review_required: bool
    ) -> Event:
        """It was decided whether there will be a Benson Execution Report."""
        return self.emit(
            "BER_GENERATION_DECISION",
            {
                "pac_id": pac_id,
                "eligible": eligible,
                "reason": reason,
                "human_review_required": human_review_required,
                "phase": "BER_DECISION",
            },
        )

    def wrap_generation(
        self, pac_id: str, wrap_id: str | None, status: str, blocked: bool = False
    ) -> Event:
        """The WRAP was generated, or blocked; a blocked one has no id."""
        return self.emit(
            "WRAP_GENERATION",
            {
                "pac_id": pac_id,
                "wrap_id": wrap_id,
                "status": status,
                "blocked": blocked,
                "phase": "WRAP",
            },
        )

    def get_all_events(self) -> list[Event]:
        """All recorded events, in order."""
        with self._lock:
            return list(self._events)

    def get_telemetry_summary(self) -> dict[str, Any]:
        """`total_events`, `event_types`, `first_event` and `last_event` of what is recorded."""
        return summarise(self.get_all_events())

    def close(self) -> None:
        """Close the log file; what was recorded stays readable."""
        if self._log is not None:
            self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _record(self, event: Event, key: str | None) -> Event:  # noqa: ARG002  # for dispatches
        with self._lock:
            if self._log is not None:
                self._log.write((event,))
            self._events.append(event)
        if self.enable_stdout:
            _print((event,))
        return event


class DispatchLogger(TelemetryLogger):
    """Records into one dispatch of a trail, where each event of the contract has one place.

    An event whose key the dispatch already has is not written twice: the first one is returned,
    and nothing is printed.
    """

    def __init__(
        self,
        trail: Trail,
        dispatch: DispatchRef,
        *,
        enable_stdout: bool = False,
        log: LogFile | None = None,
    ) -> None:
        self.enable_stdout = enable_stdout
        self.dispatch = dispatch
        self._log = log
        self._trail = trail

    @contextmanager
    def transaction(
        self,
        *,
        documents: Sequence[tuple[str, bytes]] = (),
        claim: WrapClaim | None = None,
        lease: Holder | None = None,
        seizure: Seizure | None = None,
    ) -> Iterator[DispatchLogger]:
        """Record all that is emitted inside in one transaction, or nothing of it.

        `documents` (SHA-256 and bytes) are stored with it, `claim` is the PAC's to its WRAP,
        `lease` takes the dispatch's lease, and `seizure` demands that nobody took it.
        """
        together = _Collector(self._trail, self.dispatch)
        yield together
        self._append(Batch(self.dispatch, together.collected, documents, claim, lease, seizure))

    def get_all_events(self) -> list[Event]:
        """The dispatch's events, read back from the trail."""
        return [s.event for s in self._trail.events(dispatch_id=self.dispatch.dispatch_id)]

    def _record(self, event: Event, key: str | None) -> Event:
        return self._append(Batch(self.dispatch, (NewEvent(event_key(event, key), event),)))[0]

    def _append(self, batch: Batch) -> list[Event]:
        for _, event in batch.events:
            _require_claim(event, batch.claim)
        before_commit = None if self._log is None else self._log.write
        stored = self._trail.append(batch, before_commit=before_commit)
        if self.enable_stdout:
            pairs = zip(stored, batch.events, strict=True)
            _print([s.event for s, offered in pairs if s.event is offered.event])
        return [s.event for s in stored]


class _Collector(DispatchLogger):
    """Collects what is emitted, for `DispatchLogger.transaction`."""

    def __init__(self, trail: Trail, dispatch: DispatchRef) -> None:
        super().__init__(trail, dispatch)
        self.collected: list[NewEvent] = []

    @contextmanager
    def transaction(self, **more: Any) -> Iterator[DispatchLogger]:
        """Part of the outer transaction; what is more than events needs one of its own."""
        if more:
            raise ValueError(f"{', '.join(more)} can't join another transaction")
        yield self

    def _record(self, event: Event, key: str | None) -> Event:
        self.collected.append(NewEvent(event_key(event, key), event))
        return event


def event_key(event: Event, key: str | None) -> str | None:
    """What makes an event unique in its dispatch: its type, with the checkpoint's id for a gate.

    An event of a type that is not known has the `key` that its emitter gave it.
    """
    if event.event_type == _CHECKPOINT:
        return f"{_CHECKPOINT}:{event.data.checkpoint_id}"
    if event.event_type in KNOWN_PAYLOADS:
        return event.event_type
    # With its type, so that no key of a caller's takes the place of an event of the contract.
    return None if key is None else f"{event.event_type}:{key}"


def _require_claim(event: Event, claim: WrapClaim | None) -> None:
    """A WRAP enters a trail only with its PAC's claim to it: so no PAC has two, and no id two."""
    if event.event_type != EventType.WRAP_GENERATION or event.data.blocked:
        return
    if claim is None or (claim.pac_id, claim.wrap_id) != (event.data.pac_id, event.data.wrap_id):
        raise EventRefused(f"{event.data.wrap_id} is generated without a claim to it")


_stdout_lock = threading.Lock()
"""Two threads' lines must not mix."""


def _print(events: Sequence[Event]) -> None:
    """Print events; they are recorded by now, so a reader who is gone costs the print only."""
    lines = "".join([event.json.decode() + "\n" for event in events])
    with _stdout_lock, suppress(OSError, ValueError, AttributeError):
        # Python has no standard output at all under some servers, and may not know UTF-8 there.
        raw = getattr(sys.stdout, "buffer", None)
        if raw is None:
            sys.stdout.write(lines)
        else:
            sys.stdout.flush()
            raw.write(lines.encode())
        sys.stdout.flush()


def summarise(events: Sequence[Event]) -> dict[str, Any]:
    """The summary of the contract.

    `total_events` is a count, `event_types` has each type once in order of first occurrence,
    `first_event` and `last_event` are timestamps, None when there is no event.
    """
    return {
        "total_events": len(events),
        "event_types": list(dict.fromkeys(event.event_type for event in events)),
        "first_event": events[0].timestamp if events else None,
        "last_event": events[-1].timestamp if events else None,
    }


def telemetry_for_ber(events: Sequence[Event]) -> dict[str, Any]:
    """The contract's telemetry block: `telemetry_version`, `summary`, `events` (plain dicts)."""
    return {
        "telemetry_version": TELEMETRY_VERSION,
        "summary": summarise(events),
        "events": [event.to_dict() for event in events],
    }
