"""`benson report`: a page to look at, of a period or of one PAC."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from benson_execution.cli.inputs import resolve_pac
from benson_execution.cli.output import err, out, print_json, reader_may_leave, spinner
from benson_execution.errors import BadInput, InvalidSettings, NotVerified
from benson_execution.insight.period import Period
from benson_execution.proof.keys import PublicKey
from benson_execution.report.counting import numbers
from benson_execution.report.dispatches import DispatchPage, describe, dispatches_of
from benson_execution.report.place import require_place, write_page
from benson_execution.settings import Settings
from benson_execution.text import nearby, plain
from benson_execution.trail import open_trail
from benson_execution.trail.opening import (
    is_missing_file,
    lasting_trail_url,
    trusted_keys,
)
from benson_execution.trail.port import Trail

_MAX_NAME: Final = 120


def report(  # noqa: PLR0917  typer reads the options from here
    pac_id: Annotated[
        str | None,
        typer.Argument(metavar="PAC_ID", help="One PAC, or the beginning of its id."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="From a date, a time, or how long ago: 7d, 36h."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Until then; that moment is not in it.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE", help="The file; - is standard output."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is no report, or a link.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say as JSON where the page is, and what it holds.")
    ] = False,
) -> None:
    """Write a page to look at: one HTML file with charts, which needs no network and no script.

    Of a period: the dispatches by status, the refusals by cause, quality scores and durations. Of
    one PAC: its timeline, verdicts, hashes and proof; the exit code is 4 when that does not verify.
    A dispatch belongs to the period in which it began. The page goes into the current folder, and
    replaces an older report of that name.

    [dim]benson report[/]
    [dim]benson report --since 2026-11-01 --until 2026-12-01 -o november.html[/]
    [dim]benson report --since 7d[/]
    [dim]benson report PAC-DAN-P44[/]
    """
    settings = Settings.load()
    if pac_id is not None and (since is not None or until is not None):
        raise BadInput("PAC_ID goes without --since and --until", "a PAC's page has all of it")
    to_stdout = output == "-"
    if to_stdout and as_json:
        raise BadInput("--json and -o - can't both have standard output")
    now = datetime.now(UTC)
    period = Period.of(since, until, now=now)
    url = lasting_trail_url(settings)
    trail = open_trail(settings, read_only=True)
    found = None if pac_id is None else resolve_pac(trail, pac_id)
    file = Path(_name_of(found, period) if output is None else output)
    if not to_stdout:
        require_place(file, force=force)
    if is_missing_file(url):
        err().print(Text(f"benson: there is no trail at {nearby(Path(url.database or ''))} yet"))
    bad: list[str] = []
    with spinner("drawing the report"):
        if found is None:
            count, page = _of_period(trail, period, settings, now)
        else:
            count, page = _of_pac(trail, found, settings, now, bad)
    content = page.encode()
    if to_stdout:
        with reader_may_leave():
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
    else:
        write_page(file, content, force=force)
        _say(file, count, len(content), as_json)
    if bad:
        raise NotVerified(
            f"{', '.join(bad)}: not verified", "`benson verify` says what was changed"
        )


def _of_period(trail: Trail, period: Period, settings: Settings, now: datetime) -> tuple[int, str]:
    from benson_execution.report.page import period_page

    counted = numbers(trail, period)
    page = period_page(
        counted,
        settings.home,
        where=trail.where,
        threshold=settings.quality_threshold,
        now=now,
    )
    return counted.dispatches, page


def _of_pac(
    trail: Trail, pac_id: str, settings: Settings, now: datetime, bad: list[str]
) -> tuple[int, str]:
    """How many dispatches, and the page; `bad` gets those that don't verify."""
    from benson_execution.report.page import pac_page

    refs = dispatches_of(trail, pac_id)
    pages: list[DispatchPage] = []
    for page in describe(trail, refs, _keys(settings), settings.artifacts_folder):
        pages.append(page)
        if page.verification.state == "not verified":
            bad.append(plain(page.ref.dispatch_id))
    return len(refs), pac_page(refs, pages, settings.home, where=trail.where, now=now)


def _keys(settings: Settings) -> Sequence[PublicKey] | str:
    """The keys that are trusted here, or why none is."""
    try:
        return trusted_keys(settings)
    except InvalidSettings as error:
        if settings.trusted_keys is not None:
            raise
        return error.message


def _name_of(pac_id: str | None, period: Period) -> str:
    """How the file is called where nobody says."""
    if pac_id is not None:
        about = re.sub(r"[^A-Za-z0-9_-]+", "-", pac_id)[:_MAX_NAME].strip("-") or "pac"
    else:
        days = [f"{at:%Y-%m-%d}" for at in (period.since, period.until) if at is not None]
        words = ["since" if period.until is None else "from", "until"]
        about = "-".join(f"{word}-{day}" for word, day in zip(words, days, strict=False))
        if period.since is None:
            about = f"until-{days[0]}" if days else "all"
    return f"benson-report-{about}.html"


def _say(file: Path, count: int, size: int, as_json: bool) -> None:
    with reader_may_leave():
        if as_json:
            print_json({"file": str(file), "dispatches": count, "bytes": size})
            return
        many = f"{count:,} dispatch" + ("" if count == 1 else "es")
        out().print(Text(f"{plain(nearby(file), 1000)}  {many}, {size / 1000:,.0f} kB"))
