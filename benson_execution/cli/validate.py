"""`benson validate`: whether documents are what they are meant to be, without judging them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Self

import orjson
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from benson_execution.cli.inputs import LINE_ENDINGS, read_file
from benson_execution.cli.output import MAX_LINE, err, progress_bar, reader_may_leave
from benson_execution.conformance.files import CHOICES, Finding, Tally, check_file, check_lines
from benson_execution.errors import BadInput, UnreadableDocument
from benson_execution.limits import MAX_ARTIFACT_BYTES
from benson_execution.settings import Settings
from benson_execution.text import did_you_mean, plain, quote

MAX_FINDINGS: Final = 1000
"""How many violations and notes of one file are printed; the rest is counted."""
_PATIENCE: Final = 1.0
"""Seconds before there is a progress bar."""


def validate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="JSON or YAML; .jsonl and .ndjson hold a JSON object per line; - is standard "
            "input.",
        ),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="KIND",
            help="What FILE is meant to be, as [bold]benson schema[/] lists it, or 'trail': "
            "events in their order. By default what it looks like; with 'event', lines of events "
            "need not make a trail.",
        ),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Every FILE holds one JSON object per line, also -.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per violation, and a summary.")
    ] = False,
) -> None:
    """Check documents of any kind without judging them: each violation with its line and place.

    Events, results, PACs, documents of both, telemetry and artifacts are told apart by what is in
    them. Lines of events must also make a trail. Exit code 0 says that all is valid, 2 that not.

    [dim]benson validate examples/*.json[/]
    [dim]benson events --json | benson validate --lines -[/]
    """
    if kind is not None and kind not in CHOICES:
        raise BadInput(f"there is no kind {quote(kind)}{did_you_mean(kind, CHOICES)}")
    limit = Settings.load().max_document_bytes
    total = Tally()
    for file in files:
        tally = Tally()
        teller = _Teller(file, as_json)
        check = _check_lines if lines or file.endswith(LINE_ENDINGS) else _check_file
        try:
            check(file, kind, limit, tally, teller)
        except BadInput as error:
            tally.unreadable += 1
            tally.violations += 1
            teller.tell(Finding(None, None, error.message.removeprefix(f"{file}: ")))
        teller.end(tally)
        total.kinds += tally.kinds
        total.unreadable += tally.unreadable
        total.violations += tally.violations
        total.notes += tally.notes
    if as_json or len(files) > 1:
        with reader_may_leave():
            _summarise(total, len(files), as_json)
    raise typer.Exit(2 if total.violations else 0)


def _check_lines(file: str, kind: str | None, limit: int, tally: Tally, teller: _Teller) -> None:
    with _opened(file) as (stream, size), _Bar(file, size) as bar:
        found = check_lines(stream, tally, kind=kind, limit=limit, progress=bar.progress)
        for finding in found:
            teller.tell(finding, bar.hide)


def _check_file(file: str, kind: str | None, limit: int, tally: Tally, teller: _Teller) -> None:
    content = read_file(file, max(limit, MAX_ARTIFACT_BYTES))
    for finding in check_file(content, tally, kind=kind, limit=limit):
        teller.tell(finding)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """A file to read lines from, and its size where it has one."""
    if file == "-":
        yield sys.stdin.buffer, None
        return
    try:
        with Path(file).open("rb") as stream:
            yield stream, os.fstat(stream.fileno()).st_size or None
    except OSError as error:
        raise UnreadableDocument(f"{file}: {error.strerror}") from None


class _Teller:
    """Prints what is found in one file, up to a limit."""

    def __init__(self, file: str, as_json: bool) -> None:
        self._name = "standard input" if file == "-" else plain(file, 500)
        self._as_json = as_json
        self._told = self._left_out = 0

    def tell(self, finding: Finding, make_room: Callable[[], None] = lambda: None) -> None:
        """Print one finding, or count it where there were too many."""
        if self._told >= MAX_FINDINGS:
            self._left_out += 1
            return
        self._told += 1
        make_room()
        with reader_may_leave():
            sys.stdout.write(self._json(finding) if self._as_json else self._text(finding))

    def end(self, tally: Tally) -> None:
        """Print what was left out, and what there was in all."""
        if self._as_json:
            return
        with reader_may_leave():
            if self._left_out:
                sys.stdout.write(f"{self._name}: and {self._left_out:,} more\n")
            sys.stdout.write(f"{self._name}: {_counted(tally)}\n")

    def _text(self, finding: Finding) -> str:
        where = self._name if finding.line is None else f"{self._name}, line {finding.line}"
        if finding.is_note:
            where = f"note: {where}"
        elif finding.pointer is not None:
            where += f": {finding.pointer or '/'}"
        return plain(f"{where}: {finding.message}", MAX_LINE) + "\n"

    def _json(self, finding: Finding) -> str:
        members = {
            "file": self._name,
            "line": finding.line,
            "level": "note" if finding.is_note else "violation",
            "kind": finding.kind,
            "pointer": finding.pointer,
            "message": plain(finding.message, MAX_LINE),
        }
        return orjson.dumps(members).decode() + "\n"


def _summarise(total: Tally, files: int, as_json: bool) -> None:
    if not as_json:
        sys.stdout.write(f"{files} files: {_counted(total)}\n")
        return
    summary = {
        "files": files,
        "kinds": {kind: count for kind, count in total.kinds.items() if count},
        "unreadable": total.unreadable,
        "violations": total.violations,
        "notes": total.notes,
        "valid": not total.violations,
    }
    sys.stdout.write(orjson.dumps({"summary": summary}).decode() + "\n")


def _counted(tally: Tally) -> str:
    """`1,000 events, 2 violations`."""
    parts = [_number(n, kind) for kind, n in tally.kinds.items() if n]
    if tally.unreadable:
        parts.append(f"{tally.unreadable:,} unreadable")
    parts = parts or ["nothing"]
    parts.append(_number(tally.violations, "violation") if tally.violations else "valid")
    if tally.notes:
        parts.append(_number(tally.notes, "note"))
    return ", ".join(parts)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


class _Bar:
    """How far a file was read: on a terminal, once it takes longer than a moment."""

    def __init__(self, file: str, size: int | None) -> None:
        self._console = err()
        self._file = plain(file[-40:])
        self._size = size
        self._next = time.monotonic() + _PATIENCE
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hide()

    def progress(self, done: int) -> None:
        """So many bytes were read."""
        now = time.monotonic()
        if now < self._next or not self._console.is_terminal:
            return
        self._next = now + 0.1
        if self._progress is None:
            self._progress = progress_bar(
                TextColumn("validating {task.description}", markup=False),
                BarColumn(),
                DownloadColumn(),
                TimeRemainingColumn(),
            )
            self._progress.add_task(self._file, total=self._size)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done)

    def hide(self) -> None:
        """Make room for what is printed; the bar comes back below it."""
        if self._progress is not None:
            with suppress(OSError):
                sys.stdout.flush()
            self._progress.stop()
            self._progress = None
