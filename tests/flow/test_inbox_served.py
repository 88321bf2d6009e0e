"""The inbox with a deployment that is really served: each run is a process, which can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from benson_execution import Settings, Trail
from benson_execution.inbox import listing
from flows.submission import ON_DEMAND
from tests.flow.documents import BLOCKED, document
from tests.flow.inboxes import lying_in, swept_alone
from tests.flow.test_interrupted_runs import hold, started
from tests.prefect_server import wait_until

__all__ = ["hold"]


async def is_served() -> bool:
    """Whether the deployment is there."""
    async with get_client() as client:
        found = await client.read_deployments(limit=200)
    return ON_DEMAND.partition("/")[2] in {one.name for one in found}


async def undeploy() -> None:
    """Leave no deployment that nobody serves."""
    async with get_client() as client:
        found = await client.read_deployment_by_name(ON_DEMAND)
        await client.delete_deployment(found.id)


@pytest.mark.timeout(300)
async def test_a_killed_run_of_a_file_is_followed_by_the_one_that_judges_it(
    prefect: str, home: Path, hold: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL ends the first run in the middle; the file gets the verdict of the second."""
    monkeypatch.setattr(listing, "SETTLED_SECONDS", 0.0)
    inbox = home / "inbox"
    inbox.mkdir()
    (inbox / "killed.json").write_text(document())
    (inbox / "blocked.json").write_text(document(BLOCKED))
    with started("tests.flow.served_on_demand", home, prefect, hold):
        await asyncio.to_thread(
            wait_until, lambda: asyncio.run(is_served()), description="the deployment is served"
        )
        sweeping = asyncio.create_task(swept_alone(200))
        await asyncio.to_thread(kill_one_run, trail)
        await asyncio.to_thread(hold.unlink)
        said = await sweeping
    await undeploy()
    assert said == "Completed: 1 done, 1 refused"
    assert lying_in(inbox) == [
        "done/killed.json",
        "done/killed.json.artifact.json",
        "refused/blocked.json",
        "refused/blocked.json.artifact.json",
    ]
    ends = sorted(s.event.data.status for s in trail.events(event_type="PAC_DISPATCH_END"))
    assert ends == ["BLOCKED", "COMPLETED", "FAILED"]
    artifact = json.loads((inbox / "done" / "killed.json.artifact.json").read_bytes())
    assert artifact["dispatch"]["status"] == "COMPLETED"
    assert Settings.load().home == home


def kill_one_run(trail: Trail) -> None:
    """SIGKILL the process that judges the document that would complete."""

    def held() -> dict[str, int]:
        at_gate = {s.dispatch.pac_id for s in trail.events() if s.key == "CHECKPOINT:CP-02"}
        return {
            lease.dispatch.pac_id: lease.holder.pid
            for lease in trail.leases()
            if lease.holder is not None and lease.dispatch.pac_id in at_gate
        }

    wait_until(lambda: len(held()) == 2, timeout=120, description="both runs are at the gate")
    completing = next(
        s.dispatch.pac_id
        for s in trail.events(event_type="PAC_DISPATCH_START")
        if b'"quality_score": 1.0' in (trail.document(str(s.dispatch.document_sha256)) or b"")
    )
    os.kill(held()[completing], signal.SIGKILL)
