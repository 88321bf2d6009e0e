"""`benson schema`: the published JSON Schemas."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from benson_execution.cli.output import reader_may_leave
from benson_execution.conformance.schemas import KINDS, SUFFIX, schema_text
from benson_execution.errors import BadInput
from benson_execution.text import did_you_mean, plain, quote


def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The kind of document.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--all", metavar="FOLDER", help="Write every schema into this folder."),
    ] = None,
) -> None:
    """Print the JSON Schema (2020-12) of a kind of document; without NAME, list the kinds.

    [dim]benson schema event[/]
    [dim]benson schema --all schemas[/]
    """
    if folder is not None:
        if name is not None:
            raise BadInput("NAME and --all can't be given together")
        _write_all(folder)
        return
    if name is None:
        text = "".join(
            f"{known:<24} {kind.what.partition('. ')[0].rstrip('.')}\n"
            for known, kind in KINDS.items()
        )
    elif name in KINDS:
        text = schema_text(name)
    else:
        raise BadInput(
            f"there is no schema {quote(name)}{did_you_mean(name, KINDS)}",
            "`benson schema` lists them",
        )
    with reader_may_leave():
        sys.stdout.write(text)


def _write_all(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in KINDS:
            (folder / f"{name}{SUFFIX}").write_text(schema_text(name), encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"{plain(str(folder))} can't be written: {error.strerror or error}"
        ) from None
