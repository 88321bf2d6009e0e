"""The inbox, swept: documents that arrive as files are judged, and lie beside their verdicts."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from prefect import flow
from prefect.artifacts import (
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from benson_execution.faults import note_fault
from benson_execution.inbox import open_inbox
from benson_execution.settings import Settings
from benson_execution.trail import open_trail
from flows.sweep import Sweep, Swept
from tasks.verdict_page import cell


@flow(name="pac-inbox", retries=0)
async def pac_inbox(wait_seconds: Annotated[float, Field(ge=0, le=3600)] = 50) -> State[Any]:
    """Take the documents that arrived in the inbox, have each judged once, and move it away.

    Args:
        wait_seconds: How many seconds to wait for verdicts; what has none by then is moved later.
    """
    settings = Settings.load()
    trail, inbox = open_trail(settings), open_inbox(settings)
    progress = _Progress(settings)
    async with get_client() as client:
        swept = await Sweep(client, trail, inbox, settings).run(wait_seconds, progress.show)
    await _show(swept, settings)
    if swept.failed:
        return Failed(message=swept.summary())
    return Completed(message=swept.summary())


class _Progress:
    """The artifact that says how much is done; there is none where nothing was to be done."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._artifact: UUID | None = None
        self._shown = -1.0

    async def show(self, percent: float) -> None:
        """Show it, where it has changed; one that can't be shown is noted."""
        if not self._settings.prefect_artifacts or percent == self._shown:
            return
        self._shown = percent
        try:
            if self._artifact is None:
                told = "files of the inbox that have their verdict"
                self._artifact = await acreate_progress_artifact(
                    percent, "pac-inbox-progress", told
                )
            else:
                await aupdate_progress_artifact(self._artifact, percent)
        except Exception as error:
            note_fault(self._settings.home, "projection", error, "progress of the inbox")


async def _show(swept: Swept, settings: Settings) -> None:
    if not swept.rows or not settings.prefect_artifacts:
        return
    rows = [{name: cell(text) for name, text in row.items()} for row in swept.rows]
    try:
        await acreate_table_artifact(rows, "pac-inbox", swept.summary())
    except Exception as error:
        note_fault(settings.home, "projection", error, "table of the inbox")
