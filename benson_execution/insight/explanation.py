"""Why a dispatch was refused: its story with times, what each gate expected, and what would do.

The recorded verdict is the truth. What was expected and found is judged again from the document
and the policy in force, which the trail keeps by their digests; where that is not possible, or
would say something else, only what was recorded is told, and a note says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from benson_execution.agent_run.recorded import run_end
from benson_execution.document import Document
from benson_execution.errors import NotVerified, TrailUnavailable
from benson_execution.events import DispatchStatus, Event, EventType
from benson_execution.frozen import FrozenObject
from benson_execution.insight import expectation
from benson_execution.insight.agent_runs import without_result
from benson_execution.insight.endings import endings, not_judged
from benson_execution.insight.expectation import EXPECTATIONS, Expectation
from benson_execution.insight.finding import Finding, Kept, found_at
from benson_execution.insight.remedies import IN_GENERAL, REMEDIES
from benson_execution.insight.violations import schema
from benson_execution.outcome import Outcome
from benson_execution.phases import GATES, schema_validation
from benson_execution.phases import verdict as verdicts
from benson_execution.phases.human_review import waits_for_review
from benson_execution.policy import Policy
from benson_execution.rejudgement import review_of, what_was_judged
from benson_execution.text import plain, quote
from benson_execution.timeline import gist, milliseconds
from benson_execution.trail.port import DispatchRef, StoredEvent, Trail
from benson_execution.walk import guarded

SCHEMA: Final = EventType.SCHEMA_VALIDATION.value
"""The check that is no gate, by its id and its name."""


_VERIFY: Final = " (`benson verify` says what was changed)"


class Judged(NamedTuple):
    """By what a dispatch was judged: its document, with the result, and the policy in force.

    `recheck` is the policy in force when a person answered, where one did.
    """

    document: Document
    policy: Policy
    recheck: Policy | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One event: `at_ms` since the first one, `after_ms` since the one before, in milliseconds."""

    event_type: str
    at_ms: float
    after_ms: float
    gist: str
    """What it says; it quotes foreign text as it is."""


@dataclass(frozen=True, slots=True)
class Check:
    """A gate, or the schema: what was recorded, and what was expected and found.

    `expected` and `actual` are None where that can't be told from what the trail keeps.
    """

    checkpoint_id: str
    checkpoint_name: str
    status: str
    details: str
    expected: str | None = None
    actual: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One dispatch, explained. An open one has no status; one that passed has no findings."""

    outcome: Outcome
    is_open: bool
    waits_for_review: bool
    agent: str | None
    """`Dan (GID-07)`, from the PAC; None where its START is missing."""
    moments: Sequence[Moment]
    checks: Sequence[Check]
    """The gates that were judged, in order, and the schema."""
    findings: Sequence[Finding]
    """What kept it from passing, and what would make it pass: at least one unless it passed."""
    notes: Sequence[str]
    """What can't be told, and why."""

    @property
    def status(self) -> str | None:
        """`COMPLETED`, `BLOCKED` or `FAILED`; None while it is open."""
        return None if self.is_open else self.outcome.status.value

    def to_dict(self) -> dict[str, Any]:
        """The members that `--json` prints; times are in milliseconds."""
        violations = self.outcome.violations
        return {
            "dispatch_id": self.outcome.dispatch_id,
            "pac_id": self.outcome.pac_id,
            "status": self.status,
            "waits_for_review": self.waits_for_review,
            "agent": self.agent,
            "reason": None if self.is_open else self.outcome.reason,
            "error_code": self.outcome.error_code,
            "wrap_id": self.outcome.wrap_id,
            "timeline": [asdict(moment) for moment in self.moments],
            "checks": [asdict(check) for check in self.checks],
            "violations": [{"path": v.path, "message": v.message} for v in violations],
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "artifact_path": _text(self.outcome.artifact_path),
        }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def explain_recorded(trail: Trail, stored: Sequence[StoredEvent]) -> Explanation:
    """Explain a dispatch, all of whose events are given, from what its trail keeps."""
    ref, events = stored[0].dispatch, [one.event for one in stored]
    try:
        header = trail.header(ref.dispatch_id)
        judged = Judged(*what_was_judged(trail, header, stored))
    except (NotVerified, TrailUnavailable) as error:  # a header of which nothing can be read
        return explain(ref.dispatch_id, ref.pac_id, events, None, error.message)
    return explain_judged(trail, ref, events, judged)


def explain_judged(
    trail: Trail, ref: DispatchRef, events: Sequence[Event], judged: Judged
) -> Explanation:
    """Explain a dispatch of which it is known by what it was judged; the trail has its review."""
    obstacle = None
    try:
        review = review_of(trail, events)
        judged = judged._replace(recheck=None if review is None else review.policy)
    except NotVerified as error:
        obstacle = error.message
    return explain(ref.dispatch_id, ref.pac_id, events, judged, obstacle)


def explain(
    dispatch_id: str,
    pac_id: str,
    events: Sequence[Event],
    judged: Judged | None,
    obstacle: str | None = None,
) -> Explanation:
    """Explain a dispatch from its events and what it was judged by.

    `obstacle` says why that is not all known.
    """
    story = _Story(pac_id, events, judged)
    checks, findings = list(story.checks()), []
    if EventType.PAC_DISPATCH_END in story.said:
        findings = story.findings()
    document = None if judged is None else judged.document
    outcome = Outcome.of(dispatch_id, pac_id, events, None, document)
    notes = [] if obstacle is None else [f"only what was recorded can be told: {obstacle}{_VERIFY}"]
    if story.differing:
        names = ", ".join(story.differing)
        notes.append(
            f"judged again, {names} would say something else than was recorded: `benson rejudge "
            f"{plain(pac_id)}` tells what"
        )
    start = story.said.get(EventType.PAC_DISPATCH_START)
    return Explanation(
        outcome=outcome,
        is_open=EventType.PAC_DISPATCH_END not in story.said,
        waits_for_review=waits_for_review(events),
        agent=None if start is None else f"{start.agent_name} ({start.agent_gid})",
        moments=moments(events),
        checks=checks,
        findings=findings,
        notes=notes,
    )


def moments(events: Sequence[Event]) -> list[Moment]:
    """Each event with its times, in the order of the trail."""
    times = milliseconds(events) if events else []
    before = [0.0, *times]
    return [
        Moment(event.event_type, round(at, 3), round(at - earlier, 3), gist(event))
        for event, at, earlier in zip(events, times, before, strict=False)
    ]


class _Story:
    """What a dispatch's events say, held against what its document and its policy say."""

    def __init__(self, pac_id: str, events: Sequence[Event], judged: Judged | None) -> None:
        self.pac_id, self.events, self.judged = pac_id, events, judged
        self.said: dict[str, FrozenObject] = {}
        """By type, in the order of the newest of each."""
        for event in events:
            self.said.pop(event.event_type, None)
            self.said[event.event_type] = event.data
        self.document = None if judged is None else judged.document
        self.differing: list[str] = []
        self._agree = {gate.checkpoint_id: self._agrees(gate) for gate in self._gates()}
        self._schema_agrees = self._does_schema_agree()

    def _gates(self) -> list[FrozenObject]:
        return [event.data for event in self.events if event.event_type == EventType.CHECKPOINT]

    def _agrees(self, recorded: FrozenObject) -> bool:
        """Whether the gate, judged again, says just what was recorded of it."""
        name = recorded.checkpoint_id
        if self.judged is None or _raised(recorded.details, self.judged.document):
            return False
        gate = dict(GATES)[name]
        document, policy, _ = self.judged
        again = guarded(partial(gate, document, policy), partial(verdicts.not_judged, name))
        agrees = (again.status, again.details) == (recorded.status, recorded.details)
        if not agrees:
            self.differing.append(name)
        return agrees

    def _does_schema_agree(self) -> bool:
        recorded = self.said.get(EventType.SCHEMA_VALIDATION)
        if self.judged is None or recorded is None:
            return False
        again = guarded(
            partial(schema_validation.judge, self.judged.document), schema_validation.not_judged
        )
        agrees = (again.valid, again.error_code) == (recorded.valid, recorded.error_code)
        if not agrees:
            self.differing.append(EventType.SCHEMA_VALIDATION.value)
        return agrees and again.error is None

    def checks(self) -> Iterator[Check]:
        """Each gate that was judged, and the schema, with what was expected and found."""
        for gate in self._gates():
            told: tuple[str | None, str | None] = (None, None)
            if self._agree[gate.checkpoint_id]:
                assert self.judged is not None
                told = self._expectation(gate.checkpoint_id, self.judged)
            name, status = gate.checkpoint_name, gate.status
            yield Check(gate.checkpoint_id, name, status, gate.details, *told)
        recorded = self.said.get(EventType.SCHEMA_VALIDATION)
        if recorded is not None:
            told = (None, None)
            if self._schema_agrees and self.document is not None:
                told = expectation.schema(schema_validation.judge(self.document))
            status = "PASS" if recorded.valid else "FAIL"
            details = "valid" if recorded.valid else str(recorded.error_code)
            yield Check(SCHEMA, SCHEMA, status, details, *told)

    @staticmethod
    def _expectation(checkpoint_id: str, judged: Judged) -> Expectation:
        return EXPECTATIONS[checkpoint_id](judged.document, judged.policy)

    def findings(self) -> list[Finding]:
        """What kept the dispatch from passing; nothing where it passed."""
        end = self.said[EventType.PAC_DISPATCH_END]
        if end.status == DispatchStatus.COMPLETED:
            return []
        recheck = None if self.judged is None else self.judged.recheck
        found = [*self._of_the_judgements()]
        refused = bool(found)
        found += endings(self.pac_id, self.said, recheck, self.document, refused=refused)
        if not found:
            reason = getattr(self.said.get(EventType.BER_GENERATION_DECISION), "reason", None)
            what = f"the record does not say more than {quote(reason or end.status)}"
            fix = "`benson verify` and `benson rejudge` say whether the record holds"
            found.append(found_at(Kept.UNEXPLAINED.value, what, fix))
        return found

    def _of_the_judgements(self) -> Iterator[Finding]:
        """What the gates and the schema refused, each thing that is wrong once."""
        missing = without_result(self.document, self.said) if self._was_looked_at() else None
        if missing is not None:
            yield missing
        for gate in self._gates():
            if gate.status == "PASS":
                continue
            name = gate.checkpoint_id
            if _raised(gate.details, self.document):
                yield not_judged(f"{name} {gate.checkpoint_name}", gate.details)
            elif name == "CP-01" or not (missing or self._not_activated()):
                yield from self._of_gate(gate)
        recorded = self.said.get(EventType.SCHEMA_VALIDATION)
        if recorded is not None and not recorded.valid:
            yield from self._of_schema(str(recorded.error_code), missing)

    def _was_looked_at(self) -> bool:
        """Whether the dispatch came as far as to its result."""
        return SCHEMA in self.said or any(g.checkpoint_id != "CP-01" for g in self._gates())

    def _not_activated(self) -> bool:
        """Whether the other gates only repeat what CP-01 said."""
        result = None if self.document is None else self.document.result
        return bool(getattr(result, "not_activated", False))

    def _of_gate(self, gate: FrozenObject) -> Iterator[Finding]:
        name, found = gate.checkpoint_id, []
        if self._agree[name] and self.judged is not None:
            found = list(REMEDIES[name](self.judged.document, self.judged.policy))
        yield from found or [found_at(name, gate.details, IN_GENERAL[name])]

    def _of_schema(self, code: str, missing: Finding | None) -> Iterator[Finding]:
        """What is wrong with the result's form, besides that there is none."""
        if self._schema_agrees and self.document is not None:
            validation = schema_validation.judge(self.document)
            found = list(schema(self.document, validation))
            if missing or self._not_activated():
                found = [one for one in found if one.where != ("/execution_result",)]
            yield from found
        elif missing is None and not self._unjudged(code):
            yield found_at(code, f"the result does not fit its schema: {code}", IN_GENERAL[code])

    def _unjudged(self, code: str) -> bool:
        """Whether the schema was refused only because nothing was there, or nothing judged."""
        ran = run_end(self.events)
        return code == "GS_130" and ran is not None and ran.cause is not None


def _raised(details: str, document: Document | None) -> bool:
    """Whether a gate says that it could not be judged, for another reason than CP-01's refusal."""
    if not details.startswith("not judged: "):
        return False
    known = getattr(None if document is None else document.result, "because", None)
    return details != known
