"""Running an agent that is a Prefect deployment of its own: its flow takes and returns text.

The flow has one parameter, `request`: the JSON text of the nonce and the PAC. It returns the JSON
text of its answer, and persists its result as JSON where this process can read it. Text, because
Prefect reads structured values in ways of its own.
"""

from __future__ import annotations

from typing import Any, Final

import anyio
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments.flow_runs import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from benson_execution.agent_run.runners import Deployment
from benson_execution.document import MAX_INLINE_BYTES
from benson_execution.errors import AgentFailed
from benson_execution.faults import note_fault
from benson_execution.settings import Settings
from benson_execution.text import plain, quote
from tasks.agent_answer import returned_text

_POLL_SECONDS: Final = 1.0
_CANCEL_SECONDS: Final = 20.0
"""How long whoever ends may still take to have the agent's run cancelled."""


async def run_agent_deployment(
    agent: Deployment, request: bytes, dispatch_id: str, *, limit: int
) -> bytes:
    """The answer of the agent's flow run, of at most `limit` bytes.

    `AgentFailed` says why there is none. The run is the dispatch's own, whoever asks for it again;
    one that is not waited for any longer is cancelled, whatever the reason.
    """
    if len(request) > MAX_INLINE_BYTES:
        raise AgentFailed(
            f"the request has {len(request)} bytes, and Prefect takes no more than "
            f"{MAX_INLINE_BYTES} in a parameter"
        )
    key = f"agent-of-{dispatch_id}"
    try:
        run = await arun_deployment(
            agent.deployment,
            parameters={"request": request.decode()},
            timeout=agent.timeout_seconds,
            poll_interval=_POLL_SECONDS,
            idempotency_key=key,
        )
    except ObjectNotFound:
        raise AgentFailed(f"Prefect has no deployment {quote(agent.deployment)}") from None
    except BaseException:  # also when this run itself is cancelled: the agent's would work on
        await _cancel(key, "nobody waits for it any longer")
        raise
    state = run.state
    if state is None or not state.is_final():
        await _cancel(key, "it took too long")
        raise AgentFailed(f"its run {run.id} did not end within {agent.timeout_seconds} s")
    return await _answer(run, state, limit)


async def _answer(run: FlowRun, state: State[Any], limit: int) -> bytes:
    if not state.is_completed():
        told = plain(state.message or "", 500)
        raise AgentFailed(f"its run {run.id} ended {plain(state.name or '')}: {told}")
    return (await returned_text(run.id, state, limit=limit)).encode()


async def _cancel(key: str, because: str) -> None:
    """Cancel the agent's run, which is known by its key: its id may never have come back."""
    wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=[key]))
    try:
        with anyio.fail_after(_CANCEL_SECONDS, shield=True):
            async with get_client() as client:
                for run in await client.read_flow_runs(flow_run_filter=wanted):
                    if run.state is None or not run.state.is_final():
                        await client.set_flow_run_state(run.id, Cancelling(message=because))
    except Exception as error:  # what led here is what is told of the dispatch
        note_fault(Settings.load().home, "agent", error, f"cancelling {key}")
