"""How every machine hands a document in: one run of the deployment that judges on demand."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import Final

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from benson_execution.document import MAX_INLINE_BYTES
from benson_execution.errors import ExecutionFailed
from benson_execution.trail import Batch, Trail

ON_DEMAND: Final = "pac-execution/on-demand"
"""The deployment that judges a document whenever it is asked to."""


class NoDeployment(ExecutionFailed):
    """There is nothing that could judge what is submitted."""


async def submit_document(
    client: PrefectClient,
    trail: Trail,
    content: bytes,
    *,
    idempotency_key: str,
    tags: Sequence[str] = (),
) -> FlowRun:
    """Have a document judged by a run of `pac-execution/on-demand`, and return that run.

    It is the text of `content` that crosses Prefect, where it may; anything else is kept in the
    trail first, and the run is given its SHA-256. A second submission with the same
    `idempotency_key` makes no second run: it returns the first one's, whatever its state is now.

    Raises `NoDeployment` when there is no such deployment, and `TrailUnavailable`.
    """
    try:
        deployment = await client.read_deployment_by_name(ON_DEMAND)
    except ObjectNotFound:
        raise NoDeployment(
            f"there is no deployment {ON_DEMAND}",
            "serve it with `benson up`, or deploy it with `prefect deploy --all`",
        ) from None
    text = inline_text(content)
    if text is not None:
        parameters = {"document": text}
    else:
        sha256 = hashlib.sha256(content).hexdigest()
        await asyncio.to_thread(trail.append, Batch(documents=((sha256, content),)))
        parameters = {"document_digest": sha256}
    return await client.create_flow_run_from_deployment(
        deployment.id, parameters=parameters, idempotency_key=idempotency_key, tags=list(tags)
    )


def inline_text(content: bytes) -> str | None:
    """A document as text that can cross Prefect as a parameter; None for one that can't.

    Prefect measures a parameter as JSON, where a letter may take six characters, and PostgreSQL,
    in which a server may keep it, holds no text with a NUL.
    """
    if len(content) > MAX_INLINE_BYTES or b"\0" in content:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text if len(json.dumps(text)) <= MAX_INLINE_BYTES else None
