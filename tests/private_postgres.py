"""A PostgreSQL server of the tests' own, which neither they nor their violent end leave behind.

It is the server of `make stack`, in a folder that goes with it, and without a password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deployments.stack.postgresql import MISSING, PostgresServer, server_binaries

__all__ = ["MISSING", "PrivatePostgres", "private_postgres", "server_binaries"]

PrivatePostgres = PostgresServer


@contextmanager
def private_postgres() -> Iterator[PostgresServer]:
    """A running server, for a fixture of the whole session; without binaries, a skip."""
    binaries = server_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    with PostgresServer(binaries) as server:
        yield server
