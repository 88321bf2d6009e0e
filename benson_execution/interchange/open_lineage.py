"""The trail's dispatches as OpenLineage run events: a PAC is a job, and a dispatch is its run.

START comes with the first event of a dispatch; with its end COMPLETE, FAIL when a gate refused
it, or ABORT when it was not judged to its end. An open dispatch has its START only.

The input is the document that was judged, by its digest. Outputs are what is on record as made:
the result of an agent that Benson ran, and the WRAP. The files that an agent names are no outputs:
they are its own word, and in which repository they lie nobody recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from benson_execution.events import DispatchStatus, Event, EventType
from benson_execution.interchange.judgements import Judgement, judgements
from benson_execution.interchange.naming import trail_urn
from benson_execution.interchange.records import Record
from benson_execution.outcome import Outcome
from benson_execution.own_events import OwnEventType
from benson_execution.proof.leaf import Header
from benson_execution.text import plain
from benson_execution.version import __version__

PRODUCER: Final = f"urn:benson-execution:producer:{__version__}"
_NAMESPACE: Final = UUID("b6a3a8f2-53cf-5a0e-8b5e-3f1c7f0d2a64")
_SPEC: Final = "https://openlineage.io/spec"
_RUN_EVENT: Final = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS: Final = {
    "test": "1-0-1/TestRunFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}
"""The facets that are used, each with the version of its schema."""
_ENDS: Final[Mapping[str, str]] = {
    DispatchStatus.COMPLETED: "COMPLETE",
    DispatchStatus.BLOCKED: "FAIL",
    DispatchStatus.FAILED: "ABORT",
}
_STATUS: Final = {True: "pass", False: "fail", None: "skip"}
_MAX_TEXT: Final = 2000
_TOLD: Final = frozenset(
    (
        EventType.CHECKPOINT,
        EventType.SCHEMA_VALIDATION,
        EventType.BER_GENERATION_DECISION,
        EventType.WRAP_GENERATION,
        EventType.PAC_DISPATCH_END,
        OwnEventType.AGENT_RUN_END,
        OwnEventType.HUMAN_REVIEW,
        OwnEventType.POLICY_RECHECK,
    )
)
"""The events that an end tells of: each stands in a dispatch once, or once for each gate."""


class OpenLineage:
    """Makes run events of a trail's records; it holds what dispatches said that are still open."""

    def __init__(self) -> None:
        self._running: dict[str, list[Event]] = {}

    def __call__(self, record: Record) -> Iterator[bytes]:
        """The run events that this record brings: one, or none; two for a dispatch of one event."""
        header, event = record.header, record.event
        if record.sequence == 1:
            self._running[header.dispatch_id] = []
            yield orjson.dumps(_run_event("START", header, event, {}, []))
        said = self._running[header.dispatch_id]
        if event.event_type in _TOLD:
            said.append(event)
        if event.event_type == EventType.PAC_DISPATCH_END:
            del self._running[header.dispatch_id]
            yield orjson.dumps(_end(header, event, said))


def run_id(header: Header) -> str:
    """The run's id: a UUID, the same for the same dispatch of the same trail."""
    return str(uuid5(_NAMESPACE, f"{header.trail_id}/{header.dispatch_id}"))


def _end(header: Header, event: Event, said: list[Event]) -> dict[str, Any]:
    outcome = Outcome.of(header.dispatch_id, header.pac_id, said)
    facets = {"test": _facet("test", tests=[_test(one) for one in judgements(said)])}
    if outcome.status is not DispatchStatus.COMPLETED:
        why = outcome.reason or "the dispatch was interrupted"
        code = "" if outcome.error_code is None else f"{outcome.error_code}: "
        message = plain(f"{outcome.status.value}: {code}{why}", _MAX_TEXT)
        # The facet wants the language that a stack trace would be in; there is none.
        facets["errorMessage"] = _facet(
            "errorMessage", message=message, programmingLanguage="Python"
        )
    namespace = trail_urn(header.trail_id)
    ran = [one.data for one in said if one.event_type == OwnEventType.AGENT_RUN_END]
    results = [run.result_sha256 for run in ran if run.result_sha256 is not None]
    outputs = [_by_digest(namespace, "result", result) for result in results]
    if outcome.wrap_id is not None:
        outputs.append({"namespace": namespace, "name": f"wrap/{outcome.wrap_id}", "facets": {}})
    return _run_event(_ENDS[outcome.status], header, event, facets, outputs)


def _run_event(
    kind: str,
    header: Header,
    event: Event,
    facets: Mapping[str, Any],
    outputs: list[dict[str, Any]],
) -> dict[str, Any]:
    namespace = trail_urn(header.trail_id)
    version = header.provenance.benson_version or "unknown"
    engine = _facet("processing_engine", version=version, name="benson-execution")
    job_type = _facet("jobType", processingType="BATCH", integration="BENSON", jobType="PAC")
    document = header.document_sha256
    return {
        "eventTime": event.timestamp,
        "eventType": kind,
        "producer": PRODUCER,
        "schemaURL": _RUN_EVENT,
        "run": {"runId": run_id(header), "facets": {"processing_engine": engine, **facets}},
        "job": {"namespace": namespace, "name": header.pac_id, "facets": {"jobType": job_type}},
        "inputs": [] if document is None else [_by_digest(namespace, "document", document)],
        "outputs": outputs,
    }


def _by_digest(namespace: str, what: str, sha256: str) -> dict[str, Any]:
    version = _facet("version", datasetVersion=sha256)
    return {"namespace": namespace, "name": f"{what}/{sha256}", "facets": {"version": version}}


def _test(one: Judgement) -> dict[str, Any]:
    told = {} if one.said is None else {"actual": plain(one.said, _MAX_TEXT)}
    return {"name": one.name, "status": _STATUS[one.passed], "severity": "error", **told}


def _facet(name: str, /, **members: Any) -> dict[str, Any]:
    schema = _FACETS[name]
    url = f"{_SPEC}/facets/{schema}.json#/$defs/{schema.partition('/')[2]}"
    return {"_producer": PRODUCER, "_schemaURL": url, **members}
