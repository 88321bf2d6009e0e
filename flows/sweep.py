"""One pass over the inbox: its files, from their claims to where they are moved.

A pass may end anywhere, and another one may be at it too. What is claimed stays claimed; a claim is
submitted under a key of its own, so that it is judged once; and a file is moved by whoever comes
first.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterIdempotencyKey,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType

from benson_execution.errors import TrailUnavailable
from benson_execution.faults import note_fault
from benson_execution.inbox import (
    REFUSED,
    UNREADABLE,
    Changed,
    Gone,
    Inbox,
)
from benson_execution.inbox.answer import error_beside, repeated
from benson_execution.inbox.folder import claimed_path
from benson_execution.inbox.listing import Listing, look_through
from benson_execution.inbox.taking import take
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.trail import FileClaim, Trail
from flows.settling import Settled, settle
from flows.submission import NoDeployment, submit_document

TAG: Final = "inbox"
"""The tag of the runs that judge what came by the inbox."""
_POLL_SECONDS: Final = 0.5
_GONE: Final = timedelta(hours=1)
_PAGE: Final = 20
"""Runs come with their documents, which may be some hundred kilobytes each."""
_ENDED: Final = [StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED]

Progress = Callable[[float], Awaitable[None]]
"""Called with how much of a sweep is done, in percent."""


@dataclass(slots=True)
class Followed:
    """A claimed file that waits for its verdict, and the run that judges it."""

    name: str
    claim: FileClaim
    run_id: str


@dataclass(slots=True)
class Swept:
    """What a sweep did: for each file it touched a row of the table that is shown."""

    rows: list[dict[str, str]] = field(default_factory=list)
    left: int = 0
    """New files that a later sweep takes."""
    waiting: int = 0
    """Claimed files that have no verdict yet."""
    failed: int = 0
    """Files that could not be taken, submitted or moved."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many files were moved into which folder."""

    def add(self, name: str, what: str, why: str) -> None:
        """A row about a file."""
        self.rows.append({"file": plain(name), "what": plain(what, 300), "why": plain(why, 300)})

    def summary(self) -> str:
        """In one sentence."""
        told = [f"{count} {folder}" for folder, count in sorted(self.counts.items())]
        for count, what in (
            (self.failed, "not handled"),
            (self.waiting, "waiting for a verdict"),
            (self.left, "left for later sweeps"),
        ):
            if count:
                told.append(f"{count} {what}")
        return ", ".join(told) or "nothing arrived"


class Sweep:
    """One pass over an inbox."""

    def __init__(
        self, client: PrefectClient, trail: Trail, inbox: Inbox, settings: Settings
    ) -> None:
        self._client = client
        self._trail = trail
        self._inbox = inbox
        self._settings = settings
        self._followed: list[Followed] = []
        self.swept = Swept()

    async def run(self, wait_seconds: float, progress: Progress) -> Swept:
        """Take what arrived, wait for the verdicts at most so long, and move what has one.

        Raises `InboxUnavailable`, `TrailUnavailable`, `ExecutionFailed` without a deployment to
        submit to, and what Prefect's client raises when there is no server.
        """
        deadline = time.monotonic() + wait_seconds
        found, claims = await asyncio.to_thread(self._look_through)
        self.swept.left = found.left + found.young
        for entry in found.strange:
            await self._handle(entry.name, self._move_unopened(entry.name, str(entry.strange)))
        await self._take_up(found, claims)
        for name in found.new:
            await self._handle(name, self._take(name))
        await self._wait(deadline, progress)
        self.swept.waiting = len(self._followed)
        for one in self._followed:
            self.swept.add(one.name, "waiting for a verdict", f"run {one.run_id}")
        return self.swept

    def _look_through(self) -> tuple[Listing, dict[str, list[FileClaim]]]:
        self._inbox.prepare()
        # The claims first: what another sweep moves meanwhile is then at most missed, never new.
        start = claimed_path(self._inbox, "")
        claims: dict[str, list[FileClaim]] = {}
        for claim in self._trail.open_claims():
            if claim.path.startswith(start):
                claims.setdefault(claim.path, []).append(claim)
        found = look_through(self._inbox, claims.keys(), self._settings.inbox_batch, time.time())
        return found, claims

    async def _handle(self, name: str, step: Awaitable[None]) -> bool:
        """One file that can't be handled must not keep the others from it; False for such a one."""
        try:
            await step
        except Gone:
            return True  # another sweep was faster
        except Changed:
            self.swept.left += 1
            self.swept.add(name, "left", "it is being written")
        except (TrailUnavailable, NoDeployment, httpx.TransportError):
            raise  # it would be the same with every other one
        except Exception as error:
            self.swept.failed += 1
            self.swept.add(name, "not handled", str(error) or type(error).__name__)
            note_fault(self._settings.home, "inbox", error, plain(name))
            return False
        return True

    async def _take_up(self, found: Listing, claims: Mapping[str, Sequence[FileClaim]]) -> None:
        """Go on with the files that were claimed before, by a sweep that did not finish them."""
        submitted = await self._submitted([c for path in claims for c in claims[path]])
        for path, name in found.taken.items():
            known = claims[path]
            run = submitted.get(_key(known[0])) if len(known) == 1 else None
            if run is not None:
                self._followed.append(Followed(name, known[0], str(run.id)))
            else:  # it was not submitted yet, or which claim is its only its content says
                await self._handle(name, self._take(name))
        for path in claims.keys() - found.taken.keys():
            for claim in claims[path]:
                await self._note_gone(claim, submitted.get(_key(claim)))

    async def _note_gone(self, claim: FileClaim, run: FlowRun | None) -> None:
        """A file that is not there any more is waited for no longer, once its run has ended.

        One that another sweep is moving at this moment is for that sweep to tell.
        """
        age = datetime.now(UTC) - datetime.fromisoformat(claim.claimed_at)
        at_work = run is not None and (run.state is None or not run.state.is_final())
        if age > _GONE and not at_work:
            run_id = None if run is None else str(run.id)
            await asyncio.to_thread(self._trail.record_move, claim.claim_id, run_id, None)

    async def _take(self, name: str) -> None:
        try:
            taken = await asyncio.to_thread(take, self._inbox, self._trail, self._settings, name)
        except PermissionError as error:
            await self._move_unopened(name, f"it can't be read: {error.strerror}")
            return
        if taken.moved is not None:
            settled = Settled(REFUSED, repeated(taken.moved), "it was here before")
            await self._move_claimed(name, taken.claim, None, settled)
        elif taken.refused is not None:
            beside = error_beside(taken.refused, f"SHA-256 {taken.claim.sha256}")
            settled = Settled(UNREADABLE, beside, taken.refused)
            await self._move_claimed(name, taken.claim, None, settled)
        else:
            run = await submit_document(
                self._client,
                self._trail,
                taken.content,
                idempotency_key=_key(taken.claim),
                tags=[TAG],
            )
            self._followed.append(Followed(name, taken.claim, str(run.id)))

    async def _move_unopened(self, name: str, why: str) -> None:
        stamp = await asyncio.to_thread(self._inbox.stamp, name)
        tag = hashlib.sha256(repr(stamp).encode()).hexdigest()[:8]
        await self._move(name, stamp, tag, Settled(UNREADABLE, error_beside(why), why))

    async def _move_claimed(
        self, name: str, claim: FileClaim, run_id: str | None, settled: Settled
    ) -> None:
        """Move a file that is still what was claimed; one that is not is a new file."""
        limit = self._settings.max_document_bytes
        found = await asyncio.to_thread(self._inbox.read, name, limit)
        target = None
        if found.sha256 == claim.sha256:
            moved = await self._move(name, found.stamp, claim.sha256[:8], settled)
            # A name may be no text; what is recorded is for people to find it by.
            target = moved.encode(errors="backslashreplace").decode()
        else:
            self.swept.left += 1
            self.swept.add(name, "left", "it was replaced since it was submitted: a new file")
        await asyncio.to_thread(self._trail.record_move, claim.claim_id, run_id, target)

    async def _move(self, name: str, stamp: object, tag: str, settled: Settled) -> str:
        folder, beside, why = settled
        target = await asyncio.to_thread(self._inbox.move, name, stamp, folder, tag, beside)
        self.swept.counts[folder] = self.swept.counts.get(folder, 0) + 1
        self.swept.add(name, f"moved to {target}", why)
        return target

    async def _wait(self, deadline: float, progress: Progress) -> None:
        total = len(self._followed)
        while self._followed:
            await self._move_settled(last=time.monotonic() >= deadline)
            await progress(100 * (1 - len(self._followed) / total))
            if time.monotonic() >= deadline:
                return
            if self._followed:
                await asyncio.sleep(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))

    async def _move_settled(self, *, last: bool) -> None:
        """Move the files whose runs have ended; at last also those that only the trail ended."""
        ended = await self._ended([one.run_id for one in self._followed])
        still: list[Followed] = []
        for one in self._followed:
            run = ended.get(one.run_id)
            if run is None and not last:
                still.append(one)
                continue
            verdict: Settled | FlowRun | None = None

            async def go_on(one: Followed = one, run: FlowRun | None = run) -> None:
                nonlocal verdict
                verdict = await settle(self._client, self._trail, self._settings, one.run_id, run)
                if isinstance(verdict, Settled):
                    await self._move_claimed(one.name, one.claim, one.run_id, verdict)

            handled = await self._handle(one.name, go_on())
            if isinstance(verdict, FlowRun):
                one.run_id = str(verdict.id)
            if handled and not isinstance(verdict, Settled):
                still.append(one)
        self._followed = still

    async def _ended(self, run_ids: Sequence[str]) -> dict[str, FlowRun]:
        """Those of the runs that have ended, whatever became of them."""
        wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_ENDED)))
        found: dict[str, FlowRun] = {}
        for start in range(0, len(run_ids), _PAGE):
            wanted.id = FlowRunFilterId(any_=list(run_ids[start : start + _PAGE]))
            for run in await self._client.read_flow_runs(flow_run_filter=wanted, limit=_PAGE):
                found[str(run.id)] = run
        return found

    async def _submitted(self, claims: Sequence[FileClaim]) -> dict[str, FlowRun]:
        """The runs of claims that were submitted, by their idempotency keys."""
        found: dict[str, FlowRun] = {}
        for start in range(0, len(claims), _PAGE):
            keys = [_key(claim) for claim in claims[start : start + _PAGE]]
            wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=keys))
            for run in await self._client.read_flow_runs(flow_run_filter=wanted, limit=_PAGE):
                found[str(run.idempotency_key)] = run.model_copy(update={"parameters": {}})
        return found


def _key(claim: FileClaim) -> str:
    """The idempotency key under which a claimed file is submitted."""
    return f"benson-inbox-{claim.claim_id}"
