"""A receiver of OTLP over HTTP on loopback: it decodes what is posted, and can refuse or hang."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class ReceivedSpan(NamedTuple):
    """A span as it came: ids in hexadecimal, times in nanoseconds."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    attributes: dict[str, Any]
    status: int
    message: str
    resource: dict[str, Any]
    scope: str


class ReceivedRecord(NamedTuple):
    """A log record as it came."""

    name: str
    trace_id: str
    span_id: str
    at: int
    severity: int
    body: str
    attributes: dict[str, Any]
    resource: dict[str, Any]


class Receiver:
    """What was received; `answer` is the status of each answer, and None keeps it waiting."""

    def __init__(self) -> None:
        self.answer: int | None = 200
        self.spans: list[ReceivedSpan] = []
        self.records: list[ReceivedRecord] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        """Each request's path and header."""
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def wait_for(self, *, spans: int = 0, records: int = 0, seconds: float = 20) -> None:
        """Wait until at least so many have come."""
        deadline = time.monotonic() + seconds
        while len(self.spans) < spans or len(self.records) < records:
            assert time.monotonic() < deadline, (len(self.spans), len(self.records))
            time.sleep(0.01)

    def of(self, name: str) -> ReceivedSpan:
        """The one span of this name."""
        (span,) = [span for span in self.spans if span.name == name]
        return span

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that listens while the block lasts."""
    one = Receiver()
    try:
        yield one
    finally:
        one.close()


def nobody_listens() -> str:
    """The URL of a receiver that is down."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


def _handler(one: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            one.requests.append((self.path, dict(self.headers)))
            if one.answer is None:
                one.released.wait()
                return
            content = b""
            if one.answer == 200:
                content = self._take(body)
            with suppress(OSError):
                self.send_response(one.answer)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def _take(self, body: bytes) -> bytes:
            assert self.headers["Content-Type"] == "application/x-protobuf"
            if self.path == "/v1/traces":
                one.spans += _spans(ExportTraceServiceRequest.FromString(body))
                return bytes(ExportTraceServiceResponse().SerializeToString())
            assert self.path == "/v1/logs"
            one.records += _records(ExportLogsServiceRequest.FromString(body))
            return bytes(ExportLogsServiceResponse().SerializeToString())

        def log_message(self, *_: Any) -> None:
            """Tests look at what was received."""

    return Handler


def _spans(request: ExportTraceServiceRequest) -> Iterator[ReceivedSpan]:
    for of_resource in request.resource_spans:
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield ReceivedSpan(
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    _attributes(span.attributes),
                    span.status.code,
                    span.status.message,
                    _attributes(of_resource.resource.attributes),
                    of_scope.scope.name,
                )


def _records(request: ExportLogsServiceRequest) -> Iterator[ReceivedRecord]:
    for of_resource in request.resource_logs:
        for of_scope in of_resource.scope_logs:
            for record in of_scope.log_records:
                yield ReceivedRecord(
                    record.event_name,
                    record.trace_id.hex(),
                    record.span_id.hex(),
                    record.time_unix_nano,
                    record.severity_number,
                    record.body.string_value,
                    _attributes(record.attributes),
                    _attributes(of_resource.resource.attributes),
                )


def _attributes(found: Any) -> dict[str, Any]:
    """Names and values; each value is the one member that it has."""
    named = [(one.key, one.value, one.value.WhichOneof("value")) for one in found]
    names = [name for name, _, _ in named]
    assert len(names) == len(set(names))
    return {name: getattr(value, kind) for name, value, kind in named}
