"""`benson show`: one PAC's story, and why it was refused."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

import typer
from rich.text import Text

from benson_execution.cli.explained import explained_dispatch, print_explanation
from benson_execution.cli.follow import Following, follow
from benson_execution.cli.inputs import resolve_pac
from benson_execution.cli.output import out, print_json, reader_may_leave, styled
from benson_execution.errors import BadInput
from benson_execution.events import EventType
from benson_execution.settings import Settings
from benson_execution.text import plain, quote
from benson_execution.trail import Trail, open_trail

_EARLIER: Final = 5
"""How many earlier dispatches are listed."""


class _Listed(NamedTuple):
    """A dispatch as it is listed: `status` is None while it is open."""

    started_at: str
    status: str | None


def show(  # noqa: PLR0917  # an option each
    pac_id: Annotated[
        str, typer.Argument(metavar="PAC_ID", help="The PAC, or the beginning of its id.")
    ],
    dispatch: Annotated[
        str | None,
        typer.Option("--dispatch", metavar="ID", help="This dispatch of the PAC, not the latest."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All of the PAC's dispatches in full, oldest first.")
    ] = False,
    follow_it: Annotated[
        bool, typer.Option("--follow", "-f", help="Watch the dispatch until it is closed.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, help="With --follow: for how many seconds at most."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per dispatch.")
    ] = False,
) -> None:
    """Tell a PAC's latest dispatch: its timeline, its verdicts, why it was refused, and the fix.

    Each event has its milliseconds since the first one and since the one before, each checkpoint
    what was expected and what was found, and each cause what would make it pass. Places are JSON
    Pointers into the document. Earlier dispatches are listed; --dispatch and --all show them.

    --follow prints events as they are recorded, waits where the PAC has no dispatch yet (its full
    id is needed then), and ends with the verdict, whose exit code it has. After --timeout it is 3.

    [dim]benson show PAC-DAN-P44[/]
    [dim]benson show PAC-DAN-P44 --json | jq -r '.findings[].fix'[/]
    [dim]benson show --follow --timeout 60 PAC-DAN-P44-LIVE-GOVERNANCE-01[/]
    """
    settings = Settings.load()
    if every and (dispatch is not None or follow_it):
        raise BadInput("--all goes with neither --dispatch nor --follow")
    if timeout is not None and not follow_it:
        raise BadInput("--timeout goes with --follow")
    if follow_it:
        watched = Following(pac_id, dispatch, timeout, as_json)
        raise typer.Exit(follow(settings, watched))
    trail = open_trail(settings, read_only=True)
    resolved = resolve_pac(trail, pac_id)
    listed = _listed(trail, resolved)
    if dispatch is not None and dispatch not in listed:
        raise BadInput(
            f"{plain(resolved)} has no dispatch {quote(dispatch)}",
            "`benson show PAC_ID` lists those that it has",
        )
    names = list(listed)
    wanted = names if every else [dispatch or names[-1]]
    with reader_may_leave():
        if not (every or as_json or dispatch is not None):
            _tell_earlier(listed)
        for number, name in enumerate(wanted):
            explained = explained_dispatch(trail, name, settings)
            if as_json:
                print_json(explained.to_dict())
                continue
            if number:
                out().print()
            title = f"dispatch {names.index(name) + 1} of {len(names)}: {plain(name)}"
            out().print(Text(title, style="bold"))
            print_explanation(explained)


def _listed(trail: Trail, pac_id: str) -> dict[str, _Listed]:
    """The PAC's dispatches in the order in which they began."""
    listed: dict[str, _Listed] = {}
    for stored in trail.events(pac_id=pac_id):
        name, event = stored.dispatch.dispatch_id, stored.event
        known = listed.setdefault(name, _Listed(event.timestamp, None))
        if event.event_type == EventType.PAC_DISPATCH_END:
            listed[name] = known._replace(status=str(event.data.status))
    return listed


def _tell_earlier(listed: dict[str, _Listed]) -> None:
    """One line for each of the latest earlier dispatches."""
    earlier = list(listed.items())[:-1]
    console = out()
    if (left := len(earlier) - _EARLIER) > 0:
        console.print(Text(f"{left} earlier dispatches; --all shows them"))
    first = max(left, 0)
    for number, (name, told) in enumerate(earlier[first:], start=first + 1):
        at, status = plain(told.started_at), styled(told.status or "still open")
        line = f"dispatch {number} of {len(listed)}: {plain(name)}  {at}  "
        console.print(Text.assemble(line, status))
