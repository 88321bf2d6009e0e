"""Finding what the user names on the command line: files, standard input, JSON Lines, PACs."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple

import typer
from sqlalchemy.engine import URL

from benson_execution.document import Document, join_document
from benson_execution.errors import (
    BadInput,
    InvalidPac,
    Received,
    TrailUnavailable,
    UnreadableDocument,
)
from benson_execution.reading import line_of, read_value
from benson_execution.settings import Settings
from benson_execution.text import enumerate_some, nearby, plain, quote
from benson_execution.trail import Trail
from benson_execution.trail.opening import is_missing_file, lasting_trail_url
from benson_execution.trail.rows import Damaged

LINE_ENDINGS = (".jsonl", ".ndjson")


class Source(NamedTuple):
    """One document's bytes, and where they came from, for messages."""

    name: str
    content: bytes
    line: int | None = None
    """The line of a JSON Lines file, from 1; None for a document of its own."""
    refused: UnreadableDocument | None = None
    """It is longer than is read, and was not kept."""


Refuse = Callable[[BadInput, str], None]
KeyFiles = Annotated[
    list[Path] | None,
    typer.Option("--key", metavar="FILE", help="Public keys to trust, in PEM, instead of ours."),
]
"""Whom to trust, for the commands that verify something."""
"""Called with why a document is refused, and with the file that it stands in."""


def require_kept(settings: Settings, hint: str | None = None) -> URL:
    """The URL of a trail that is there, and does not end with this process; or `BadInput`."""
    url = lasting_trail_url(settings)
    if is_missing_file(url):
        raise BadInput(f"there is no trail at {nearby(Path(url.database or ''))} yet", hint)
    return url


def read_file(name: str, limit: int) -> bytes:
    """The bytes of a file, or of standard input for `-`, of at most `limit` bytes."""
    try:
        return _content_of(name, limit)
    except OSError as error:
        raise UnreadableDocument(f"{name}: {error.strerror}") from None


def _content_of(name: str, limit: int) -> bytes:
    if name == "-":
        return _read_all(sys.stdin.buffer, limit)
    with Path(name).open("rb") as file:
        return _read_all(file, limit)


def _read_all(stream: BinaryIO, limit: int) -> bytes:
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise _too_long(content, iter(lambda: stream.read(_CHUNK), b""), limit)
    return content


def _too_long(begin: bytes, rest: Iterator[bytes], limit: int) -> UnreadableDocument:
    """The refusal of what is longer than `limit`; it is read on for its digest, but not kept."""
    digest, size = hashlib.sha256(begin), len(begin)
    for chunk in rest:
        digest.update(chunk)
        size += len(chunk)
        if size > _MAX_HASHED:
            break
    is_all = size <= _MAX_HASHED
    many = size if is_all else f"more than {_MAX_HASHED}"
    error = UnreadableDocument(f"the document has {many} bytes; at most {limit} are read")
    error.received = Received(digest.hexdigest(), size, is_all)
    return error


_CHUNK: Final = 1 << 20
_MAX_HASHED: Final = 1 << 30
"""How much of what is too long is read for its digest: a pipe may never end."""


def read_document(file: str, pac: str | None, limit: int, refuse: Refuse) -> Document:
    """The document in a file, joined with the PAC of another where one is named.

    A refused one is told to `refuse`, and raised with its file and line.
    """
    if pac == "-" and file == "-":
        raise BadInput("FILE and --pac can't both be standard input")
    at_fault = file
    try:
        content = _content_of(file, limit)
        if pac is None:
            return Document.read(content, limit=limit)
        _require_readable(content, limit)
        at_fault = pac
        order = _content_of(pac, limit)
        _require_readable(order, limit)
        at_fault = file
        return _joined(order, content, limit)
    except (BadInput, OSError) as failure:
        error = failure
        if isinstance(error, OSError):
            error = UnreadableDocument(str(error.strerror))
        if isinstance(error, InvalidPac) and pac is not None:
            at_fault = pac
        refuse(error, at_fault)
        raise located(error, at_fault) from None


def _require_readable(content: bytes, limit: int) -> None:
    try:
        read_value(content, limit=limit)
    except BadInput as error:
        error.received = Received.of(content)
        raise


def _joined(order: bytes, content: bytes, limit: int) -> Document:
    try:
        return Document.read(join_document(order, content, limit=limit), limit=limit)
    except InvalidPac as error:
        error.line = line_of(order, error.violations[0][0] if error.violations else "")
        error.received = Received.of(order)
        raise
    except BadInput as error:
        error.received = Received.of(content)
        raise


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
        content = line.removesuffix(b"\n")
        if len(content) > limit:
            rest = _rest_of_line(stream) if content is line else iter(())
            yield Source(name, b"", number, _too_long(content, rest, limit))
            for _ in rest:  # however long it is: what follows in it is no document of its own
                pass
        elif content.strip():
            yield Source(name, content, number)


def _rest_of_line(stream: BinaryIO) -> Iterator[bytes]:
    while part := stream.readline(_CHUNK):
        yield part.removesuffix(b"\n")
        if part.endswith(b"\n"):
            return


def resolve_pac(trail: Trail, wanted: str) -> str:
    """The one PAC of the trail with this id, or with an id that begins like this."""
    if next(trail.events(pac_id=wanted), None) is not None:
        return wanted
    try:
        with trail.rows() as rows:  # unlike the events, they are there also of what was archived
            known = dict.fromkeys(str(row.pac_id) for row in rows.dispatches())
    except Damaged as damage:
        raise TrailUnavailable(
            f"the trail can't be read: {damage}", "`benson verify` says what was changed"
        ) from None
    found = [pac_id for pac_id in known if pac_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput(f"{quote(wanted)} begins {len(found)} PAC ids: {enumerate_some(found)}")
    raise BadInput(
        f"the trail has no dispatch of {plain(wanted)}",
        "`benson events --type PAC_DISPATCH_START` lists what was dispatched",
    )
