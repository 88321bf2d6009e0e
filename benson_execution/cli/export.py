"""`benson export`: a period of the trail, for other people's tools."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from benson_execution.archive.whole import whole_rows
from benson_execution.cli.output import err, progress_bar, reader_may_leave, visible_json
from benson_execution.cli.output_file import output_file
from benson_execution.errors import BadInput
from benson_execution.insight.period import Period
from benson_execution.interchange.cloud_events import cloud_events
from benson_execution.interchange.json_lines import json_lines, json_lines_with_dispatch
from benson_execution.interchange.open_lineage import OpenLineage
from benson_execution.interchange.records import Record, records
from benson_execution.settings import Settings
from benson_execution.trail import Trail, open_trail
from benson_execution.trail.rows import Damaged, Rows

Encode = Callable[[Record], Iterator[bytes]]
_BATCH: Final = 256 * 1024


class Format(StrEnum):
    """What there is to choose from."""

    JSONL = "jsonl"
    CLOUDEVENTS = "cloudevents"
    OPENLINEAGE = "openlineage"


class _Wanted(NamedTuple):
    """What is exported, and how each record of it is written."""

    period: Period
    closed: bool
    encode: Encode


def export(
    *,
    form: Annotated[
        Format,
        typer.Option(
            "--format", metavar="FORMAT", help="jsonl, cloudevents (1.0), or openlineage."
        ),
    ] = Format.JSONL,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="WHEN", help="What began then or later: a date, a time, or 7d."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="What began before that.")
    ] = None,
    closed: Annotated[
        bool, typer.Option("--closed", help="Leave out dispatches that are still open.")
    ] = False,
    with_dispatch: Annotated[
        bool,
        typer.Option(
            "--with-dispatch",
            help="With jsonl: each event in an object that says where it stands in the trail.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it there, whole or not at all."),
    ] = None,
) -> None:
    """Export a period: all dispatches that began in it, whole, as one JSON object per line.

    jsonl has each event to the letter as it was recorded. cloudevents has it in a CloudEvent.
    openlineage has a START and a COMPLETE, FAIL or ABORT per dispatch, with the checkpoints as its
    tests. An event that was changed is not exported: exit code 5.

    [dim]benson export --since 2026-11-01 --until 2026-12-01 -o november.jsonl[/]
    [dim]benson export --format cloudevents --since 7d | jq .type[/]
    [dim]benson export --format openlineage --closed -o lineage.jsonl[/]
    """
    if with_dispatch and form is not Format.JSONL:
        raise BadInput("--with-dispatch goes with --format jsonl: the others say it anyway")
    trail = open_trail(Settings.load(), read_only=True)
    wanted = _Wanted(Period.of(since, until), closed, _encoder(form, with_dispatch))
    if output is None or str(output) == "-":
        with reader_may_leave():
            _export(trail, wanted, sys.stdout.buffer, on_terminal=sys.stdout.isatty())
        return
    with output_file(output) as file:
        _export(trail, wanted, file)


def _encoder(form: Format, with_dispatch: bool) -> Encode:
    if form is Format.CLOUDEVENTS:
        return cloud_events
    if form is Format.OPENLINEAGE:
        return OpenLineage()
    return json_lines_with_dispatch if with_dispatch else json_lines


def _export(trail: Trail, wanted: _Wanted, to: BinaryIO, *, on_terminal: bool = False) -> None:
    """Write what there is, and say how much it was."""
    lines, dispatches = 0, 0
    held: list[bytes] = []
    size = 0
    with whole_rows(trail) as rows, _progress(rows, shown=not on_terminal) as progress:
        for record in records(rows, wanted.period, closed=wanted.closed, progress=progress):
            dispatches += record.sequence == 1
            for line in wanted.encode(record):
                lines += 1
                size += len(line)
                held.append(_visible(line) if on_terminal else line)
            if size >= _BATCH:
                to.write(b"\n".join([*held, b""]))
                held, size = [], 0
        to.write(b"\n".join([*held, b""]))
        to.flush()
    many = f"{lines:,} line{'' if lines == 1 else 's'}"
    of = f"{dispatches:,} dispatch{'' if dispatches == 1 else 'es'}"
    err().print(Text(f"benson: {many} of {of}"))


def _visible(line: bytes) -> bytes:
    return visible_json(line.decode()).encode()


@contextmanager
def _progress(rows: Rows, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """How far the trail was read, where standard error is a terminal and nothing else is."""
    console = err()
    if not shown or not console.is_terminal:
        yield lambda _: None
        return
    total = None
    with suppress(Damaged):  # it is told when it is met
        total = rows.count_events()
    columns = TextColumn("exporting"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with progress_bar(*columns) as progress:
        bar = progress.add_task("", total=total)
        yield lambda number: progress.update(bar, completed=number)
