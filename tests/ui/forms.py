"""A form that Prefect's UIs make of parameters, filled in as a person does: by its labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Locator, expect

from tests.ui.prefect_ui import PrefectUi

BUSY: Final = 5
"""How often a form is handed in at most."""


@dataclass(frozen=True)
class Form:
    """The form inside an element, with one field for each label."""

    ui: PrefectUi
    inside: Locator

    def field(self, label: str) -> Locator:
        """A field with its label, its description and what is filled in."""
        wanted = " or ".join(
            f"normalize-space(.)='{text}'" for text in (label, f"{label} (Optional)")
        )
        return self.inside.locator(f"xpath=.//label[{wanted}]/ancestor::*[.//fieldset][1]")

    def name_run(self, name: str) -> None:
        """Type the name of the run; it stands above the fields."""
        label = "//label[normalize-space(.)='Run Name']"
        self.inside.locator(f"xpath={label}/following::input[1]").fill(name)

    def fill(self, label: str, text: str, *, at: int = 0) -> None:
        """Type into a field, or into the one of that place among several of one label."""
        typed = self.field(label).nth(at).locator("textarea, input").first
        typed.fill(text)
        expect(typed).to_have_value(text)

    def add(self, label: str, items: Sequence[str]) -> None:
        """Add items to a list, each a text."""
        field = self.field(label)
        for number, text in enumerate(items):
            self.add_item(label)
            field.locator("textarea").nth(number).fill(text)

    def add_item(self, label: str) -> None:
        """Add an item to a list, and leave it empty."""
        self.field(label).get_by_role("button", name="Add item").last.click()

    def choose(self, label: str, option: str) -> None:
        """Choose one of the options that a field has."""
        chosen = self.field(label).locator("fieldset button").first
        self.ui.pick(chosen, self.ui.page.get_by_role("option", name=option, exact=True))
        expect(chosen).to_have_text(option)

    def submit(self) -> None:
        """Press the button, whatever comes of it."""
        self.inside.get_by_role("button", name="Submit", exact=True).click()

    def hand_in(self) -> None:
        """Submit it, until Prefect has taken it.

        On SQLite Prefect refuses what meets another write; a person submits again, too.
        """
        page = self.ui.page
        for _ in range(BUSY):
            with page.expect_response(re.compile("/create_flow_run$")) as told:
                self.submit()
            if told.value.status != HTTPStatus.SERVICE_UNAVAILABLE:
                break
        page.wait_for_url(lambda url: not urlsplit(url).path.endswith("/run"))
