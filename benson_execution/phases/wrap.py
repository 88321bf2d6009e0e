"""The WRAP: the PAC's closure, which only Benson decides, and only for an eligible BER."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from benson_execution.events import DispatchStatus, Event, EventType
from benson_execution.own_events import OwnEventType, ReviewDecision
from benson_execution.pac import Pac
from benson_execution.phases.ber_decision import BEFORE_DECISION, require
from benson_execution.phases.verdict import reason_of
from benson_execution.trail.port import WrapClaim

_NOT_A_NAME: Final = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class WrapVerdict:
    """Whether the WRAP is to be generated, and with which status the dispatch closes.

    The WRAP itself exists only when it is in the trail, under an id that is free there.
    """

    generate: bool
    status: DispatchStatus
    error: str | None = None


def judge(events: Sequence[Event], errors: Sequence[str] = ()) -> WrapVerdict:
    """Decide from the dispatch's events; `errors` are what could not be judged on the way.

    Raises `TrailIncomplete` when an event is missing.
    """
    require(events, (*BEFORE_DECISION, EventType.BER_GENERATION_DECISION))
    decision = next(e for e in events if e.event_type == EventType.BER_GENERATION_DECISION)
    handed_over = next(e for e in events if e.event_type == EventType.AGENT_EXECUTION_END)
    if errors:
        return WrapVerdict(False, DispatchStatus.FAILED, "; ".join(errors))
    if handed_over.data.status == DispatchStatus.FAILED:
        return WrapVerdict(False, DispatchStatus.FAILED)
    if decision.data.eligible is True and (
        decision.data.human_review_required is False or _is_approved(events)
    ):
        return WrapVerdict(True, DispatchStatus.COMPLETED)
    return WrapVerdict(False, DispatchStatus.BLOCKED)


def _is_approved(events: Sequence[Event]) -> bool:
    """Whether a reviewer approved, under whose eyes' policy the document is still eligible.

    Raises `TrailIncomplete` for an answer after which nobody judged again.
    """
    reviews = [e for e in events if e.event_type == OwnEventType.HUMAN_REVIEW]
    if not reviews:
        return False
    require(events, (OwnEventType.POLICY_RECHECK,))
    rechecks = [e for e in events if e.event_type == OwnEventType.POLICY_RECHECK]
    return all(e.data.decision == ReviewDecision.APPROVED for e in reviews) and all(
        e.data.eligible is True for e in rechecks
    )


def not_judged(error: BaseException | str) -> WrapVerdict:
    """A WRAP phase that raised: no WRAP, and the execution failed."""
    return WrapVerdict(False, DispatchStatus.FAILED, reason_of(error))


def wrap_claim(pac: Pac, at: datetime, number: int = 1) -> WrapClaim:
    """The claim to `WRAP-{AGENT}-{P53}-{YYYYMMDD}`, with `-02`, `-03`, … from the second on.

    `at` is in UTC. Two PACs of one agent may share a number, so an id can be taken.
    """
    agent = _NOT_A_NAME.sub("", pac.agent_name.upper()) or "AGENT"
    family = f"WRAP-{agent}-{pac.number}-{at:%Y%m%d}"
    suffix = "" if number == 1 else f"-{number:02d}"
    return WrapClaim(pac.pac_id, family + suffix, family, number)
