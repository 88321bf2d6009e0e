"""Where a run can be told to stop: around every event, and around what closing it leaves.

In the process that runs the flow, the trail is watched: every event that it acknowledged is
noted in a file at once, where it outlives the process. At the point that is asked for, the
process says so in the same file, and stops itself; whoever waits for it kills it.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Final

from benson_execution import artifact
from benson_execution.events import Event
from benson_execution.trail import Batch, SqlTrail, StoredEvent

EVENTS: Final = (
    "PAC_DISPATCH_START",
    "AGENT_EXECUTION_START",
    "CHECKPOINT:CP-01",
    "CHECKPOINT:CP-02",
    "CHECKPOINT:CP-03",
    "CHECKPOINT:CP-04",
    "SCHEMA_VALIDATION",
    "AGENT_EXECUTION_END",
    "BER_GENERATION_DECISION",
    "WRAP_GENERATION",
    "PAC_DISPATCH_END",
)
"""The keys of a dispatch's eleven events, in order."""
MOMENTS: Final = ("before", "inside", "after")
"""Before the transaction, in it and not yet committed, and right after its commit."""
LEFTOVERS: Final = ("HEAD:after", "ARTIFACT:inside", "ARTIFACT:after", "RELEASE:after")
"""Between the END and the artifact, while its file has no name yet, and behind it."""
POINTS: Final = (*(f"{event}:{moment}" for event in EVENTS for moment in MOMENTS), *LEFTOVERS)
"""All of them."""


class Watch:
    """Notes what the trail acknowledges, and stops this process at a point."""

    def __init__(
        self, notes: Path, point: str | None, instead: Callable[[], None] | None = None
    ) -> None:
        # Whatever is written is there after a kill; half a line, at its end, counts as not said.
        self._notes = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._point = point
        self._instead = instead
        self._go = notes.with_suffix(".go")

    def note(self, **members: Any) -> None:
        """One line for whoever waits."""
        os.write(self._notes, json.dumps(members).encode() + b"\n")

    def at(self, point: str) -> None:
        """If this is the point, do what is to be done there, or stop until `go` and a SIGCONT."""
        if point != self._point or self._go.exists():
            return
        self.note(at=point)
        if self._instead is not None:
            self._instead()
            return
        os.kill(os.getpid(), signal.SIGSTOP)
        # One thread takes the signal, and stops all; this one may be another, and faster.
        while not self._go.exists():
            time.sleep(0.005)

    def install(self) -> None:
        """Watch every trail in a database, and the writing of artifacts, of this process."""
        self._watch_append()
        artifact.append_head = self._then("HEAD:after", artifact.append_head)  # type: ignore[attr-defined]
        artifact.write_artifact = self._then("ARTIFACT:after", artifact.write_artifact)
        SqlTrail.release = self._then("RELEASE:after", SqlTrail.release)  # type: ignore[method-assign]
        replace = os.replace

        def replaced(source: Any, target: Any, **folders: Any) -> None:
            if str(source).endswith(".tmp") and str(target).endswith(".json"):
                self.at("ARTIFACT:inside")
            replace(source, target, **folders)

        os.replace = replaced  # type: ignore[assignment]  # it hands on what it is given

    def _watch_append(self) -> None:
        append = SqlTrail.append

        @wraps(append)
        def watched(
            trail: SqlTrail,
            batch: Batch,
            *,
            before_commit: Callable[[Sequence[Event]], None] | None = None,
        ) -> list[StoredEvent]:
            keys = [new.key for new in batch.events]

            def within(events: Sequence[Event]) -> None:
                for key in keys:
                    self.at(f"{key}:inside")
                if before_commit is not None:
                    before_commit(events)

            for key in keys:
                self.at(f"{key}:before")
            stored = append(trail, batch, before_commit=within)
            for one in stored:
                self.note(acknowledged=facts(one))
            for key in keys:
                self.at(f"{key}:after")
            return stored

        SqlTrail.append = watched  # type: ignore[method-assign, assignment]

    def _then(self, point: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            answer = call(*args, **kwargs)
            self.at(point)
            return answer

        return watched


def facts(stored: StoredEvent) -> tuple[str, int, int, str | None, str, str]:
    """All that is recorded of an event: its dispatch, its place, its key, its bytes, its hash."""
    return (
        stored.dispatch.dispatch_id,
        stored.position,
        stored.sequence,
        stored.key,
        base64.b64encode(stored.event.json).decode(),
        stored.chain.hex(),
    )
