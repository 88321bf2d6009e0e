"""A proxy before the Prefect API that says what is posted to /events, and can refuse to take it."""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit


class EventsProxy:
    """Passes everything on, and knows what was posted to /events.

    The first `failing` of these are answered with a 500; `holding` keeps them without an answer.
    """

    def __init__(self, api_url: str) -> None:
        self.failing = 0
        self.holding = False
        self.attempts = 0
        self.posted: list[list[dict[str, Any]]] = []
        """The batches that were passed on."""
        self._upstream = urlsplit(api_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.api_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api"
        self._closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        # An accept that waits does not notice that its socket is closed.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """One request of a connection, which is closed afterwards."""
        with connection, suppress(OSError):
            received = b""
            while b"\r\n\r\n" not in received:
                if not (more := connection.recv(65536)):
                    return
                received += more
            head, _, body = received.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            fields = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in lines[1:])}
            while len(body) < int(fields.get("content-length", 0)):
                body += connection.recv(65536)
            if lines[0].startswith("POST /api/events HTTP") and not self._take(body):
                connection.sendall(
                    b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                return
            if "upgrade" not in fields:
                kept = [x for x in lines if not x.lower().startswith("connection:")]
                head = "\r\n".join([*kept, "Connection: close"]).encode("latin-1")
            address = (self._upstream.hostname, self._upstream.port)
            with socket.create_connection(address) as upstream:
                upstream.sendall(head + b"\r\n\r\n" + body)
                _pass_on(connection, upstream)

    def _take(self, body: bytes) -> bool:
        self.attempts += 1
        if self.holding:
            self._closed.wait()
        if self.attempts <= self.failing:
            return False
        self.posted.append(json.loads(body))
        return True


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Both ways, until one of them has nothing more to say."""
    while True:
        readable, _, _ = select.select([one, other], [], [], 60)
        if not readable:
            return
        for source in readable:
            if not (more := source.recv(65536)):
                return
            (other if source is one else one).sendall(more)


@contextmanager
def events_proxy(api_url: str) -> Iterator[EventsProxy]:
    """One that is closed afterwards."""
    proxy = EventsProxy(api_url)
    try:
        yield proxy
    finally:
        proxy.close()
