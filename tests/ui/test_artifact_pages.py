"""The artifacts of a dispatch: the verdict as a page, its events as a table, a PAC's history."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from benson_execution.proof.heads import Head
from tests.ui.look import cells, follows
from tests.ui.prefect_ui import PrefectUi
from tests.ui.runs import EVENTS, TASKS, JudgedRun, JudgedRuns

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

ENTITY = re.compile(r"&#?\w+;")


def heading(content: Locator, run: JudgedRun, status: str) -> Locator:
    return content.get_by_role("heading", name=f"{status}: {run.pac_id}")


def test_the_verdict_is_a_page_with_two_tables(ui: PrefectUi, runs: JudgedRuns) -> None:
    """What became of it and why, what would do, each checkpoint, and each event in order."""
    page = ui.open_artifact(runs.refused.verdict_key)
    expect(page.get_by_role("table")).to_have_count(2)
    ui.screenshot("ui-verdict.png")

    text = page.inner_text()
    assert not ENTITY.search(text), "Markdown's escapes are shown as they are written"
    assert f"BLOCKED: {runs.refused.pac_id}" in text
    assert "CP-03 QUALITY_SCORE_VALIDATION: Quality score 0.62 is below the threshold 0.70" in text

    fix = "raise quality_score from 0.62 to at least 0.70 by improving the work, or lower"
    expect(page.get_by_role("listitem").filter(has_text=fix)).to_have_count(1)
    assert "/execution_result/quality_score" in text

    checkpoints = cells(page.get_by_role("table").nth(0))
    names = [task[:5] + task[5:].lower().replace("_", " ") for task in TASKS[:4]]
    assert follows([*names, "schema validation"], checkpoints)
    assert follows(["PASS", "PASS", "FAIL", "PASS", "PASS"], checkpoints)
    assert checkpoints[2][-2:] == ["at least 0.70", "0.62"]
    assert checkpoints[0][-2:] == ["DAN (GID-07), allowed to execute", "Dan (GID-07)"]

    assert follows(EVENTS, cells(page.get_by_role("table").nth(1)))


def test_the_verdict_shows_its_signed_head(ui: PrefectUi, runs: JudgedRuns) -> None:
    """Line by line, as it was signed: who copies it from the page has a proof.

    The two UIs end a block with other blank lines, as clipboards do.
    """
    page = ui.open_artifact(runs.refused.verdict_key)
    block = page.locator("pre").filter(has_text="benson/")
    expect(block).to_have_count(1)
    head = Head.parse(block.inner_text().strip().encode() + b"\n")
    assert head.size >= 1
    assert f"Signed head of {head.size} closed dispatches" in page.inner_text()


def test_the_events_are_a_table(ui: PrefectUi, runs: JudgedRuns) -> None:
    """Eleven rows in the order of the trail, on as many pages as the UI makes of them."""
    table = ui.open_artifact(runs.refused.events_key).get_by_role("table")
    expect(table).to_be_visible()
    expect(table.get_by_text("PAC_DISPATCH_START", exact=True)).to_be_visible()
    rows = cells(table)
    more = ui.page.get_by_role("button", name="Go to next page")
    if more.count() and more.is_enabled():
        more.click()
        expect(table.get_by_text("PAC_DISPATCH_END", exact=True)).to_be_visible()
        rows += cells(table)
    assert follows(EVENTS, rows)


def test_the_history_of_a_pac_has_a_version_for_each_dispatch(
    ui: PrefectUi, runs: JudgedRuns
) -> None:
    """The PAC was completed, and refused when it came again: both verdicts can be read."""
    assert runs.again.pac_id == runs.completed.pac_id
    ui.open(f"/artifacts/key/{runs.completed.verdict_key}")
    expect(ui.versions).to_have_count(2)

    newest = ui.open_artifact(runs.completed.verdict_key, version=0)
    expect(heading(newest, runs.again, "BLOCKED")).to_be_visible()
    expect(newest.get_by_text("is closed already by WRAP-DAN-P44-").first).to_be_visible()

    oldest = ui.open_artifact(runs.completed.verdict_key, version=1)
    expect(heading(oldest, runs.completed, "COMPLETED")).to_be_visible()


def test_the_run_leads_to_its_verdict(ui: PrefectUi, runs: JudgedRuns) -> None:
    """From the run's page, by its tab of artifacts, to the verdict or its history."""
    ui.open(f"/runs/flow-run/{runs.refused.run_id}")
    ui.tab("Artifacts")
    ui.page.get_by_text(runs.refused.verdict_key).first.click()
    ui.page.wait_for_url(re.compile("/artifacts/"))
    expect(ui.page.get_by_text(runs.refused.pac_id).filter(visible=True).first).to_be_visible()
