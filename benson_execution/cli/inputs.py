"""Finding what the user names on the command line: files, standard input, JSON Lines, PACs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from benson_execution.document import Document, join_document
from benson_execution.errors import BadInput, InvalidPac, UnreadableDocument
from benson_execution.events import EventType
from benson_execution.reading import line_of, read_value
from benson_execution.text import enumerate_some, plain, quote
from benson_execution.trail import Trail

LINE_ENDINGS = (".jsonl", ".ndjson")


class Source(NamedTuple):
    """One document's bytes, and where they came from, for messages."""

    name: str
    content: bytes
    line: int | None = None
    """The line of a JSON Lines file, from 1; None for a document of its own."""


def read_file(name: str, limit: int) -> bytes:
    """The bytes of a file, or of standard input for `-`; one byte more than `limit` at most."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(limit + 1)
        with Path(name).open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise UnreadableDocument(f"{name}: {error.strerror}") from None


def read_document(file: str, pac: str | None, limit: int) -> Document:
    """The document in a file, joined with the PAC of another where one is named."""
    if pac == "-" and file == "-":
        raise BadInput("FILE and --pac can't both be standard input")
    content = read_file(file, limit)
    try:
        if pac is None:
            return Document.read(content, limit=limit)
        read_value(content, limit=limit)
    except BadInput as error:
        raise located(error, file) from None
    order = read_file(pac, limit)
    try:
        read_value(order, limit=limit)
    except BadInput as error:
        raise located(error, pac) from None
    try:
        return Document.read(join_document(order, content, limit=limit), limit=limit)
    except InvalidPac as error:
        path = error.violations[0][0] if error.violations else ""
        error.line = line_of(order, path)
        raise located(error, pac) from None
    except BadInput as error:
        raise located(error, file) from None


def located(error: BadInput, source: str) -> BadInput:
    """The same error, naming the file and the line."""
    where = "standard input" if source == "-" else source
    if error.line is not None:
        where += f", line {error.line}"
    error.message = f"{plain(where, 500)}: {error.message}"
    error.line = None
    return error


def sources(file: str, as_lines: bool, limit: int) -> Iterator[Source]:
    """The documents of a file: one, or one per line of JSON Lines; read as they are needed."""
    if not as_lines and not file.endswith(LINE_ENDINGS):
        yield Source(file, read_file(file, limit))
        return
    try:
        if file == "-":
            yield from _lines(file, sys.stdin.buffer, limit)
        else:
            with Path(file).open("rb") as stream:
                yield from _lines(file, stream, limit)
    except OSError as error:
        raise UnreadableDocument(f"{file}: {error.strerror}") from None


def _lines(name: str, stream: BinaryIO, limit: int) -> Iterator[Source]:
    number = 0
    while line := stream.readline(limit + 2):
        number += 1
        # A line beyond the limit is handed on cut off, to be refused; its rest is skipped.
        rest = line
        while len(rest) > limit and not rest.endswith(b"\n"):
            rest = stream.readline(limit + 2)
        if line.strip():
            yield Source(name, line, number)


def resolve_pac(trail: Trail, wanted: str) -> str:
    """The one PAC of the trail with this id, or with an id that begins like this."""
    if next(trail.events(pac_id=wanted), None) is not None:
        return wanted
    starts = trail.events(event_type=EventType.PAC_DISPATCH_START)
    known = dict.fromkeys(str(s.dispatch.pac_id) for s in starts)
    found = [pac_id for pac_id in known if pac_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput(f"{quote(wanted)} begins {len(found)} PAC ids: {enumerate_some(found)}")
    raise BadInput(
        f"the trail has no dispatch of {plain(wanted)}",
        "`benson events --type PAC_DISPATCH_START` lists what was dispatched",
    )
