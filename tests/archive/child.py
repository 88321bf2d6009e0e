"""An archiver in a process of its own, which kills itself at its n-th step.

    python -m tests.archive.child URL HOME STEP

A step is the moment before or behind a call that changes something, on disk or in the database.
Without a kill it says how many there were.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benson_execution.archive import folder as folders
from benson_execution.archive.archiving import batches, store
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.settings import Settings
from benson_execution.trail import SqlTrail
from benson_execution.trail.database import Session
from benson_execution.trail.opening import keyring_of, trusted_keys


class Steps:
    """Counts calls, before and behind each, and ends the process at one of them."""

    def __init__(self, last: int) -> None:
        self.count = 0
        self.last = last

    def step(self) -> None:
        """One step more."""
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, with a step before it and one behind it."""

        def counted(*args: Any, **named: Any) -> Any:
            self.step()
            answer = call(*args, **named)
            self.step()
            return answer

        return counted


def main(url: str, home: str, last: int) -> None:
    """Archive all that is finished."""
    settings = Settings(home=Path(home), trail_url=url)
    trail = SqlTrail(url, keyring_of(settings))
    steps = Steps(last)
    for holder, name in (
        (os, "link"),
        (os, "fsync"),
        (folders, "_write_durably"),
        (Session, "run"),
        (Session, "run_many"),
        (type(trail.database), "commit"),
    ):
        setattr(holder, name, steps.wrapped(getattr(holder, name)))
    keys, folder = trusted_keys(settings), ArchiveFolder(settings.archive_folder)
    with folder.locked():
        for batch in batches(trail, datetime.now(UTC), keys):
            store(trail, folder, batch, keys)
    print(steps.count, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
