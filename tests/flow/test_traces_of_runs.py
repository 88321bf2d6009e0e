"""Governed runs as traces, in step with Prefect's own spans, on a real server and receiver."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.states import AwaitingRetry

from benson_execution import Document, Settings, Trail
from benson_execution.tracing import flush
from flows.run import run_document
from flows.trail_recovery import recover_with_prefect
from tests.flow.documents import BLOCKED, document
from tests.flow.mirrored import only_dispatch
from tests.flow.running import walk
from tests.flow.test_human_review import REGISTRY, answer, suspended
from tests.flow.test_interrupted_runs import (
    children_of,
    client,
    events_of,
    final,
    started,
    submit,
)
from tests.insight.otlp_receiver import Receiver, nobody_listens, receiver
from tests.prefect_server import wait_until

__all__ = ["client"]  # a fixture

PHASES = ["activation", "scope", "quality", "completion", "schema_validation", "ber_decision"]


@pytest.fixture
def traced(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver to which all dispatches of this test are exported."""
    assert home
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    with receiver() as one:
        monkeypatch.setenv("BENSON_OTEL", "true")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.url)
        yield one


def recorded(trail: Trail) -> list[bytes]:
    """Every event of the trail, to the letter."""
    return [stored.event.json for stored in trail.events()]


def bodies(traced: Receiver) -> list[bytes]:
    """Every record, to the letter."""
    return [record.body.encode() for record in traced.records]


def names(traced: Receiver) -> list[str]:
    """Our spans, without what all of them begin with."""
    return [s.name.removeprefix("benson.") for s in traced.spans if s.scope == "benson"]


@pytest.mark.parametrize("example", ["PAC-DAN-P44.json", BLOCKED])
async def test_a_governed_run_is_a_trace_of_its_own(
    example: str, traced: Receiver, prefect: str, trail: Trail
) -> None:
    """Named after the flow run, where nobody gave OpenTelemetry a tracer."""
    outcome = await run_document(Document.read(document(example)), Settings.load())
    traced.wait_for(spans=8, records=11)

    assert names(traced) == ["dispatch", *PHASES, "wrap"]
    assert bodies(traced) == recorded(trail)
    whole = traced.of("benson.dispatch")
    run_id = outcome.dispatch_id.removesuffix("-1")
    assert (whole.trace_id, whole.parent_id) == (run_id.replace("-", ""), "")
    assert whole.attributes["benson.status"] == outcome.status
    assert whole.status == (1 if outcome.status == "COMPLETED" else 2)
    header = trail.header(outcome.dispatch_id)
    assert header is not None
    assert header.provenance.trace_id == whole.trace_id
    assert outcome.artifact_path is not None
    artifact = json.loads(outcome.artifact_path.read_bytes())
    assert artifact["dispatch"]["trace_id"] == whole.trace_id


def test_a_run_that_prefect_traces_is_the_parent_of_its_dispatch(
    traced: Receiver, api_url: str, home: Path, trail: Trail
) -> None:
    """One trace: Prefect's span of the run, its tasks, and the dispatch with its phases."""
    with started("tests.flow.traced", home, api_url, home / "none", document()) as process:
        assert process.wait(100) == 0, (home / "process.log").read_text()

    assert names(traced) == ["dispatch", *PHASES, "wrap"]
    theirs = [span for span in traced.spans if span.scope == "prefect"]
    (run,) = [span for span in theirs if span.attributes["prefect.run.type"] == "flow"]
    tasks = [span for span in theirs if span.attributes["prefect.run.type"] == "task"]
    whole = traced.of("benson.dispatch")
    assert len(tasks) == 8
    assert {span.trace_id for span in traced.spans} == {run.trace_id}
    assert {record.trace_id for record in traced.records} == {run.trace_id}
    assert {span.parent_id for span in [*tasks, whole]} == {run.span_id}
    assert f"{run.attributes['prefect.run.id']}-1" == whole.attributes["benson.dispatch_id"]
    header = trail.header(only_dispatch(trail))
    assert header is not None
    assert header.provenance.trace_id == run.trace_id
    assert bodies(traced) == recorded(trail)


def test_a_served_run_is_exported_before_its_process_ends(
    traced: Receiver, api_url: str, home: Path, trail: Trail, client: SyncPrefectClient
) -> None:
    """And one that is killed by the serving process, which closes it."""
    hold = home / "hold"
    with started("tests.flow.served", home, api_url, hold, BENSON_OTEL="true") as server:
        final(client, submit(client, document()))
        traced.wait_for(spans=8, records=11)
        assert names(traced) == ["dispatch", *PHASES, "wrap"]
        hold.touch()
        killed = submit(client, document())
        wait_until(
            lambda: events_of(trail).count("CHECKPOINT:CP-02") == 2, description="CP-02 is judged"
        )
        for child in children_of(server.pid):
            os.kill(child, signal.SIGKILL)
        traced.wait_for(spans=11, records=16, seconds=60)

    assert names(traced)[8:] == ["dispatch", "activation", "scope"]
    assert traced.spans[8].trace_id == killed.hex
    assert bodies(traced) == recorded(trail)


async def test_a_killed_run_is_exported_by_its_recovery(
    traced: Receiver, prefect: str, api_url: str, home: Path, trail: Trail
) -> None:
    """In the trace in which it began, below Prefect's span, with what was recorded of it."""
    hold = home / "hold"
    hold.touch()
    with started("tests.flow.traced", home, api_url, hold, document()) as process:
        wait_until(lambda: "CHECKPOINT:CP-02" in events_of(trail), description="CP-02 is judged")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    assert traced.records == []
    (found,) = await recover_with_prefect(Settings.load())
    assert found.action == "CLOSED".lower()
    traced.wait_for(spans=3, records=5)

    assert names(traced) == ["dispatch", "activation", "scope"]
    assert bodies(traced) == recorded(trail)
    whole = traced.of("benson.dispatch")
    assert (whole.status, whole.message) == (2, "FAILED: it was interrupted")
    header = trail.header(only_dispatch(trail))
    assert header is not None
    assert whole.trace_id == header.provenance.trace_id
    async with get_client() as client:
        run = await client.read_flow_run(header.run_id)  # type: ignore[arg-type]
    prefect_s = str(run.labels["__OTEL_TRACEPARENT"]).split("-")
    assert [whole.trace_id, whole.parent_id] == prefect_s[1:3]
    # Tasks that had ended by then were sent by Prefect.
    assert {span.trace_id for span in traced.spans} == {whole.trace_id}


async def test_a_run_that_waited_for_a_person_goes_on_in_its_trace(
    traced: Receiver, prefect: str, home: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is exported once, when it is closed; the review lasted as long as the person took."""
    registry = json.loads(REGISTRY.read_text()) | {"reviewers": ["Ada"]}
    (home / "registry.json").write_text(json.dumps(registry))
    monkeypatch.setenv("BENSON_REGISTRY", str(home / "registry.json"))
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "always")
    async with suspended(document()) as (client, run):
        assert flush(5)
        assert traced.requests == []
        await answer(client, run, decision="reject", notes="not\x07 this one")
    traced.wait_for(spans=9, records=13)

    assert names(traced) == ["dispatch", *PHASES, "review", "wrap"]
    assert bodies(traced) == recorded(trail)
    whole, review = traced.of("benson.dispatch"), traced.of("benson.review")
    assert whole.trace_id == run.id.hex
    assert review.message == "REJECTED by Ada (self-declared): not\\u0007 this one"
    assert review.start == traced.of("benson.ber_decision").end
    assert review.attributes["benson.reviewer"] == "Ada"


async def test_a_run_that_is_tried_again_goes_on_in_its_trace(
    traced: Receiver, prefect: str, trail: Trail
) -> None:
    """The second dispatch is another span of the same trace."""
    async with get_client() as client:
        from flows.pac_execution import pac_execution

        flow_id = await client.create_flow(pac_execution)
        deployment = await client.create_deployment(flow_id, name="traced-by-tests")
        run = await client.create_flow_run_from_deployment(
            deployment, parameters={"document": document(BLOCKED)}
        )
        await walk(client, run.id)
        await client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
        await walk(client, run.id)
    traced.wait_for(spans=16, records=22)

    wholes = [span for span in traced.spans if span.name == "benson.dispatch"]
    assert [span.attributes["benson.number"] for span in wholes] == [1, 2]
    assert {span.trace_id for span in traced.spans} == {run.id.hex}
    assert len({span.span_id for span in traced.spans}) == 16
    assert bodies(traced) == recorded(trail)


@pytest.mark.parametrize("how", ["down", "hanging", "refusing"])
async def test_a_receiver_that_is_away_keeps_no_run_from_its_verdict(
    how: str, traced: Receiver, prefect: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends as always; that nothing waits for a receiver is tried without Prefect."""
    await run_document(Document.read(document()), Settings.load())  # imports what is needed
    assert flush(20)
    traced.answer = None if how == "hanging" else 400
    if how == "down":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nobody_listens())
    outcome = await run_document(Document.read(document()), Settings.load())

    assert outcome.status == "COMPLETED"
    if how == "refusing":
        assert flush(20)
        (fault,) = [json.loads(x) for x in (home / "faults.jsonl").read_text().splitlines()]
        assert (fault["kind"], fault["error"]) == ("otel", "NotExported")
