"""The page of a flow run, and the list that leads to it: what was refused, and why."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.prefect_server import wait_until
from tests.ui.look import Colour, bars_of, has_colour
from tests.ui.prefect_ui import PrefectUi
from tests.ui.runs import TASKS, JudgedRuns

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

CAUSE = "Quality score 0.62 is below the threshold 0.70"
STATES_OF_REFUSED: Final[dict[str, tuple[str, Colour]]] = {
    "CP-01 AGENT_ACTIVATION_VALIDATION": ("PASS", "green"),
    "CP-02 SCOPE_COMPLIANCE_VALIDATION": ("PASS", "green"),
    "CP-03 QUALITY_SCORE_VALIDATION": ("FAIL", "red"),
    "CP-04 TASK_COMPLETION_VALIDATION": ("PASS", "green"),
    "SCHEMA_VALIDATION": ("PASS", "green"),
    "BER_GENERATION_DECISION": ("INELIGIBLE", "red"),
    "WRAP_GENERATION": ("WRAP_BLOCKED", "red"),
    "BER_TELEMETRY": ("Completed", "green"),
}
NAME_OF_REFUSED = "PAC-DAN-P44-REFUSED-CP-03 · Dan (GID-07)"


def test_the_command_answers_with_status_and_exit_code(runs: JudgedRuns) -> None:
    """What the pages are about: one run completed, and three were blocked."""
    answers = [
        (run.status, run.exit_code)
        for run in (runs.completed, runs.refused, runs.again, runs.hostile)
    ]
    assert answers == [("COMPLETED", 0), ("BLOCKED", 1), ("BLOCKED", 1), ("BLOCKED", 1)]


def test_the_list_of_runs_names_pac_agent_and_status(ui: PrefectUi, runs: JudgedRuns) -> None:
    """A run is called after its PAC and agent, tagged, and in the colour of its state."""
    ui.open("/runs")
    refused = ui.card(NAME_OF_REFUSED)
    for tag in ("agent:GID-07", "status:BLOCKED"):
        expect(refused.get_by_text(tag, exact=True).first).to_be_visible()
    has_colour("red", refused.get_by_text("BLOCKED", exact=True).first)

    name = f"{runs.completed.pac_id} · Dan (GID-07)"
    expect(ui.page.get_by_role("link", name=name, exact=True)).to_have_count(2)
    has_colour("green", ui.page.get_by_text("Completed", exact=True).first)


def test_a_refused_run_is_red_and_says_why(ui: PrefectUi, runs: JudgedRuns) -> None:
    """Its state is BLOCKED, in red, and the message of the state is the gate that refused."""
    ui.open(f"/runs/flow-run/{runs.refused.run_id}")
    has_colour("red", ui.page.get_by_text("BLOCKED", exact=True).first)
    ui.tab("Details")
    message = re.compile(re.escape("CP-03 QUALITY_SCORE_VALIDATION: Quality score 0.62 is below"))
    expect(ui.page.get_by_text(message).first).to_be_visible()
    wait_until(lambda: len(bars_of(ui.graph)) == len(TASKS), description="the graph is drawn")
    ui.screenshot("ui-flow-run.png")


def test_a_completed_run_is_green(ui: PrefectUi, runs: JudgedRuns) -> None:
    """So red means something; its tags say COMPLETED."""
    ui.open(f"/runs/flow-run/{runs.completed.run_id}")
    has_colour("green", ui.page.get_by_text("Completed", exact=True).first)
    ui.tab("Details")
    tag = ui.page.get_by_text("status:COMPLETED", exact=True)
    expect(tag.filter(visible=True).first).to_be_visible()


def test_each_task_has_the_name_and_state_of_its_checkpoint(
    ui: PrefectUi, runs: JudgedRuns
) -> None:
    """The tasks are called after what they judge; a refusal is red, and everything else green."""
    ui.open(f"/runs/flow-run/{runs.refused.run_id}")
    ui.tab("Task Runs")
    for name in TASKS:
        label, colour = STATES_OF_REFUSED[name]
        has_colour(colour, ui.card(name).get_by_text(label, exact=True).first)


def test_a_refused_gate_says_what_it_expected_and_found(ui: PrefectUi, runs: JudgedRuns) -> None:
    """One click on the red gate leads to its details."""
    ui.open(f"/runs/flow-run/{runs.refused.run_id}")
    ui.tab("Task Runs")
    gate = ui.page.get_by_role("link", name="CP-03 QUALITY_SCORE_VALIDATION", exact=True)
    gate.click()
    ui.page.wait_for_url(re.compile("/runs/task-run/"))
    has_colour("red", ui.page.get_by_text("FAIL", exact=True).first)
    expect(ui.page.get_by_text(re.compile(re.escape(CAUSE))).first).to_be_visible()


def test_the_graph_shows_every_task_in_its_order_and_colour(
    ui: PrefectUi, runs: JudgedRuns
) -> None:
    """From top to bottom, a bar for each task: three of the eight are red."""
    ui.open(f"/runs/flow-run/{runs.refused.run_id}")
    expect(ui.graph).to_be_visible()
    wait_until(lambda: len(bars_of(ui.graph)) == len(TASKS), description="the graph is drawn")
    assert bars_of(ui.graph) == [STATES_OF_REFUSED[name][1] for name in TASKS]


def test_the_graph_joins_each_task_to_the_one_before(ui: PrefectUi, runs: JudgedRuns) -> None:
    """One line of eight tasks, without branches and short cuts, whatever became of the run."""
    for run in (runs.completed, runs.refused, runs.again, runs.hostile):
        with ui.page.expect_response(re.compile("/graph")) as told:
            ui.open(f"/runs/flow-run/{run.run_id}")
        nodes = dict(told.value.json()["nodes"])
        drawn = {
            node["label"]: {nodes[parent["id"]]["label"] for parent in node["parents"]}
            for node in nodes.values()
        }
        before: list[set[str]] = [set(), *({name} for name in TASKS[:-1])]
        assert drawn == dict(zip(TASKS, before, strict=True)), run.pac_id
