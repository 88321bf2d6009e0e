"""Runs the flow once, traced by Prefect as well: `python -m tests.flow.traced < document`.

A program that wants Prefect's spans gives OpenTelemetry a tracer, as this one does; Benson's
setting is all that it says to Benson. CP-03 waits while the file that BENSON_TEST_HOLD names is
there.
"""

from __future__ import annotations

import asyncio
import os
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import tests.flow.served
from benson_execution import Document, Settings
from flows.run import run_document

if __name__ == "__main__":
    assert tests.flow.served  # imported for the gate that waits
    os.environ["BENSON_OTEL"] = "true"
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    outcome = asyncio.run(run_document(Document.read(sys.stdin.read()), Settings.load()))
    print(outcome.status)
