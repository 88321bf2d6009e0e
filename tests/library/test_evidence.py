"""The evidence of a dispatch: its artifact follows from it, and brings it along."""

from __future__ import annotations

import copy
import functools
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import MemoryTrail, TelemetryLogger
from benson_execution.artifact import build_artifact
from benson_execution.errors import BadInput, TrailIncomplete
from benson_execution.evidence import Evidence
from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.keys import SigningKey
from benson_execution.proof.merkle import leaf_hash, root_of_inclusion
from benson_execution.trail import DispatchRef

from .helpers import DAN, P53, READABLE, dan, engine, json_values, law, pac, result, text


def evidence_of(content: Any, trail: MemoryTrail | None = None) -> Evidence:
    """The evidence of a document that was judged."""
    trail = MemoryTrail() if trail is None else trail
    outcome = engine(trail).execute_pac(content)
    return Evidence.of(trail, outcome.dispatch_id, duration_estimated=False)


def as_a_file(artifact: dict[str, Any]) -> dict[str, Any]:
    """The artifact as its file gives it back."""
    read: dict[str, Any] = json.loads(orjson.dumps(artifact))
    return read


def assert_follows(evidence: Evidence) -> None:
    """The artifact of this evidence brings evidence from which the same artifact follows."""
    artifact = as_a_file(build_artifact(evidence))
    again = Evidence.from_artifact(artifact)
    assert again.to_dict() == evidence.to_dict()
    assert (again.proof.head, list(again.proof.rotations), list(again.events)) == (
        evidence.proof.head,
        list(evidence.proof.rotations),
        list(evidence.events),
    )
    assert as_a_file(build_artifact(again)) == artifact
    assert orjson.dumps(build_artifact(again)) == orjson.dumps(build_artifact(evidence))


@pytest.mark.parametrize("path", READABLE, ids=lambda p: p.stem)
def test_an_artifact_brings_all_that_it_follows_from(path: Path) -> None:
    """The passing and the refused ones: made again from itself it is the same, byte for byte."""
    assert_follows(evidence_of(path.read_bytes()))


@pytest.mark.parametrize(
    "content",
    [
        yaml.safe_dump(DAN, allow_unicode=True).encode(),
        json.dumps({"pac": pac(), "execution_result": result(notes='\U0001f600 \\ " é\u202e')}),
        json.dumps({"pac": pac(agent_name="Dän")}, ensure_ascii=False),
        json.dumps({**dan(), "stray": [{"deep": {"er": [0.1, 1e300, -0.0, 2**53]}}]}),
    ],
    ids=["yaml", "unicode", "no result", "stray fields"],
)
def test_whatever_a_document_holds_its_artifact_follows(content: str | bytes) -> None:
    """The document is in the evidence to the letter, however it was written."""
    evidence = evidence_of(content)
    assert evidence.document == (content if isinstance(content, bytes) else content.encode())
    assert_follows(evidence)


def test_a_dispatch_whose_beginning_was_lost_has_its_artifact() -> None:
    """Nothing but its end is known of it, and the artifact says just that."""
    trail = MemoryTrail()
    logger = TelemetryLogger(False).bind(trail, DispatchRef("run", 1, P53))
    logger.pac_dispatch_end(P53, "FAILED", 7)
    evidence = Evidence.of(trail, "run-1", duration_estimated=True)
    assert (evidence.document, evidence.policy) == (None, None)
    assert_follows(evidence)
    dispatch = build_artifact(evidence)["dispatch"]
    assert (dispatch["status"], dispatch["pac_id"]) == ("FAILED", P53)
    assert dispatch["duration_estimated"] is True
    for unknown in ("pac", "agent_gid", "started_at", "document_sha256", "document_bytes"):
        assert dispatch[unknown] is None
    assert dispatch["policy"]["quality_threshold"] is None


def test_custom_events_are_evidence_too() -> None:
    """Of a type of somebody's own, with a key and without."""
    trail = MemoryTrail()
    logger = TelemetryLogger(False).bind(trail, DispatchRef("run", 1, P53))
    logger.emit("REVIEW", {"by": "é"}, key="first")
    logger.emit("NOTE", {})
    logger.pac_dispatch_end(P53, "FAILED", 7)
    evidence = Evidence.of(trail, "run-1", duration_estimated=False)
    assert [e.key for e in evidence.events] == ["REVIEW:first", None, "PAC_DISPATCH_END"]
    assert_follows(evidence)


def test_the_evidence_is_a_proof() -> None:
    """Its events lead to the leaf, the leaf to the root, and the root is signed."""
    trail = MemoryTrail()
    for n in range(5):
        evidence = evidence_of(text(execution_result=result(notes=str(n))), trail)
    chain = first_link(evidence.leaf.header)
    for sequence, (position, key, event) in enumerate(evidence.events, start=1):
        chain = next_link(chain, position, sequence, key, event.event_type, event.json)
    assert (len(evidence.events), chain) == (evidence.leaf.events, evidence.leaf.chain)
    proof = evidence.proof
    assert (proof.leaf_index, proof.head.size) == (4, 5)
    root = root_of_inclusion(leaf_hash(proof.entry), 4, 5, proof.path)
    assert root == proof.head.root
    assert proof.head.is_signed_by(trail.signing_key.public)


def test_rotations_come_along() -> None:
    """All of the trail's, the later ones too: the artifact is made when it is made."""
    trail = MemoryTrail()
    first = trail.signing_key
    evidence_of(text(), trail)
    trail.rotate(SigningKey.generate())
    evidence = evidence_of(text(), trail)
    trail.rotate(SigningKey.generate())
    assert [r.size for r in evidence.proof.rotations] == [1]
    assert evidence.proof.rotations[0].is_signed_by(first.public)
    assert_follows(evidence)
    dispatch_id = evidence.header.dispatch_id
    later = Evidence.of(trail, dispatch_id, duration_estimated=False)
    assert [r.size for r in later.proof.rotations] == [1, 2]
    assert_follows(later)


@pytest.mark.parametrize("dispatch_id", ["run-1", "run-2", ""])
def test_what_is_not_closed_has_no_evidence(dispatch_id: str) -> None:
    """Neither an open dispatch nor one that there never was."""
    trail = MemoryTrail()
    TelemetryLogger(False).bind(trail, DispatchRef("run", 1, P53)).emit("NOTE", {})
    with pytest.raises(TrailIncomplete, match="is not closed"):
        Evidence.of(trail, dispatch_id, duration_estimated=False)


def test_every_part_of_the_evidence_shows_in_the_artifact() -> None:
    """Nothing is left out: to change one part is to change what is written."""
    evidence = evidence_of(text())
    made = orjson.dumps(build_artifact(evidence))
    proof = evidence.proof
    for changed in (
        {"proof": proof._replace(leaf_index=9)},
        {"proof": proof._replace(path=[bytes(32)])},
        {"events": evidence.events[:-2]},
        {"events": [e._replace(position=e.position + 1) for e in evidence.events]},
        {"document": text(execution_result=result(notes="other"))},
        {"policy": b'{"quality_threshold":0.1}'},
        {"duration_estimated": True},
    ):
        other = Evidence(**{**_members(evidence), **changed})
        assert orjson.dumps(build_artifact(other)) != made, changed


def _members(evidence: Evidence) -> dict[str, Any]:
    names = ("proof", "events", "document", "policy", "duration_estimated")
    return {name: getattr(evidence, name) for name in names}


@functools.cache
def _artifact() -> bytes:
    trail = MemoryTrail()
    evidence_of(text(), trail)
    trail.rotate(SigningKey.generate())
    return orjson.dumps(build_artifact(evidence_of(text(), trail)))


def artifact() -> dict[str, Any]:
    """A fresh artifact, with a path and a rotation in its proof."""
    made: dict[str, Any] = json.loads(_artifact())
    assert made["proof"]["inclusion_path"]
    assert made["proof"]["rotations"]
    return made


@pytest.mark.parametrize(
    "whole", [None, [], "proof", 5, {}, {"proof": None}, {"proof": []}, {"proof": {}}]
)
def test_what_is_no_artifact_brings_no_evidence(whole: Any) -> None:
    """`ValueError`, whatever it is."""
    with pytest.raises(ValueError, match="not the proof of a dispatch"):
        Evidence.from_artifact(whole)


MEMBERS = [
    "leaf",
    "leaf_index",
    "inclusion_path",
    "head",
    "rotations",
    "events",
    "document",
    "policy",
]


def test_the_members_of_a_proof_are_known() -> None:
    """Or the tests below would leave one out."""
    assert list(artifact()["proof"]) == MEMBERS


@pytest.mark.parametrize("member", MEMBERS)
def test_an_artifact_without_a_member_of_its_proof_brings_none(member: str) -> None:
    """Null is no substitute, but where there may be none: the document and the policy."""
    changed = artifact()
    del changed["proof"][member]
    with pytest.raises(ValueError, match=member):
        Evidence.from_artifact(changed)
    changed["proof"][member] = None
    if member in ("document", "policy"):
        assert getattr(Evidence.from_artifact(changed), member) is None
    else:
        with pytest.raises(ValueError, match="not the proof of a dispatch"):
            Evidence.from_artifact(changed)


def set_event(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda proof: proof["events"][3].update(members)


def set_proof(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda proof: proof.update(members)


@pytest.mark.parametrize(
    "change",
    [
        set_proof(leaf_index="1"),
        set_proof(leaf_index=1.0),
        set_proof(leaf_index=True),
        set_proof(inclusion_path=["zz"]),
        set_proof(inclusion_path=[5]),
        set_proof(inclusion_path=7),
        set_proof(head="benson/7d"),
        set_proof(head={}),
        set_proof(rotations=[""]),
        set_proof(rotations=[None]),
        set_proof(events=[[]]),
        set_proof(events={"position": 1}),
        set_proof(events=["position"]),
        set_proof(document=5),
        set_proof(document="\ud800"),
        set_proof(policy=["{}"]),
        set_event(position="3"),
        set_event(position=None),
        set_event(position=3.0),
        set_event(position=True),
        set_event(position=-1),
        set_event(position=2**64),
        set_event(key=5),
        set_event(key=["CHECKPOINT"]),
        set_event(key="\ud800"),
        set_event(json="{}"),
        set_event(json="null"),
        set_event(json="[" * 100_000),
        set_event(json='"\ud800"'),
        set_event(json=5),
    ],
)
def test_a_malformed_proof_brings_no_evidence(change: Callable[[dict[str, Any]], None]) -> None:
    """`ValueError`, before anything is hashed."""
    changed = artifact()
    change(changed["proof"])
    with pytest.raises(ValueError, match=r"."):
        Evidence.from_artifact(changed)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    if path:
        yield path
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, member in members:
        yield from places(member, (*path, name))


PLACES = [
    *(("proof", *path) for path in places(json.loads(_artifact())["proof"])),
    ("dispatch", "duration_estimated"),
]
odd_values = json_values | st.sampled_from(
    [-1, 2**63, 2**64, math.inf, "\ud800", "0" * 64, "{}", "null", [[]], {"": ""}]
)


@law
@given(place=st.sampled_from(PLACES), value=odd_values, remove=st.booleans())
def test_whatever_is_changed_in_a_proof_only_a_value_error_comes_of_it(
    place: tuple[Any, ...], value: Any, remove: bool
) -> None:
    """What is accepted can be hashed, and its artifact can be made or is refused by name."""
    changed = copy.deepcopy(artifact())
    parent = functools.reduce(lambda found, name: found[name], place[:-1], changed)
    if remove:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    try:
        evidence = Evidence.from_artifact(changed)
        for sequence, (position, key, event) in enumerate(evidence.events, start=1):
            next_link(bytes(32), position, sequence, key, event.event_type, event.json)
        leaf_hash(evidence.proof.entry)
        made = build_artifact(evidence)
    except (ValueError, BadInput):
        return
    assert orjson.dumps(made)
