"""The evidence of a closed dispatch: the exact bytes that its artifact is made of.

It comes from the trail, or from an artifact that claims to be made of it. Either way the
artifact follows from it: so who has an artifact can make it again, and compare.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from benson_execution.agent_run.recorded import as_judged, run_end
from benson_execution.document import Document
from benson_execution.errors import TrailIncomplete, TrailUnavailable
from benson_execution.events import Event
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.leaf import Header, Leaf
from benson_execution.trail.port import Proof, Trail


class RecordedEvent(NamedTuple):
    """An event, and where it stands: `position` in the trail, `key` in its dispatch."""

    position: int
    key: str | None
    event: Event


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a closed dispatch.

    `document` is None when the trail does not have it: a dispatch whose beginning was lost.
    """

    proof: Proof
    events: Sequence[RecordedEvent]
    document: bytes | None
    policy: bytes | None
    duration_estimated: bool
    agent_result: bytes | None = None
    """The result of an agent that Benson ran, as the agent handed it over."""
    known: Document | None = field(default=None, compare=False, repr=False)
    """A document that was read already; it is used where its bytes are the very ones."""

    @classmethod
    def of(
        cls,
        trail: Trail,
        dispatch_id: str,
        *,
        duration_estimated: bool,
        known: Document | None = None,
    ) -> Evidence:
        """The evidence in a trail; `TrailIncomplete` while the dispatch is not closed."""
        proof = trail.proof(dispatch_id)
        if proof is None:
            raise TrailIncomplete(f"dispatch {dispatch_id} is not closed: there is no leaf of it")
        stored = trail.events(dispatch_id=dispatch_id)
        events = [RecordedEvent(s.position, s.key, s.event) for s in stored]
        try:
            header = Header.from_bytes(Leaf.from_bytes(proof.entry).header)
        except (ValueError, TypeError, AttributeError) as error:
            raise TrailUnavailable(
                f"the entry of {dispatch_id} in the log can't be read: {error}",
                "`benson verify` says what was changed",
            ) from None
        document, policy = (
            None if sha256 is None else trail.document(sha256)
            for sha256 in (header.document_sha256, header.provenance.policy_sha256)
        )
        ran = run_end(e.event for e in events)
        digest = None if ran is None else ran.result_sha256
        result = None if digest is None else trail.document(digest)
        return cls(proof, events, document, policy, duration_estimated, result, known)

    @classmethod
    def from_artifact(cls, artifact: Mapping[str, Any]) -> Evidence:
        """The evidence that an artifact brings along; `ValueError` when it brings none."""
        try:
            given = artifact["proof"]
            proof = Proof(
                _exactly(int, given["leaf_index"]),
                given["leaf"].encode(),
                [bytes.fromhex(text) for text in given["inclusion_path"]],
                Head.parse(given["head"].encode()),
                [Rotation.parse(note.encode()) for note in given["rotations"]],
            )
            events = [_recorded(event) for event in given["events"]]
            document, policy = (
                None if given[name] is None else given[name].encode()
                for name in ("document", "policy")
            )
            result = given["agent_result"].encode() if "agent_result" in given else None
            estimated = _exactly(bool, artifact["dispatch"]["duration_estimated"])
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(f"not the proof of a dispatch: {error!r}") from None
        return cls(proof, events, document, policy, estimated, result)

    def to_dict(self) -> dict[str, Any]:
        """The member `proof` of an artifact."""
        ran = {} if self.agent_result is None else {"agent_result": self.agent_result.decode()}
        return {
            "leaf": self.proof.entry.decode(),
            "leaf_index": self.proof.leaf_index,
            "inclusion_path": [node.hex() for node in self.proof.path],
            "head": self.proof.head.note.decode(),
            "rotations": [rotation.note.decode() for rotation in self.proof.rotations],
            "events": [
                {"position": e.position, "key": e.key, "json": e.event.json.decode()}
                for e in self.events
            ],
            "document": None if self.document is None else self.document.decode(),
            "policy": None if self.policy is None else self.policy.decode(),
            **ran,
        }

    @property
    def leaf(self) -> Leaf:
        """The leaf; `ValueError` when its bytes hold none."""
        return Leaf.from_bytes(self.proof.entry)

    @property
    def header(self) -> Header:
        """The leaf's header; `ValueError` when its bytes hold none."""
        return Header.from_bytes(self.leaf.header)

    def read_document(self) -> Document | None:
        """The document as it was judged; it was readable when the dispatch began."""
        if self.document is None:
            return None
        if self.known is not None and self.known.content == self.document:
            document = self.known
        else:
            document = Document.read(self.document, limit=1 << 40)
        return as_judged(document, [e.event for e in self.events], lambda _: self.agent_result)

    def read_policy(self) -> dict[str, Any]:
        """The members of the policy that was in force."""
        policy = {} if self.policy is None else orjson.loads(self.policy)
        if not isinstance(policy, dict):
            raise ValueError("a policy that is no object")
        return policy


def sha256(content: bytes) -> str:
    """The digest in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _recorded(given: Mapping[str, Any]) -> RecordedEvent:
    position, key = _exactly(int, given["position"]), given["key"]
    if position < 1 or position >= 1 << 63:
        raise ValueError(f"{position} is no position")
    if key is not None:
        _exactly(str, key).encode()
    return RecordedEvent(position, key, Event.from_json(given["json"].encode()))


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
