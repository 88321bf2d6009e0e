"""Documents by address: what may be fetched, and what may come back, from a real server."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from benson_execution.errors import InvalidSettings, UnreadableDocument
from benson_execution.fetching import Address, allowed_address, fetch_document
from benson_execution.settings import Settings

DOCUMENT: Final = b'{"pac": {}}'
LIMIT: Final = 10_000


class Site(ThreadingHTTPServer):
    """A server of documents, and of everything that is none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.asked: list[str] = []
        self.sent = 0
        self.over = threading.Event()
        self.headers: list[dict[str, str]] = []

    @property
    def where(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client leaves in the middle on purpose."""


class Page(BaseHTTPRequestHandler):
    """One answer: which, says the last part of the path."""

    server: Site
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is Python's
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append({k.lower(): v for k, v in self.headers.items()})
        getattr(self, self.path.rpartition("/")[2].partition("?")[0].replace("-", "_"))()

    def _answer(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def document(self) -> None:
        self._answer(DOCUMENT)

    def just_fits(self) -> None:
        self._answer(b"x" * LIMIT)

    def too_large(self) -> None:
        self._answer(b"x" * (LIMIT + 1))

    def redirect(self) -> None:
        self._answer(b"", 302, Location=f"{self.server.where}/allowed/document")

    def not_modified(self) -> None:
        self.send_response(304)
        self.end_headers()

    def missing(self) -> None:
        self._answer(DOCUMENT, 404)

    def part(self) -> None:
        self._answer(DOCUMENT, 206)

    def gzip_bomb(self) -> None:
        self._answer(gzip.compress(b"x" * 50_000_000), Content_Encoding="gzip")

    def two_encodings(self) -> None:
        self._answer(DOCUMENT, Content_Encoding="identity, br")

    def endless(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.server.over.is_set():
            self.wfile.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
            self.server.sent += 0x1000

    def cut_short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(DOCUMENT)
        self.close_connection = True

    def slow_body(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self._dribble(b"x")

    def slow_head(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self._dribble(b"X-Slow: 1\r\n")

    def silent(self) -> None:
        self.server.over.wait()

    def _dribble(self, piece: bytes) -> None:
        while not self.server.over.wait(0.05):
            self.wfile.write(piece)
            self.wfile.flush()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        serving = threading.Thread(target=running.serve_forever, args=(0.02,))
        serving.start()
        yield running
        running.over.set()
        running.shutdown()
        serving.join()


def allowing(prefixes: str, **more: Any) -> Settings:
    return Settings(document_urls=prefixes, max_document_bytes=LIMIT, **more)


def test_a_document_below_an_allowed_prefix_is_fetched(site: Site) -> None:
    """Its bytes, as they are; it is asked for as it is, and by a name of ours."""
    settings = allowing(f"https://example.test/ {site.where}/allowed/")
    assert fetch_document(f"{site.where}/allowed/document", settings) == DOCUMENT
    assert site.asked == ["/allowed/document"]
    assert site.headers[0]["accept-encoding"] == "identity"
    assert site.headers[0]["user-agent"].startswith("benson/")


def test_a_query_is_asked_for_as_it_was_given(site: Site) -> None:
    """Signed addresses have one."""
    fetch_document(f"{site.where}/a/document?key=%2F%2e&b", allowing(f"{site.where}/a"))
    assert site.asked == ["/a/document?key=%2F%2e&b"]


def test_nothing_is_allowed_by_default(site: Site) -> None:
    """Whoever can start a run must not choose what this machine asks."""
    with pytest.raises(UnreadableDocument, match="nothing may be fetched from there"):
        fetch_document(f"{site.where}/document", allowing(""))
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://allowed.test@{host}/allowed/document",
        "http://{host}@allowed.test/allowed/document",
        "http://user:secret@{host}/allowed/document",
        "http://{host}/allowed/../document",
        "http://{host}/allowed/%2e%2e/document",
        "http://{host}/allowed/%2E./document",
        "http://{host}/allowed/..%2fdocument",
        "http://{host}/allowed/..%5cdocument",
        "http://{host}/allowed/..\\document",
        "http://{host}/allowed/%252e%252e/document",
        "http://{host}/allowed/..;/document",
        "http://{host}/allowed/./document",
        "http://{host}/allowed//document",
        "http://{host}//allowed/document",
        "http://{host}/allowedness/document",
        "http://{host}/Allowed/document",
        "http://{host}/allowed",
        "http://{host}/%61llowed/document",
        "http://{host}/document",
        "http://{host}/allowed/document#fragment",
        "http://{host}/allowed/document%00",
        "http://{host}/allowed/document\n",
        "http://{host}/allowed/docu\tment",
        " http://{host}/allowed/document",
        "http://{host}/allowed/d\u00f6cument",
        "http://{host}/allowed/doc ument",
        "http://{host}/allowed/%zz",
        "http:/{host}/allowed/document",
        "http:{host}/allowed/document",
        "//{host}/allowed/document",
        "https://{host}/allowed/document",
        "ftp://{host}/allowed/document",
        "file:///etc/passwd",
        "gopher://{host}/allowed/document",
        "http://localhost:{port}/allowed/document",
        "http://127.1:{port}/allowed/document",
        "http://2130706433:{port}/allowed/document",
        "http://127.0.0.1./allowed/document",
        "http://127.0.0.1/allowed/document",
        "http://127.0.0.1:0{port}1/allowed/document",
        "http://127.0.0.1:99999/allowed/document",
        "http://\u2460\u2461\u2466.0.0.1:{port}/allowed/document",
        "http://{host}/allowed/" + "d" * 3000,
        "",
    ],
)
def test_what_is_not_plainly_below_the_prefix_is_refused_unasked(url: str, site: Site) -> None:
    """However it is written, the server hears nothing of it."""
    port = site.server_address[1]
    url = url.replace("{host}", f"127.0.0.1:{port}").replace("{port}", str(port))
    with pytest.raises(UnreadableDocument, match="is refused"):
        fetch_document(url, allowing(f"{site.where}/allowed/"))
    assert site.asked == []


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("https://example.test/a/b", "https://example.test"),
        ("https://example.test", "https://example.test/"),
        ("HTTPS://EXAMPLE.test:443/a/b", "https://example.TEST/a"),
        ("https://example.test/a/b", "https://example.test:443/a/"),
        ("https://example.test/a", "https://example.test/a"),
        ("https://example.test/a/", "https://example.test/a/"),
        ("http://[::1]:80/a", "http://[::1]/"),
    ],
)
def test_a_prefix_covers_what_lies_in_it(url: str, prefix: str) -> None:
    """Default ports are the same as none, and schemes and hosts have no case."""
    assert allowed_address(url, allowing(prefix)) == Address.parse(url)


@pytest.mark.parametrize(
    "prefix",
    ["example.test", "ftp://example.test", "https://a@b/", "https://a/?b", "https://a/../b"],
)
def test_a_prefix_that_is_none_is_a_wrong_setting(prefix: str) -> None:
    """It is named, rather than never met."""
    with pytest.raises(InvalidSettings, match="BENSON_DOCUMENT_URLS"):
        allowed_address("https://example.test/a", allowing(prefix))


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("redirect", "redirects, and no redirect is followed"),
        ("not-modified", "redirects, and no redirect is followed"),
        ("missing", "status 404"),
        ("part", "status 206"),
        ("gzip-bomb", "the encoding 'gzip'"),
        ("two-encodings", "the encoding 'identity, br'"),
        ("too-large", "more than 10000 bytes"),
        ("cut-short", "could not be fetched"),
    ],
)
def test_what_is_no_document_is_refused(page: str, why: str, site: Site) -> None:
    """With the reason; one request was made, and no other."""
    with pytest.raises(UnreadableDocument, match=why):
        fetch_document(f"{site.where}/a/{page}", allowing(f"{site.where}/a"))
    assert site.asked == [f"/a/{page}"]


def test_a_document_of_just_the_limit_is_read(site: Site) -> None:
    """Not a byte more, and not one less."""
    content = fetch_document(f"{site.where}/just-fits", allowing(site.where))
    assert content == b"x" * LIMIT


def test_an_endless_body_is_left_at_the_limit(site: Site) -> None:
    """No length is announced, and little more than the limit is ever read."""
    with pytest.raises(UnreadableDocument, match="more than 10000 bytes") as refused:
        fetch_document(f"{site.where}/endless", allowing(site.where))
    received = refused.value.received
    assert received is not None
    assert (received.complete, LIMIT < received.size < 200_000) == (False, True)
    assert received.sha256 == hashlib.sha256(b"x" * received.size).hexdigest()


@pytest.mark.parametrize("page", ["slow-body", "slow-head", "silent"])
def test_a_slow_server_is_left_in_time(page: str, site: Site) -> None:
    """The time is for all of it: each byte may be quick, and the document never there."""
    began = time.monotonic()
    with pytest.raises(UnreadableDocument, match=r"within 1 s|could not be fetched"):
        fetch_document(f"{site.where}/{page}", allowing(site.where), seconds=1)
    assert time.monotonic() - began < 20


def test_a_name_is_looked_up(site: Site) -> None:
    """In a thread of its own; one that there is not is said to be none."""
    port = site.server_address[1]
    where = f"http://localhost:{port}"
    assert fetch_document(f"{where}/document", allowing(where)) == DOCUMENT
    with pytest.raises(UnreadableDocument, match="could not be fetched"):
        fetch_document("http://nobody.invalid/a", allowing("http://nobody.invalid/"))


@pytest.mark.parametrize(
    ("path", "why"),
    [("missing", "status 404"), ("redirect", "redirects"), ("cut-short", "could not be fetched")],
)
def test_what_signs_a_url_is_not_told(path: str, why: str, site: Site) -> None:
    """Errors are kept for good; who it is for, and where it is, they say."""
    url = f"{site.where}/a/{path}"
    with pytest.raises(UnreadableDocument, match=why) as refused:
        fetch_document(f"{url}?signature=secret", allowing(site.where))
    assert f"'{url}'" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_nobody_there_is_said(site: Site) -> None:
    """A sentence, and no error of a library."""
    with pytest.raises(UnreadableDocument, match="could not be fetched"):
        fetch_document("http://127.0.0.1:1/a", allowing("http://127.0.0.1:1/"))


def test_a_proxy_of_the_environment_is_not_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor a password file: what is fetched depends on the settings alone."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert fetch_document(f"{site.where}/document", allowing(site.where)) == DOCUMENT
    assert "authorization" not in site.headers[0]
