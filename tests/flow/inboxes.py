"""Inboxes of the tests' own, and sweeping them with a worker beside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State

from benson_execution.inbox import listing
from flows.pac_inbox import pac_inbox
from tests.flow.working import on_demand, working

WAIT = 90.0
"""Seconds; a sweep ends as soon as all have their verdict.

A busy server may not take the end of a run. Then the trail's word counts, after a minute.
"""

Judged = tuple[PrefectClient, UUID]


@pytest.fixture
def inbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inbox whose files are settled at once."""
    monkeypatch.setattr(listing, "SETTLED_SECONDS", 0.0)
    folder = home / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
async def judged(prefect: str) -> AsyncIterator[Judged]:
    """The deployment that files are submitted to; whoever wants them judged works it off."""
    async with on_demand() as given:
        yield given


async def swept(judged: Judged, wait: float = WAIT) -> str:
    """What one sweep says, with a worker beside it."""
    async with working(*judged):
        return await swept_alone(wait)


async def swept_alone(wait: float = 0) -> str:
    """What one sweep says while nobody works."""
    state: State[Any] = await pac_inbox(wait, return_state=True)
    return f"{state.name}: {state.message}"


def lying_in(folder: Path) -> list[str]:
    """All that is in a folder, and in those in it, but the folders themselves."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())
