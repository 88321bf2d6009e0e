"""`benson run`: documents through the flow, on Prefect."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Annotated

import typer
from rich.status import Status
from rich.text import Text

from benson_execution.cli.inputs import read_document
from benson_execution.cli.output import (
    end_in_order_on_sigterm,
    err,
    print_json,
    print_outcome,
    reader_may_leave,
)
from benson_execution.document import Document
from benson_execution.errors import BadInput, BensonError, TrailUnavailable
from benson_execution.faults import note_fault
from benson_execution.policy import Policy
from benson_execution.prefect_environment import prepare_embedded
from benson_execution.refusals import record_refusal
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.timeline import gist
from benson_execution.tracing import prepare
from benson_execution.trail import StoredEvent, Trail, open_trail


def run(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="JSON or YAML with [bold]pac[/] and [bold]execution_result[/]; - is stdin.",
        ),
    ],
    pac: Annotated[
        str | None,
        typer.Option("--pac", metavar="FILE", help="The PAC, when FILE is a bare result."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per FILE instead of verdicts.")
    ] = False,
) -> None:
    """Judge documents with the Prefect flow, and leave their trail and artifacts behind.

    Uses the Prefect at PREFECT_API_URL where that is set, otherwise one of its own. Nothing is
    run when a FILE can't be read. The exit code is the worst of all.

    [dim]benson run examples/PAC-DAN-P44.json[/]
    [dim]benson run result.json --pac pac.yaml --json[/]
    """
    settings = Settings.load()
    if pac is not None and len(files) > 1:
        raise BadInput("--pac goes with one FILE")

    def refuse(error: BadInput, file: str) -> None:
        record_refusal(partial(open_trail, settings), settings, error, file)

    documents = [read_document(file, pac, settings.max_document_bytes, refuse) for file in files]
    Policy.of(settings)  # a registry that can't be read is told now, not after a server's start
    try:
        trail = open_trail(settings)
    except TrailUnavailable as error:
        about = ", ".join(document.pac.pac_id for document in documents)
        note_fault(settings.home, "trail", error, about)
        raise
    prepare(settings)  # while Prefect is waited for
    where = prepare_embedded(settings.home)
    # What Prefect logs is in its UI; this terminal gets our own account of the run.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    console = err()
    if not console.is_terminal:
        console.print(Text(f"benson: using {where}"))

    async def run_all() -> int:
        # Imports Prefect, for which the environment had to be ready.
        from flows.run import run_document

        worst = 0
        for document in documents:
            with Status(Text(f"Starting with {where}"), console=console) as status:
                async with _telling(document, trail, status):
                    outcome = await run_document(document, settings)
            with reader_may_leave():
                print_json(outcome.to_dict()) if as_json else print_outcome(outcome)
            worst = max(worst, outcome.exit_code)
        return worst

    # Prefect closes the run on SIGTERM, and then hands the signal on.
    end_in_order_on_sigterm()
    raise typer.Exit(asyncio.run(run_all()))


@asynccontextmanager
async def _telling(document: Document, trail: Trail, status: Status) -> AsyncIterator[None]:
    """While the run goes on, the status line shows its newest event."""
    told = asyncio.create_task(_tell(document, trail, status))
    try:
        yield
    finally:
        told.cancel()
        with suppress(asyncio.CancelledError, BensonError):
            await told


async def _tell(document: Document, trail: Trail, status: Status) -> None:
    def newer(after: int) -> list[StoredEvent]:
        return list(trail.events(after=after))

    position = await asyncio.to_thread(trail.last_position)
    while True:
        await asyncio.sleep(0.1)
        for stored in await asyncio.to_thread(newer, position):
            position = stored.position
            if stored.dispatch.pac_id != document.pac.pac_id:
                continue
            status.update(Text(f"{stored.event.event_type} {plain(gist(stored.event))}"))
