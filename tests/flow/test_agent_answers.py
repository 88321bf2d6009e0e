"""What an agent's flow run left in a storage is read as text, and never made an object of."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from prefect.client.schemas.objects import FlowRun, State
from prefect.serializers import JSONSerializer
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, temporary_settings
from prefect.states import Completed

from benson_execution.agent_run.runners import Deployment
from benson_execution.errors import AgentFailed
from tasks.agent_answer import returned_text
from tasks.agent_deployment import run_agent_deployment

LIMIT = 1000


@pytest.fixture
def storage(prefect: str, tmp_path: Path) -> Iterator[Path]:
    """The folder in which this process keeps results by default."""
    folder = tmp_path / "results"
    with temporary_settings(updates={PREFECT_LOCAL_STORAGE_PATH: folder}):
        yield folder


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mknod, (str(self.path),)


async def kept(value: Any, serializer: str = "json") -> State[Any]:
    """The final state of a flow that returned this, as the server tells it."""

    @flow(
        name="kept",
        persist_result=True,
        result_serializer=serializer,
        cache_result_in_memory=False,
    )
    async def keep() -> Any:
        return value

    ended: State[Any] = await keep(return_state=True)
    assert ended.state_details.flow_run_id is not None
    async with get_client() as client:
        run = await client.read_flow_run(ended.state_details.flow_run_id)
    assert run.state is not None
    return run.state


def file_of(state: State[Any]) -> Path:
    """Where its result is kept."""
    assert isinstance(state.data.storage_key, str)
    return Path(state.data.storage_key)


def exists(path: Path) -> bool:
    return path.exists()


def replaced_by_link(path: Path, elsewhere: Path) -> None:
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def replaced_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


async def refusal(state: State[Any]) -> str:
    with pytest.raises(AgentFailed, match='result_serializer="json"') as refused:
        await returned_text(uuid4(), state, limit=LIMIT)
    return refused.value.message


@pytest.mark.parametrize("text", ["{}", '"\\é☃𝄞\n' * 60, "é" * (LIMIT // 2), '"' * LIMIT])
async def test_a_text_is_read_to_the_letter(storage: Path, text: str) -> None:
    """Also one of which each character takes as much place as any can."""
    assert await returned_text(uuid4(), await kept(text), limit=LIMIT) == text


@pytest.mark.parametrize("claimed", [False, True])
async def test_a_pickle_is_never_loaded(storage: Path, tmp_path: Path, claimed: bool) -> None:
    """Neither where the state says that it is one, nor where the state says that it is JSON."""
    mark = tmp_path / "mark"
    state = await kept(Touching(mark), "pickle")
    told_truly = state.model_copy(deep=True)
    if claimed:
        state.data.serializer = JSONSerializer()
    assert ("kept as no JSON" if claimed else "serialized as 'pickle'") in await refusal(state)
    assert not exists(mark)
    await told_truly.aresult()  # Prefect does load it: the test can fail
    assert exists(mark)


@pytest.mark.parametrize(
    "value", [{"__class__": "pathlib.Path", "data": "/"}, ["{}"], 1, None, {"result": "{}"}]
)
async def test_json_that_is_no_text_stays_json(storage: Path, value: Any) -> None:
    assert "where a text is expected" in await refusal(await kept(value))


async def test_a_result_elsewhere_is_not_read(storage: Path, tmp_path: Path) -> None:
    """The agent may choose neither the block nor the folder, nor lead out of it by a link."""
    state = await kept("{}")
    file, outside = file_of(state), tmp_path / "outside"
    replaced_by_link(file, outside)
    for key in (str(outside), f"{storage}/../outside", "../outside", f"{storage}/", "..", ""):
        state.data.storage_key = key
        told = await refusal(state)
        assert "another folder" in told or "not a plain name" in told, key
    state.data.storage_key = str(file)
    assert "symbolic links" in await refusal(state)
    replaced_by_pipe(file)
    assert "it is no file" in await refusal(state)
    state.data.storage_block_id = uuid4()
    assert "another storage" in await refusal(state)


async def test_a_result_is_read_up_to_a_limit(storage: Path) -> None:
    state = await kept("{}")
    os.truncate(file_of(state), 1 << 40)  # a hole: whoever reads it all has no memory left
    assert "more than" in await refusal(state)


@pytest.mark.parametrize("content", [b"", b"\x80", b"{", b'"x', b'"x" "y"', b"x: y"])
async def test_what_is_no_json_is_refused(storage: Path, content: bytes) -> None:
    state = await kept("{}")
    await asyncio.to_thread(file_of(state).write_bytes, content)
    assert "can't be read: it was kept as no JSON" in await refusal(state)


async def test_what_was_not_kept_is_told(prefect: str) -> None:
    assert "it was not kept" in await refusal(Completed(data=None))
    assert "it was not kept" in await refusal(Completed(data="{}"))


KEY = "agent-of-left-1"


async def run_of_agent(client: PrefectClient) -> FlowRun | None:
    """The run of the agent that nobody serves."""
    wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=[KEY]))
    return next(iter(await client.read_flow_runs(flow_run_filter=wanted)), None)


async def test_a_run_that_nobody_waits_for_is_cancelled(prefect: str, home: Path) -> None:
    """Also when it is this process that ends."""
    agent = Deployment(deployment="left-agent/tests")
    async with get_client() as client:
        flow_id = await client.create_flow_from_name("left-agent")
        await client.create_deployment(flow_id=flow_id, name="tests")
        asking = run_agent_deployment(agent, b"{}", "left-1", limit=LIMIT)
        waiting = asyncio.create_task(asking)
        async with asyncio.timeout(60):
            while await run_of_agent(client) is None:  # noqa: ASYNC110  # the server tells nobody
                await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        run = await run_of_agent(client)
    assert run is not None
    assert run.state is not None
    assert run.state.type.value in ("CANCELLED", "CANCELLING")
    assert not exists(home / "faults.jsonl")
