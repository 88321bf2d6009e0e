"""A blocked run that is run again in the UI: another dispatch, and another verdict of its PAC."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.prefect_server import wait_until
from tests.ui.handed_in import a_pac_id, named_document, submit, wait_for_state
from tests.ui.prefect_ui import PrefectUi

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

REFUSED = "refused/CP-03-quality-below-threshold.json"


def test_a_retry_makes_a_new_dispatch_and_a_version_of_the_verdict(
    ui: PrefectUi, api_url: str
) -> None:
    """Under the same run; what the first dispatch was told stays in the history."""
    pac_id = a_pac_id("RETRY")
    run_id = submit(api_url, named_document(pac_id, REFUSED))
    wait_for_state(api_url, run_id, "BLOCKED")
    ui.open(f"/runs/flow-run/{run_id}")
    ui.menu("Retry")
    ui.dialog.get_by_role("button", name="Retry", exact=True).click()
    wait_until(
        lambda: wait_for_state(api_url, run_id, "BLOCKED")["run_count"] == 2,
        timeout=180,
        description="the run was judged once more",
    )
    key = f"verdict-{pac_id.lower()}"
    ui.open(f"/artifacts/key/{key}")
    expect(ui.versions).to_have_count(2)
    expect(ui.page.get_by_text(re.compile(f"BLOCKED: {pac_id}")).first).to_be_visible()
    ui.screenshot("ui-history.png", height=600)
    for version, number in ((0, 2), (1, 1)):
        page = ui.open_artifact(key, version=version)
        expect(page.get_by_text(f"{run_id}-{number}").first).to_be_visible()
