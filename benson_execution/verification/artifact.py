"""Verifying one artifact without a database: it is made again from its evidence, and compared.

 1. The head is signed by a trusted key, or by one that a trusted key handed over to.
 2. The leaf and its inclusion path lead to the head's root.
 3. The events lead, from the leaf's header, to the end of the chain that the leaf commits to.
 4. The document and the policy have the digests that the header says, and so have the PAC and
    the result in the document.
 5. Everything else in the artifact follows from these, and is what it says.

What follows from nothing is named: it may be true, but nobody can prove it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from yaml import YAMLError

from benson_execution.agent_run.recorded import run_end
from benson_execution.artifact import build_artifact
from benson_execution.errors import BadInput, TrailUnavailable
from benson_execution.events import EventType
from benson_execution.evidence import Evidence, sha256
from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.leaf import Header
from benson_execution.proof.merkle import leaf_hash, root_of_inclusion
from benson_execution.reading import member_bytes, read_value
from benson_execution.telemetry import event_key
from benson_execution.verification.findings import Finding, Kind
from benson_execution.version import __version__

_UNPROVEN: Final = ("/dispatch/duration_estimated",)
"""Known to the process that wrote the artifact, and recorded nowhere."""
_VIOLATIONS: Final = "/dispatch/violations"
"""Judged anew from the document; another version of the program may word them otherwise."""


class Verdict(NamedTuple):
    """What became of an artifact: what is wrong, and which members nobody can prove."""

    findings: list[Finding]
    unproven: list[str]


def verify_artifact(artifact: Any, trusted: TrustedKeys) -> Verdict:
    """Verify an artifact as it was read from its file."""
    if not isinstance(artifact, Mapping):
        return Verdict([Finding(Kind.EVIDENCE_ALTERED, "it is no object")], [])
    try:
        evidence = Evidence.from_artifact(artifact)
        header = evidence.header
    except (ValueError, BadInput) as error:
        message = f"it has no evidence that can be read: {error}"
        return Verdict([Finding(Kind.EVIDENCE_ALTERED, message)], [])
    findings = [
        *_check_head(evidence, header, trusted),
        *_check_inclusion(evidence),
        *_check_events(evidence),
        *_check_documents(evidence, header),
    ]
    unproven = list(_UNPROVEN)
    if header.provenance.benson_version != __version__:
        unproven.append(_VIOLATIONS)
    if evidence.policy is None:
        unproven.append("/dispatch/policy/quality_threshold")
    try:
        remade = build_artifact(evidence)
    except (
        ValueError,
        BadInput,
        TrailUnavailable,
        LookupError,
        TypeError,
        RecursionError,
    ) as error:
        findings.append(Finding(Kind.EVIDENCE_ALTERED, f"no artifact follows from it: {error}"))
    else:
        findings += [
            Finding(Kind.ARTIFACT_ALTERED, message)
            for path, message in _differences(remade, artifact, "")
            if path not in unproven and not path.startswith(tuple(f"{u}/" for u in unproven))
        ]
    return Verdict(
        [Finding(f.kind, f.message, header.dispatch_id, f.sequence) for f in findings], unproven
    )


def _check_head(evidence: Evidence, header: Header, trusted: TrustedKeys) -> Iterator[Finding]:
    head = evidence.proof.head
    in_force = None
    for number, rotation in enumerate(evidence.proof.rotations, start=1):
        if rotation.trail_id != head.trail_id or not trusted.accept(rotation):
            message = f"rotation {number} is not signed by a trusted key that was in force"
            yield Finding(Kind.HEAD_UNTRUSTED, message)
        elif rotation.size < head.size:
            in_force = rotation.new_key.key_id
    if head.trail_id != header.trail_id:
        message = f"the head is the trail {head.trail_id}'s, and the dispatch {header.trail_id}'s"
        yield Finding(Kind.FOREIGN_DISPATCH, message)
    if trusted.signed(head):
        if in_force not in (None, head.key_id):
            message = f"the head is signed by {head.key_id}, while {in_force} was in force"
            yield Finding(Kind.HEAD_UNTRUSTED, message)
    elif head.key_id in trusted:
        message = f"the head does not have the signature of its key {head.key_id}"
        yield Finding(Kind.HEAD_ALTERED, message)
    else:
        message = f"the head is signed by {head.key_id}, which is not trusted"
        yield Finding(Kind.HEAD_UNTRUSTED, message)


def _check_inclusion(evidence: Evidence) -> Iterator[Finding]:
    proof = evidence.proof
    try:
        hashed = leaf_hash(proof.entry)
        root = root_of_inclusion(hashed, proof.leaf_index, proof.head.size, proof.path)
    except ValueError as error:
        yield Finding(Kind.LEAF_ALTERED, f"the proof of its entry in the log is none: {error}")
        return
    if root != proof.head.root:
        message = "its entry is not in the log that the head was signed for: one was changed"
        yield Finding(Kind.LEAF_ALTERED, message)


def _check_events(evidence: Evidence) -> Iterator[Finding]:
    leaf = evidence.leaf
    link = first_link(leaf.header)
    for number, (position, key, event) in enumerate(evidence.events, start=1):
        own = event_key(event, None)
        if own is not None and own != key:
            message = f"event {number} ({event.event_type!r}) has the key {key!r}"
            yield Finding(Kind.EVENT_ALTERED, message, sequence=number)
        link = next_link(link, position, number, key, event.event_type, event.json)
    there = len(evidence.events)
    if there < leaf.events:
        message = f"{there} of {leaf.events} events are there"
        yield Finding(Kind.EVENT_MISSING, message)
    elif there > leaf.events:
        message = f"{there} events are there, and {leaf.events} were recorded"
        yield Finding(Kind.EVENT_INSERTED, message)
    elif link != leaf.chain:
        message = "the events are not those that its entry in the log commits to"
        yield Finding(Kind.EVENT_ALTERED, message)
    ends = [e.event for e in evidence.events if e.event.event_type == EventType.PAC_DISPATCH_END]
    if len(ends) != 1:
        yield Finding(Kind.DISPATCH_CUT_OFF, f"it has {len(ends)} ends")


def _check_documents(evidence: Evidence, header: Header) -> Iterator[Finding]:
    provenance = header.provenance
    ran = run_end(e.event for e in evidence.events)
    for what, content, wanted in (
        ("document", evidence.document, header.document_sha256),
        ("policy", evidence.policy, provenance.policy_sha256),
        ("agent's result", evidence.agent_result, None if ran is None else ran.result_sha256),
    ):
        if content is None and wanted is not None:
            yield Finding(Kind.DOCUMENT_MISSING, f"the {what} is not there")
        elif content is not None and sha256(content) != wanted:
            yield Finding(Kind.DOCUMENT_ALTERED, f"the {what} is not the one that was judged")
    if evidence.document is None:
        return
    if sha256(evidence.document) != header.document_sha256:
        return  # said already; and what was not judged may be anything
    try:
        read_value(evidence.document, limit=len(evidence.document))
        members = member_bytes(evidence.document)
    except (BadInput, ValueError, LookupError, YAMLError, RecursionError):
        members = {}
    for name, wanted in (
        ("pac", provenance.pac_sha256),
        ("execution_result", provenance.result_sha256),
    ):
        if (sha256(members[name]) if name in members else None) != wanted:
            message = f"the document's {name} does not have the digest in the header"
            yield Finding(Kind.DOCUMENT_ALTERED, message)


def _differences(made: Any, found: Any, path: str) -> Iterator[tuple[str, str]]:
    """Where an artifact differs from the one that was made again: JSON Pointers, and how."""
    if isinstance(made, Mapping) and isinstance(found, Mapping):
        for name in [*made, *(name for name in found if name not in made)]:
            here = f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name not in found:
                yield here, f"{here} is gone"
            elif name not in made:
                yield here, f"{here} was added"
            else:
                yield from _differences(made[name], found[name], here)
    elif isinstance(made, list | tuple) and isinstance(found, list | tuple):
        if len(made) != len(found):
            yield path, f"{path} has {len(found)} members, where {len(made)} follow from the events"
        for number, (one, other) in enumerate(zip(made, found, strict=False)):
            yield from _differences(one, other, f"{path}/{number}")
    elif made != found or type(made) is not type(found):
        yield path, f"{path} is {_short(found)}, and the evidence says {_short(made)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
