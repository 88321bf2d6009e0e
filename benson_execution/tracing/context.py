"""Ids of traces and spans: a dispatch has the same ones whenever, and by whomever, it is exported.

A trace is named after its run, so that a run that is resumed or tried again goes on in it: its
128 bits are the run's UUID. Where the orchestrator traces its runs, theirs is the trace.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple
from uuid import UUID

from benson_execution.proof.leaf import is_trace_id

_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)


class TraceParent(NamedTuple):
    """The span that something is part of, as the W3C writes it; ids in lower-case hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool

    @classmethod
    def parse(cls, text: object) -> TraceParent | None:
        """The span that a `traceparent` names; None when this is none."""
        found = _TRACEPARENT.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            return None
        trace_id, span_id, flags = found.groups()
        return cls(trace_id, span_id, bool(int(flags, 16) & 1))


def trace_id_of_run(run_id: str) -> str:
    """The trace of a run that nobody else traces."""
    try:
        own = UUID(run_id).hex
    except ValueError:
        own = ""
    return own if is_trace_id(own) else hashlib.sha256(run_id.encode()).hexdigest()[:32]


def span_id_of(trail_id: str, dispatch_id: str, name: str) -> str:
    """The id of a dispatch's span of this name."""
    return hashlib.sha256(f"{trail_id}/{dispatch_id}/{name}".encode()).hexdigest()[:16]
