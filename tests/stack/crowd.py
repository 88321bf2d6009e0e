"""A crowd of runs on a stack: handed in through the API, timed, killed midway, and recovered."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, TypeVar
from unittest.mock import patch
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect.types.entrypoint import EntrypointType

from benson_execution.events import EventType
from benson_execution.settings import Settings
from benson_execution.trail import Trail, open_trail
from benson_execution.trail.port import DispatchRef, Lease
from deployments.catalogue import WORK_POOL
from deployments.stack.guardian import descendants
from deployments.stack.stack import Stack
from deployments.stack.waiting import wait_until
from flows.submission import submit_document
from tests.stack.bare import bare
from tests.stack.documents import Made

RECOVER: Final = """
import asyncio
from flows.trail_recovery import trail_recovery
state = asyncio.run(trail_recovery(return_state=True))
print(state.name, state.message)
"""
T = TypeVar("T")
R = TypeVar("R")
RECOVERY_SECONDS: Final = 10.0
"""How long nothing is recovered after a recovery; deployed, it has five minutes."""
SECONDS_PER_RUN: Final = 30.0
"""How long one run may take on the busiest machine, the others being at work too."""


class Rate(NamedTuple):
    """So many runs in so many seconds, from the first that was handed in to the last that ended."""

    runs: int
    seconds: float
    cpu: float
    """Processor seconds that the whole stack took for them."""

    @property
    def per_minute(self) -> float:
        """Runs per minute."""
        return 60 * self.runs / self.seconds

    def __add__(self, other: object) -> Rate:
        assert isinstance(other, Rate)
        return Rate(self.runs + other.runs, self.seconds + other.seconds, self.cpu + other.cpu)


class Crowd:
    """Whoever hands documents in, times them, kills a worker, and calls recovery."""

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        self.stack = stack
        self.say = say
        self.trail = open_trail(Settings.load())

    def govern(self, documents: Sequence[Made]) -> list[UUID]:
        """Hand these documents in, and return their runs' ids."""

        async def submit(client: PrefectClient, document: Made) -> UUID:
            run = await submit_document(
                client, self.trail, document.content, idempotency_key=document.sha256
            )
            return run.id

        return asyncio.run(_for_each(documents, submit))

    def run_bare(self, count: int, tasks: int) -> list[UUID]:
        """Ask for so many runs of the bare flow, each with so many tasks."""

        async def submit(client: PrefectClient, number: int) -> UUID:
            deployment = await client.read_deployment_by_name("bare/on-demand")
            run = await client.create_flow_run_from_deployment(
                deployment.id, parameters={"tasks": tasks}, idempotency_key=f"{uuid4()}-{number}"
            )
            return run.id

        return asyncio.run(_for_each(range(count), submit))

    def deploy_bare(self) -> None:
        """Deploy the bare flow as the governed one is."""

        async def deploy() -> None:
            deployment = await bare.ato_deployment(
                "on-demand", work_pool_name=WORK_POOL, entrypoint_type=EntrypointType.MODULE_PATH
            )
            await deployment.aapply(work_pool_name=WORK_POOL)

        asyncio.run(deploy())

    def rate(self, submit: Callable[[], Sequence[UUID]]) -> Rate:
        """Hand runs in, wait until they have ended, and say how fast that was."""
        spent = self.cpu()
        runs = submit()
        found: list[FlowRun] = []

        def ended() -> bool:
            found[:] = self.read(runs)
            return all(run.state is not None and run.state.is_final() for run in found)

        wait_until(
            ended, timeout=60 + SECONDS_PER_RUN * len(runs), description=f"{len(runs)} runs end"
        )
        began = min(run.created for run in found if run.created is not None)
        end = max(run.end_time for run in found if run.end_time is not None)
        return Rate(len(runs), (end - began).total_seconds(), self.cpu() - spent)

    def cpu(self) -> float:
        """Processor seconds of all servers, workers and runs, also of those that have ended."""
        ticks = 0
        for guarded in self.stack.servers.values():
            for pid in (guarded.guardian_pid, *descendants(guarded.guardian_pid)):
                with suppress(OSError):  # it has just ended, and its parent has its time
                    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                    ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def read(self, runs: Sequence[UUID]) -> list[FlowRun]:
        """What the API knows of these runs."""

        async def read() -> list[FlowRun]:
            found: list[FlowRun] = []
            async with get_client() as client:
                for start in range(0, len(runs), 100):
                    ids = FlowRunFilterId(any_=list(runs[start : start + 100]))
                    found += await client.read_flow_runs(
                        flow_run_filter=FlowRunFilter(id=ids), limit=100
                    )
            return found

        return asyncio.run(read())

    def stop_in_the_middle(self, *workers: str) -> tuple[dict[str, list[int]], list[Lease]]:
        """Stop one of these workers and its runs (SIGSTOP) while it works on some dispatch.

        Returns the processes by the worker's name, and the dispatches that are open in them.
        """
        stopped: dict[str, list[int]] = {}
        open_ones: list[Lease] = []

        def in_the_middle() -> bool:
            for worker in workers:
                pid = self.stack.servers[worker].pid
                assert pid is not None, f"{worker} has ended by itself"
                # First stopped, so that what is found about them stays true.
                family = [pid, *descendants(pid)]
                send(family, signal.SIGSTOP)
                open_ones[:] = [
                    lease
                    for lease in self.trail.leases()
                    if not lease.closed and lease.holder is not None and lease.holder.pid in family
                ]
                if open_ones:
                    stopped[worker] = family
                    return True
                send(family, signal.SIGCONT)
            return False

        wait_until(in_the_middle, timeout=120, description="a worker is in the middle of a run")
        return stopped, open_ones

    def kill(self, worker: str) -> list[Lease]:
        """Kill a worker and its runs, all at once, in the middle of some run's work.

        Returns the dispatches that were open in it then.
        """
        stopped, killed = self.stop_in_the_middle(worker)
        send(stopped[worker], signal.SIGKILL)
        wait_until(lambda: worker in self.stack.dead(), description=f"{worker} is dead")
        return killed

    def settle(self, documents: Sequence[Made], timeout: float = 1200) -> None:
        """Recover, now and then, until every document has its verdict or its refusal."""
        left = len(documents)
        due = 0.0

        def settled() -> bool:
            nonlocal left, due
            if time.monotonic() < due:
                return False
            self.say(f"{left} unsettled; recovery: {self.recover()}")
            left = len(self.unsettled(documents))
            due = time.monotonic() + RECOVERY_SECONDS
            return not left

        wait_until(settled, timeout=timeout, description="every document has what becomes of it")

    def unsettled(self, documents: Sequence[Made]) -> list[Made]:
        """Those of the documents that have neither the verdict nor the refusal that is theirs."""
        refused = {refusal.sha256 for refusal in self.trail.refusals()}
        judged = statuses(self.trail)
        return [
            one
            for one in documents
            if (one.pac_id is None and one.sha256 not in refused)
            or (one.pac_id is not None and one.status not in judged.get(one.pac_id, []))
        ]

    def recover(self) -> str:
        """Call the flow that recovers, and return what it said."""
        done = subprocess.run(
            [sys.executable, "-c", RECOVER],
            env=self.stack.environment,
            cwd=self.stack.folder.path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


@contextmanager
def as_a_client_of(stack: Stack) -> Iterator[None]:
    """Have this process use the stack, as a process with its environment would."""
    prefect = {
        PREFECT_API_URL: stack.variables["PREFECT_API_URL"],
        PREFECT_API_AUTH_STRING: stack.variables["PREFECT_API_AUTH_STRING"],
    }
    with patch.dict(os.environ, stack.variables), temporary_settings(prefect):
        yield


def statuses(trail: Trail) -> dict[str, list[str]]:
    """How each dispatch of each PAC ended; `OPEN` for one that did not."""
    found: dict[DispatchRef, str] = {}
    for stored in trail.events():
        found.setdefault(stored.dispatch, "OPEN")
        if stored.key == EventType.PAC_DISPATCH_END:
            found[stored.dispatch] = str(stored.event.data.to_dict()["status"])
    by_pac: dict[str, list[str]] = {}
    for ref, status in found.items():
        by_pac.setdefault(ref.pac_id, []).append(status)
    return by_pac


def send(pids: Sequence[int], number: signal.Signals) -> None:
    """Send processes a signal, those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


async def _for_each(
    things: Sequence[T], do: Callable[[PrefectClient, T], Awaitable[R]], at_once: int = 8
) -> list[R]:
    room = asyncio.Semaphore(at_once)

    async def one(client: PrefectClient, thing: T) -> R:
        async with room:
            return await do(client, thing)

    async with get_client() as client:
        return list(await asyncio.gather(*(one(client, thing) for thing in things)))
