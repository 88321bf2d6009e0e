"""Dispatches as traces and events as log records, for OpenTelemetry's receivers (the extra `otel`).

A projection like every other: made from the trail once a dispatch is closed, sent by a thread of
its own, and given up without a word to the run where nobody takes it.

    names           what spans, records and attributes are called
    context         ids of traces and spans, and the W3C's traceparent
    verdicts        what a single event says to a trace
    projection      the events of a dispatch as spans and records; knows nothing of OpenTelemetry
    otlp            the same as the SDK's own objects, and its exporters
    exporter        the thread that sends them, and what it does when it can't
    silence         keeps what the SDK logs about that from the terminal
    exporting       from the trail to the exporter of this process
"""

from benson_execution.tracing.context import TraceParent, trace_id_of_run
from benson_execution.tracing.exporting import export_dispatch, flush, is_wanted, prepare

__all__ = ["TraceParent", "export_dispatch", "flush", "is_wanted", "prepare", "trace_id_of_run"]
