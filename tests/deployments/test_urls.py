"""Runs that are started with the URL of a document, or with its digest beside it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from benson_execution import Trail
from benson_execution.dispatch import Dispatch
from benson_execution.document import Document
from benson_execution.policy import Policy
from benson_execution.settings import Settings
from flows import lifecycle
from flows.lifecycle import Given, begun_dispatch
from flows.pac_execution import pac_execution
from tests.flow.documents import BLOCKED, document
from tests.flow.test_every_hook_matters import statuses


class Site(ThreadingHTTPServer):
    """Answers the next of its texts, the last one for ever; None is a status of 503."""

    daemon_threads = True

    def __init__(self, *texts: str | None) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.texts = list(texts)
        self.asked = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}/documents/one"


class Page(BaseHTTPRequestHandler):
    server: Site

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is Python's
        pass

    def do_GET(self) -> None:
        self.server.asked += 1
        text = self.server.texts[0]
        if len(self.server.texts) > 1:
            del self.server.texts[0]
        self.send_response(503 if text is None else 200)
        self.end_headers()
        self.wfile.write((text or "").encode())


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, prefect: str) -> Iterator[Any]:
    """Starts a site whose documents may be fetched."""
    started: list[tuple[Site, threading.Thread]] = []

    def start(*texts: str | None) -> Site:
        site = Site(*texts)
        thread = threading.Thread(target=site.serve_forever, args=(0.02,))
        thread.start()
        started.append((site, thread))
        monkeypatch.setenv("BENSON_DOCUMENT_URLS", site.url.removesuffix("one"))
        return site

    yield start
    for site, thread in started:
        site.shutdown()
        thread.join()
        site.server_close()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def run(**given: str) -> State[Any]:
    return await pac_execution(**given, return_state=True)


async def test_a_document_is_fetched_once_and_judged(serving: Any, trail: Trail) -> None:
    """The bytes that came are in the trail with the START, and everything after reads those."""
    text = document()
    site = serving(text, document(BLOCKED))
    assert (await run(document_url=site.url)).is_completed()
    assert site.asked == 1
    assert trail.document(sha256(text)) == text.encode()
    assert statuses(trail) == ["COMPLETED"]


async def test_a_run_that_starts_again_reads_what_it_began_with(
    serving: Any, home: Path, trail: Trail
) -> None:
    """Its open dispatch names the document by its digest; nobody is asked for it again."""
    text = document()
    site = serving(document(BLOCKED))
    settings = Settings.load()
    run_id = "0a6bd8b2-5e2a-4d1c-9f39-0f2f4c1d7e11"
    Dispatch.of(run_id, Document.read(text), Policy.of(settings), trail).begin()
    dispatch, has_begun = begun_dispatch(run_id, Given(document_url=site.url), settings)
    assert (dispatch.document.text, has_begun, site.asked) == (text, True, 0)


async def test_a_failed_fetch_refuses_the_run(serving: Any, trail: Trail) -> None:
    """With the reason, asked for once, and with no dispatch: there is nothing to judge."""
    site = serving(None, document())
    state = await run(document_url=site.url)
    assert (state.name, site.asked) == ("REFUSED", 1)
    assert "status 503" in (state.message or "")
    assert list(trail.events()) == []
    assert lifecycle._refused == {}


async def test_what_is_not_allowed_is_refused_unasked(serving: Any, trail: Trail) -> None:
    """By the settings of whoever runs it, not by whoever asks."""
    site = serving(document())
    state = await run(document_url=site.url.replace("/documents/", "/others/"))
    assert (state.name, site.asked) == ("REFUSED", 0)
    assert "nothing may be fetched from there" in (state.message or "")
    assert list(trail.events()) == []


async def test_a_fetched_text_that_is_no_document_is_on_record(serving: Any, trail: Trail) -> None:
    """As any other: its digest, its size, and why."""
    site = serving("[]")
    assert (await run(document_url=site.url)).name == "REFUSED"
    (refusal,) = trail.refusals()
    assert (refusal.sha256, refusal.size) == (sha256("[]"), 2)
    assert site.asked == 1


@pytest.mark.parametrize("by", ["document", "document_url"])
async def test_the_digest_beside_a_document_must_be_its_own(
    by: str, serving: Any, trail: Trail
) -> None:
    """Whoever names both can tell that what is judged is what was meant."""
    text = document()
    given = {by: text if by == "document" else serving(text).url}
    state = await run(**given, document_digest="0" * 64)
    assert state.name == "REFUSED"
    assert f"has the SHA-256 {sha256(text)}, and not '{'0' * 64}'" in (state.message or "")
    assert list(trail.events()) == []
    assert [refusal.sha256 for refusal in trail.refusals()] == [sha256(text)]
    assert (await run(**given, document_digest=sha256(text))).is_completed()


@pytest.mark.parametrize(
    "given", [{"document": "{}", "document_url": "https://example.test/"}, {}], ids=str
)
async def test_one_document_is_given(given: dict[str, str], prefect: str, trail: Trail) -> None:
    """Of a text and a URL nobody knows which was meant."""
    state = await run(**given)
    assert state.name == "REFUSED"
    assert "give one of" in (state.message or "")
