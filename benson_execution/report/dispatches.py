"""A PAC's dispatches as its page shows them: as they were recorded, and whether they verify now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from benson_execution.agent_run.recorded import run_end
from benson_execution.artifact import artifact_path, build_artifact
from benson_execution.errors import ArtifactNotWritten, BensonError, TrailUnavailable
from benson_execution.events import Event, EventType
from benson_execution.evidence import Evidence, sha256
from benson_execution.insight.explanation import Explanation, explain_recorded
from benson_execution.own_events import OwnEventType, ReviewDecision
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.keys import PublicKey
from benson_execution.proof.leaf import Header, Leaf, Provenance
from benson_execution.proof.merkle import leaf_hash
from benson_execution.text import plain
from benson_execution.timeline import gist, milliseconds
from benson_execution.trail.port import DispatchRef, Proof, Trail
from benson_execution.verification.artifact import verify_artifact
from benson_execution.verification.findings import Kind

MAX_SHOWN: Final = 12
"""How many of a PAC's dispatches are shown in full: the newest."""
MAX_EVENTS: Final = 400
"""How many events of a dispatch are shown; it may have any number of the caller's own."""

_UNREADABLE: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What a row that somebody changed may raise when evidence is made of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event, and the time since the one before it: what was done in between."""

    label: str
    told: str
    timestamp: str
    at_ms: float
    took_ms: float
    is_refused: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a dispatch verified just now: `verified`, `not verified`, or `not checked`."""

    state: str
    why: tuple[str, ...] = ()
    """What is wrong, or why nobody can say."""


@dataclass(frozen=True, slots=True)
class Hash:
    """A digest, and of what."""

    of: str
    value: str | None


@dataclass(frozen=True, slots=True)
class DispatchPage:
    """All that a page shows of one dispatch."""

    ref: DispatchRef
    number: int
    """From 1, in the order in which the PAC's dispatches began."""
    explained: Explanation
    """What `benson show` tells: its verdicts, why it was refused, and what would make it pass."""
    agent: str
    steps: list[Step]
    steps_left_out: int
    took_ms: float
    """From the first event to the last one, shown or not."""
    runs_in: str | None
    """Benson's version; None where it was not recorded."""
    hashes: list[Hash]
    proof: Proof | None
    verification: Verification
    artifact: str | None
    """Where it lies in the folder of the artifacts; None where no file is there."""


def dispatches_of(trail: Trail, pac_id: str) -> list[DispatchRef]:
    """The dispatches of a PAC, in the order in which they began."""
    events = trail.events(pac_id=pac_id)
    return list(dict.fromkeys(stored.dispatch for stored in events))


def describe(
    trail: Trail,
    refs: Sequence[DispatchRef],
    keys: Sequence[PublicKey] | str,
    artifacts: Path,
) -> Iterator[DispatchPage]:
    """The newest of these dispatches, newest first; `keys` are trusted, or why there are none."""
    numbered = list(enumerate(refs, start=1))
    for number, ref in reversed(numbered[-MAX_SHOWN:]):
        yield _describe(trail, ref, number, keys, artifacts)


def _describe(
    trail: Trail, ref: DispatchRef, number: int, keys: Sequence[PublicKey] | str, artifacts: Path
) -> DispatchPage:
    stored = list(trail.events(dispatch_id=ref.dispatch_id))
    every = [one.event for one in stored]
    explained = explain_recorded(trail, stored)
    proof = trail.proof(ref.dispatch_id)
    header = trail.header(ref.dispatch_id) if proof is None else _header(proof)
    verification = Verification("not checked", ("it is not closed yet",))
    if not explained.is_open:
        verification = _verified(trail, ref, keys)
    steps = steps_of(every)
    path = None
    with suppress(ArtifactNotWritten):  # ids that name no file have none
        path = artifact_path(artifacts, ref.pac_id, ref.dispatch_id)
    kept = path is not None and path.is_file()
    return DispatchPage(
        ref=ref,
        number=number,
        explained=explained,
        agent=next((gist(e) for e in every if e.event_type == EventType.PAC_DISPATCH_START), ""),
        steps=steps[:MAX_EVENTS],
        steps_left_out=max(len(steps) - MAX_EVENTS, 0),
        took_ms=steps[-1].at_ms,
        runs_in=None if header is None else header.provenance.benson_version,
        hashes=_hashes(header, proof, every),
        proof=proof,
        verification=verification,
        artifact=f"{ref.pac_id}/{ref.dispatch_id}.json" if kept else None,
    )


def steps_of(events: Sequence[Event]) -> list[Step]:
    """Each event as a step; the first one took no time."""
    times = milliseconds(events)
    before = [0.0, *times]
    return [
        Step(
            label=_label(event),
            told=gist(event),
            timestamp=event.timestamp,
            at_ms=at,
            took_ms=at - earlier,
            is_refused=_is_refusal(event),
        )
        for event, at, earlier in zip(events, times, before, strict=False)
    ]


def _label(event: Event) -> str:
    if event.event_type == EventType.CHECKPOINT:
        return f"{event.data.checkpoint_id} {_CHECKPOINTS[event.data.checkpoint_id]}"
    return _LABELS.get(event.event_type, event.event_type)


_CHECKPOINTS: Final[Mapping[str, str]] = {
    "CP-01": "agent activation",
    "CP-02": "scope compliance",
    "CP-03": "quality score",
    "CP-04": "task completion",
}
_LABELS: Final[Mapping[str, str]] = {
    EventType.PAC_DISPATCH_START: "dispatch begins",
    EventType.AGENT_EXECUTION_START: "execution begins",
    EventType.SCHEMA_VALIDATION: "schema validation",
    EventType.AGENT_EXECUTION_END: "execution ends",
    EventType.BER_GENERATION_DECISION: "report decision",
    EventType.WRAP_GENERATION: "WRAP",
    EventType.PAC_DISPATCH_END: "dispatch ends",
    OwnEventType.AGENT_RUN_START: "the agent is started",
    OwnEventType.AGENT_RUN_END: "the agent's run",
    OwnEventType.HUMAN_REVIEW: "a person's review",
    OwnEventType.POLICY_RECHECK: "policy judged again",
}


def _is_refusal(event: Event) -> bool:
    said = event.data
    match event.event_type:
        case EventType.CHECKPOINT:
            return bool(said.status != "PASS")
        case EventType.SCHEMA_VALIDATION:
            return not said.valid
        case EventType.BER_GENERATION_DECISION | OwnEventType.POLICY_RECHECK:
            return not said.eligible
        case EventType.WRAP_GENERATION:
            return bool(said.blocked)
        case OwnEventType.HUMAN_REVIEW:
            return bool(said.decision != ReviewDecision.APPROVED)
        case OwnEventType.AGENT_RUN_END:
            return not said.answered
        case EventType.PAC_DISPATCH_END | EventType.AGENT_EXECUTION_END:
            return bool(said.status != "COMPLETED")
        case _:
            return False


def _verified(trail: Trail, ref: DispatchRef, keys: Sequence[PublicKey] | str) -> Verification:
    """Whether the evidence of a closed dispatch verifies.

    It is what its artifact brings along, made of the trail as it stands; so what was changed in
    the trail is found, whatever the artifact on the disk says.
    """
    try:
        evidence = Evidence.of(trail, ref.dispatch_id, duration_estimated=False)
        # As one reads it from a file: the verification believes nothing that it was handed.
        artifact = orjson.loads(orjson.dumps(build_artifact(evidence)))
    except (BensonError, *_UNREADABLE) as error:
        told = error.message if isinstance(error, BensonError) else str(error)
        return Verification("not verified", (f"its evidence can't be read: {told}",))
    if evidence.header.dispatch_id != ref.dispatch_id or evidence.header.pac_id != ref.pac_id:
        why = "its entry in the log is that of another dispatch"
        return Verification("not verified", (why,))
    trusted = [] if isinstance(keys, str) else list(keys)
    found = verify_artifact(artifact, TrustedKeys(trusted)).findings
    if isinstance(keys, str):  # what was changed shows without a key, and only who signed does not
        found = [finding for finding in found if finding.kind is not Kind.HEAD_UNTRUSTED]
    if found:
        why_not = tuple(f"{finding.kind.value}: {finding.message}" for finding in found)
        return Verification("not verified", why_not)
    if isinstance(keys, str):
        return Verification("not checked", (keys,))
    return Verification("verified")


def _header(proof: Proof) -> Header:
    """What the log says that the dispatch was opened with."""
    try:
        return Header.from_bytes(Leaf.from_bytes(proof.entry).header)
    except (ValueError, TypeError, AttributeError) as error:
        raise TrailUnavailable(
            f"an entry of the log can't be read: {plain(str(error))}",
            "`benson verify` says what was changed",
        ) from None


def _hashes(header: Header | None, proof: Proof | None, events: Sequence[Event]) -> list[Hash]:
    """Every digest that is recorded of a dispatch, each in lower-case hexadecimal."""
    provenance = Provenance() if header is None else header.provenance
    ran = run_end(events)
    found = [
        Hash("document", None if header is None else header.document_sha256),
        Hash("PAC", provenance.pac_sha256),
        Hash("result", provenance.result_sha256 or (None if ran is None else ran.result_sha256)),
        Hash("policy", provenance.policy_sha256),
        Hash("agent registry", provenance.registry_sha256),
    ]
    if proof is not None:
        found += [
            Hash("chain of events", Leaf.from_bytes(proof.entry).chain.hex()),
            Hash("leaf", leaf_hash(proof.entry).hex()),
            Hash("root", proof.head.root.hex()),
            Hash("head", sha256(proof.head.note)),
        ]
    return found
