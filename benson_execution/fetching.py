"""Documents by address: fetched only from where the settings allow it, and within limits.

An address is compared with the allowed prefixes before anything is asked of the network, and no
redirect leads away from what was compared. So it is not looked up which machine a name stands
for: whoever allows a name has chosen who answers to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import socket
import ssl
import threading
from typing import Any, Final, NamedTuple, NoReturn

import httpx

from benson_execution.errors import InvalidSettings, Received, UnreadableDocument
from benson_execution.settings import Settings
from benson_execution.text import quote
from benson_execution.version import __version__

FETCH_SECONDS: Final = 30.0
"""How long a fetch may take in all, from the look-up of the name to the last byte."""
MAX_URL: Final = 2048
_PORTS: Final = {"http": 80, "https": 443}
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^?]*)?(?:\?(?P<query>.*))?",
    re.IGNORECASE,
)
_WRITTEN: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
"""The characters of a path or a query: those of RFC 3986, and no others."""
_ENCODED: Final = re.compile(r"%(?:2e|2f|5c|25|[01][0-9a-f]|7f)", re.IGNORECASE)
"""A dot, a slash, a backslash, a per cent sign or a control character that hides in its code."""


class Address(NamedTuple):
    """A URL taken apart, of which there is only one way to read it."""

    scheme: str
    host: str
    port: int
    segments: tuple[str, ...]
    """The path between its slashes; a last one that is empty stands for a slash at the end."""
    query: str | None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Take a URL apart; `ValueError` says what is wrong with it."""
        if len(url) > MAX_URL:
            raise ValueError(f"it has more than {MAX_URL} characters")
        if "#" in url:
            raise ValueError("it has a fragment")
        if "@" in url.partition("://")[2].partition("/")[0]:
            raise ValueError("it names a user")
        found = _URL.fullmatch(url)
        if found is None:
            raise ValueError("it is not of the form http(s)://HOST[:PORT]/PATH")
        path, query = found["path"] or "/", found["query"]
        if not _WRITTEN.fullmatch(path) or not _WRITTEN.fullmatch(query or ""):
            raise ValueError("it has a character that must be percent-encoded")
        if _ENCODED.search(path):
            raise ValueError("its path has an encoded dot, slash, per cent or control character")
        segments = tuple(path.split("/"))[1:]
        if not all(segments[:-1]):
            raise ValueError("its path has an empty segment")
        # What stands behind a semicolon is dropped by some servers, before they climb.
        if any(segment.partition(";")[0] in (".", "..") for segment in segments):
            raise ValueError("its path climbs")
        scheme = found["scheme"].lower()
        port = int(found["port"] or _PORTS[scheme])
        if not 0 < port < 1 << 16:
            raise ValueError("its port is none")
        return cls(scheme, found["host"].lower(), port, segments, query)

    def lies_in(self, prefix: Address) -> bool:
        """Whether this is below a prefix, or is it: same server, and whole segments of its path."""
        folder = prefix.segments[:-1] if prefix.segments[-1:] == ("",) else prefix.segments
        if prefix[:3] != self[:3] or self.segments[: len(folder)] != folder:
            return False
        # `/a/` is a folder, and `/a` beside it is not in it.
        return folder == prefix.segments or len(self.segments) > len(folder)

    def __str__(self) -> str:
        path = "/" + "/".join(self.segments)
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.scheme}://{self.host}:{self.port}{path}{query}"


def allowed_address(url: str, settings: Settings) -> Address:
    """The address that a URL names, if it may be fetched from; `UnreadableDocument` says why not.

    Raises `InvalidSettings` for an allowed prefix that is no prefix of an address.
    """
    try:
        address = Address.parse(url)
    except ValueError as error:
        raise UnreadableDocument(f"the URL {_shown(url)} is refused: {error}") from None
    if not any(address.lies_in(prefix) for prefix in _prefixes(settings)):
        raise UnreadableDocument(
            f"the URL {_shown(url)} is refused: nothing may be fetched from there",
            "BENSON_DOCUMENT_URLS has the prefixes of the URLs that documents are fetched from",
        )
    return address


def _prefixes(settings: Settings) -> list[Address]:
    found = []
    for text in settings.document_urls.split():
        try:
            prefix = Address.parse(text)
        except ValueError as error:
            raise InvalidSettings(f"BENSON_DOCUMENT_URLS: {_shown(text)}: {error}") from None
        if prefix.query is not None:
            raise InvalidSettings(f"BENSON_DOCUMENT_URLS: {_shown(text)}: a prefix has no query")
        found.append(prefix)
    return found


def _shown(url: str) -> str:
    """A URL as errors quote it, which are kept for good: without query, fragment and user.

    What is refused may be anything: all before its last @ is taken for the user.
    """
    try:
        Address.parse(url)
    except ValueError:
        scheme = (re.match(r"\w+:/*|/*", url) or [""])[0]
        url = scheme + url[len(scheme) :].rpartition("@")[2]
    return quote(re.split("[?#]", url)[0])


def fetch_document(url: str, settings: Settings, *, seconds: float = FETCH_SECONDS) -> bytes:
    """The bytes of the document at a URL; blocks for at most `seconds`, which is for all of it.

    Raises `UnreadableDocument` when the URL is not allowed, or anything but a document of at most
    `max_document_bytes` came back. Not to be called where an event loop runs.
    """
    address = allowed_address(url, settings)
    shown = _shown(url)
    # As it was compared, and as it is asked for: another reading of the same text is refused.
    asked = httpx.URL(str(address))
    path = "/" + "/".join(address.segments)
    raw = path if address.query is None else f"{path}?{address.query}"
    if asked.raw_path != raw.encode() or asked.host != address.host.strip("[]"):
        raise UnreadableDocument(f"the URL {shown} is refused: it can be read in two ways")
    try:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            return runner.run(_fetch(asked, shown, settings.max_document_bytes, seconds))
    except TimeoutError:
        raise UnreadableDocument(f"{shown} did not answer within {seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError) as error:
        why = quote(str(error) or type(error).__name__)
        raise UnreadableDocument(f"{shown} could not be fetched: {why}") from None


class _Loop(asyncio.SelectorEventLoop):
    """A loop that waits for no look-up of a name once it is told to stop.

    Any other has names looked up by threads that it joins at its end, however long they take.
    """

    async def getaddrinfo(self, *args: Any, **more: Any) -> list[Any]:
        """As `socket.getaddrinfo` has it."""
        found: asyncio.Future[list[Any]] = self.create_future()

        def tell(result: list[Any] | OSError) -> None:
            if found.done():
                return
            if isinstance(result, OSError):
                found.set_exception(result)
            else:
                found.set_result(result)

        def look_up() -> None:
            result: list[Any] | OSError
            try:
                result = socket.getaddrinfo(*args, **more)
            except OSError as error:
                result = error
            except UnicodeError as error:
                result = OSError(str(error))
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                self.call_soon_threadsafe(tell, result)

        threading.Thread(target=look_up, name="benson-look-up", daemon=True).start()
        return await found


async def _fetch(url: httpx.URL, shown: str, limit: int, seconds: float) -> bytes:
    async with (
        # A total: a server that sends one byte a second would never meet a limit on each read.
        asyncio.timeout(seconds),
        httpx.AsyncClient(
            follow_redirects=False,
            # No proxy, no password file, no certificates that the environment names for others.
            trust_env=False,
            verify=ssl.create_default_context(),
            timeout=seconds,
            headers={"accept-encoding": "identity", "user-agent": f"benson/{__version__}"},
        ) as client,
        client.stream("GET", url) as answer,
    ):
        return await _content(answer, shown, limit)


async def _content(answer: httpx.Response, where: str, limit: int) -> bytes:
    if answer.is_redirect or 300 <= answer.status_code < 400:
        raise UnreadableDocument(f"{where} redirects, and no redirect is followed")
    if answer.status_code != 200:
        raise UnreadableDocument(f"{where} answered with status {answer.status_code}")
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        # It was asked for as it is: what unfolds to any size is not even read.
        raise UnreadableDocument(f"{where} answered with the encoding {quote(encoding)}")
    content = bytearray()
    async for part in answer.aiter_raw():
        content += part
        if len(content) > limit:
            _refuse_size(bytes(content), limit, where)
    return bytes(content)


def _refuse_size(begin: bytes, limit: int, where: str) -> NoReturn:
    error = UnreadableDocument(f"{where} has more than {limit} bytes")
    error.received = Received(hashlib.sha256(begin).hexdigest(), len(begin), complete=False)
    raise error
