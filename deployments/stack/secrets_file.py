"""The passwords of a stack: made once, and kept in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benson_execution.errors import ExecutionFailed

NAMES: Final = ("postgresql", "prefect", "trail", "redis", "api")
"""PostgreSQL's superuser, the users of its two databases, Redis, and Prefect's API."""


def passwords(file: Path, given_auth: str | None) -> dict[str, str]:
    """The passwords in this file, made there where they are missing.

    `api` is `given_auth` where that is given: NAME:PASSWORD, as Prefect has it.
    Raises `ExecutionFailed` when the file can't be used.
    """
    try:
        known = json.loads(file.read_bytes()) if file.exists() else {}
        made = {name: known.get(name) or secrets.token_urlsafe(24) for name in NAMES}
        if ":" not in made["api"]:
            made["api"] = f"benson:{made['api']}"
        if made != known:
            write_secretly(file, json.dumps(made) + "\n")
    except (OSError, ValueError, AttributeError) as error:
        raise ExecutionFailed(f"the passwords in {file} can't be used: {error}") from error
    return {**made, "api": given_auth or made["api"]}


def write_secretly(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all; raises `OSError`."""
    unique = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(unique, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(handle)
        unique.replace(file)
    finally:
        unique.unlink(missing_ok=True)


def exports(variables: Mapping[str, str]) -> str:
    """These variables as lines for a shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
