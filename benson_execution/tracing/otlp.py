"""Traces as the SDK's own objects, sent by its exporters.

Imports OpenTelemetry, which takes a while and is an extra: only the exporter's thread imports it.
Where to send, with which headers, and how long to wait say OpenTelemetry's own variables.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Final, TypeVar

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace.status import Status, StatusCode

from benson_execution.tracing.names import SCOPE
from benson_execution.tracing.projection import Record, Span, Trace
from benson_execution.version import __version__

_MOST_AT_ONCE: Final = 512
"""How many spans or records one request has at most, as the SDK's own processors have it."""
_MOST_BYTES: Final = 1 << 20
"""How many bytes of bodies; a single event that is longer goes alone."""

_One = TypeVar("_One")


class NotTaken(Exception):
    """No receiver took what was sent."""


class Sender:
    """Sends traces in as few requests as may be; used by one thread."""

    def __init__(self) -> None:
        protocol = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or _PROTOCOL
        if protocol != _PROTOCOL:
            raise NotTaken(f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol!r}: only {_PROTOCOL} is spoken")
        self._spans = OTLPSpanExporter() if _is_wanted("OTEL_TRACES_EXPORTER") else None
        self._logs = OTLPLogExporter() if _is_wanted("OTEL_LOGS_EXPORTER") else None
        # Not `Resource.create`: it starts threads, which an interpreter that ends refuses.
        self._resource = Resource(
            {
                "service.name": SCOPE,
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": version("opentelemetry-sdk"),
            }
        ).merge(OTELResourceDetector().detect())
        self._scope = InstrumentationScope(SCOPE, __version__)

    def send(self, traces: Sequence[Trace]) -> None:
        """Send these traces, and their records; raises `NotTaken` at the first failure."""
        if self._spans is not None:
            spans = [self._span(t, span) for t in traces if t.sampled for span in t.spans]
            for many in _chunks(spans, [0] * len(spans)):
                if self._spans.export(many) is not SpanExportResult.SUCCESS:
                    raise NotTaken("the receiver did not take the spans")
        if self._logs is not None:
            records = [self._record(t, record) for t in traces for record in t.records]
            sizes = [len(record.body) for t in traces for record in t.records]
            for some in _chunks(records, sizes):
                if self._logs.export(some) is not LogRecordExportResult.SUCCESS:
                    raise NotTaken("the receiver did not take the log records")

    def stop(self) -> None:
        """End waiting for another attempt, from another thread; what is under way fails."""
        for exporter in (self._spans, self._logs):
            if exporter is not None:
                exporter.shutdown()  # type: ignore[no-untyped-call]  # the span exporter's

    def _span(self, trace: Trace, span: Span) -> ReadableSpan:
        status = Status(StatusCode.OK)
        if span.error is not None:
            status = Status(StatusCode.ERROR, span.error)
        return ReadableSpan(
            name=span.name.value,
            context=_context(trace, span.span_id),
            parent=None if span.parent_id is None else _context(trace, span.parent_id),
            resource=self._resource,
            attributes={str(name): value for name, value in span.attributes.items()},
            status=status,
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=self._scope,
        )

    def _record(self, trace: Trace, record: Record) -> ReadableLogRecord:
        context = _context(trace, record.span_id)
        return ReadableLogRecord(
            log_record=LogRecord(
                timestamp=record.at,
                observed_timestamp=time.time_ns(),
                context=set_span_in_context(NonRecordingSpan(context)),
                severity_text=record.severity.name,
                severity_number=SeverityNumber(record.severity),
                body=record.body,
                attributes={str(name): value for name, value in record.attributes.items()},
                event_name=record.name,
            ),
            resource=self._resource,
            instrumentation_scope=self._scope,
        )


_PROTOCOL: Final = "http/protobuf"


def _is_wanted(variable: str) -> bool:
    """Whether a signal is exported: a receiver of traces alone answers 404 to records."""
    return os.environ.get(variable, "").strip().lower() != "none"


def _context(trace: Trace, span_id: str) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if trace.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(trace.trace_id, 16), int(span_id, 16), False, flags)


def _chunks(items: Sequence[_One], sizes: Sequence[int]) -> Iterator[list[_One]]:
    """The same in order, in requests that are neither too many nor too large."""
    chunk: list[_One] = []
    held = 0
    for item, size in zip(items, sizes, strict=True):
        if chunk and (len(chunk) == _MOST_AT_ONCE or held + size > _MOST_BYTES):
            yield chunk
            chunk, held = [], 0
        chunk.append(item)
        held += size
    if chunk:
        yield chunk
