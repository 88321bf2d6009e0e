"""What is SQLite's own when processes share a trail: its file's lock, and its mode."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from .children import child
from .stores import append, dispatch, note, open_sql


def test_opening_a_new_trail_waits_for_the_process_that_is_making_it(
    url: str, tmp_path: Path
) -> None:
    """It finds the file locked and not yet in write-ahead mode, and has its turn afterwards."""
    with child("lock", url) as one, ThreadPoolExecutor(1) as pool:
        assert one.line() == "locked"
        opening = pool.submit(open_sql, url)
        with pytest.raises(TimeoutError):  # it is still waiting
            opening.result(timeout=0.5)
        one.tell()
        trail = opening.result(timeout=60)
    append(trail, dispatch(), note("a"))
    trail.close()


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_commits_are_durable_on_every_connection(url: str, tmp_path: Path, mode: str) -> None:
    """Write-ahead logging with synchronous=FULL (2), also in a file that was made otherwise."""
    with sqlite3.connect(tmp_path / "trail.db") as made:
        assert made.execute(f"PRAGMA journal_mode={mode}").fetchone()[0] == mode.lower()
        made.execute("CREATE TABLE something_else (id INTEGER)")
    made.close()

    trail = open_sql(url)
    append(trail, dispatch(), note("a"))
    with ExitStack() as stack:
        connections = [stack.enter_context(trail.database.engine.connect()) for _ in range(8)]
        for connection in connections:
            for pragma, wanted in (("journal_mode", "wal"), ("synchronous", 2)):
                found = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
                assert found == wanted
    trail.close()
