"""Agents that are deployments, for the tests: `python -m tests.flow.agents` serves them."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, cast

from prefect import flow, serve
from prefect.deployments.runner import RunnerDeployment


@flow(name="dan-agent", persist_result=True, result_serializer="json")
async def dan(request: str) -> str:
    asked = json.loads(request)
    result = json.loads((Path(os.environ["BENSON_TEST_RESULT"]) / "result.json").read_text())
    result["pac_id"] = asked["pac"]["pac_id"]
    return json.dumps({"nonce": asked["nonce"], "execution_result": result})


@flow(name="silent-agent", persist_result=True, result_serializer="json")
async def silent(request: str) -> dict[str, Any]:
    return {"nonce": json.loads(request)["nonce"], "execution_result": {}}


@flow(name="crashing-agent")
async def crashing(request: str) -> str:
    raise RuntimeError("boom")


@flow(name="slow-agent")
async def slow(request: str) -> str:
    await asyncio.sleep(60)
    return request


if __name__ == "__main__":
    agents = (dan, silent, crashing, slow)
    # Outside a loop it returns deployments, which Prefect's types don't tell apart.
    serve(*(cast("RunnerDeployment", agent.to_deployment("tests")) for agent in agents))
