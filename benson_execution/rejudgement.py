"""Judged again: the phases once more, from what the trail keeps, against what it recorded.

A dispatch's header names its document, the policy in force and its registry by their digests.
All of them are in the trail, and a verdict is a pure function of them: so who has the trail can
find out whether each verdict is the one that had to come of it. What the settings say today, and
what was recorded later, plays no part.

Whether the trail itself is what it claims to be is another question: see `verification`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from benson_execution.agent_run.recorded import as_judged, run_end
from benson_execution.document import Document
from benson_execution.errors import BadInput, NotVerified
from benson_execution.events import Event, EventType
from benson_execution.evidence import sha256
from benson_execution.own_events import OwnEventType, ReviewDecision
from benson_execution.phases.ber_decision import CANONICAL
from benson_execution.phases.human_review import ReviewAnswer
from benson_execution.policy import Policy
from benson_execution.proof.leaf import Header
from benson_execution.recorded_dispatch import RecordedDispatch, Review, position_of
from benson_execution.telemetry import event_key
from benson_execution.trail.port import (
    MAX_POSITION,
    StoredEvent,
    Trail,
)
from benson_execution.version import __version__
from benson_execution.walk import walk

_DAY_AND_COUNTER: Final = re.compile(r"-[0-9]{8}(-[0-9]{2,})?$")


class Found(StrEnum):
    """What became of one event of a dispatch."""

    SAME = "same"
    """It says again what it said."""
    DIFFERENT = "different"
    """It says something else now."""
    NOT_RECORDED = "not recorded"
    """The dispatch was interrupted, or is still open: there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One event of a dispatch as it was recorded, and as it comes of judging again.

    `key` is the event's key in its dispatch: `CHECKPOINT:CP-03`.
    """

    key: str
    recorded: Event | None
    now: Event | None

    @property
    def found(self) -> Found:
        """Whether both say the same."""
        if self.recorded is None:
            return Found.NOT_RECORDED
        return Found.DIFFERENT if self.differing else Found.SAME

    @property
    def differing(self) -> list[tuple[str, Any, Any]]:
        """Each member that differs, as it was recorded and as it is now."""
        if self.recorded is None:
            return []
        then, now = _said(self.recorded), _said(self.now)
        return [(n, then.get(n), now.get(n)) for n in {**then, **now} if then.get(n) != now.get(n)]

    def to_dict(self) -> dict[str, Any]:
        """The members that `--json` prints."""
        both = {"recorded": self.recorded, "now": self.now}
        said = {name: None if event is None else _said(event) for name, event in both.items()}
        return {"event": self.key, "found": self.found.value, **said}


@dataclass(frozen=True, slots=True)
class Rejudgement:
    """One dispatch, judged again.

    `obstacle` says why it can't be judged again; then there are no verdicts.
    """

    dispatch_id: str
    pac_id: str
    is_open: bool
    judged_by: str | None
    """The version of the program that judged it; `None` when its header does not say."""
    policy: Policy | None = None
    """What was in force then."""
    obstacle: str | None = None
    verdicts: Sequence[Verdict] = ()

    @property
    def differing(self) -> list[Verdict]:
        """The verdicts that differ."""
        return [verdict for verdict in self.verdicts if verdict.found is Found.DIFFERENT]

    @property
    def holds(self) -> bool:
        """Whether it could be judged again, and nothing differs."""
        return self.obstacle is None and not self.differing

    def to_dict(self) -> dict[str, Any]:
        """The members that `--json` prints."""
        return {
            "dispatch_id": self.dispatch_id,
            "pac_id": self.pac_id,
            "holds": self.holds,
            "open": self.is_open,
            "obstacle": self.obstacle,
            "benson_version": {"recorded": self.judged_by, "now": __version__},
            "quality_threshold": None if self.policy is None else self.policy.quality_threshold,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }


def rejudge(trail: Trail, pac_id: str, dispatch_id: str | None = None) -> Iterator[Rejudgement]:
    """Judge a PAC's dispatches again, oldest first, or one of them; nothing is written.

    Raises `TrailUnavailable` when the trail can't be read.
    """
    dispatches: dict[str, list[StoredEvent]] = {}
    for stored in trail.events(pac_id=pac_id):
        dispatches.setdefault(stored.dispatch.dispatch_id, []).append(stored)
    wraps = [s for events in dispatches.values() for s in events if _is_wrap(s.event)]
    for name, events in dispatches.items():
        if dispatch_id in (None, name):
            others = [wrap for wrap in wraps if wrap.dispatch.dispatch_id != name]
            yield _judge_again(trail, events, min(others, key=_position, default=None))


def _judge_again(
    trail: Trail, recorded: Sequence[StoredEvent], other_wrap: StoredEvent | None
) -> Rejudgement:
    ref = recorded[0].dispatch
    header = trail.header(ref.dispatch_id)
    is_open = all(s.event.event_type != EventType.PAC_DISPATCH_END for s in recorded)
    judged_by = None if header is None else header.provenance.benson_version
    judged = Rejudgement(ref.dispatch_id, ref.pac_id, is_open, judged_by)
    try:
        document, policy = what_was_judged(trail, header, recorded)
        review = review_of(trail, [s.event for s in recorded])
    except NotVerified as obstacle:
        return replace(judged, obstacle=obstacle.message)
    walks = []
    for before, at_review in _may_have_been_wrapped(recorded, other_wrap):
        again = RecordedDispatch(
            recorded,
            document,
            policy,
            other_wrap,
            review,
            wrapped_before=before,
            wrapped_at_review=at_review,
        )
        walk(again)
        verdicts = _compare(recorded, again.telemetry.get_all_events())
        walks.append(replace(judged, policy=policy, verdicts=verdicts))
    return min(walks, key=lambda walked: len(walked.differing))


def what_was_judged(
    trail: Trail, header: Header | None, recorded: Sequence[StoredEvent]
) -> tuple[Document, Policy]:
    """What a dispatch's header names by digests; `NotVerified` says what is not that any more.

    The result of an agent that Benson ran is named by the event that recorded it.
    """
    if header is None:
        raise NotVerified("the trail has no header of it")
    provenance = header.provenance
    content = _kept(trail, "document", header.document_sha256)
    in_force = _kept(trail, "policy", provenance.policy_sha256)
    agents = _kept(trail, "registry", provenance.registry_sha256)
    try:
        document = Document.read(content, limit=len(content))
    except BadInput as error:
        raise NotVerified(f"its document can't be read any more: {error.message}") from None
    digests = document.member_digests()
    for member, digest in (
        ("pac", provenance.pac_sha256),
        ("execution_result", provenance.result_sha256),
    ):
        if digests.get(member) != digest:
            raise NotVerified(f"the {member} of its document does not have the digest {digest}")
    if document.pac.pac_id != header.pac_id:
        raise NotVerified(f"its document is of {document.pac.pac_id}")
    events = [s.event for s in recorded]
    ran = run_end(events)
    if ran is not None and ran.result_sha256 is not None:
        _kept(trail, "agent's result", ran.result_sha256)
    try:
        document = as_judged(document, events, trail.document)
    except BadInput as error:
        raise NotVerified(f"its agent's result can't be read any more: {error.message}") from None
    return document, _policy(in_force, agents, provenance.policy_sha256)


def _policy(in_force: bytes, agents: bytes, digest: str | None) -> Policy:
    try:
        policy = Policy.recorded(in_force, agents)
    except (BadInput, ValueError, KeyError, TypeError) as error:
        raise NotVerified(f"its policy can't be read any more: {error}") from None
    if policy.sha256 != digest:  # more is in it, or it is of another registry
        raise NotVerified(f"its policy {digest} is not what this program reads")
    return policy


def review_of(trail: Trail, events: Sequence[Event]) -> Review | None:
    """What a person answered, and the policy by which the document was judged again with it.

    None where nobody did; `NotVerified` where that policy is not there any more.
    """
    said = {event.event_type: event.data for event in events}
    review, recheck = said.get(OwnEventType.HUMAN_REVIEW), said.get(OwnEventType.POLICY_RECHECK)
    if review is None or recheck is None:
        return None
    in_force = _kept(trail, "review's policy", recheck.policy_sha256)
    agents = _kept(trail, "review's registry", recheck.agent_registry_sha256)
    approved = review.decision != ReviewDecision.REJECTED  # or would have, had they been entitled
    answer = ReviewAnswer(approved, review.reviewer, review.notes)
    return Review(answer, _policy(in_force, agents, recheck.policy_sha256))


def _kept(trail: Trail, what: str, digest: str | None) -> bytes:
    if digest is None:
        raise NotVerified(f"its header names no {what}")
    content = trail.document(digest)
    if content is None:
        raise NotVerified(f"its {what} {digest} is missing from the trail")
    if sha256(content) != digest:
        raise NotVerified(f"its {what} {digest} was changed: it does not have its digest")
    return content


def _may_have_been_wrapped(
    recorded: Sequence[StoredEvent], other_wrap: StoredEvent | None
) -> tuple[tuple[bool, bool], ...]:
    """Whether the decision saw the WRAP of another dispatch, and whether the review did.

    By their positions in the trail: each looked for one after what came before it was recorded,
    and was recorded itself a moment later. Of a WRAP that came in between nobody knows: either
    was right then.
    """
    if other_wrap is None:
        return ((False, False),)
    ended = position_of(recorded, EventType.AGENT_EXECUTION_END, 0)
    decided = position_of(recorded, EventType.BER_GENERATION_DECISION, MAX_POSITION)
    reviewed = position_of(recorded, OwnEventType.POLICY_RECHECK, 0)
    if other_wrap.position < ended:
        return ((True, True),)
    if other_wrap.position < decided:
        return ((True, True), (False, True))
    if other_wrap.position < reviewed:
        return ((False, True), (False, False))
    return ((False, False),)


def _compare(recorded: Sequence[StoredEvent], walked: Sequence[Event]) -> list[Verdict]:
    """What was recorded, event by event, in the order in which a dispatch records them."""
    now = {event_key(event, None): event for event in walked}
    verdicts = []
    for key in _ORDER:
        found: list[Event | None] = [s.event for s in recorded if event_key(s.event, None) == key]
        due = key in now or key in CANONICAL
        verdicts += [Verdict(key, event, now.get(key)) for event in found or [None] * due]
    return verdicts


_ORDER: Final = tuple(
    str(key)
    for canonical in CANONICAL
    for key in (
        (canonical, OwnEventType.HUMAN_REVIEW, OwnEventType.POLICY_RECHECK)
        if canonical == EventType.BER_GENERATION_DECISION
        else (canonical,)
    )
)
"""The keys of all events that are judged, in the order in which a dispatch records them."""


def _said(event: Event | None) -> Mapping[str, Any]:
    """What an event says by judgement alone: neither how long it took, nor on which day.

    Nor what a person noted, beside which stands why their answer counts for nothing.
    """
    if event is None:
        return {}
    said = dict(event.data)
    said.pop("duration_ms", None)
    said.pop("notes", None)
    if said.get("wrap_id") is not None:
        said["wrap_id"] = _DAY_AND_COUNTER.sub("", said["wrap_id"])
    return said


def _is_wrap(event: Event) -> bool:
    return event.event_type == EventType.WRAP_GENERATION and not event.data.blocked


def _position(stored: StoredEvent) -> int:
    return stored.position
