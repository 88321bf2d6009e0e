"""A dispatch: one attempt to execute one PAC, and how what it says gets into the trail.

The engine and the flow walk the phases differently; both record through this, so that they
leave the same trail.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from benson_execution.document import Document, NoResult
from benson_execution.errors import AppendRefused, PacAlreadyWrapped, TrailUnavailable, WrapIdTaken
from benson_execution.events import CheckpointName, DispatchStatus, Event, EventType
from benson_execution.own_events import OwnEventType
from benson_execution.phases.ber_decision import BerDecision
from benson_execution.phases.human_review import ReviewVerdict
from benson_execution.phases.quality import usable_score
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.phases.wrap import WrapVerdict, wrap_claim
from benson_execution.policy import Policy
from benson_execution.proof.leaf import Provenance
from benson_execution.result import SCHEMA_TYPE, ResultValidation
from benson_execution.schema import as_dict
from benson_execution.telemetry import TelemetryLogger
from benson_execution.trail.lease import this_process
from benson_execution.trail.port import DispatchRef, Trail, open_dispatch
from benson_execution.trail.renewal import renew_leases
from benson_execution.version import __version__

_begun: Final[dict[str, float]] = {}
"""When this process began its open dispatches, on the monotonic clock.

A dispatch that is not in here was begun by another process: the wall clock must do.
"""

_begun_lock: Final = threading.Lock()
"""Taking out the oldest while another thread puts one in would break the iteration."""
_REMEMBERED: Final = 10_000
_ACTIVATION: Final = CheckpointName.CP_01.checkpoint_id


class Dispatch:
    """One attempt to execute one PAC: what is judged, by which policy, and where it is recorded.

    A plain class on purpose: an orchestrator that takes collections and dataclasses apart, to
    look for its own values in them, leaves it alone.
    """

    __slots__ = ("_activated", "document", "policy", "ref", "telemetry", "trail")

    def __init__(
        self,
        ref: DispatchRef,
        document: Document,
        policy: Policy,
        trail: Trail,
        telemetry: TelemetryLogger | None = None,
    ) -> None:
        self.ref = ref
        self.document = document
        self.policy = policy
        self.trail = trail
        logger = telemetry or TelemetryLogger(enable_stdout=False)
        self.telemetry = logger.bind(trail, ref)
        self._activated = False

    @classmethod
    def of(
        cls,
        run_id: str,
        document: Document,
        policy: Policy,
        trail: Trail,
        telemetry: TelemetryLogger | None = None,
        *,
        trace_id: str | None = None,
    ) -> Dispatch:
        """The run's open dispatch, or its next one, of which nothing is recorded yet.

        `telemetry` prints its events; by default they are recorded only. A new one is part of the
        trace `trace_id`, an open one of that which it began in.
        """
        ref, number = open_dispatch(trail, run_id)
        if ref is not None and ref.document_sha256 not in (None, document.sha256):
            raise AppendRefused(
                f"dispatch {ref.dispatch_id} is open for another document than {document.sha256}"
            )
        if ref is not None:
            policy = _policy_of(trail, ref, policy)
        else:
            provenance = _provenance(document, policy, trace_id)
            ref = DispatchRef(run_id, number, document.pac.pac_id, document.sha256, provenance)
        return cls(ref, document, policy, trail, telemetry)

    def events(self) -> list[Event]:
        """The dispatch's events, read back from the trail."""
        return self.telemetry.get_all_events()

    def has_begun(self) -> bool:
        """Whether `PAC_DISPATCH_START` is in the trail."""
        return any(e.event_type == EventType.PAC_DISPATCH_START for e in self.events())

    def begin(self) -> None:
        """`PAC_DISPATCH_START`, with the document as received, and this process's lease.

        A resumed dispatch has the event already, and gets the lease; its clock is not this
        process's, so that its duration stays an estimate.
        """
        if not self.has_begun():
            with _begun_lock:
                _begun.setdefault(self.ref.dispatch_id, time.monotonic())
                if len(_begun) > _REMEMBERED:
                    del _begun[next(iter(_begun))]  # the oldest: it is estimated from now on
        pac = self.document.pac
        with self.telemetry.transaction(documents=self._documents, lease=this_process()) as at_once:
            at_once.pac_dispatch_start(pac.pac_id, pac.agent_gid, pac.agent_name)
        renew_leases(self.trail)

    @property
    def _documents(self) -> Sequence[tuple[str, bytes]]:
        """What the trail keeps with the dispatch, so that it can be judged again."""
        return ((self.document.sha256, self.document.content), *self.policy.documents)

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Record all that is recorded inside in one transaction, or nothing of it.

        For whoever walks several phases in one go: one commit instead of many.
        """
        outer = self.telemetry
        with outer.transaction() as together:
            self.telemetry = together
            try:
                yield
            finally:
                self.telemetry = outer

    def begin_execution(self) -> None:
        """`AGENT_EXECUTION_START`."""
        pac = self.document.pac
        self.telemetry.agent_execution_start(pac.pac_id, pac.agent_gid)

    def begin_run(self, nonce: str) -> Event:
        """`AGENT_RUN_START`, as it is recorded: from here on the agent may have been at work.

        Where another process was faster it has that one's nonce, and the agent is that one's.
        """
        pac = self.document.pac
        return self.telemetry.emit(
            OwnEventType.AGENT_RUN_START,
            {
                "pac_id": pac.pac_id,
                "agent_gid": pac.agent_gid,
                "runner": str(self.document.runner),
                "nonce": nonce,
                "phase": "EXECUTION",
            },
        )

    def end_run(self, result: bytes | NoResult) -> None:
        """`AGENT_RUN_END`, with the result as the agent handed it over, or why there is none."""
        pac = self.document.pac
        cause, digest, documents = None, None, []
        if isinstance(result, NoResult):
            cause = result.because
        else:
            digest = hashlib.sha256(result).hexdigest()
            documents = [(digest, result)]
        with self.telemetry.transaction(documents=documents) as together:
            together.emit(
                OwnEventType.AGENT_RUN_END,
                {
                    "pac_id": pac.pac_id,
                    "agent_gid": pac.agent_gid,
                    "answered": cause is None,
                    "cause": cause,
                    "result_sha256": digest,
                    "phase": "EXECUTION",
                },
            )

    def ran_before(self) -> bool:
        """Whether an earlier dispatch of the same run started the agent."""
        starts = self.trail.events(run_id=self.ref.run_id, event_type=OwnEventType.AGENT_RUN_START)
        if any(start.dispatch.dispatch_id != self.ref.dispatch_id for start in starts):
            return True
        return any(one.agent_was_run for one in self.trail.archived(run_id=self.ref.run_id))

    def record_checkpoint(self, verdict: CheckpointVerdict) -> None:
        """`CHECKPOINT`."""
        recorded = self.telemetry.checkpoint(
            verdict.checkpoint_id, verdict.checkpoint_name, verdict.status, verdict.details
        )
        if verdict.checkpoint_id == _ACTIVATION:
            self._activated = recorded.data.status == "PASS"

    def record_validation(self, validation: ResultValidation) -> None:
        """`SCHEMA_VALIDATION`, then `AGENT_EXECUTION_END`, which it settles."""
        pac, result = self.document.pac, as_dict(self.document.result)
        completed = result.get("tasks_completed")
        missing = isinstance(self.document.result, NoResult)
        if validation.error is not None or (missing and not self.document.result.not_activated):
            status = DispatchStatus.FAILED
        elif validation.valid and self._activated:
            status = DispatchStatus.COMPLETED
        else:
            status = DispatchStatus.BLOCKED
        code = validation.error_code
        with self.telemetry.transaction() as together:
            together.schema_validation(
                pac.pac_id, SCHEMA_TYPE, validation.valid, None if code is None else code.value
            )
            together.agent_execution_end(
                pac.pac_id,
                pac.agent_gid,
                status.value,
                len(completed) if isinstance(completed, list | tuple) else 0,
                usable_score(result.get("quality_score")) or 0.0,
            )

    def prior_wrap_id(self) -> str | None:
        """The WRAP that the PAC has from another dispatch: then it is closed."""
        return self.trail.wrap_of(self.document.pac.pac_id)

    def record_decision(self, decision: BerDecision) -> None:
        """`BER_GENERATION_DECISION`."""
        self.telemetry.ber_generation_decision(
            self.document.pac.pac_id,
            decision.eligible,
            decision.reason,
            decision.human_review_required,
        )

    def record_review(self, verdict: ReviewVerdict) -> None:
        """`HUMAN_REVIEW`, then `POLICY_RECHECK`, with the policy by which it was judged again."""
        pac_id, policy = self.document.pac.pac_id, verdict.policy
        with self.telemetry.transaction(documents=policy.documents) as together:
            together.emit(
                OwnEventType.HUMAN_REVIEW,
                {
                    "pac_id": pac_id,
                    "decision": verdict.decision.value,
                    "reviewer": verdict.reviewer,
                    "notes": verdict.notes,
                    "phase": "REVIEW",
                },
            )
            together.emit(
                OwnEventType.POLICY_RECHECK,
                {
                    "pac_id": pac_id,
                    "eligible": verdict.eligible,
                    "reason": verdict.reason,
                    "policy_sha256": policy.sha256,
                    "agent_registry_sha256": policy.registry.sha256,
                    "phase": "REVIEW",
                },
            )

    def close(self, verdict: WrapVerdict) -> None:
        """`WRAP_GENERATION` and `PAC_DISPATCH_END`, and with them the WRAP: all, or nothing."""
        number = 1
        while verdict.generate:
            claim = wrap_claim(self.document.pac, datetime.now(UTC), number)
            try:
                with self.telemetry.transaction(claim=claim) as together:
                    together.wrap_generation(claim.pac_id, claim.wrap_id, "WRAP_GENERATED")
                    self._end(together, DispatchStatus.COMPLETED)
                return
            except WrapIdTaken as taken:
                number = taken.next_number
            except PacAlreadyWrapped:
                # Another dispatch of this PAC was faster: the decision saw no WRAP, the trail does.
                verdict = WrapVerdict(False, DispatchStatus.BLOCKED)
        with self.telemetry.transaction() as together:
            together.wrap_generation(self.document.pac.pac_id, None, "WRAP_BLOCKED", blocked=True)
            self._end(together, verdict.status)

    def fail(self) -> None:
        """`PAC_DISPATCH_END` `FAILED`; it may be the first event that could be written."""
        with self.telemetry.transaction(documents=self._documents) as together:
            self._end(together, DispatchStatus.FAILED)

    def _end(self, telemetry: TelemetryLogger, status: DispatchStatus) -> None:
        telemetry.pac_dispatch_end(self.document.pac.pac_id, status.value, self._duration_ms())

    @property
    def began_here(self) -> bool:
        """Whether this process began the dispatch, so that its duration is not an estimate."""
        return self.ref.dispatch_id in _begun

    def _duration_ms(self) -> int:
        began = _begun.get(self.ref.dispatch_id)
        if began is not None:
            return round((time.monotonic() - began) * 1000)
        return elapsed_ms(self.events())


def elapsed_ms(events: Iterable[Event]) -> int:
    """Milliseconds since a dispatch began, by the wall clock, which may have been set back."""
    start = next((e for e in events if e.event_type == EventType.PAC_DISPATCH_START), None)
    if start is None:
        return 0
    passed = datetime.now(UTC) - datetime.fromisoformat(start.timestamp)
    return max(0, round(passed.total_seconds() * 1000))


def _policy_of(trail: Trail, ref: DispatchRef, now: Policy) -> Policy:
    """The policy that a dispatch was begun under: the settings may have changed since."""
    header = trail.header(ref.dispatch_id)
    if header is None or header.provenance.policy_sha256 in (None, now.sha256):
        return now
    provenance = header.provenance
    kept = [trail.document(str(d)) for d in (provenance.policy_sha256, provenance.registry_sha256)]
    policy, registry = kept
    if policy is None or registry is None:
        raise TrailUnavailable(f"the policy that {ref.dispatch_id} was begun under is gone")
    return Policy.recorded(policy, registry)


def _provenance(document: Document, policy: Policy, trace_id: str | None) -> Provenance:
    digests = document.member_digests()
    return Provenance(
        pac_sha256=digests.get("pac"),
        result_sha256=digests.get("execution_result"),
        policy_sha256=policy.sha256,
        registry_sha256=policy.registry.sha256,
        benson_version=__version__,
        trace_id=trace_id,
    )
