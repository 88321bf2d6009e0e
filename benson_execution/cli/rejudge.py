"""`benson rejudge`: do a PAC's verdicts follow from what was judged?"""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from rich.text import Text

from benson_execution.cli.inputs import resolve_pac
from benson_execution.cli.output import MAX_LINE, out, print_json, reader_may_leave
from benson_execution.errors import BadInput, NotVerified
from benson_execution.rejudgement import Found, Rejudgement, Verdict
from benson_execution.rejudgement import rejudge as judge_again
from benson_execution.settings import Settings
from benson_execution.text import plain, quote
from benson_execution.timeline import gist
from benson_execution.trail import open_trail
from benson_execution.version import __version__

_STYLES: Final = {Found.SAME: "green", Found.DIFFERENT: "red", Found.NOT_RECORDED: "yellow"}


def rejudge(
    pac_id: Annotated[
        str, typer.Argument(metavar="PAC_ID", help="The PAC, or the beginning of its id.")
    ],
    dispatch: Annotated[
        str | None, typer.Option("--dispatch", metavar="ID", help="Only this dispatch of the PAC.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per dispatch.")
    ] = False,
) -> None:
    """Judge a PAC's dispatches again, and report every verdict that differs.

    From the document that the trail keeps, and the threshold and the agents in force then, all by
    their digests; today's settings play no part, and nothing is written. A dispatch that was
    interrupted is held against as much as was recorded of it. The exit code is 4 when a verdict
    differs, or when what it was judged by is missing or was changed.

    Whether the trail itself was changed is what `benson verify` finds out.

    [dim]benson rejudge PAC-DAN-P44[/]
    [dim]benson rejudge PAC-DAN-P44 --json | jq 'select(.holds | not)'[/]
    """
    trail = open_trail(Settings.load(), read_only=True)
    resolved = resolve_pac(trail, pac_id)
    holds, number = True, 0
    for number, judged in enumerate(judge_again(trail, resolved, dispatch), start=1):
        holds = holds and judged.holds
        with reader_may_leave():
            if as_json:
                print_json(judged.to_dict())
            else:
                if number > 1:
                    out().print()
                _tell(judged)
    if number == 0:
        raise BadInput(
            f"{plain(resolved)} has no dispatch {quote(dispatch)}",
            "`benson show PAC_ID` lists those that it has",
        )
    if not holds:
        raise typer.Exit(NotVerified.exit_code)


def _tell(judged: Rejudgement) -> None:
    console = out()
    console.print(Text(f"dispatch {plain(judged.dispatch_id)}", style="bold"))
    console.print(Text(f"  {_by_what(judged)}"))
    for verdict in judged.verdicts:
        _tell_verdict(verdict)
    if judged.is_open:
        console.print(Text("  still open: it has no PAC_DISPATCH_END", style="yellow"))
    if judged.obstacle is not None:
        ended, why = Text("NOT JUDGED AGAIN", style="bold red"), plain(judged.obstacle, MAX_LINE)
        console.print(Text(f"  why    {why}"))
    elif judged.differing:
        ended = Text(f"DIFFERENT in {len(judged.differing)}", style="bold red")
    else:
        ended = Text("SAME", style="bold green")
    console.print(Text.assemble(ended, f"  {plain(judged.pac_id)}"))


def _by_what(judged: Rejudgement) -> str:
    """Which program judged it then and now, and by which threshold."""
    then = plain(judged.judged_by or "an unknown version")
    told = f"judged by benson {then}"
    if judged.policy is not None:
        told += f", threshold {quote(judged.policy.quality_threshold)}"
    return told if judged.judged_by == __version__ else f"{told}; now by benson {__version__}"


def _tell_verdict(verdict: Verdict) -> None:
    console, found = out(), verdict.found
    about = verdict.key
    if verdict.recorded is not None and found is Found.SAME:
        said = plain(gist(verdict.recorded), MAX_LINE)
        about = f"{verdict.recorded.event_type:<24} {said}".rstrip()
    console.print(Text.assemble("  ", (f"{found:<12}", _STYLES[found]), f"  {about}"))
    for member, then, now in verdict.differing:
        console.print(Text(f"{'':<16}{member}: recorded {_shown(then)}"))
        console.print(Text(f"{'':<16}{'':<{len(member)}}  now      {_shown(now)}"))


def _shown(value: Any) -> str:
    """A payload's member: in full where it is a text, since two long ones may differ at the end."""
    return f"'{plain(value, MAX_LINE)}'" if isinstance(value, str) else quote(value)
