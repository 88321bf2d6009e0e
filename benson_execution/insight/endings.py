"""What kept a dispatch from passing though no gate refused it: people, other dispatches, faults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from benson_execution.document import Document
from benson_execution.events import DispatchStatus, EventType
from benson_execution.frozen import FrozenObject
from benson_execution.insight.finding import AGAIN, Finding, Kept, Said, found_at
from benson_execution.insight.remedies import REMEDIES
from benson_execution.insight.summary import Cause
from benson_execution.own_events import OwnEventType, ReviewDecision
from benson_execution.phases import GATES
from benson_execution.policy import Policy
from benson_execution.text import enumerate_some, plain, quote

_WRAPPED: Final = re.compile(r"(?:^|; )the PAC is closed already by (WRAP-[A-Z0-9-]+)$")
_REVIEW_IN_UI: Final = "`benson review` lists what waits, and answers it"


def endings(
    pac_id: str,
    said: Said,
    recheck: Policy | None,
    document: Document | None,
    *,
    refused: bool = False,
) -> Iterator[Finding]:
    """What is not a gate's: the PAC was closed, a person did not approve, nobody judged.

    `refused` says whether a gate or the schema refused something besides.
    """
    end = said.get(EventType.PAC_DISPATCH_END)
    decision = said.get(EventType.BER_GENERATION_DECISION)
    wrap = said.get(EventType.WRAP_GENERATION)
    if end is None or end.status == DispatchStatus.COMPLETED:
        return
    failed = end.status == DispatchStatus.FAILED
    if decision is None or wrap is None:
        yield _interrupted(said, refused=refused)
    elif not decision.eligible:
        if closed_by := _WRAPPED.search(decision.reason):
            yield _wrapped(pac_id, closed_by[1])
        elif decision.reason.startswith("not judged: "):
            yield not_judged("the BER decision", decision.reason)
    elif decision.human_review_required:
        yield from _reviewed(pac_id, said, recheck, document, failed=failed)
    elif failed:
        yield not_judged("whether to close the PAC", "it could not be judged")
    else:
        yield _wrapped(pac_id, None)


def not_judged(what: str, because: str) -> Finding:
    """A phase raised; that is nobody's refusal."""
    fix = (
        f"mend what stood in the way, then {AGAIN}; where it happens again, `benson judge FILE` "
        "with BENSON_DEBUG=1 says where"
    )
    return found_at(Kept.NOT_JUDGED.value, f"{what}: {because}", fix)


def _interrupted(said: Said, *, refused: bool) -> Finding:
    last = next((name for name in reversed([*said]) if name != EventType.PAC_DISPATCH_END), None)
    after = "before anything of it was recorded" if last is None else f"after {plain(last)}"
    at_work = OwnEventType.AGENT_RUN_START in said and OwnEventType.AGENT_RUN_END not in said
    agent = ", while its agent was at work" if at_work else ""
    what = f"the dispatch was interrupted {after}{agent}: it was not judged to its end"
    if at_work:
        fix = (
            "look at what the agent left behind: it is not started again for this run; then "
            "submit the document again, which begins a run of its own"
        )
    elif refused:
        fix = f"mend what was refused before that, then {AGAIN}"
    else:
        fix = f"nothing in the document needs a change: {AGAIN}"
    return found_at(Cause.INTERRUPTED.value, what, fix)


def _wrapped(pac_id: str, wrap_id: str | None) -> Finding:
    by = "another dispatch first" if wrap_id is None else f"{wrap_id} already"
    fix = (
        f"give further work a PAC id of its own: {plain(pac_id)} is done, and `benson show "
        f"{plain(pac_id)} --all` tells the dispatch that closed it"
    )
    return found_at(Cause.ALREADY_WRAPPED.value, f"the PAC is closed by {by}", fix, ["/pac/pac_id"])


def _reviewed(
    pac_id: str, said: Said, policy: Policy | None, document: Document | None, *, failed: bool
) -> Iterator[Finding]:
    """What came of asking a person, where the policy demanded that."""
    review, recheck = said.get(OwnEventType.HUMAN_REVIEW), said.get(OwnEventType.POLICY_RECHECK)
    kind = Cause.HUMAN_REVIEW.value
    if review is None or recheck is None:
        if failed:
            fix = (
                "submit the document again, and have a reviewer answer in time "
                f"(BENSON_REVIEW_TIMEOUT_SECONDS): {_REVIEW_IN_UI}"
            )
            yield found_at(kind, "a person had to approve, and nobody answered in time", fix)
            return
        fix = (
            "submit it to a deployment, where a run can wait for the answer (`benson up`, then "
            "`benson submit FILE`), or let the policy ask for nobody (BENSON_HUMAN_REVIEW)"
        )
        yield found_at(kind, "a person must approve, and could not be asked here", fix)
        return
    reviewer = quote(review.reviewer)
    if review.decision == ReviewDecision.REJECTED:
        notes = f": {plain(review.notes, 500)}" if review.notes else ", and noted no reason"
        fix = "do what the reviewer asks for, then submit the new result to be judged and reviewed"
        yield found_at(kind, f"{reviewer} rejected it{notes}", fix)
        return
    if review.decision == ReviewDecision.INVALID:
        if review.notes.startswith("not judged: "):
            yield not_judged("the answer to the review", plain(review.notes, 500))
            return
        what = f"the answer of {reviewer} approves nothing: {plain(review.notes, 500)}"
        yield found_at(kind, what, _fix_of_reviewer(policy))
        return
    if recheck.eligible:
        yield (
            not_judged("whether to close the PAC", "it could not be judged")
            if failed
            else _wrapped(pac_id, None)
        )
        return
    yield from _stricter(pac_id, reviewer, recheck, policy, document)


def _fix_of_reviewer(policy: Policy | None) -> str:
    known = () if policy is None else policy.registry.reviewers
    if policy is not None and not known:
        return (
            'name reviewers in the registry ("reviewers" in the file of BENSON_REGISTRY), then '
            "submit the document again and have one of them answer"
        )
    names = f" ({enumerate_some(map(quote, known), most=4)})" if known else ""
    return (
        f"submit the document again, and have a reviewer of the registry{names} answer who is not "
        f"the executing agent: {_REVIEW_IN_UI}"
    )


def _stricter(
    pac_id: str,
    reviewer: str,
    recheck: FrozenObject,
    policy: Policy | None,
    document: Document | None,
) -> Iterator[Finding]:
    """Approved, but what was in force by then refuses it."""
    count = 0
    if policy is not None and document is not None:
        for checkpoint_id, gate in GATES:
            if gate(document, policy).passed:
                continue
            for one in REMEDIES[checkpoint_id](document, policy):
                count += 1
                what = f"{reviewer} approved, but by the policy of that moment {one.what}"
                cause = Cause.POLICY_RECHECK.value
                yield found_at(cause, what, f"{one.fix}; then submit it again", one.where)
    if closed_by := _WRAPPED.search(recheck.reason):
        count += 1
        yield _wrapped(pac_id, closed_by[1])
    if not count:
        what = (
            f"{reviewer} approved, but it was not eligible any more: {plain(recheck.reason, 500)}"
        )
        fix = "meet what the policy demands by now, then submit the new result"
        yield found_at(Cause.POLICY_RECHECK.value, what, fix)
