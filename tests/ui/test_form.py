"""The form of `pac-form/on-demand`: a person fills it in, and sees the verdict."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from flows.pac_form import pac_form
from tests.prefect_server import wait_until
from tests.ui.forms import Form
from tests.ui.handed_in import a_pac_id, deployment_id
from tests.ui.look import bars_of, has_colour, planted
from tests.ui.prefect_ui import PrefectUi
from tests.ui.runs import HOSTILE_NAME, HOSTILE_PATH, HOSTILE_TASK

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

TASK_FIELDS: Final = {"Id": "Short and unique, as T1.", "Description": "What is to be done."}


@pytest.fixture
def form(ui: PrefectUi, api_url: str) -> Form:
    """The form, as it is opened from the page of its deployment: a custom run."""
    ui.open(f"/deployments/deployment/{deployment_id(api_url, 'pac-form', 'on-demand')}")
    ui.pick(
        ui.page.get_by_role("button", name="Run", exact=True),
        ui.page.get_by_text("Custom run", exact=True).filter(visible=True).first,
    )
    ui.page.wait_for_url(re.compile("/run\\b"))
    return Form(ui, ui.page.locator("body"))


def fill_in(form: Form, name: str, **changes: str) -> None:
    """A work order that completes, but for the changes, as a run of this name."""
    given = {
        "pac_id": a_pac_id("FORM"),
        "agent_name": "Dan",
        "task": "Show the cause of a red build on its first page",
        "file": "ci/first_page.py",
        "quality_score": "0.93",
        "notes": "",
        **changes,
    }
    form.name_run(name)
    form.fill("pac_id", given["pac_id"])
    form.fill("agent_gid", "GID-07")
    form.fill("agent_name", given["agent_name"])
    form.add_item("tasks")
    form.fill("Id", "T1")
    form.fill("Description", given["task"])
    form.add("tasks_completed", ["T1"])
    form.add("files_modified", [given["file"], "ci/test_first_page.py"])
    form.fill("quality_score", given["quality_score"])
    form.choose("scope_compliance", "yes")
    form.fill("execution_time_ms", "5400000")
    form.fill("notes", given["notes"])


def test_the_form_names_and_describes_every_field(form: Form) -> None:
    """In one line each, and typed: nowhere is a person asked for JSON, or for None."""
    told = pac_form.parameters.properties
    expect(form.field("pac_id")).to_be_visible()
    assert set(told) >= {"pac_id", "tasks", "quality_score", "scope_compliance", "notes"}
    for name, schema in told.items():
        expect(form.field(name)).to_have_count(1)
        expect(form.field(name)).to_contain_text(schema["description"])
    form.add_item("tasks")
    for name, description in TASK_FIELDS.items():
        expect(form.field(name)).to_contain_text(description)
    expect(form.inside.locator(".cm-editor")).to_have_count(0)
    expect(form.inside.get_by_text("None", exact=True)).to_have_count(0)


def test_an_empty_form_makes_no_run(form: Form) -> None:
    """Each field that must be filled in says so."""
    form.submit()
    for name in pac_form.parameters.required:
        expect(form.field(name)).to_contain_text(f"'{name}' is a required property")
    expect(form.ui.page).to_have_url(re.compile("/run\\b"))


def test_what_is_filled_in_is_judged_and_completes(form: Form) -> None:
    """The run is found by the name that the person gave it, and its message names the WRAP."""
    fill_in(form, name := f"complete by {form.ui.version}")
    form.hand_in()
    open_run(form.ui, name)
    has_colour("green", form.ui.page.get_by_text("Completed", exact=True).first)
    form.ui.tab("Details")
    told = form.ui.page.get_by_text(re.compile(r"WRAP-DAN-P\d+-\d+.*: all checkpoints passed"))
    expect(told.first).to_be_visible()


def test_a_refused_form_says_why(form: Form) -> None:
    """Red, and with the gate that refused it; the same form can be looked at again."""
    name = f"first page of a red build, {form.ui.version}"
    pac_id = f"PAC-DAN-P46-FIRST-PAGE-{form.ui.version.upper()}"
    fill_in(form, name, pac_id=pac_id, quality_score="0.62")
    form.inside.get_by_text("Run Name", exact=True).scroll_into_view_if_needed()
    form.ui.screenshot("ui-form.png")
    form.hand_in()
    open_run(form.ui, name)
    has_colour("red", form.ui.page.get_by_text("BLOCKED", exact=True).first)
    form.ui.tab("Details")
    why = re.compile("CP-03 QUALITY_SCORE_VALIDATION: Quality score 0.62 is below")
    expect(form.ui.page.get_by_text(why).first).to_be_visible()
    wait_until(lambda: bars_of(form.ui.graph) == ["red"], description="the graph is drawn")
    form.ui.screenshot("ui-form-verdict.png")


def test_hostile_text_in_the_form_stays_text(form: Form) -> None:
    """It is judged as the name that it is, and makes no element of its own in the run's page."""
    ansi = "\x1b[31mred\x1b[0m [x](javascript:alert(3))"
    fill_in(
        form,
        name := f"hostile by {form.ui.version}",
        agent_name=HOSTILE_NAME,
        task=HOSTILE_TASK,
        file=HOSTILE_PATH,
        notes=f"{HOSTILE_NAME} {ansi}",
    )
    form.hand_in()
    open_run(form.ui, name)
    has_colour("red", form.ui.page.get_by_text("BLOCKED", exact=True).first)
    form.ui.tab("Details")
    form.ui.expect_in_message("onerror=alert(1)")
    assert planted(form.ui.page) == []
    form.ui.tab("Parameters")
    expect(form.ui.page.get_by_text("javascript:alert(3)").filter(visible=True)).to_be_visible()
    assert planted(form.ui.page) == []
    assert not [url for url in form.ui.guard.tried if "evil.example" in url]


def open_run(ui: PrefectUi, name: str) -> None:
    """Go to a run by its name, from the list of runs."""
    ui.open("/runs")
    ui.page.get_by_role("link", name=name, exact=True).first.click()
    ui.page.wait_for_url(re.compile("/runs/flow-run/"))
