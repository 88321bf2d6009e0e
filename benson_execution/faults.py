"""faults.jsonl: what could not be recorded or shown, noted where neither trail nor Prefect is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import orjson

from benson_execution.text import plain
from benson_execution.timestamps import utc_now

MAX_BYTES: Final = 64 * 1024 * 1024
"""Beyond this size nothing is added: a fault that repeats for days must not fill the disk."""


FaultKind = Literal["trail", "artifact", "lease", "projection", "mirror", "inbox", "agent", "otel"]
"""What went wrong, in the word that is counted: `benson_faults_total` has one series for each.

`trail`: a write that the trail refused. `artifact`: one that could not be written. `lease`: one
that could not be released. `projection`: something that could not be shown. `mirror`: events that
Prefect did not take. `inbox`: a file that could not be taken, submitted or moved. `agent`: a run of
one that could not be cancelled. `otel`: traces that no OpenTelemetry receiver took; one line may
tell of many.
"""


def faults_file(home: Path) -> Path:
    """Where the faults of this home are noted."""
    return home / "faults.jsonl"


def note_fault(home: Path, kind: FaultKind, error: BaseException, about: str) -> None:
    """Append one line to `faults.jsonl` under the home: when, what, about what, and why.

    Raises nothing: the place where faults are noted may be full as well.
    """
    line = {
        "timestamp": utc_now(),
        "kind": kind,
        "about": about,
        "error": type(error).__name__,
        "message": plain(str(error), 2000),
    }
    try:
        home.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(faults_file(home), flags, 0o644)
        try:
            if os.fstat(handle).st_size < MAX_BYTES:
                os.write(handle, orjson.dumps(line) + b"\n")
        finally:
            os.close(handle)
    except OSError:
        return  # the caller has the fault itself, and reports that one
