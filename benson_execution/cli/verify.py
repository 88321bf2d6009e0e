"""`benson verify`: is the trail, or an artifact of it, what it claims to be?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from benson_execution.archive.folder import ArchiveFolder
from benson_execution.cli.inputs import KeyFiles, read_file
from benson_execution.cli.output import (
    MAX_LINE,
    out,
    print_json,
    progress_bar,
    reader_may_leave,
    report,
)
from benson_execution.errors import BadInput, NotVerified, TrailUnavailable, TrailVersion
from benson_execution.proof.heads import Head, TrustedKeys
from benson_execution.proof.heads_file import read_line
from benson_execution.proof.keys import PublicKey, read_public_keys
from benson_execution.reading import read_json
from benson_execution.settings import Settings
from benson_execution.text import nearby, plain
from benson_execution.trail import open_trail
from benson_execution.trail.database import shown
from benson_execution.trail.opening import (
    is_missing_file,
    lasting_trail_url,
    trail_url,
    trusted_keys,
)
from benson_execution.trail.rows import Damaged
from benson_execution.verification.artifact import verify_artifact
from benson_execution.verification.findings import Finding, Kind
from benson_execution.verification.trail import TrailVerifier

_MAX_FILE_BYTES = 1 << 28


def verify(  # noqa: PLR0917  # the command's options, which are given by name
    artifacts: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARTIFACT", help="Artifacts to verify, without a database."),
    ] = None,
    heads: Annotated[
        list[str] | None,
        typer.Option(
            "--head", metavar="FILE", help="A head that was kept elsewhere: the log must extend it."
        ),
    ] = None,
    keys: KeyFiles = None,
    archives: Annotated[
        Path | None,
        typer.Option(
            "--archives",
            metavar="DIR",
            help="Where the archives are, if not where BENSON_ARCHIVE says.",
        ),
    ] = None,
    no_archives: Annotated[
        bool,
        typer.Option(
            "--no-archives", help="Don't look at archives: what is in them is not proved then."
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON: an object per finding and one that sums up, or one per ARTIFACT.",
        ),
    ] = False,
) -> None:
    """Verify the whole trail, or artifacts of it, and report everything that is wrong.

    Without ARTIFACT the trail is read from end to end, and held against the heads file under
    BENSON_HOME; what was archived is read from its files, and proved as if it had stayed. An
    ARTIFACT needs no database, only the public keys that you trust. The exit code is 4 when
    anything is wrong.

    [dim]benson verify[/]
    [dim]benson verify --head yesterday.json[/]
    [dim]benson verify --archives /mnt/archive[/]
    [dim]benson verify artifact.json --key public.pem[/]
    """
    settings = Settings.load()
    if archives and no_archives:
        raise BadInput("--archives and --no-archives exclude one another")
    if not artifacts:
        _require_trail(settings)
    folder = None if no_archives else ArchiveFolder(archives or settings.archive_folder)
    trusted = read_public_keys(keys) if keys else trusted_keys(settings)
    pins = [pin for file in heads or () for pin in _pins(file)]
    if artifacts:
        if heads or archives or no_archives:
            raise BadInput(
                "--head, --archives and --no-archives go with the trail, not with an ARTIFACT"
            )
        worst = 0
        for file in artifacts:
            try:
                found = _verify_artifact(file, trusted, as_json)
                code = NotVerified.exit_code if found else 0
            except BadInput as error:  # the others are looked at all the same
                report(error)
                code = error.exit_code
            worst = max(worst, code)
        raise typer.Exit(worst)
    if _verify_trail(settings, trusted, pins, folder, as_json):
        raise typer.Exit(NotVerified.exit_code)


def _require_trail(settings: Settings) -> None:
    """Refuse to verify what was never there; a heads file says that it was."""
    url = lasting_trail_url(settings)
    if is_missing_file(url) and not _was_there(settings):
        hint = "BENSON_HOME or BENSON_TRAIL_URL names it"
        raise BadInput(f"there is no trail at {_where(settings)}", hint)


def _was_there(settings: Settings) -> bool:
    """Whether the heads file has heads of a trail that stood where there is none now."""
    where = shown(trail_url(settings))
    lines = _first_lines(settings.heads_file, _size_of(settings.heads_file))
    return any(noted.where == where for line in lines if (noted := read_line(line)))


def _where(settings: Settings) -> str:
    url = trail_url(settings)
    if url.get_backend_name() == "sqlite":
        return nearby(Path(url.database or ""))
    return shown(url)


def _verify_trail(
    settings: Settings,
    keys: list[PublicKey],
    pins: list[Head],
    folder: ArchiveFolder | None,
    as_json: bool,
) -> int:
    """Verify the trail, and say how much is wrong."""
    where = _where(settings)
    found = 0
    summary: dict[str, Any] = {"trail": where}
    with reader_may_leave():
        for finding in _findings(settings, keys, pins, folder, summary):
            found += 1
            _tell(finding, as_json)
        verified = found == 0
        if as_json:
            print_json({"verified": verified, "findings": found, **summary})
        else:
            _sum_up(found, summary)
    return found


def _findings(
    settings: Settings,
    keys: list[PublicKey],
    pins: list[Head],
    folder: ArchiveFolder | None,
    summary: dict[str, Any],
) -> Iterator[Finding]:
    if is_missing_file(trail_url(settings)):
        message = f"the trail is gone: {settings.heads_file} has heads that were signed"
        yield Finding(Kind.TRAIL_EMPTY, message)
        return
    try:
        trail = open_trail(settings, read_only=True)
    except TrailUnavailable as error:
        yield _why_unreadable(error)
        return
    progress = progress_bar(
        TextColumn("verifying"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    )
    # What is in the file before the snapshot is in the snapshot; what comes later need not be.
    noted = _size_of(settings.heads_file)
    with trail.rows() as rows, progress:
        total = None
        with suppress(Damaged):  # said below
            total = rows.count_events() if not progress.disable else None
        bar = progress.add_task("", total=total)
        verifier = TrailVerifier(rows, TrustedKeys(keys), folder)
        for finding in verifier.run(lambda number: progress.update(bar, completed=number)):
            progress.stop()
            yield finding
            progress.start()
        for pin in pins:
            yield from verifier.log.check_pin(pin)
        lines = _first_lines(settings.heads_file, noted)
        yield from verifier.log.check_heads_file(lines, trail.where)
    newest = verifier.log.newest
    counts = verifier.counts
    summary.update(
        trail_id=verifier.log.trail_id,
        events=counts.events,
        dispatches=counts.dispatches,
        closed=counts.closed,
        open=counts.open,
        documents=counts.documents,
        refusals=counts.refusals,
        archives=verifier.archives.archives,
        archived=len(verifier.archives.archived),
        archived_not_proved=len(verifier.archives.absent),
        head=None if newest is None else newest.to_dict(),
    )


def _size_of(heads_file: Path) -> int:
    """The size of the heads file; 0 when there is none."""
    try:
        with heads_file.open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return 0
    except OSError as error:
        message = f"the heads file {heads_file} can't be read: {error.strerror}"
        raise BadInput(message, "BENSON_HEADS names it") from None


def _first_lines(file: Path, size: int) -> Iterator[bytes]:
    """The lines of a file that had this size a moment ago."""
    if not size:
        return
    with file.open("rb") as opened:
        while opened.tell() < size and (line := opened.readline()):
            yield line


def _why_unreadable(error: TrailUnavailable) -> Finding:
    """What was done to a trail that can't be opened; one that is out of reach is no finding.

    Raises the error itself then: exit code 5 says that nothing was verified, 4 that it is wrong.
    """
    if isinstance(error, TrailVersion):
        if error.found is None:
            return Finding(Kind.TRAIL_EMPTY, f"it was emptied: {error.message}")
        if not error.found:
            return Finding(Kind.DATABASE_DAMAGED, error.message)
        raise error
    cause = getattr(error.__cause__, "orig", None) or error.__cause__
    damaged = isinstance(cause, sqlite3.DatabaseError)
    if not damaged or isinstance(cause, sqlite3.OperationalError):
        raise error
    return Finding(Kind.DATABASE_DAMAGED, f"the database can't be read: {cause}")


def _verify_artifact(file: str, keys: list[PublicKey], as_json: bool) -> int:
    content = read_file(file, _MAX_FILE_BYTES)
    try:
        artifact = read_json(content)
    except BadInput as error:
        raise BadInput(f"{plain(file, 500)}: {error.message}") from None
    verdict = verify_artifact(artifact, TrustedKeys(keys))
    with reader_may_leave():
        if as_json:
            print_json(
                {
                    "verified": not verdict.findings,
                    "file": plain(Path(file).name),
                    "findings": [finding.to_dict() for finding in verdict.findings],
                    "unproven": verdict.unproven,
                }
            )
            return len(verdict.findings)
        for finding in verdict.findings:
            _tell(finding, as_json=False)
        console = out()
        if verdict.findings:
            _say_not_verified(plain(file, 500), len(verdict.findings))
        else:
            console.print(Text.assemble(("VERIFIED", "bold green"), f"  {plain(file, 500)}"))
        for path in verdict.unproven:
            console.print(Text(f"  not proved by anything: {path}"))
    return len(verdict.findings)


def _pins(file: str) -> list[Head]:
    """The heads in a file, as `benson head` prints them or as the heads file has them."""
    content = read_file(file, _MAX_FILE_BYTES)
    if content.startswith(b"benson/"):
        try:
            return [Head.parse(content.strip() + b"\n")]  # as it was copied from a page
        except ValueError as error:
            raise BadInput(f"{plain(file, 500)} holds no head: {error}") from None
    found = [read_line(line) for line in content.splitlines() if line.strip()]
    heads = [noted.said for noted in found if noted and isinstance(noted.said, Head)]
    if not heads or None in found:
        at = f" on line {found.index(None) + 1}" if None in found else ""
        hint = "`benson head --json` prints one"
        raise BadInput(f"{plain(file, 500)} holds no head{at}", hint)
    return heads


def _tell(finding: Finding, as_json: bool) -> None:
    if as_json:
        print_json(finding.to_dict())
        return
    where = "" if finding.dispatch_id is None else f"dispatch {plain(finding.dispatch_id)}: "
    message = f"{where}{plain(finding.message, MAX_LINE)}"
    out().print(Text.assemble((f"{finding.kind.value:<20}", "red"), message))


def _say_not_verified(what: str, findings: int) -> None:
    plural = "" if findings == 1 else "s"
    told = f"  {what}: {findings} finding{plural}"
    out().print(Text.assemble(("NOT VERIFIED", "bold red"), told))


def _sum_up(found: int, summary: dict[str, Any]) -> None:
    console = out()
    if found:
        _say_not_verified(plain(summary["trail"]), found)
        return
    head = summary["head"]
    console.print(Text.assemble(("VERIFIED", "bold green"), f"  {plain(summary['trail'])}"))
    console.print(
        Text(
            f"  {summary['events']} events of {summary['dispatches']} dispatches, "
            f"{summary['closed']} closed and {summary['open']} open"
            + (f"; {summary['refusals']} refused unjudged" if summary["refusals"] else "")
        )
    )
    if summary["archived"]:
        files = "1 file" if summary["archives"] == 1 else f"{summary['archives']} files"
        many = f"{summary['archived']} of them archived in {files}"
        unseen = summary["archived_not_proved"]
        told = ", proved with them" if not unseen else ""
        console.print(Text(f"  {many}{told}"))
        if unseen:
            what = f"not proved: the events and documents of {unseen} archived dispatches"
            console.print(Text(f"  {what}", style="yellow"))
    if head is not None:
        console.print(Text(f"  head of size {head['size']}, signed {head['time']}"))
        console.print(Text(f"  by key {head['key_id']}"))
