"""One stack for all that is tested on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.stack.stack import Options, Stack
from tests.stack.crowd import Crowd, as_a_client_of


def say(line: str) -> None:
    """Progress, for whoever waits: `make test-stack` shows it."""
    print(line, flush=True)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack with two workers, in a folder that goes with it."""
    # In a folder that others may enter: PostgreSQL does not run as root.
    home = Path(tempfile.mkdtemp(prefix="benson-stack-", dir="/tmp"))
    home.chmod(0o711)
    try:
        with Stack(
            Options(home, workers=2, limit=int(os.environ.get("STACK_LIMIT", "2"))), say
        ) as stack:
            yield stack
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def crowd(stack: Stack) -> Iterator[Crowd]:
    """Whoever uses it; this process does so for as long as there is one."""
    with as_a_client_of(stack):
        made = Crowd(stack, say)
        try:
            yield made
        finally:
            made.trail.close()
