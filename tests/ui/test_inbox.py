"""What the schedule does by itself: a file in the inbox is judged, and a person finds the trace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.handed_in import Swept
from tests.ui.look import cells, has_colour
from tests.ui.prefect_ui import PrefectUi
from tests.ui.runs import post

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]


def test_the_file_is_moved_and_its_artifact_lies_beside_it(in_the_inbox: Swept) -> None:
    """Nobody but the schedule has started anything."""
    in_the_inbox.wait()
    beside = in_the_inbox.done.with_name(f"{in_the_inbox.file.name}.artifact.json")
    ids = json.loads(beside.read_bytes())["dispatch"]
    assert (ids["pac_id"], ids["status"]) == (in_the_inbox.pac_id, "COMPLETED")
    assert not in_the_inbox.file.exists()


def test_the_scheduled_sweep_is_in_the_list_of_runs(ui: PrefectUi, in_the_inbox: Swept) -> None:
    """Beside the run that judged the file: both are green, and the sweep is told from the rest."""
    in_the_inbox.wait()
    sweep = the_sweep(ui)
    assert sweep["auto_scheduled"] is True
    ui.open("/runs")
    card = ui.card(sweep["name"])
    expect(card.get_by_text("auto-scheduled", exact=True).first).to_be_visible()
    has_colour("green", card.get_by_text("Completed", exact=True).first)
    judged = ui.card(f"{in_the_inbox.pac_id} · Dan (GID-07)")
    expect(judged.get_by_text("inbox", exact=True).first).to_be_visible()
    ui.screenshot("ui-sweeps.png", height=600, down_to=card)


def test_the_sweep_shows_what_it_moved(ui: PrefectUi, in_the_inbox: Swept) -> None:
    """A row for each file, with where it lies now; the sweep's message counts them."""
    in_the_inbox.wait()
    ui.open(f"/runs/flow-run/{the_sweep(ui)['id']}")
    ui.tab("Details")
    expect(ui.page.get_by_text("1 done", exact=True).filter(visible=True).first).to_be_visible()
    table = ui.open_artifact("pac-inbox").get_by_role("table")
    expect(table).to_be_visible()
    (row,) = cells(table)
    assert in_the_inbox.file.name in row
    assert f"moved to done/{in_the_inbox.file.name}" in row


def the_sweep(ui: PrefectUi) -> dict[str, Any]:
    """The flow run that moved the file: the last one that left a table of the inbox."""
    wanted = {"artifacts": {"key": {"any_": ["pac-inbox"]}}, "sort": "CREATED_DESC", "limit": 1}
    (table,) = post(f"{ui.origin}/api/artifacts/filter", wanted)
    wanted = {"flow_runs": {"id": {"any_": [table["flow_run_id"]]}}}
    (run,) = post(f"{ui.origin}/api/flow_runs/filter", wanted)
    return dict(run)
