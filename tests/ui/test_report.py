"""The report in a browser without a network: by day, by night, on paper, and on a phone.

`BENSON_SCREENSHOTS=docs make test-ui` makes its pictures anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Dialog, Page

from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.events import Event
from benson_execution.report.counting import numbers
from benson_execution.report.dispatches import describe, dispatches_of
from benson_execution.report.page import pac_page, period_page
from benson_execution.trail import Batch, DispatchRef, NewEvent
from tests.cli.documents import document, line
from tests.insight.generated import fill
from tests.ui.pictures import small

pytestmark = [pytest.mark.ui, pytest.mark.timeout(300)]

NOW: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
PAC: Final = "PAC-DAN-P53-REPORT-TO-LOOK-AT-01"
CHANGES: Final = {"quality_score": 0.2, "artifacts": {"summary": [{"wrap_id": "WRAP-1"}]}}
HOSTILE: Final = "</svg><script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)>"
WIDE: Final = "W" * 64
Kind = Literal["period", "pac", "hostile", "wide", "wide-pac"]
_CONTRASTS: Final = """
() => {
    const painted = colour => {
        const context = new OffscreenCanvas(1, 1).getContext("2d");
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map(c => {
            c /= 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
    };
    const light = colour => {
        const [r, g, b] = painted(colour);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const styles = getComputedStyle(document.documentElement);
    const of = name => light(styles.getPropertyValue(name).trim());
    const found = {};
    const inks = ["ink", "muted", "accent", "completed", "blocked", "failed", "open"];
    for (const ink of inks.map(name => `--${name}`))
        for (const paper of ["--paper", "--sheet"])
            found[`${ink} on ${paper}`] = contrast(of(ink), of(paper));
    return found;
}
"""


@pytest.fixture(scope="package", autouse=True)
def in_the_inbox() -> None:
    """These pages are files: no server is needed."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    month = MemoryTrail()
    fill(month, 1000, open_ones=2)
    judged = MemoryTrail()
    engine = BensonExecutionEngine(enable_telemetry=False, trail=judged)
    engine.execute_pac(line(document(PAC, result=CHANGES)))
    refs = dispatches_of(judged, PAC)
    hostile = MemoryTrail()
    ids = {"pac_id": HOSTILE, "agent_gid": HOSTILE, "agent_name": HOSTILE, "phase": "DISPATCH"}
    started = Event.create("PAC_DISPATCH_START", ids)
    ref = DispatchRef("run", 1, HOSTILE)
    hostile.append(
        Batch(ref, [NewEvent(None, started), NewEvent(None, Event.create(HOSTILE, ids))])
    )
    wide = MemoryTrail()
    named = {"pac_id": WIDE, "agent_gid": WIDE, "agent_name": WIDE, "phase": "DISPATCH"}
    end = {"pac_id": WIDE, "status": "FAILED", "duration_ms": 7, "phase": "DISPATCH_COMPLETE"}
    events = [
        Event.create("PAC_DISPATCH_START", named),
        Event.create(WIDE, named),
        Event.create("PAC_DISPATCH_END", end),
    ]
    other = DispatchRef("run", 1, WIDE)
    wide.append(Batch(other, [NewEvent(None, event) for event in events]))
    drawn = {
        "period": period_page(numbers(month), folder, where="trail.db", threshold=0.7, now=NOW),
        "pac": pac_page(
            refs,
            describe(judged, refs, [judged.signing_key.public], folder),
            folder,
            where="trail.db",
            now=NOW,
        ),
        "hostile": pac_page(
            [ref], describe(hostile, [ref], "no key", folder), folder, where=HOSTILE, now=NOW
        ),
        "wide": period_page(numbers(wide), folder, where="trail.db", threshold=0.7, now=NOW),
        "wide-pac": pac_page(
            [other], describe(wide, [other], "no key", folder), folder, where="trail.db", now=NOW
        ),
    }
    for name, html in drawn.items():
        (folder / f"{name}.html").write_text(html)
    return {name: folder / f"{name}.html" for name in drawn}


@contextmanager
def opened(
    browser: Browser, path: Path, scheme: Literal["light", "dark"] = "light", width: int = 1000
) -> Iterator[Page]:
    """The page in a window of its own; whatever it was, it asked nobody for anything."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    asked: list[str] = []
    told: list[str] = []
    context.on("request", lambda request: asked.append(request.url))

    def dismissed(dialog: Dialog) -> None:
        told.append(dialog.message)
        dialog.dismiss()

    page = context.new_page()
    page.on("console", lambda message: told.append(message.text))
    page.on("dialog", dismissed)
    try:
        page.goto(path.as_uri())
        yield page
    finally:
        context.close()
    assert asked == [path.as_uri()]
    assert told == []


@pytest.mark.parametrize("kind", ["period", "pac", "hostile", "wide", "wide-pac"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1000), ("dark", 1000), ("light", 360)])
def test_it_fits_the_screen(
    browser: Browser,
    pages: dict[str, Path],
    kind: Kind,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    with opened(browser, pages[kind], scheme, width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        charts = page.locator("svg.chart:visible")
        assert charts.count() >= 1
        for chart in charts.all():
            box = chart.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert page.locator("script, img, iframe, object, embed, link").count() == 0
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        bright = sum(int(c) for c in background[4:-1].split(",")) > 380
        assert bright is (scheme == "light")


@pytest.mark.parametrize("kind", ["period", "pac", "wide", "wide-pac"])
@pytest.mark.parametrize("width", [1000, 360])
def test_no_letter_of_a_chart_is_cut_off(
    browser: Browser, pages: dict[str, Path], kind: Kind, width: int
) -> None:
    """What stands beyond its edge is not shown."""
    with opened(browser, pages[kind], width=width) as page:
        beyond = page.locator("svg.chart:visible").evaluate_all(
            """charts => charts.flatMap(chart => {
                const edge = chart.getBoundingClientRect();
                return [...chart.querySelectorAll("text")].filter(text => {
                    const box = text.getBoundingClientRect();
                    return box.left < edge.left - 1 || box.right > edge.right + 1;
                }).map(text => text.textContent);
            })"""
        )
    assert beyond == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out(
    browser: Browser, pages: dict[str, Path], scheme: Literal["light", "dark"]
) -> None:
    """At least 4.5 to 1, as WCAG's level AA asks of small text."""
    with opened(browser, pages["period"], scheme) as page:
        contrasts = page.evaluate(_CONTRASTS)
    assert len(contrasts) == 14
    assert {name: found for name, found in contrasts.items() if found < 4.5} == {}


@pytest.mark.parametrize("kind", ["period", "pac"])
def test_a_chart_has_a_name_and_is_painted_in_the_pages_colours(
    browser: Browser, pages: dict[str, Path], kind: Kind
) -> None:
    fills = {}
    for scheme in ("light", "dark"):
        with opened(browser, pages[kind], scheme) as page:
            chart = page.get_by_role("img").first
            assert chart.get_attribute("aria-labelledby")
            fills[scheme] = chart.locator("path[style*='var(--']").evaluate_all(
                "all => [...new Set(all.map(one => getComputedStyle(one).fill))]"
            )
            assert chart.locator("text").first.evaluate(
                "e => getComputedStyle(e).fontFamily === getComputedStyle(document.body).fontFamily"
            )
    assert fills["light"] != fills["dark"]


@pytest.mark.parametrize("kind", ["period", "pac"])
def test_it_prints_with_all_its_tables(
    browser: Browser, pages: dict[str, Path], kind: Kind
) -> None:
    with opened(browser, pages[kind], "dark") as page:
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
            "rgb(255, 255, 255)"
        )
        printed = page.pdf(format="A4", print_background=True)
    assert printed.startswith(b"%PDF-")
    assert len(printed) > 20_000


def test_what_is_folded_can_be_opened_by_the_keyboard(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with opened(browser, pages["period"]) as page:
        table = page.locator("#over-time")
        assert not table.is_visible()
        page.locator("summary").first.press("Enter")
        assert table.is_visible()


def test_hostile_text_is_read_as_it_was_written(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["hostile"]) as page:
        assert page.locator("h1").inner_text() == HOSTILE


def test_pictures_for_the_documentation(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["period"]) as page:
        picture = page.screenshot(
            clip={"x": 80, "y": 0, "width": 840, "height": 1180}, full_page=True
        )
    with opened(browser, pages["pac"], "dark") as page:
        other = page.screenshot(
            clip={"x": 80, "y": 0, "width": 840, "height": 1180}, full_page=True
        )
    for name, png in (("ui-report", picture), ("ui-report-pac", other)):
        kept = small(png)
        assert len(kept) < 120_000
        if folder := os.environ.get("BENSON_SCREENSHOTS"):
            (Path(folder) / f"{name}.png").write_bytes(kept)
