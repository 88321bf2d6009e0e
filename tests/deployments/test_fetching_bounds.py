"""Documents by address: how long a look-up is waited for, and what of a URL is never told."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from benson_execution.errors import InvalidSettings, UnreadableDocument
from benson_execution.fetching import allowed_address, fetch_document
from tests.deployments.test_fetching import allowing


def test_a_look_up_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DNS server that does not answer is waited for by nobody: not at the end, either."""
    over = threading.Event()

    def hanging(*_: object, **__: object) -> list[Any]:
        over.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    began = time.monotonic()
    try:
        with pytest.raises(UnreadableDocument, match=r"did not answer within 0\.5 s"):
            fetch_document("http://a.test/a", allowing("http://a.test/"), seconds=0.5)
        assert time.monotonic() - began < 15
        left = [one for one in threading.enumerate() if one.name == "benson-look-up"]
        assert left
        assert all(one.daemon for one in left)
    finally:
        over.set()
    for one in left:
        one.join(30)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/a?secret",
        "https://host.test/a?x#secret",
        "https://ada:secret@host.test/a",
        "https://ada:pass/secret@host.test/a",
        "https://ada:12?secret@host.test/a",
        "ada:secret@host.test/a",
        "//ada:secret@host.test/a",
    ],
)
def test_a_refused_url_is_told_without_what_is_secret(url: str) -> None:
    """Wherever in it that stands; the settings' own are told so too."""
    with pytest.raises(UnreadableDocument, match="is refused") as refused:
        allowed_address(url, allowing("https://allowed.test/"))
    assert "secret" not in str(refused.value)
    with pytest.raises(InvalidSettings) as wrong:
        allowed_address("https://allowed.test/", allowing(f"{url}?"))
    assert "secret" not in str(wrong.value)
