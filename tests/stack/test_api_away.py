"""Prefect's API goes away while a worker's run is in the middle of its work."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final
from uuid import UUID

import pytest

from deployments.stack.guardian import descendants
from deployments.stack.stack import Stack
from deployments.stack.waiting import wait_until
from tests.stack.crowd import Crowd, send, statuses
from tests.stack.documents import Made, documents

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

SECONDS: Final = 10.0
_documents: Final = iter(documents(20, first=9000))
"""Not those of the crowd, and none that is malformed: a dispatch must be caught open."""


def next_document() -> Made:
    """A document that gets a verdict."""
    return next(one for one in _documents if one.pac_id is not None)


def passes(seconds: float) -> None:
    """Wait: it is the time that is tried."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, timeout=2 * seconds)


@contextmanager
def hanging(stack: Stack) -> Iterator[None]:
    """An API that takes connections, and answers nobody."""
    pid = stack.servers["api"].pid
    assert pid is not None
    family = [pid, *descendants(pid)]
    send(family, signal.SIGSTOP)
    try:
        yield
    finally:
        send(family, signal.SIGCONT)


@contextmanager
def gone(stack: Stack) -> Iterator[None]:
    """An API that was killed, and is started again."""
    guarded = stack.servers["api"]
    guarded.signal(signal.SIGKILL)
    wait_until(lambda: guarded.pid is None)
    try:
        yield
    finally:
        stack.restart_api()


@pytest.mark.parametrize("away", [hanging, gone])
def test_a_run_ends_with_its_verdict_or_failed_and_recovered(
    crowd: Crowd, away: Callable[[Stack], AbstractContextManager[None]]
) -> None:
    """Whatever Prefect says of it: never COMPLETED without the whole trail."""
    document = next_document()
    (run,) = crowd.govern([document])
    stopped, (lease,) = crowd.stop_in_the_middle(*crowd.stack.workers)
    assert lease.dispatch.run_id == str(run)
    with away(crowd.stack):
        for family in stopped.values():
            send(family, signal.SIGCONT)
        passes(SECONDS)
    wait_until(lambda: ended(crowd, run), timeout=300, description="the run ends")
    crowd.say(f"{away.__name__}: {crowd.read([run])[0].state_name}")
    crowd.settle([document])
    found = statuses(crowd.trail)[str(document.pac_id)]
    assert sorted(found) in ([document.status], sorted([document.status, "FAILED"]))
    (seen,) = crowd.read([run])
    of_run = list(crowd.trail.events(run_id=str(run)))
    whole = bool(of_run) and of_run[-1].event.data.to_dict().get("status") == "COMPLETED"
    assert whole or seen.state_name != "Completed"
    assert crowd.trail.leases() == []


def ended(crowd: Crowd, run: UUID) -> bool:
    """Whether nobody is at work on the run any more: in Prefect, or in the trail."""
    (found,) = crowd.read([run])
    assert found.state is not None
    held = {lease.dispatch.run_id for lease in crowd.trail.leases() if not lease.closed}
    return found.state.is_final() or str(run) not in held
