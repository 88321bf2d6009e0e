"""What an agent writes stays text: it makes no element of its own in any page of ours."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import Error, Locator, expect

from benson_execution.text import markdown
from tests.ui.look import cells, planted
from tests.ui.prefect_ui import PrefectUi
from tests.ui.runs import EVENTS, HOSTILE_NAME, HOSTILE_TASK, JudgedRuns, post

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

NASTY: Final = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![i](http://evil.example/i.png)",
    "<https://evil.example>",
    "www.evil.example",
    "WWW.evil.example",
    "https://evil.example",
    "https&#58;//evil.example",
    "http:\\//evil.example",
    "me@evil.example mailto:me@evil.example xmpp:me@evil.example",
    "[^1] [ref] [ref]: https://evil.example",
    "a|b",
    "a\\",
    "\\|",
    "`",
    "`b` ``c``",
    "`\\|`",
    "CP-03 A_B_C: *x* __y__ ~~z~~ ==m==",
    "&lt;b&gt; &amp; &#45; &copy;",
    "$x$ $$y$$ x^2^ H~2~O :smile: (c)",
    "<!-- a -->",
    "# h",
    "- dash",
    "1. one",
    'the PAC\'s "scope" -- 100 %…',
)
"""Text that some Markdown makes something of."""

ELEMENTS: Final = "img, script, iframe, svg, form, input, details, del, em"
"""What neither the verdict nor the events have of their own; links are counted apart."""


def elements(content: Locator, names: str = ELEMENTS) -> list[str]:
    """The HTML of what the rendered text and tables have besides text."""
    inside = content.locator("table, p, article").locator(names)
    found: list[str] = inside.evaluate_all("all => all.map(element => element.outerHTML)")
    return found


def test_hostile_markdown_makes_no_element_in_the_verdict(ui: PrefectUi, runs: JudgedRuns) -> None:
    """No image, no link, no script; the tables keep their columns, and the text can be read."""
    page = ui.open_artifact(runs.hostile.verdict_key)
    expect(page.get_by_role("table")).to_have_count(2)
    assert planted(ui.page) == []
    assert elements(page) == []
    assert HOSTILE_NAME in page.inner_text()
    for table in page.get_by_role("table").all():
        columns = table.locator("thead th").count()
        assert [len(row) for row in cells(table)] == [columns] * len(cells(table))
    assert not [url for url in ui.guard.tried if "evil.example" in url]


def test_a_bare_address_makes_no_link_in_the_verdict(ui: PrefectUi, runs: JudgedRuns) -> None:
    """An agent can't place a link of its own beside Benson's verdict."""
    page = ui.open_artifact(runs.hostile.verdict_key)
    expect(page.get_by_role("table")).to_have_count(2)
    assert elements(page, "a") == []
    assert HOSTILE_TASK in page.inner_text()


def test_hostile_text_makes_no_element_in_the_table_of_events(
    ui: PrefectUi, runs: JudgedRuns
) -> None:
    """One UI renders each cell of a table as Markdown: not even there."""
    content = ui.open_artifact(runs.hostile.events_key)
    expect(content.get_by_text(EVENTS[0], exact=True)).to_be_visible()
    assert planted(ui.page) == []
    assert elements(content, f"a, code, {ELEMENTS}") == []
    assert not [url for url in ui.guard.tried if "evil.example" in url]


def test_escaped_text_is_shown_as_it_was_written(ui: PrefectUi) -> None:
    """Both UIs show just the characters that were escaped: all of them, and nothing else."""
    rows = [f"| {number} | {markdown(text)} |" for number, text in enumerate(NASTY)]
    table = "\n".join(["| number | text |", "|---|---|", *rows])
    made = {"type": "markdown", "data": f"# nasty\n\n{table}"}
    artifact_id = post(f"{ui.origin}/api/artifacts/", made)["id"]
    ui.open(f"/artifacts/artifact/{artifact_id}")
    expect(ui.artifact.locator("tbody tr")).to_have_count(len(NASTY))
    shown = [text for _, text in cells(ui.artifact.get_by_role("table"))]
    assert dict(enumerate(shown)) == dict(enumerate(NASTY))
    assert elements(ui.artifact, f"a, code, strong, sub, sup, mark, {ELEMENTS}") == []


def test_hostile_text_makes_no_element_in_the_run(ui: PrefectUi, runs: JudgedRuns) -> None:
    """The name of the run and the messages of its states are shown as they are."""
    ui.open(f"/runs/flow-run/{runs.hostile.run_id}")
    expect(ui.page.get_by_text(HOSTILE_NAME).first).to_be_visible()
    ui.tab("Details")
    expect(
        ui.page.get_by_text("CP-01 AGENT_ACTIVATION_VALIDATION: the registry").first
    ).to_be_visible()
    assert planted(ui.page) == []
    assert not [url for url in ui.guard.tried if "evil.example" in url]


def test_the_browser_reaches_nothing_but_this_machine(ui: PrefectUi) -> None:
    """The guard of all these tests holds: what is asked of another host fails, and is noted."""
    ui.open("/runs")
    with pytest.raises(Error, match="Failed to fetch"):
        ui.page.evaluate("fetch('http://192.0.2.1/')")
    assert "http://192.0.2.1/" in ui.guard.tried
    assert ui.guard.reached == []
