"""`benson refusals`: what was handed in and could not even be judged."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from benson_execution.cli.output import MAX_LINE, out, print_json, reader_may_leave
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.trail import open_trail


def refusals(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per refusal.")] = (
        False
    ),
) -> None:
    """List what was refused without a dispatch: unreadable documents, and those without a PAC.

    Each with its time, the SHA-256 and size of what was received, where it came from, and why.
    The document itself is not kept.

    [dim]benson refusals[/]
    [dim]benson refusals --json | jq .cause[/]
    """
    trail = open_trail(Settings.load(), read_only=True)
    console = out()
    with reader_may_leave():
        for refusal in trail.refusals():
            if as_json:
                print_json(refusal.to_dict())
                continue
            size = f"{refusal.size} bytes" if refusal.complete else f"over {refusal.size} bytes"
            console.print(
                Text(
                    f"{plain(refusal.timestamp)}  {plain(refusal.kind):<11} "
                    f"{plain(refusal.sha256)}  {size}  {plain(refusal.source or 'unnamed')}: "
                    f"{plain(refusal.cause, MAX_LINE)}"
                )
            )
