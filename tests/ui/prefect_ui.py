"""The two UIs that Prefect serves, and where each of them shows what.

The second is what a browser is sent to; the first is one click away, and Prefect's own links to
runs lead to it. They are two programs that render Markdown, tables and logs in two ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Locator, Page, Request, Response

Version = Literal["v1", "v2"]

VERSION_ID: Final = re.compile(r"^[0-9a-f]{8}$")
"""How a version of an artifact is called in its history."""
MAX_SCREENSHOT: Final = 200_000


@dataclass  # not frozen: Playwright leaves marks on whatever owns a listener
class Guard:
    """What a browser window tried to reach, what it reached, and which dialogs it opened."""

    tried: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def note_request(self, request: Request) -> None:
        if not is_local(request.url):
            self.tried.append(request.url)

    def note_response(self, response: Response) -> None:
        if not is_local(response.url):
            self.reached.append(response.url)

    def dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def is_local(url: str) -> bool:
    """Whether a URL leads to this machine's loopback address, or nowhere at all (`data:`)."""
    parts = urlsplit(url)
    return parts.hostname == "127.0.0.1" or parts.scheme in {"data", "blob", "about"}


@dataclass(frozen=True)
class PrefectUi:
    """One of the UIs in a browser window; methods say where things are, tests what they are."""

    version: Version
    origin: str
    page: Page
    guard: Guard
    screenshots: Path | None

    def open(self, path: str) -> None:
        """Go to a page by its path."""
        base = "/v2" if self.version == "v2" else ""
        self.page.goto(f"{self.origin}{base}{path}", wait_until="domcontentloaded")

    def card(self, name: str) -> Locator:
        """The entry of a list, of flow runs or of task runs, that links to this name."""
        entry = "li" if self.version == "v2" else ".state-list-item__content"
        link = self.page.get_by_role("link", name=name, exact=True)
        return self.page.locator(entry).filter(has=link).first

    def tab(self, name: str) -> None:
        """Show another tab of the page."""
        self.page.get_by_text(name, exact=True).first.click()

    def open_artifact(self, key: str, *, version: int = 0) -> Locator:
        """Open an artifact from its history, the newest version first; returns its content."""
        self.open(f"/artifacts/key/{key}")
        self.versions.nth(version).click()
        return self.artifact

    @property
    def versions(self) -> Locator:
        """The versions of an artifact in its history."""
        return self.page.get_by_role("link", name=VERSION_ID)

    @property
    def artifact(self) -> Locator:
        """The content of the artifact that is open."""
        if self.version == "v2":
            return self.page.get_by_role("tabpanel", name="Artifact")
        return self.page.locator(".artifact-data-view")

    @property
    def graph(self) -> Locator:
        """The graph of a flow run."""
        return self.page.locator("canvas").first

    def screenshot(self, name: str) -> None:
        """Keep a picture for the documentation, of the UI that a browser is sent to."""
        if self.screenshots is None or self.version == "v1":
            return
        self.screenshots.mkdir(parents=True, exist_ok=True)
        picture = self.page.screenshot(animations="disabled")
        assert len(picture) < MAX_SCREENSHOT, f"{name} has {len(picture)} bytes"
        (self.screenshots / name).write_bytes(picture)
