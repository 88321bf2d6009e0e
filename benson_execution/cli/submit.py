"""`benson submit`: documents handed in to whoever serves the deployments, by an event each."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

import typer
from rich.status import Status
from rich.text import Text

from benson_execution.cli.inputs import read_document
from benson_execution.cli.output import (
    err,
    out,
    print_json,
    print_outcome,
    reader_may_leave,
    report,
)
from benson_execution.cli.prefect_api import SERVED_HERE, require_api
from benson_execution.document import Document
from benson_execution.errors import BadInput, BensonError, TrailUnavailable
from benson_execution.outcome import Outcome
from benson_execution.refusals import record_refusal
from benson_execution.settings import Settings
from benson_execution.trail import open_trail


def submit(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Documents as for [bold]benson run[/]; - is stdin."),
    ],
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow each run to its verdict, and print that.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0, help="With --wait: for how many seconds, in all.")
    ] = 600,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per FILE.")
    ] = False,
) -> None:
    """Hand documents in, each by an event, to be judged by whoever serves the deployments.

    Needs PREFECT_API_URL. Succeeds once Prefect lists the events; with --wait the exit code is the
    worst of all verdicts. Nothing is submitted when a FILE can't be read.

    [dim]benson submit examples/PAC-DAN-P44.json[/]
    [dim]benson submit --wait --json result.json[/]
    """
    settings = Settings.load()
    require_api("there is nobody to submit to", SERVED_HERE)

    def refuse(error: BadInput, file: str) -> None:
        record_refusal(partial(open_trail, settings), settings, error, file)

    documents = [read_document(file, None, settings.max_document_bytes, refuse) for file in files]
    submitting = _submit(documents, settings, timeout if wait else None, as_json)
    raise typer.Exit(asyncio.run(submitting))


async def _submit(
    documents: list[Document], settings: Settings, seconds: float | None, as_json: bool
) -> int:
    """Hand all in before the first is waited for; returns the worst exit code."""
    # Imports Prefect, for which the environment had to be ready.
    from deployments.handing_in import connected, hand_in, verdict_of

    trail = open_trail(settings)
    loop = asyncio.get_running_loop()
    worst = 0
    with Status(Text("Submitting"), console=err()) as status:
        async with connected() as client:
            submitted = []
            for document in documents:
                status.update(Text(f"{document.pac.pac_id}: submitting"))
                submitted.append((document, await hand_in(client, trail, document)))
                if seconds is None:
                    _tell_submitted(document, str(submitted[-1][1]), status, as_json)
            deadline = loop.time() + (seconds or 0)
            for document, event_id in submitted if seconds is not None else ():
                tell = partial(_progress, status, document)
                try:
                    outcome = await verdict_of(
                        client,
                        trail,
                        event_id,
                        document,
                        settings,
                        seconds=max(0.0, deadline - loop.time()),
                        tell=tell,
                    )
                except TrailUnavailable:
                    raise  # it would be so for all that follow
                except BensonError as error:  # one of them must not keep the others from it
                    error.message = f"{document.pac.pac_id}: {error.message}"
                    status.stop()
                    report(error)
                    worst = max(worst, error.exit_code)
                else:
                    _tell_outcome(outcome, status, as_json)
                    worst = max(worst, outcome.exit_code)
                status.start()
    return worst


def _progress(status: Status, document: Document, told: str) -> None:
    status.update(Text(f"{document.pac.pac_id}: {told}"))


def _tell_submitted(document: Document, event_id: str, status: Status, as_json: bool) -> None:
    members: dict[str, Any] = {
        "pac_id": document.pac.pac_id,
        "document_sha256": document.sha256,
        "event_id": event_id,
    }
    status.stop()  # an answer takes the place of the line, which comes back below it
    with reader_may_leave():
        if as_json:
            print_json(members)
        else:
            out().print(Text(f"SUBMITTED  {document.pac.pac_id}\n  event  {event_id}"))
    status.start()


def _tell_outcome(outcome: Outcome, status: Status, as_json: bool) -> None:
    status.stop()
    with reader_may_leave():
        print_json(outcome.to_dict()) if as_json else print_outcome(outcome)
