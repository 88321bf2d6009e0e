"""Answers that go into a file: whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from benson_execution.errors import BadInput, ExecutionFailed
from benson_execution.files import replacing
from benson_execution.text import plain

_NOBODYS_FAULT: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """The file that a user named, to be written anew; it stays what it was unless all goes well.

    Raises `BadInput` where it can't be written, and `ExecutionFailed` where the disk does not do.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        kind = ExecutionFailed if error.errno in _NOBODYS_FAULT else BadInput
        message = f"{plain(str(path), 500)} can't be written: {error.strerror or error}"
        raise kind(message) from None
