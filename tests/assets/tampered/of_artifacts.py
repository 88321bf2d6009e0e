"""What is done to artifacts: their members, their evidence, and their text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from benson_execution.proof.heads import Head
from benson_execution.proof.keys import SigningKey
from benson_execution.verification.findings import Kind

from .defects import ARTIFACTS, Change, Expectation

Artifact = dict[str, Any]


def artifact(name: str, *kinds: Kind, words: tuple[str, ...]) -> Callable[[Change], Change]:
    """Name a change to an artifact, and say what is found."""

    def keep(change: Change) -> Change:
        assert name not in ARTIFACTS, name
        ARTIFACTS[name] = change, Expectation(kinds, words)
        return change

    return keep


@artifact(
    "verdict",
    Kind.ARTIFACT_ALTERED,
    words=("/telemetry/events/4/data/status is 'FAIL', and the evidence says 'PASS'",),
)
def _verdict(found: Artifact) -> None:
    found["telemetry"]["events"][4]["data"]["status"] = "FAIL"


@artifact("status", Kind.ARTIFACT_ALTERED, words=("/dispatch/status is 'BLOCKED'",))
def _status(found: Artifact) -> None:
    found["dispatch"]["status"] = "BLOCKED"


@artifact("wrap-id", Kind.ARTIFACT_ALTERED, words=("/report/wrap/wrap_id is 'WRAP-X-P1'",))
def _wrap(found: Artifact) -> None:
    found["report"]["wrap"]["wrap_id"] = "WRAP-X-P1"


@artifact(
    "self-reported",
    Kind.ARTIFACT_ALTERED,
    words=("/report/self_reported/quality_score is 0.99",),
)
def _self_reported(found: Artifact) -> None:
    found["report"]["self_reported"]["quality_score"] = 0.99


@artifact(
    "execution-result",
    Kind.ARTIFACT_ALTERED,
    words=("/dispatch/execution_result/quality_score is 0.99",),
)
def _result(found: Artifact) -> None:
    found["dispatch"]["execution_result"]["quality_score"] = 0.99


@artifact("member-added", Kind.ARTIFACT_ALTERED, words=("/report/approved_by was added",))
def _added(found: Artifact) -> None:
    found["report"]["approved_by"] = "somebody"


@artifact("member-removed", Kind.ARTIFACT_ALTERED, words=("/dispatch/violations is gone",))
def _removed(found: Artifact) -> None:
    del found["dispatch"]["violations"]


@artifact("number-of-another-type", Kind.ARTIFACT_ALTERED, words=("/dispatch/number is 1.0",))
def _type(found: Artifact) -> None:
    found["dispatch"]["number"] = 1.0


@artifact("proof-removed", Kind.EVIDENCE_ALTERED, words=("no evidence that can be read",))
def _proof(found: Artifact) -> None:
    del found["proof"]


@artifact(
    "proof-event",
    Kind.EVENT_ALTERED,
    Kind.ARTIFACT_ALTERED,
    words=("not those that its entry in the log commits to", "/telemetry/events/4/data/details"),
)
def _event(found: Artifact) -> None:
    event = found["proof"]["events"][4]
    assert "0.70" in event["json"]
    event["json"] = event["json"].replace("0.70", "0.60", 1)


@artifact(
    "proof-event-and-what-follows-from-it",
    Kind.EVENT_ALTERED,
    words=("not those that its entry in the log commits to",),
)
def _event_and_members(found: Artifact) -> None:
    _event(found)
    told = found["telemetry"]["events"][4]["data"], found["report"]["checkpoints"][2]
    for checkpoint in told:
        checkpoint["details"] = checkpoint["details"].replace("0.70", "0.60", 1)


@artifact(
    "proof-event-removed",
    Kind.EVENT_MISSING,
    Kind.ARTIFACT_ALTERED,
    words=("10 of 11 events are there",),
)
def _event_removed(found: Artifact) -> None:
    del found["proof"]["events"][4]


@artifact("proof-event-position", Kind.EVENT_ALTERED, words=("not those that its entry",))
def _position(found: Artifact) -> None:
    found["proof"]["events"][4]["position"] += 1


@artifact(
    "proof-document",
    Kind.DOCUMENT_ALTERED,
    Kind.ARTIFACT_ALTERED,
    words=("the document is not the one that was judged", "/dispatch/execution_result/quality"),
)
def _document(found: Artifact) -> None:
    text = found["proof"]["document"]
    changed = re.sub(r'("quality_score": )[0-9.]+', r"\g<1>0.99", text)
    assert changed != text
    found["proof"]["document"] = changed


@artifact("proof-head-size", Kind.HEAD_ALTERED, Kind.LEAF_ALTERED, words=("its entry in the log",))
def _size(found: Artifact) -> None:
    """The head of the same log when it was smaller: its note says another number."""
    lines = found["proof"]["head"].split("\n")
    lines[1] = str(int(lines[1]) - 1)
    found["proof"]["head"] = "\n".join(lines)


@artifact("proof-inclusion-path", Kind.LEAF_ALTERED, words=("not in the log that the head was",))
def _path(found: Artifact) -> None:
    path = found["proof"]["inclusion_path"]
    path[0] = bytes(32).hex()


@artifact("proof-leaf-index", Kind.LEAF_ALTERED, words=("its entry",))
def _index(found: Artifact) -> None:
    found["proof"]["leaf_index"] -= 1


@artifact("proof-signed-by-another-key", Kind.HEAD_UNTRUSTED, words=("which is not trusted",))
def _key(found: Artifact) -> None:
    head = Head.parse(found["proof"]["head"].encode())
    forged = Head.sign(SigningKey.generate(), head.trail_id, head.size, head.root)
    found["proof"]["head"] = forged.note.decode()


@artifact("proof-signature", Kind.HEAD_ALTERED, words=("does not have the signature of its key",))
def _signature(found: Artifact) -> None:
    text = found["proof"]["head"]
    at = len(text) - 20
    found["proof"]["head"] = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def key_twice(content: bytes) -> bytes:
    """The first says what the evidence says; many readers take the last."""
    return content.replace(b'"report":{', b'"report":null,"report":{', 1)


ARTIFACTS["member-twice"] = key_twice, Expectation((), ("report", "twice"))
