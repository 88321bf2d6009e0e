"""`benson judge`: many documents through the engine, without Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benson_execution.cli.inputs import Source, located, sources
from benson_execution.cli.output import (
    MAX_LINE,
    err,
    print_json,
    print_outcome,
    reader_may_leave,
    report,
)
from benson_execution.document import Document
from benson_execution.engine import BensonExecutionEngine
from benson_execution.errors import BadInput, BensonError, TrailUnavailable
from benson_execution.settings import Settings
from benson_execution.text import plain


def judge(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Documents as for [bold]benson run[/]; .jsonl and .ndjson hold one per line.",
        ),
    ],
    lines: Annotated[
        bool, typer.Option("--lines", help="Every FILE holds one document per line, also -.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per document.")
    ] = False,
) -> None:
    """Judge documents without Prefect: the same phases, the same trail, the same artifacts.

    What can't be read is reported with its file and line, and the rest goes on. The exit code is
    the worst of all documents.

    [dim]benson judge examples/*.json[/]
    [dim]benson judge --json results.jsonl[/]
    """
    settings = Settings.load()
    engine = BensonExecutionEngine(enable_telemetry=False, settings=settings)
    worst = 0
    console = err()
    with Progress(
        TextColumn("judging"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as progress:
        bar = progress.add_task("", total=None if len(files) == 1 else len(files))
        for file in files:
            for code in _judge_file(engine, file, lines, as_json, settings):
                worst = max(worst, code)
                progress.update(bar, description=plain(file[-40:]))
                if len(files) == 1:
                    progress.advance(bar)
            if len(files) > 1:
                progress.advance(bar)
    raise typer.Exit(worst)


def _judge_file(
    engine: BensonExecutionEngine, file: str, lines: bool, as_json: bool, settings: Settings
) -> Iterator[int]:
    """Judge the documents of one file, and yield the exit code of each."""
    try:
        for source in sources(file, lines, settings.max_document_bytes):
            yield _judge_one(engine, source, as_json, settings)
    except BadInput as error:
        yield _refuse(error, file, as_json)


def _judge_one(
    engine: BensonExecutionEngine, source: Source, as_json: bool, settings: Settings
) -> int:
    try:
        document = Document.read(source.content, limit=settings.max_document_bytes)
    except BadInput as error:
        if source.line is not None:
            error.line = source.line
        return _refuse(located(error, source.name), source.name, as_json)
    try:
        outcome = engine.execute_pac(document)
    except TrailUnavailable:
        raise  # nothing that follows could be recorded either
    except BensonError as error:
        return _refuse(error, source.name, as_json)
    with reader_may_leave():
        print_json(outcome.to_dict()) if as_json else print_outcome(outcome)
    return outcome.exit_code


def _refuse(error: BensonError, file: str, as_json: bool) -> int:
    report(error)
    if as_json:
        members = ("dispatch_id", "pac_id", "status", "error_code", "wrap_id", "artifact_path")
        nothing: dict[str, object] = dict.fromkeys(members)
        told = {"file": plain(Path(file).name), "error": plain(error.message, MAX_LINE)}
        with reader_may_leave():
            print_json({**nothing, "checkpoints": [], **told})
    return error.exit_code
