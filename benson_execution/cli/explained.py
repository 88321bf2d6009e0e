"""How a dispatch's explanation looks on a screen: what happened, why, and what would do."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from rich.console import Console
from rich.text import Text

from benson_execution.artifact import artifact_path
from benson_execution.cli.output import out, styled
from benson_execution.errors import ArtifactNotWritten
from benson_execution.events import DispatchStatus
from benson_execution.insight.explanation import (
    SCHEMA,
    Check,
    Explanation,
    Moment,
    explain_recorded,
)
from benson_execution.insight.finding import Finding
from benson_execution.settings import Settings
from benson_execution.text import enumerate_some, nearby, plain
from benson_execution.trail import Trail

MAX_GIST: Final = 200
"""How many characters of an event are told in its line."""
MAX_TOLD: Final = 1000
"""How many characters of a verdict's details or reason are told."""
_ENDS: Final = 20
"""How many events are told of the beginning of a long dispatch, and how many of its end."""
_MOST: Final = 12
"""How many violations, and how many fixes, are told; there may be a thousand.

A result in which nothing is right misses ten fields, and has a few that are unknown.
"""


def explained_dispatch(trail: Trail, dispatch_id: str, settings: Settings) -> Explanation:
    """A recorded dispatch, explained, with its artifact where that was written."""
    explained = explain_recorded(trail, list(trail.events(dispatch_id=dispatch_id)))
    outcome = explained.outcome
    with suppress(ArtifactNotWritten):  # ids that name no file have none
        path = artifact_path(settings.artifacts_folder, outcome.pac_id, dispatch_id)
        if path.exists():
            return replace(explained, outcome=replace(outcome, artifact_path=path))
    return explained


def print_explanation(explained: Explanation, *, timeline: bool = True) -> None:
    """One dispatch on one screen; `timeline` is left out where it was told as it happened."""
    console = out()
    if timeline:
        _print_timeline(console, explained.moments)
    if explained.is_open:
        _print_open(console, explained)
        return
    outcome = explained.outcome
    console.print(Text.assemble(styled(outcome.status), f"  {plain(outcome.pac_id)}"))
    for check in explained.checks:
        _print_check(console, check, explained)
    if outcome.status is not DispatchStatus.COMPLETED:
        reason = outcome.reason or "the dispatch was interrupted"
        console.print(Text(f"  why    {plain(reason, MAX_TOLD)}"))
    for finding in explained.findings[:_MOST]:
        _print_finding(console, finding)
    if (left := len(explained.findings) - _MOST) > 0:
        console.print(Text(f"         and {left} more; --json has all"))
    console.print(Text(f"  WRAP   {plain(outcome.wrap_id or 'none')}"))
    if outcome.artifact_path is not None:
        console.print(Text(f"  artifact {plain(nearby(outcome.artifact_path), MAX_TOLD)}"))
    _print_notes(console, explained)


def moment_line(moment: Moment) -> Text:
    """One event: since the first one, since the one before, and what it says."""
    told = plain(moment.gist, MAX_GIST)
    since = f"{moment.at_ms:>8.1f} ms  {f'+{moment.after_ms:.1f}':>8}"
    return Text(f"  {since}  {plain(moment.event_type):<24} {told}".rstrip())


def _print_timeline(console: Console, moments: Sequence[Moment]) -> None:
    left = len(moments) - 2 * _ENDS
    told = moments if left <= 0 else [*moments[:_ENDS], None, *moments[-_ENDS:]]
    for moment in told:
        if moment is None:
            console.print(Text(f"  … {left} more events; `benson events` has all"))
        else:
            console.print(moment_line(moment))


def _print_open(console: Console, explained: Explanation) -> None:
    pac_id = plain(explained.outcome.pac_id)
    console.print(Text("  still open: it has no PAC_DISPATCH_END", style="yellow"))
    if explained.waits_for_review:
        console.print(Text(f"  {waiting_for_review(pac_id)}", style="yellow"))
    else:
        console.print(Text(f"  `benson show --follow {pac_id}` watches it"))
    _print_notes(console, explained)


def waiting_for_review(pac_id: str) -> str:
    """That a person is asked, and how they answer."""
    return (
        f"it waits for a reviewer: `benson review {plain(pac_id)} --approve` or `--reject` answers"
    )


def _print_check(console: Console, check: Check, explained: Explanation) -> None:
    if check.checkpoint_id == SCHEMA:
        if check.status == "PASS":
            return
        console.print(Text(f"  schema {plain(check.details)}"))
        violations = explained.outcome.violations
        for violation in violations[:_MOST]:
            console.print(Text(f"         {plain(str(violation), MAX_TOLD)}"))
        if (left := len(violations) - _MOST) > 0:
            console.print(Text(f"         and {left} more; the artifact has all"))
        return
    details = f"  {plain(check.details, MAX_TOLD)}"
    console.print(Text.assemble(f"  {check.checkpoint_id}  ", styled(check.status), details))
    if check.expected is not None:
        told = f"expected {plain(check.expected, 500)}; found {plain(str(check.actual), 500)}"
        console.print(Text(f"               {told}", style="dim"))


def _print_finding(console: Console, finding: Finding) -> None:
    is_told = finding.cause.startswith(("CP-", "GS_"))  # by its gate, or the violations
    cause = plain(finding.cause)
    if not is_told:
        console.print(Text(f"  cause  {cause}  {plain(finding.what, MAX_TOLD)}"))
    fix = plain(finding.fix, MAX_TOLD)
    unnamed = [place for place in finding.where if place not in fix]
    more = len(finding.where) - len(unnamed[:3]) - (len(finding.where) - len(unnamed))
    at = f" [{enumerate_some(unnamed[:3], more=more + finding.more)}]" if unnamed else ""
    label = f"{cause}  " if is_told else ""
    console.print(Text.assemble("  fix    ", (f"{label}{fix}", "bold"), plain(at, MAX_TOLD)))


def _print_notes(console: Console, explained: Explanation) -> None:
    for note in explained.notes:
        console.print(Text(f"  note   {plain(note, MAX_TOLD)}", style="yellow"))
