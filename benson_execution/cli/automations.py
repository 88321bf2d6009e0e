"""`benson automations`: who is told when a work order is blocked, or waits for a person."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from benson_execution.cli.output import out, print_json, reader_may_leave
from benson_execution.cli.prefect_api import SERVED_HERE, require_api
from benson_execution.errors import BadInput, BensonError, ExecutionFailed
from benson_execution.settings import Settings
from benson_execution.text import plain

if TYPE_CHECKING:
    from deployments.automations import Installed


def automations(
    remove: Annotated[bool, typer.Option("--remove", help="Remove them instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Install the automations that tell people, or bring them up to date.

    One tells of every work order that is blocked, the other of a review that nobody answered
    within an hour. They are installed on the Prefect at PREFECT_API_URL, and tell by the
    notification block that BENSON_NOTIFY_BLOCK names as TYPE/NAME.

    [dim]BENSON_NOTIFY_BLOCK=slack-webhook/on-call benson automations[/]
    [dim]benson automations --remove[/]
    """
    settings = Settings.load()
    require_api("there is no server on which people could be told", SERVED_HERE)
    if settings.notify_block is None and not remove:
        raise BadInput(
            "no notification block is named, so nobody would be told",
            "make one in Prefect's UI under Blocks, or with `prefect block create`, "
            "and set BENSON_NOTIFY_BLOCK=TYPE/NAME",
        )
    done = asyncio.run(_apply(settings, remove=remove))
    with reader_may_leave():
        for one in done:
            if as_json:
                print_json(one.to_dict())
            else:
                out().print(Text(f"{one.did.value:<9} {one.name}"))
        if not done and not as_json:
            out().print(Text("there are none"))


async def _apply(settings: Settings, *, remove: bool) -> list[Installed]:
    # Imports Prefect, for which the environment had to be ready.
    from deployments.automations import apply

    try:
        return await apply(settings, remove=remove)
    except BensonError:
        raise
    except Exception as error:
        raise ExecutionFailed(
            f"Prefect did not take the automations: {plain(str(error)) or type(error).__name__}",
            "look at PREFECT_API_URL, and whether the server answers",
        ) from error
