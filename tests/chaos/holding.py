"""Open dispatches, and leases of whomever a test needs as their holder."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace
from typing import Final

from sqlalchemy import create_engine, update

from benson_execution import Document
from benson_execution.dispatch import Dispatch
from benson_execution.policy import Policy
from benson_execution.trail import Trail
from benson_execution.trail.lease import Holder, this_process
from benson_execution.trail.tables import leases
from tests.chaos.sites import Site, new_document
from tests.chaos.warm import Process, Zygote

HELD: Final = "AGENT_EXECUTION_END:after"
"""Where a run of the engine stops with eight events recorded."""
LIVING: Final = this_process()
REUSED: Final = replace(LIVING, started="1")
"""A process that is gone, and whose id another one has now."""
REBOOTED: Final = replace(LIVING, boot_id="00000000-0000-0000-0000-000000000000")
ELSEWHERE: Final = replace(LIVING, host="another-machine pid:[1]")
UNSEEN: Final = replace(LIVING, boot_id="", started="")
"""Of a system that tells neither its boot nor when a process began."""


def held_run(zygote: Zygote, site: Site, point: str = HELD) -> tuple[Process, str]:
    """A run of the engine in a process that stopped in the middle, and its PAC."""
    pac_id, document = new_document()
    process = zygote.run(site.environment, document, api=None, point=point)
    assert process.stopped_at(point), process.wait()
    return process, pac_id


def killed_run(zygote: Zygote, site: Site, point: str = HELD) -> str:
    """The PAC of a run of the engine that was killed in the middle."""
    process, pac_id = held_run(zygote, site, point)
    process.kill()
    return pac_id


def begun(trail: Trail, site: Site, run_id: str) -> Dispatch:
    """A dispatch of this run that this process began, and goes no further with."""
    assert LIVING.pid == os.getpid()
    _, text = new_document()
    dispatch = Dispatch.of(run_id, Document.read(text), Policy.of(site.settings), trail)
    dispatch.begin()
    return dispatch


def give(site: Site, holder: Holder, *, seconds: float, dispatch_id: str | None = None) -> None:
    """Make a lease, or all of them, another holder's, for so many seconds from now."""
    engine = create_engine(site.url)
    change = update(leases).values(**asdict(holder), expires_at=time.time() + seconds)
    if dispatch_id is not None:
        change = change.where(leases.c.dispatch_id == dispatch_id)
    with engine.begin() as connection:
        connection.execute(change)
    engine.dispose()
