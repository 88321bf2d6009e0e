"""A sweep that is killed loses nothing and doubles nothing: the next one goes on with its files."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benson_execution import Settings, Trail, open_trail
from benson_execution.proof.keys import SigningKey
from tests.flow.documents import document
from tests.flow.inboxes import Judged, inbox, judged, lying_in, swept
from tests.flow.sweeper import POINTS
from tests.flow.working import runs_of, working
from tests.prefect_server import server_environment
from tests.private_postgres import PrivatePostgres, private_postgres

__all__ = ["inbox", "judged"]

PROJECT = Path(__file__).parents[2]


async def sweep_apart(home: Path, api_url: str, point: str = "") -> int:
    """Sweep in another process; its exit code."""
    environment = server_environment(
        home / "prefect-client",
        PREFECT_API_URL=api_url,
        BENSON_TEST_DIE=point,
        PYTHONPATH=str(PROJECT),
        **{name: value for name, value in os.environ.items() if name.startswith("BENSON_")},
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.flow.sweeper", env=environment, cwd=home
    )
    try:
        return await asyncio.wait_for(process.wait(), 200)
    finally:
        if process.returncode is None:
            process.kill()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_sweep_loses_and_doubles_nothing(
    point: str, judged: Judged, inbox: Path, trail: Trail, home: Path, api_url: str
) -> None:
    """Wherever SIGKILL meets it: each document has one run and dispatch, each file one place."""
    texts = {f"{number}.json": document() for number in range(3)}
    for name, text in texts.items():
        (inbox / name).write_text(text)

    async with working(*judged):
        assert await sweep_apart(home, api_url, point) == -signal.SIGKILL

    assert (await swept(judged)).startswith("Completed")
    assert lying_in(inbox) == sorted(
        f"done/{name}{end}" for name in texts for end in ("", ".artifact.json")
    )
    for name, text in texts.items():
        assert (inbox / "done" / name).read_text() == text
    assert len(await runs_of(*judged)) == len(texts)
    assert len({s.dispatch for s in trail.events()}) == len(texts)
    # The move that was not recorded is of a file that is gone.
    assert len(trail.open_claims()) == (point == "moved")


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Trail]:
    """The trail that two sweeps share: of one machine, or of several."""
    if request.param == "postgresql":
        SigningKey.generate().write(home / "key.pem")
        monkeypatch.setenv("BENSON_SIGNING_KEY", str(home / "key.pem"))
        url = request.getfixturevalue("postgres").new_database()
        monkeypatch.setenv("BENSON_TRAIL_URL", url)
    opened = open_trail(Settings.load())
    yield opened
    if request.param == "postgresql":
        opened.close()


@pytest.mark.timeout(300)
async def test_two_processes_that_sweep_at_once_take_no_file_twice(
    judged: Judged, inbox: Path, shared: Trail, home: Path, api_url: str
) -> None:
    """Whoever comes first moves a file; the other one notices, and neither fails."""
    names = [f"{number}.json" for number in range(8)]
    for name in names:
        (inbox / name).write_text(document())
    async with working(*judged):
        both = [sweep_apart(home, api_url) for _ in range(2)]
        assert await asyncio.gather(*both) == [0, 0]
    assert lying_in(inbox) == sorted(
        f"done/{name}{end}" for name in names for end in ("", ".artifact.json")
    )
    assert len(await runs_of(*judged)) == len(names)
    assert len({s.dispatch for s in shared.events()}) == len(names)
    assert shared.open_claims() == []
    assert not (home / "faults.jsonl").exists()
