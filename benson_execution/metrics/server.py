"""The metrics over HTTP, for Prometheus to scrape."""

from __future__ import annotations

import io
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from benson_execution.errors import BadInput, BensonError
from benson_execution.metrics.exporter import OPENMETRICS, PLAIN, Exporter
from benson_execution.text import plain
from benson_execution.version import __version__

_TIMEOUT_SECONDS: Final = 10
"""How long a client may take to ask, all in all, and then to take the answer."""
_MOST_CLIENTS: Final = 32
"""How many are answered at once; Prometheus is one or two."""
_TEXT: Final = "text/plain; charset=utf-8"
_PAGE: Final = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8"><title>Benson's metrics</title>
<h1>Benson {__version__}: metrics</h1>
<p><a href="/metrics">/metrics</a> is what Prometheus scrapes: the audit trail in numbers.
It answers 503, with the reason, while the trail can't be read.</p>
<p><a href="/healthz">/healthz</a> says that this server answers, and nothing of the trail.</p>
<p>deployments/prometheus and deployments/grafana have the alert rules and the dashboard.</p>
</html>
"""

Failed = Callable[[BensonError | Exception | None], None]
"""Called when the metrics could not be told, and with None when they could."""


class MetricsServer(ThreadingHTTPServer):
    """Answers from an exporter, each client in a thread of its own."""

    daemon_threads = True
    # Two servers on one port would answer in turns.
    allow_reuse_port = False

    def __init__(self, exporter: Exporter, host: str, port: int, failed: Failed) -> None:
        """Bind to an address; port 0 is any free one. Raises `BadInput` for one not to be had."""
        self.exporter = exporter
        self.failed = failed
        self._room = threading.BoundedSemaphore(_MOST_CLIENTS)
        where = f"{plain(host)}:{port}"
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            self.address_family, *_, address = found[0]
            super().__init__((str(address[0]), port), _Handler)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise BadInput(
                f"the metrics can't be served at {where}: {why}",
                "name another address with --host and --port",
            ) from None

    def server_bind(self) -> None:
        # The library would look its own name up here, and wait for a name server.
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = self.server_address[1]

    @property
    def url(self) -> str:
        """Where the metrics are."""
        host, port = str(self.server_address[0]), self.server_address[1]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"

    def process_request(self, request: Any, client_address: Any) -> None:
        # Clients that ask slowly must not become threads without end.
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread began that would give the room back
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that left is no error of ours; anything else is told."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.failed(error)


class _Request(io.RawIOBase):
    """What a client sends, until its time is over.

    A time-out of the socket alone begins anew with each byte: one now and then would hold a thread
    for ever. Raises `TimeoutError`.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._ends = time.monotonic() + _TIMEOUT_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(_TIMEOUT_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    server: MetricsServer
    timeout = _TIMEOUT_SECONDS
    server_version = f"benson/{__version__}"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_Request(self.connection))

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._metrics()
        elif path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", _PAGE.encode())
        elif path == "/healthz":
            self._answer(HTTPStatus.OK, _TEXT, b"ok\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, _TEXT, b"there are /, /metrics and /healthz\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _metrics(self) -> None:
        wants = "application/openmetrics-text" in (self.headers.get("Accept") or "")
        try:
            content = self.server.exporter.exposition(as_openmetrics=wants)
        except BensonError as error:
            self.server.failed(error)
            said = f"{plain(str(error), 4000)}\n".encode(errors="replace")
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, said)
            return
        except Exception as error:
            self.server.failed(error)
            said = b"this is a defect of Benson; its log says more\n"
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, said)
            return
        self.server.failed(None)
        self._answer(HTTPStatus.OK, OPENMETRICS if wants else PLAIN, content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library answers, but to a method that there is not."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._answer(HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"there are GET and HEAD\n")
        else:
            super().send_error(code, message, explain)

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing: a scrape every few seconds is no news."""
