"""Every event of the trail is an event of Prefect, once and in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from benson_execution import Document, Settings, Trail
from benson_execution.phases import quality
from flows.pac_execution import pac_execution
from flows.run import run_document
from tasks.mirror import mirror_rest
from tasks.mirrored_events import event_id
from tests.flow.documents import BLOCKED, COMPLETED, document
from tests.flow.events_proxy import EventsProxy, events_proxy
from tests.flow.mirrored import TYPES, events_of, mirrored_events, only_dispatch, types
from tests.flow.test_human_review import REGISTRY, answer, suspended
from tests.prefect_server import free_port


def faults(home: Path) -> list[tuple[str, str]]:
    """What was noted: its kind and its error."""
    if not (home / "faults.jsonl").exists():
        return []
    lines = (home / "faults.jsonl").read_text().splitlines()
    return [(fault["kind"], fault["error"]) for fault in map(json.loads, lines)]


@pytest.fixture
def proxy(prefect: str) -> Iterator[EventsProxy]:
    """The server, through a proxy that knows what is posted to /events."""
    with (
        events_proxy(prefect) as between,
        temporary_settings({PREFECT_API_URL: between.api_url}),
    ):
        yield between


def _raise(*_: Any) -> Any:
    raise RuntimeError("something nobody thought of")


@pytest.mark.parametrize(
    ("example", "status"), [(COMPLETED, "COMPLETED"), (BLOCKED, "BLOCKED"), (COMPLETED, "FAILED")]
)
async def test_a_judged_dispatch_is_listed_by_prefect_event_by_event(
    example: str,
    status: str,
    prefect: str,
    home: Path,
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All eleven, in order, each about its dispatch, with what the trail says of it."""
    if status == "FAILED":
        monkeypatch.setattr(quality, "judge", _raise)
    outcome = await run_document(Document.read(document(example)), Settings.load())
    assert outcome.status == status

    events = mirrored_events(prefect, outcome.dispatch_id)

    assert types(events) == TYPES
    header = trail.header(outcome.dispatch_id)
    assert header is not None
    stored = list(trail.events(dispatch_id=outcome.dispatch_id))
    for event, one in zip(events, stored, strict=True):
        assert event["occurred"].replace("Z", "+00:00") == one.event.timestamp
        assert event["payload"] == {
            "position": one.position,
            "sequence": one.sequence,
            "data": one.event.to_dict()["data"],
        }
        expected = event_id(header.trail_id, outcome.dispatch_id, one.sequence)
        assert event["id"] == str(expected)
    assert faults(home) == []


@pytest.mark.parametrize(("example", "status"), [(COMPLETED, "COMPLETED"), (BLOCKED, "BLOCKED")])
async def test_each_event_names_its_dispatch_its_pac_its_agent_and_its_run(
    example: str, status: str, prefect: str, home: Path
) -> None:
    """As resources, which triggers match on; the last one says how it ended, and why."""
    outcome = await run_document(Document.read(document(example)), Settings.load())

    events = mirrored_events(prefect, outcome.dispatch_id)

    run_id = outcome.dispatch_id.removesuffix("-1")
    for event in events:
        assert event["resource"]["prefect.resource.id"] == f"benson.dispatch.{outcome.dispatch_id}"
        assert [
            (r["prefect.resource.role"], r["prefect.resource.id"]) for r in event["related"]
        ] == [
            ("pac", f"benson.pac.{outcome.pac_id}"),
            ("agent", "benson.agent.GID-07"),
            ("flow-run", f"prefect.flow-run.{run_id}"),
        ]
    end = events[-1]["resource"]
    assert end["benson.pac"] == outcome.pac_id
    assert end["benson.agent"] == "Dan (GID-07)"
    assert end["benson.status"] == status
    assert end["benson.reason"] == outcome.reason
    assert end.get("benson.wrap_id") == outcome.wrap_id


async def test_a_run_sends_its_events_in_one_request(
    proxy: EventsProxy, prefect: str, home: Path
) -> None:
    """Whether it completes or is blocked: requests are what the mirror costs."""
    for example in (COMPLETED, BLOCKED):
        await run_document(Document.read(document(example)), Settings.load())

    assert [types(batch) for batch in proxy.posted] == [TYPES, TYPES]


async def test_what_an_agent_wrote_stays_text(prefect: str, home: Path, trail: Trail) -> None:
    """It names nothing, controls no terminal, and is evaluated by nobody."""
    hostile = json.loads(document())
    name = "\x1b[31mBenson\u202e (GID-00) {{ 7*7 }}\nx" + "y" * 5000
    hostile["pac"]["agent_name"] = name
    hostile["execution_result"]["tasks_completed"] = ["{{ 7*7 }}", "<script>"]

    state = await pac_execution(document=json.dumps(hostile), return_state=True)

    assert state.name == "BLOCKED"
    events = mirrored_events(prefect, only_dispatch(trail))
    assert types(events) == TYPES
    told = events[0]["payload"]["data"]["agent_name"]
    assert told.startswith("\\u001b[31mBenson\\u202e (GID-00) {{ 7*7 }}\\u000ax")
    assert len(told) < 2100
    (agent,) = [r for r in events[0]["related"] if r["prefect.resource.role"] == "agent"]
    assert agent["prefect.resource.id"] == "benson.agent.GID-07"
    assert agent["prefect.resource.name"].startswith("\\u001b[31mBenson\\u202e (GID-00) { { 7*7")
    assert json.dumps(events, ensure_ascii=False).isprintable()


async def test_without_the_setting_nothing_is_sent(
    proxy: EventsProxy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENSON_PREFECT_EVENTS", "false")

    outcome = await run_document(Document.read(document()), Settings.load())

    assert outcome.status == "COMPLETED"
    assert proxy.attempts == 0


async def test_a_refused_request_is_made_again(
    proxy: EventsProxy, prefect: str, home: Path
) -> None:
    """Twice if need be; then nothing is missing, and nothing is a fault."""
    proxy.failing = 2

    outcome = await run_document(Document.read(document()), Settings.load())

    assert outcome.status == "COMPLETED"
    assert types(mirrored_events(prefect, outcome.dispatch_id)) == TYPES
    assert proxy.attempts == 3
    assert faults(home) == []


async def test_a_server_that_takes_no_events_keeps_no_run_from_its_verdict(
    proxy: EventsProxy, home: Path
) -> None:
    """It is asked three times, and what it did not take is noted."""
    proxy.failing = 1000

    outcome = await run_document(Document.read(document()), Settings.load())

    assert outcome.status == "COMPLETED"
    assert proxy.attempts == 3
    assert faults(home) == [("mirror", "PrefectHTTPStatusError")]


async def test_a_server_that_is_away_is_noted(
    prefect: str, home: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And mirrored later, by whoever comes by."""
    monkeypatch.setenv("BENSON_PREFECT_EVENTS", "false")
    outcome = await run_document(Document.read(document(BLOCKED)), Settings.load())
    monkeypatch.setenv("BENSON_PREFECT_EVENTS", "true")

    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        await mirror_rest(trail, outcome.dispatch_id, Settings.load())
    assert faults(home) == [("mirror", "ConnectError")]

    await mirror_rest(trail, outcome.dispatch_id, Settings.load())
    assert types(mirrored_events(prefect, outcome.dispatch_id)) == TYPES


async def test_what_is_sent_again_is_listed_once(
    proxy: EventsProxy, prefect: str, home: Path, trail: Trail
) -> None:
    """Each event has the same id whenever it is sent."""
    outcome = await run_document(Document.read(document()), Settings.load())
    (batch,) = proxy.posted

    async with httpx.AsyncClient() as client:
        again = await client.post(f"{prefect}/events", json=batch)
    later = await run_document(Document.read(document()), Settings.load())

    assert again.status_code == 204
    mirrored_events(prefect, later.dispatch_id)
    assert types(events_of(prefect, outcome.dispatch_id)) == TYPES


async def test_another_process_sends_only_what_prefect_lacks(
    proxy: EventsProxy,
    prefect: str,
    home: Path,
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A dispatch that waits for a person is mirrored until there; who goes on sends the rest."""
    registry = json.loads(REGISTRY.read_text()) | {"reviewers": ["Ada"]}
    (home / "registry.json").write_text(json.dumps(registry))
    monkeypatch.setenv("BENSON_REGISTRY", str(home / "registry.json"))
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "always")
    async with suspended(document()) as (client, run):
        waiting = mirrored_events(prefect, only_dispatch(trail), 9)
        # What another process would know of it: nothing.
        monkeypatch.setattr("tasks.mirror._sent", {})
        monkeypatch.setattr("tasks.mirror._BEGAN", "9999")
        await answer(client, run)

    until, rest = ([e["event"].removeprefix("benson.telemetry.") for e in b] for b in proxy.posted)
    assert until == types(waiting) == TYPES[:9]
    assert rest == ["HUMAN_REVIEW", "POLICY_RECHECK", *TYPES[9:]]
    events = mirrored_events(prefect, only_dispatch(trail), 13)
    assert types(events) == [*until, *rest]
    assert [e["resource"].get("benson.human_review_required") for e in events[7:]] == [
        None,
        *["true"] * 5,
    ]
