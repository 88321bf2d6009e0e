"""Makes the trail's tables, the work pool and the deployments, in a client's environment.

It is a process of its own because Prefect reads its settings when it is imported, and whoever
starts a stack may have imported it long before there was one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.utilities.processutils import command_to_string
from prefect.workers.process import ProcessWorker

from benson_execution.settings import Settings
from benson_execution.trail import open_trail
from benson_execution.trail.opening import trail_url
from benson_execution.trail.sql import open_database
from benson_execution.trail.version import upgrade
from deployments.catalogue import DEPLOYMENTS, WORK_POOL
from deployments.serving import served


async def register() -> None:
    """Make all of it, or bring it to what it is to be."""
    settings = Settings.load()
    upgrade(open_database(trail_url(settings)))
    open_trail(settings)  # signs its first head, before two workers would do that
    async with get_client() as client:
        await make_pool(client)
    for one in DEPLOYMENTS:
        deployment = await served(one)
        await deployment.aapply(work_pool_name=WORK_POOL)


async def make_pool(client: PrefectClient) -> None:
    """See that there is the pool, and that its runs start as they start here."""
    template: dict[str, Any] = json.loads(json.dumps(ProcessWorker.get_default_base_job_template()))
    # With a command of its own a run is one process. Without, it is two, and each imports Prefect:
    # the first of them looks for a repository to clone, and there is none.
    command = command_to_string([sys.executable, "-m", "prefect.engine"])
    template["variables"]["properties"]["command"]["default"] = command
    pool = WorkPoolCreate(name=WORK_POOL, type="process", base_job_template=template)
    await client.create_work_pool(pool, overwrite=True)


if __name__ == "__main__":
    asyncio.run(register())
