"""`benson run`: one document through the flow, on Prefect."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from benson_execution.cli.inputs import read_document
from benson_execution.cli.output import err, print_json, print_outcome
from benson_execution.document import Document
from benson_execution.errors import BensonError
from benson_execution.outcome import Outcome
from benson_execution.policy import Policy
from benson_execution.prefect_environment import prepare_embedded
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.timeline import gist
from benson_execution.trail import StoredEvent, Trail, open_trail


def run(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="JSON or YAML with [bold]pac[/] and [bold]execution_result[/]; - is stdin.",
        ),
    ],
    pac: Annotated[
        str | None,
        typer.Option("--pac", metavar="FILE", help="The PAC, when FILE is a bare result."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the verdict.")
    ] = False,
) -> None:
    """Judge one document with the Prefect flow, and leave its trail and artifact behind.

    Uses the Prefect at PREFECT_API_URL where that is set, otherwise one of its own.

    [dim]benson run examples/PAC-DAN-P44.json[/]
    [dim]benson run result.json --pac pac.yaml --json[/]
    """
    settings = Settings.load()
    document = read_document(file, pac, settings.max_document_bytes)
    Policy.of(settings)  # a registry that can't be read is told now, not after a server's start
    trail = open_trail(settings.resolved_trail_url)
    where = prepare_embedded(settings.home)
    # What Prefect logs is in its UI; this terminal gets our own account of the run.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    console = err()
    if not console.is_terminal:
        console.print(f"benson: using {where}")
    with Status(f"Starting {where}", console=console) as status:
        outcome = asyncio.run(_follow(document, settings, trail, status, console))
    print_json(outcome.to_dict()) if as_json else print_outcome(outcome)
    raise typer.Exit(outcome.exit_code)


async def _follow(
    document: Document, settings: Settings, trail: Trail, status: Status, console: Console
) -> Outcome:
    """Run the flow while the status line tells how far it is."""
    from flows.run import run_document  # imports Prefect, for which the environment had to be ready

    told = asyncio.create_task(_tell(document, trail, status)) if console.is_terminal else None
    try:
        return await run_document(document, settings)
    finally:
        if told is not None:
            told.cancel()
            with suppress(asyncio.CancelledError, BensonError):
                await told


async def _tell(document: Document, trail: Trail, status: Status) -> None:
    """Show the newest event of the PAC, until the run is over."""

    def newer(after: int) -> list[StoredEvent]:
        return list(trail.events(pac_id=document.pac.pac_id, after=after))

    position = max((s.position for s in await asyncio.to_thread(newer, 0)), default=0)
    while True:
        await asyncio.sleep(0.1)
        for stored in await asyncio.to_thread(newer, position):
            position = stored.position
            status.update(f"{stored.event.event_type} {plain(gist(stored.event))}")
