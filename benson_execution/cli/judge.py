"""`benson judge`: many documents through the engine, without Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from benson_execution.cli.inputs import Source, located, sources
from benson_execution.cli.output import (
    MAX_LINE,
    defect,
    end_in_order_on_sigterm,
    print_json,
    print_outcome,
    progress_bar,
    reader_may_leave,
    report,
)
from benson_execution.document import Document
from benson_execution.engine import BensonExecutionEngine
from benson_execution.errors import BadInput, BensonError, TrailUnavailable
from benson_execution.outcome import Outcome
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
    end_in_order_on_sigterm()
    worst = 0
    progress = progress_bar(
        TextColumn("judging"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with progress:
        bar = progress.add_task("", total=None if len(files) == 1 else len(files))
        for file in files:
            progress.update(bar, description=plain(file[-40:]))
            for answer in _answers(engine, file, lines, settings):
                progress.stop()  # an answer takes the place of the bar, which comes back below it
                with reader_may_leave():
                    worst = max(worst, answer.tell(as_json))
                progress.start()
                if len(files) == 1:
                    progress.advance(bar)
            if len(files) > 1:
                progress.advance(bar)
    raise typer.Exit(worst)


MAX_REFUSED: Final = 1000
"""After how many refused lines in a row a file is given up."""


class _Answer(NamedTuple):
    """What became of one document: its outcome, or why there is none."""

    file: str
    outcome: Outcome | None = None
    error: BensonError | None = None

    def tell(self, as_json: bool) -> int:
        """Print it, and return its exit code."""
        if self.outcome is not None:
            print_json(self.outcome.to_dict()) if as_json else print_outcome(self.outcome)
            return self.outcome.exit_code
        assert self.error is not None
        report(self.error)
        if as_json:
            names = ("dispatch_id", "pac_id", "status", "error_code", "wrap_id", "artifact_path")
            nothing: dict[str, object] = dict.fromkeys(names)
            error = plain(self.error.message, MAX_LINE)
            told = {"checkpoints": [], "file": plain(Path(self.file).name), "error": error}
            print_json({**nothing, **told})
        return self.error.exit_code


def _answers(
    engine: BensonExecutionEngine, file: str, lines: bool, settings: Settings
) -> Iterator[_Answer]:
    """Judge the documents of one file, one after another."""
    limit = settings.max_document_bytes
    refused = 0
    try:
        for source in sources(file, lines, limit):
            answer = _judge_one(engine, source, limit)
            refused = refused + 1 if isinstance(answer.error, BadInput) else 0
            yield answer
            if refused == MAX_REFUSED:
                # Each leaves a record; a file of another kind must not fill the disk with them.
                what = f"{MAX_REFUSED} lines in a row were refused; the rest of it is not read"
                yield _Answer(file, error=BadInput(f"{plain(file, 500)}: {what}"))
                return
    except BadInput as error:
        engine.refuse(error, file)
        yield _Answer(file, error=located(error, file) if error.received else error)


def _judge_one(engine: BensonExecutionEngine, source: Source, limit: int) -> _Answer:
    try:
        if source.refused is not None:
            raise source.refused
        document = Document.read(source.content, limit=limit)
    except BadInput as error:
        if source.line is not None:
            error.line = source.line
        engine.refuse(error, source.name)
        return _Answer(source.name, error=located(error, source.name))
    try:
        return _Answer(source.name, engine.execute_pac(document))
    except TrailUnavailable:
        raise  # nothing that follows could be recorded either
    except BensonError as error:
        return _Answer(source.name, error=error)
    except Exception as error:  # one document must not keep all others from being judged
        return _Answer(source.name, error=defect(error))
