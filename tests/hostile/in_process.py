"""The `benson` command without its process: fast enough for hundreds of examples."""

from __future__ import annotations

import io
import sys
from typing import NamedTuple
from unittest import mock

from benson_execution.cli import main


class Told(NamedTuple):
    """How the command ended, and what it printed."""

    code: int
    out: str
    err: str


def benson(*args: str, stdin: bytes = b"") -> Told:
    """Run the command to its end; what it raises beyond its exit is the caller's to see."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    given = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    with (
        mock.patch.object(sys, "argv", ["benson", *args]),
        mock.patch.object(sys, "stdin", given),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
    ):
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int)
    return Told(code, *(_text_of(stream) for stream in (out, err)))


def _text_of(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
