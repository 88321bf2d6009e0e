"""The pages: their tables say what was counted, and no foreign text is anything but text."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from benson_execution import MemoryTrail
from benson_execution.events import Event
from benson_execution.insight.period import Period
from benson_execution.report.counting import numbers
from benson_execution.report.dispatches import MAX_EVENTS, MAX_SHOWN, describe, dispatches_of
from benson_execution.report.figures import fit
from benson_execution.report.page import pac_page, period_page
from benson_execution.telemetry import event_key
from benson_execution.text import plain
from benson_execution.timeline import milliseconds
from benson_execution.trail import Batch, DispatchRef, NewEvent
from tests.insight.generated import fill
from tests.insight.pages import Page
from tests.library.judged_again import PAC_ID
from tests.library.walks import APPROVAL, answer, review_policy, waiting

NOW: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
NASTY: Final = (
    "<img src=x onerror=alert(1)>",
    "</svg></style></title><script>alert(1)</script>",
    "<!-- --><b>",
    "$x^2$ $$ \\alpha $",
    "{{ 7 * 7 }} {% raw %}",
    "\u202eTXT\u202c \x1b[31m \x07",
    "#0b0b01 url(https://evil.example/x)",
    '" onmouseover="alert(1)',
    "&lt;i&gt;",
    "名前 \U0001f600 \u0000",
    "x" * 5000,
)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: its cache of fonts is made once."""
    return tmp_path_factory.getbasetemp() / "report-home"


@pytest.fixture(autouse=True)
def _home_is_there(home: Path) -> None:
    home.mkdir(exist_ok=True)


def of_period(trail: MemoryTrail, home: Path, period: Period | None = None) -> str:
    found = numbers(trail, period)
    return period_page(found, home, where="memory://", threshold=0.7, now=NOW)


def of_pac(trail: MemoryTrail, pac_id: str, home: Path, why: str = "no key is trusted") -> str:
    refs = dispatches_of(trail, pac_id)
    return pac_page(
        refs, describe(trail, refs, why, home / "artifacts"), home, where="memory://", now=NOW
    )


def test_the_tables_say_what_the_charts_show(home: Path) -> None:
    trail = MemoryTrail()
    fill(trail, 300, open_ones=2)
    n = numbers(trail)
    page = Page.of(of_period(trail, home))
    assert page.rows("over-time") == [
        [name, *map(str, counts.values())] for name, counts in zip(n.bins, n.over_time, strict=True)
    ]
    assert [[row[0], row[-1]] for row in page.rows("causes")] == [[c, str(m)] for c, m in n.causes]
    wanted = [n.durations, *(agent.durations for agent in n.agents)]
    assert [row[1:] for row in page.rows("durations")] == [
        [str(v) for v in (d.count, d.p50, d.p95, d.p99, d.longest)] for d in wanted if d
    ]
    assert [int(row[1]) for row in page.rows("scores")[1:]] == [
        agent.scores.count for agent in n.agents if agent.scores
    ]
    assert [row[1] for row in page.rows("newest")] == [one.pac_id for one in n.newest]
    assert "287 are not shown" in page.captions["newest"]
    medians = page.rows("scores-over-time")
    for column, agent in enumerate(n.agents, start=1):
        shown = [row[column].split()[0] for row in medians]
        assert shown == [f"{s.median:.2f}" if s else "-" for s in agent.scores_over_time]


def test_a_page_is_complete_in_itself_and_its_ids_are_its_own(home: Path) -> None:
    trail = MemoryTrail()
    fill(trail, 60)
    html = of_period(trail, home)
    page = Page.of(html)
    assert not [e for e in page.elements if e[0] in ("script", "link", "img", "iframe", "object")]
    policy = [e for _, e in page.elements if e.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in str(policy[0]["content"])
    ids = [str(e["id"]) for _, e in page.elements if "id" in e]
    assert sorted(ids) == sorted(set(ids))
    references = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', html)
    assert {a or b for a, b in references} <= set(ids)
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "font-family: 'DejaVu" not in html
    charts = [e for tag, e in page.elements if tag == "svg"]
    assert charts
    assert all(chart["role"] == "img" for chart in charts)
    assert {i for chart in charts for i in str(chart["aria-labelledby"]).split()} <= set(ids)
    assert "#0b0b" not in html


def test_the_same_trail_gives_the_same_page(home: Path) -> None:
    trail = MemoryTrail()
    fill(trail, 40)
    assert of_period(trail, home) == of_period(trail, home)


@pytest.mark.parametrize("dispatches", [(0, 0), (0, 3), (1, 0)], ids=["none", "open", "one"])
def test_little_is_a_sensible_page_too(dispatches: tuple[int, int], home: Path) -> None:
    trail = MemoryTrail()
    fill(trail, dispatches[0], open_ones=dispatches[1])
    page = Page.of(of_period(trail, home))
    words = {0: "No dispatch began", 1: "1 dispatch by", 3: "3 dispatches by"}
    assert words[sum(dispatches)] in page.text
    nothing = Page.of(of_period(trail, home, Period.of("1999-01-01", "1999-02-01")))
    assert "No dispatch began in this period" in nothing.text


def hostile_trail() -> Iterator[tuple[MemoryTrail, str, str]]:
    for number, text in enumerate(NASTY):
        trail = MemoryTrail()
        safe = text.replace("\0", "")  # no store keeps it
        pac_id = f"PAC-{safe}"[:128]
        ids = {"pac_id": pac_id, "agent_gid": safe}
        events = [
            Event.create("PAC_DISPATCH_START", {**ids, "agent_name": safe, "phase": "DISPATCH"}),
            Event.create(
                "CHECKPOINT",
                {
                    "checkpoint_id": "CP-01",
                    "checkpoint_name": "AGENT_ACTIVATION_VALIDATION",
                    "status": "FAIL",
                    "details": safe,
                    "phase": "CHECKPOINT",
                },
            ),
            Event.create(safe, {"any": safe}),
            Event.create(
                "AGENT_EXECUTION_END",
                {
                    **ids,
                    "status": "BLOCKED",
                    "tasks_completed": 1,
                    "quality_score": 0.5,
                    "phase": "EXECUTION_COMPLETE",
                },
            ),
            Event.create(
                "PAC_DISPATCH_END",
                {
                    "pac_id": pac_id,
                    "status": "BLOCKED",
                    "duration_ms": 5,
                    "phase": "DISPATCH_COMPLETE",
                },
            ),
        ]
        ref = DispatchRef(f"hostile-{number}", 1, pac_id)
        trail.append(Batch(ref, [NewEvent(event_key(e, None), e) for e in events]))
        yield trail, pac_id, safe


@pytest.mark.parametrize(
    ("trail", "pac_id", "text"), list(hostile_trail()), ids=[str(n) for n in range(len(NASTY))]
)
def test_foreign_text_is_text(trail: MemoryTrail, pac_id: str, text: str, home: Path) -> None:
    """It makes no element, no attribute and no formula, and turns no line; it can be read."""
    for html in (of_period(trail, home), of_pac(trail, pac_id, home)):
        page = Page.of(html)
        tags = {tag for tag, _ in page.elements}
        assert not tags & {"script", "img", "b", "i", "tspan", "link", "iframe"}
        assert not [name for _, e in page.elements for name in e if name.startswith("on")]
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)
        assert plain(text)[:60] in page.text
        assert not re.search(r'style="[^"]*evil', html)
        assert len(html) < 200_000


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("Dan (GID-07)", 120, "Dan (GID-07)"),
        ("x" * 500, 70, "x" * 9 + "…"),
        ("W" * 500, 70, "W" * 5 + "…"),
        ("名" * 500, 70, "名" * 4 + "…"),
        ("a\u0301" * 10, 70, "a\u0301" * 10),
        ("anything", 0, "a…"),
        ("\u202e", 70, "\\u202e"),
    ],
)
def test_a_name_takes_the_room_that_it_has_and_no_more(text: str, room: float, shown: str) -> None:
    assert fit(text, room) == shown


def test_a_name_that_is_written_from_the_right_turns_no_number_around(home: Path) -> None:
    """Where it stands in a sentence: the numbers behind it would be taken for a part of it."""
    trail = MemoryTrail()
    name = "\u05d3\u05df"
    ids = {"pac_id": "PAC-X", "agent_gid": name, "agent_name": name, "phase": "DISPATCH"}
    event = Event.create("PAC_DISPATCH_START", ids)
    trail.append(Batch(DispatchRef("run", 1, "PAC-X"), [NewEvent(event.event_type, event)]))
    for html in (of_period(trail, home), of_pac(trail, "PAC-X", home)):
        lede = html.partition('<p class="lede">')[2].partition("</p>")[0]
        assert f"by <bdi>{name} ({name})</bdi>" in lede


def test_an_open_dispatch_and_a_pac_of_many_dispatches(home: Path) -> None:
    trail = MemoryTrail()
    for number in range(1, MAX_SHOWN + 6):
        ids = {"pac_id": "PAC-X", "agent_gid": "GID-07", "agent_name": "Dan", "phase": "DISPATCH"}
        event = Event.create("PAC_DISPATCH_START", ids)
        trail.append(
            Batch(DispatchRef("run", number, "PAC-X"), [NewEvent(event.event_type, event)])
        )
    page = Page.of(of_pac(trail, "PAC-X", home))
    assert [row[0] for row in page.rows("older")] == ["5", "4", "3", "2", "1"]
    assert "it is not closed yet" in page.text
    assert "Verified" not in page.text


def test_an_open_dispatch_says_when_it_waits_for_a_reviewer(home: Path) -> None:
    """And one that was answered does not."""
    trail = MemoryTrail()
    dispatch = waiting(trail)
    asked = "a reviewer is waited for: benson review lists what waits, and answers it"
    assert asked in Page.of(of_pac(trail, PAC_ID, home)).text
    answer(dispatch, APPROVAL, review_policy())
    assert asked not in Page.of(of_pac(trail, PAC_ID, home)).text


def test_how_long_a_dispatch_took_counts_what_is_not_shown(home: Path) -> None:
    """It may have any number of the caller's own events; the table shows the first of them."""
    trail, ref = MemoryTrail(), DispatchRef("run", 1, "PAC-X")
    for _ in range(2):
        notes = [Event.create("NOTE", {"at": number}) for number in range(MAX_EVENTS)]
        trail.append(Batch(ref, [NewEvent(None, event) for event in notes]))
        time.sleep(0.01)
    (page,) = describe(trail, [ref], "no key is trusted", home / "artifacts")
    assert (len(page.steps), page.steps_left_out) == (MAX_EVENTS, MAX_EVENTS)
    assert page.took_ms == milliseconds([stored.event for stored in trail.events()])[-1]
    assert page.took_ms >= page.steps[-1].at_ms + 10
