"""What a governed run is compared with: a flow of Prefect's alone, with as many tasks.

It imports nothing of Benson's, as nobody's bare flow would.
"""

from __future__ import annotations

from prefect import flow, task


@task
async def nothing() -> None:
    """A task that does nothing."""


@flow(name="bare")
async def bare(tasks: int) -> None:
    """So many tasks, one after another."""
    for _ in range(tasks):
        await nothing()
