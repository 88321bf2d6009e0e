"""`benson events`: the trail, event by event."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.text import Text

from benson_execution.cli.output import MAX_LINE, out, reader_may_leave, visible_json
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.timeline import gist
from benson_execution.trail import open_trail


def events(
    pac: Annotated[
        str | None, typer.Option("--pac", metavar="PAC_ID", help="Only this PAC's events.")
    ] = None,
    dispatch: Annotated[
        str | None, typer.Option("--dispatch", metavar="ID", help="Only this dispatch's events.")
    ] = None,
    event_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only events of this type.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each event as recorded: the contract's fields.")
    ] = False,
) -> None:
    """List the events of the trail, in the order in which they were recorded.

    [dim]benson events --type CHECKPOINT[/]
    [dim]benson events --pac PAC-TEST-01 --json[/]
    """
    trail = open_trail(Settings.load(), read_only=True)
    console = out()
    with reader_may_leave():
        for stored in trail.events(pac_id=pac, dispatch_id=dispatch, event_type=event_type):
            event = stored.event
            if as_json:
                text = event.json.decode()
                # To the letter, except where a terminal would obey it; it is the same JSON.
                sys.stdout.write((visible_json(text) if sys.stdout.isatty() else text) + "\n")
                continue
            text = (
                f"{event.timestamp}  {plain(stored.dispatch.dispatch_id)}  {stored.sequence:>3}  "
                f"{plain(event.event_type):<24} {plain(gist(event), MAX_LINE)}"
            )
            console.print(Text(text.rstrip()))
