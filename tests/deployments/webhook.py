"""A web server on loopback that people's messages are sent to, and a block that sends them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from pydantic import SecretStr

BLOCK = "custom-webhook/on-call"
SECRET = "only-the-messenger-knows"


class Messages:
    """What arrived, oldest first, each `subject` and `body`."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []

    def subjects(self) -> list[str]:
        return [message["subject"] for message in self.received]


@contextmanager
def webhook() -> Iterator[tuple[str, Messages]]:
    """Its URL, and what arrives while it runs."""
    messages = Messages()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.received.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", messages
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def make_block(url: str) -> None:
    """The block `custom-webhook/on-call`, which posts to this URL."""
    block = CustomWebhookNotificationBlock(
        name="on-call",
        url=url,
        json_data={"subject": "{{subject}}", "body": "{{body}}", "key": "{{secret}}"},
        secrets={"secret": SecretStr(SECRET)},
    )
    await block.save("on-call", overwrite=True)
