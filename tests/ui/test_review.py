"""A reviewer finds what waits in the list of runs, and answers it in the UI."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.ui.forms import Form
from tests.ui.handed_in import a_pac_id, named_document, submit, wait_for_state
from tests.ui.look import has_colour, planted
from tests.ui.prefect_ui import PrefectUi
from tests.ui.runs import HOSTILE_NAME

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Waiting:
    """A run that waits for its reviewer."""

    ui: PrefectUi
    pac_id: str
    run_id: str

    def open(self) -> Form:
        """Open its page, and the form by which it is answered."""
        self.ui.open(f"/runs/flow-run/{self.run_id}")
        self.ui.menu("Resume")
        form = Form(self.ui, self.ui.dialog)
        expect(form.field("Decision")).to_be_visible()
        return form

    def send(self) -> None:
        """Send the answer."""
        name = "Resume" if self.ui.version == "v2" else "Submit"
        self.ui.dialog.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def waiting(ui: PrefectUi, api_url: str) -> Waiting:
    """What ALEX has done, and Ada has not looked at yet."""
    pac_id = a_pac_id("REVIEW")
    run_id = submit(api_url, named_document(pac_id, "PAC-ALEX-P36.json"))
    wait_for_state(api_url, run_id, "Suspended")
    return Waiting(ui, pac_id, run_id)


def test_the_list_of_runs_shows_what_waits(ui: PrefectUi, waiting: Waiting) -> None:
    """By a tag that it can be filtered by, and by its state."""
    ui.open("/runs")
    card = ui.card(f"{waiting.pac_id} · ALEX (GID-08)")
    expect(card.get_by_text("status:WAITING_FOR_REVIEW", exact=True).first).to_be_visible()
    expect(card.get_by_text("Suspended", exact=True).first).to_be_visible()


def test_a_reviewer_approves_and_the_run_completes(
    ui: PrefectUi, waiting: Waiting, api_url: str
) -> None:
    """The form says what is reviewed, takes no empty answer, and has no answer ready."""
    form = waiting.open()
    for told in (
        "Agent ALEX (GID-08) has executed this work order:",
        waiting.pac_id,
        "CP-02 PASS: 3 paths within the PAC's scope",
        "Document SHA-256",
    ):
        expect(form.inside.get_by_text(told).first).to_be_attached()
    for label, described in (
        ("Decision", "Whether Benson may close the work order with a WRAP."),
        ("Reviewer", "Your name as the agent registry lists it among its reviewers."),
        ("Notes", "Why; recorded with your decision, for the audit."),
    ):
        expect(form.field(label)).to_contain_text(described)
    for label in ("Reviewer", "Notes"):
        expect(form.field(label).locator("textarea")).to_have_value("")
    waiting.send()
    expect(form.field("Decision")).to_be_visible()  # it is still to be answered
    assert wait_for_state(api_url, waiting.run_id, "Suspended")["run_count"] == 1

    form = waiting.open()
    form.choose("Decision", "approve")
    form.fill("Reviewer", "Ada")
    form.fill("Notes", "Read the diff, and ran the tests.")
    ui.screenshot("ui-review.png")
    waiting.send()
    expect(form.inside).to_have_count(0)
    has_colour("green", ui.page.get_by_text("Completed", exact=True).first)
    ui.tab("Details")
    expect(ui.page.get_by_text("all checkpoints passed").filter(visible=True).first).to_be_visible()
    page = ui.open_artifact(f"verdict-{waiting.pac_id.lower()}")
    expect(page.get_by_text("Read the diff, and ran the tests.").first).to_be_visible()


def test_hostile_notes_stay_text(ui: PrefectUi, waiting: Waiting) -> None:
    """In the state of the run, which they block, and in the verdict."""
    form = waiting.open()
    form.choose("Decision", "reject")
    form.fill("Reviewer", "Ada")
    form.fill("Notes", f"{HOSTILE_NAME} <https://evil.example>")
    waiting.send()
    has_colour("red", ui.page.get_by_text("BLOCKED", exact=True).first)
    ui.tab("Details")
    ui.expect_in_message(HOSTILE_NAME)
    assert planted(ui.page) == []
    page = ui.open_artifact(f"verdict-{waiting.pac_id.lower()}")
    expect(page.get_by_text(HOSTILE_NAME).first).to_be_visible()
    assert planted(ui.page) == []
    assert not [url for url in ui.guard.tried if "evil.example" in url]
