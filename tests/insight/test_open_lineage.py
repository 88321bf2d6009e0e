"""OpenLineage run events: made again by its client's own classes, and sent by its own transport."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from uuid import UUID

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.generated.base import BaseFacet
from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
from openlineage.client.generated.error_message_run import ErrorMessageRunFacet
from openlineage.client.generated.job_type_job import JobTypeJobFacet
from openlineage.client.generated.processing_engine_run import ProcessingEngineRunFacet
from openlineage.client.generated.test_run import TestExecution, TestRunFacet
from openlineage.client.serde import Serde
from openlineage.client.transport.http import HttpConfig, HttpTransport

from benson_execution import MemoryTrail, Trail
from benson_execution.interchange.open_lineage import OpenLineage
from tests.insight.generated import fill
from tests.insight.test_attestation import judged
from tests.insight.test_export_records import exported
from tests.library.helpers import READABLE, text
from tests.library.walks import RESULT, ran, waiting

FACETS: Final[Mapping[str, type[BaseFacet]]] = {
    "test": TestRunFacet,
    "errorMessage": ErrorMessageRunFacet,
    "processing_engine": ProcessingEngineRunFacet,
    "jobType": JobTypeJobFacet,
    "version": DatasetVersionDatasetFacet,
}
TestRunFacet.__test__ = TestExecution.__test__ = False  # type: ignore[attr-defined]  # no tests of ours


def lines_of(trail: Trail) -> list[dict[str, Any]]:
    """The run events of a trail, as they are written."""
    encode = OpenLineage()
    lines = [line for record in exported(trail) for line in encode(record)]
    assert all(b"\n" not in line for line in lines)
    return [json.loads(line) for line in lines]


def facets(given: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Each facet as the client's own class: one with a member that is not its own raises."""
    made = {}
    for name, members in given.items():
        kind = FACETS[name]
        own = {n: v for n, v in members.items() if n not in ("_producer", "_schemaURL")}
        if kind is TestRunFacet:
            own["tests"] = [TestExecution(**test) for test in own["tests"]]
        made[name] = kind(**own, producer=members["_producer"])
        assert members["_schemaURL"] == kind._get_schema()
    return made


def run_event(given: Mapping[str, Any]) -> RunEvent:
    """A run event as the client's own classes make it; they validate its times, ids and URLs."""
    run, job = given["run"], given["job"]
    event = RunEvent(
        eventTime=given["eventTime"],
        producer=given["producer"],
        eventType=RunState(given["eventType"]),
        run=Run(run["runId"], facets(run["facets"])),
        job=Job(job["namespace"], job["name"], facets(job["facets"])),
        inputs=[
            InputDataset(d["namespace"], d["name"], facets=facets(d["facets"]))
            for d in given["inputs"]
        ],
        outputs=[
            OutputDataset(d["namespace"], d["name"], facets=facets(d["facets"]))
            for d in given["outputs"]
        ],
    )
    assert event.schemaURL == given["schemaURL"]
    return event


def without_empty(value: Any) -> Any:
    """A value without the empty objects and arrays that the client adds by default."""
    if isinstance(value, dict):
        return {n: without_empty(v) for n, v in value.items() if v not in ({}, [])}
    return [without_empty(one) for one in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def trail() -> MemoryTrail:
    """Dispatches of every kind."""
    made = MemoryTrail()
    fill(made, 150, open_ones=3)
    return made


def test_the_client_makes_the_same_events(trail: MemoryTrail) -> None:
    """From its own classes it serialises, member by member, what is exported."""
    for given in lines_of(trail):
        again = json.loads(Serde.to_json(run_event(given)))
        assert without_empty(again) == without_empty(given)


def test_every_dispatch_is_a_run(trail: MemoryTrail) -> None:
    """Counted from the plain events: one START, and one end that fits its status."""
    ends = {"COMPLETED": "COMPLETE", "BLOCKED": "FAIL", "FAILED": "ABORT"}
    statuses = {
        s.dispatch.dispatch_id: ends[s.event.data.status]
        for s in trail.events(event_type="PAC_DISPATCH_END")
    }
    runs = defaultdict(list)
    for given in lines_of(trail):
        runs[given["run"]["runId"]].append(given["eventType"])
        UUID(given["run"]["runId"])
    assert len(runs) == 153
    wanted = [["START", end] for end in statuses.values()] + [["START"]] * 3
    assert sorted(runs.values()) == sorted(wanted)


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.stem)
def test_the_checkpoints_are_tests(path: Any) -> None:
    """Each with its verdict, and with what was found; a refusal has an error message."""
    trail, _ = judged(path.read_bytes())
    start, end = lines_of(trail)
    assert (start["eventType"], set(start["run"]["facets"])) == ("START", {"processing_engine"})
    tests = {one["name"].split()[0]: one for one in end["run"]["facets"]["test"]["tests"]}
    gates = [s.event.data for s in trail.events(event_type="CHECKPOINT")]
    for gate in gates:
        one = tests[gate.checkpoint_id]
        assert one["status"] == {"PASS": "pass", "FAIL": "fail"}[gate.status]
        assert one["actual"] == gate.details
    (validation,) = trail.events(event_type="SCHEMA_VALIDATION")
    code = validation.event.data.error_code
    assert tests["SCHEMA_VALIDATION"]["status"] == ("pass" if code is None else "fail")
    message = end["run"]["facets"].get("errorMessage", {}).get("message", "")
    assert bool(message) is (end["eventType"] == "FAIL")
    failed = [gate.checkpoint_id for gate in gates if gate.status == "FAIL"]
    assert all(name in message for name in [*failed, code or ""])


def test_what_was_not_judged_is_skipped() -> None:
    trail = MemoryTrail()
    fill(trail, 150)
    aborted = [one for one in lines_of(trail) if one["eventType"] == "ABORT"]
    assert aborted
    for end in aborted:
        *skipped, last = end["run"]["facets"]["test"]["tests"]
        assert {one["status"] for one in skipped} == {"skip"}
        assert (last["name"], last["status"]) == ("PAC_DISPATCH_END", "fail")
        assert "interrupted" in end["run"]["facets"]["errorMessage"]["message"]


def test_the_document_goes_in_and_the_wrap_comes_out() -> None:
    trail, ((dispatch_id, _),) = judged(text())
    header = trail.header(dispatch_id)
    assert header is not None
    _, end = lines_of(trail)
    (given,) = end["inputs"]
    assert given["name"] == f"document/{header.document_sha256}"
    assert given["facets"]["version"]["datasetVersion"] == header.document_sha256
    (wrap,) = trail.events(event_type="WRAP_GENERATION")
    assert [one["name"] for one in end["outputs"]] == [f"wrap/{wrap.event.data.wrap_id}"]


def test_what_an_agent_handed_over_that_was_run_comes_out() -> None:
    trail = MemoryTrail()
    ran(trail)
    end = lines_of(trail)[-1]
    digest = hashlib.sha256(RESULT).hexdigest()
    assert [one["name"] for one in end["outputs"]][:1] == [f"result/{digest}"]


def test_a_run_has_the_same_id_whenever_it_is_exported(trail: MemoryTrail) -> None:
    assert lines_of(trail) == lines_of(trail)
    other = MemoryTrail()
    fill(other, 1)
    ids = {one["run"]["runId"] for one in lines_of(trail)}
    assert not ids & {one["run"]["runId"] for one in lines_of(other)}


def test_an_open_dispatch_has_its_start_only() -> None:
    trail = MemoryTrail()
    waiting(trail)
    assert [one["eventType"] for one in lines_of(trail)] == ["START"]


class _Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    def do_POST(self) -> None:  # the base class's name
        size = int(self.headers["Content-Length"])
        self.server.received.append((self.path, json.loads(self.rfile.read(size))))  # type: ignore[attr-defined]
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def receiver() -> Iterator[Any]:
    """A lineage backend on this machine, as far as it takes events."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    server.received = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_clients_own_transport_delivers_them(receiver: Any) -> None:
    """Over HTTP, as whoever forwards an export does it."""
    trail, _ = judged(text(), READABLE[-1].read_bytes())
    given = lines_of(trail)
    address = f"http://127.0.0.1:{receiver.server_port}"
    client = OpenLineageClient(transport=HttpTransport(HttpConfig(url=address)))
    for one in given:
        client.emit(run_event(one))
    client.close()
    assert {path for path, _ in receiver.received} == {"/api/v1/lineage"}
    kept = [without_empty(event) for _, event in receiver.received]
    for event, one in zip(kept, given, strict=True):
        event["run"]["facets"].pop("tags", None)  # the client's own
        event["job"].get("facets", {}).pop("tags", None)
        assert event == without_empty(one)
