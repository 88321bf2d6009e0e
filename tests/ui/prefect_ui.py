"""The two UIs that Prefect serves, and where each of them shows what.

The first is what a browser is sent to by a server with our settings; the second is one click away.
They are two programs that render Markdown, tables and logs in two ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Locator, Page, Request, Response
from playwright.sync_api import TimeoutError as NotInTime

from tests.prefect_server import wait_until
from tests.ui.pictures import small

Version = Literal["v1", "v2"]

VERSION_ID: Final = re.compile(r"^[0-9a-f]{8}$")
"""How a version of an artifact is called in its history."""
MAX_SCREENSHOT: Final = 150_000
MOMENT_MS: Final = 2_000
"""How long a page may take to follow a click, before it is clicked again."""


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

    def pick(self, opener: Locator, option: Locator) -> None:
        """Open a menu by the keyboard, and choose from it.

        One UI closes some of its menus in the very click that opened them, loses what comes while a
        page is being made, and makes a page again, without its open menu, when an answer of the API
        arrives.
        """

        def chosen() -> bool:
            if not option.is_visible():
                opener.press("Space")
            if not _comes(option):
                return False
            try:
                option.click(timeout=MOMENT_MS)
            except NotInTime:
                return False
            return True

        wait_until(chosen, description="one of the menu is chosen")

    def menu(self, name: str) -> None:
        """Choose what can be done with the run that is open: a button, or in a menu."""
        if self.version == "v2":
            opener = self.page.get_by_role("button", name="Open menu").first
            self.pick(opener, self.page.get_by_role("menuitem", name=name, exact=True))
        else:
            self.page.get_by_role("button", name=name, exact=True).first.click()

    def expect_in_message(self, text: str) -> None:
        """Wait until a text is to be read in the state's message, of which one UI cuts the end."""
        more = self.page.get_by_text("See More", exact=True)
        wanted = self.page.get_by_text(text).filter(visible=True).first

        def shown() -> bool:
            if more.count():
                more.first.click()
            return _comes(wanted)

        wait_until(shown, description=f"the message tells {text}")

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog").or_(self.page.get_by_role("alertdialog"))

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

    def screenshot(
        self, name: str, *, height: int | None = None, down_to: Locator | None = None
    ) -> None:
        """Keep a picture for the documentation, of the UI that is the easier one to read.

        `height` is the window's, in pixels; `down_to` is what stands at its end. Neither is done
        where no picture is wanted: a lower window drops the entries of a list that it has no room
        for.
        """
        if self.screenshots is None or self.version == "v1":
            return
        if height is not None:
            self.page.set_viewport_size({"width": 1280, "height": height})
        if down_to is not None:
            down_to.evaluate("element => element.scrollIntoView({block: 'end'})")
        self.screenshots.mkdir(parents=True, exist_ok=True)
        picture = small(self.page.screenshot(animations="disabled"))
        assert len(picture) < MAX_SCREENSHOT, f"{name} has {len(picture)} bytes"
        (self.screenshots / name).write_bytes(picture)


def _comes(element: Locator) -> bool:
    """Whether it is there within a moment."""
    try:
        element.wait_for(timeout=MOMENT_MS)
    except NotInTime:
        return False
    return True
