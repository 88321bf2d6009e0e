"""`benson archive`: move what is closed for long out of the database, and keep it proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from benson_execution.archive.archiving import (
    Batch,
    Needed,
    batches,
    require_old_enough,
    store,
)
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.cli.inputs import require_kept
from benson_execution.cli.output import err, out, print_json, progress_bar, reader_may_leave
from benson_execution.errors import BadInput
from benson_execution.insight.period import moment
from benson_execution.proof.keys import PublicKey
from benson_execution.settings import Settings
from benson_execution.text import nearby, plain
from benson_execution.trail import SqlTrail, open_trail
from benson_execution.trail.opening import trusted_keys


@dataclass(slots=True)
class Total:
    """What all files together hold; sizes are in bytes."""

    files: int = 0
    dispatches: int = 0
    events: int = 0
    documents: int = 0
    bytes: int = 0
    unpacked_bytes: int = 0

    def add(self, said: Mapping[str, Any]) -> None:
        """One file more."""
        self.files += 1
        self.dispatches += said["dispatches"]
        self.events += said["events"]
        self.documents += said["documents"]
        self.bytes += said["bytes"]
        self.unpacked_bytes += said["unpacked_bytes"]


def archive(
    before: Annotated[
        str,
        typer.Option(
            "--before",
            metavar="DATE",
            help="Move what ended before: 2026-05-01, or how long ago: 40w.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would move, and change nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Move also what ended less than six months ago.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print an object per file, and one that sums up.")
    ] = False,
) -> None:
    """Move dispatches that ended before DATE into compressed, signed files.

    Their leaves stay in the log, and a receipt of each in the database: `benson verify` still
    proves all of them, and `benson show` and the others read them from the files, which are under
    BENSON_ARCHIVE. Keep the files; the events are nowhere else.

    Only what is closed and has its artifact moves. Killed at any moment, a file's dispatches have
    moved, or have not. The database reuses the room that becomes free; `VACUUM` in SQLite gives it
    back to the disk, at a time of your choice.

    [dim]benson archive --before 2026-05-01 --dry-run[/]
    [dim]benson archive --before 2026-05-01[/]
    """
    now = datetime.now(UTC)
    try:
        until = moment(before, now)
    except BadInput as error:
        raise BadInput(f"--before: {error.message}", error.hint) from None
    if not force:
        require_old_enough(until, now)
    settings = Settings.load()
    _require_folder(settings)
    keys, folder = trusted_keys(settings), ArchiveFolder(settings.archive_folder)
    opened = open_trail(settings, read_only=dry_run)
    assert isinstance(opened, SqlTrail)
    total = Total()
    with reader_may_leave():
        _tell_leftovers(opened, folder)
    if dry_run:
        for batch in _with_progress(batches(opened, until, keys), "looking"):
            total.add(_tell(batch, folder, as_json, dry_run=True))
    else:
        with folder.locked():
            for batch in _with_progress(_stored(opened, folder, until, keys), "archiving"):
                total.add(_tell(batch, folder, as_json, dry_run=False))
    with reader_may_leave():
        _sum_up(total, as_json, dry_run)


def _stored(
    trail: SqlTrail, folder: ArchiveFolder, until: datetime, keys: Sequence[PublicKey]
) -> Iterator[Batch]:
    needed = Needed()
    for batch in batches(trail, until, keys):
        store(trail, folder, batch, keys, needed)
        yield batch


def _with_progress(found: Iterator[Batch], what: str) -> Iterator[Batch]:
    told = TextColumn(what), BarColumn(), TextColumn("{task.completed} dispatches")
    progress = progress_bar(*told, TimeElapsedColumn())
    with progress:
        bar = progress.add_task("", total=None)
        for batch in found:
            progress.advance(bar, len(batch.content.dispatches))
            progress.stop()
            yield batch
            progress.start()


def _tell_leftovers(trail: SqlTrail, folder: ArchiveFolder) -> None:
    """Name the files that a killed run left; one that is needed again is used."""
    head = trail.head()
    with trail.rows() as rows:
        known = {row.file for row in rows.archives()}
    for name in folder.leftovers("" if head is None else head.trail_id, known):
        told = f"benson: {nearby(folder.path / name)} belongs to no archive of this trail"
        err().print(Text(f"{plain(told, 500)} (a killed run left it; it is not touched)"))


def _tell(batch: Batch, folder: ArchiveFolder, as_json: bool, *, dry_run: bool) -> dict[str, Any]:
    said = batch.to_dict()
    with reader_may_leave():
        if as_json:
            print_json({"moved": not dry_run, **said})
            return said
        what = "would move" if dry_run else "moved"
        period = f"ended {said['first_ended_at'][:10]} to {said['last_ended_at'][:10]}"
        where = plain(nearby(folder.path / batch.file), 500)
        out().print(
            Text(
                f"{what} {said['dispatches']} dispatches with {said['events']} events, {period}, "
                f"into {where}: {said['bytes']:,} bytes"
            )
        )
    return said


def _sum_up(total: Total, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, **asdict(total)})
    elif not total.files:
        out().print(Text("nothing ended before that, or it is archived already"))
    else:
        what = "would move" if dry_run else "moved"
        files = "1 file" if total.files == 1 else f"{total.files} files"
        out().print(
            Text(
                f"{what} {total.dispatches} dispatches into {files}: "
                f"{total.unpacked_bytes:,} bytes, compressed to {total.bytes:,}"
            )
        )


def _require_folder(settings: Settings) -> None:
    url = require_kept(settings)
    if url.get_backend_name() != "sqlite" and settings.archive is None:
        raise BadInput(
            "a trail that is not a local SQLite file needs a folder for its archives",
            "name it with BENSON_ARCHIVE: one that is backed up, and that whoever reads the trail "
            "reaches",
        )
