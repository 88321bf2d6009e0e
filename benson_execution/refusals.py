"""Recording what could not even be judged: no dispatch is opened for it, but it is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benson_execution.errors import BadInput, InvalidPac, TrailUnavailable
from benson_execution.faults import note_fault
from benson_execution.proof.heads import Head
from benson_execution.proof.heads_file import append_head
from benson_execution.proof.refusal import Refusal
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.timestamps import utc_now
from benson_execution.trail.port import FileClaim, Trail

MAX_CAUSE = 2000
"""How many characters of a cause are kept."""
_MAX_SOURCE = 300


def record_refusal(
    opened: Callable[[], Trail],
    settings: Settings,
    error: BadInput,
    source: str | None = None,
    *,
    note_head: bool = True,
) -> Refusal | None:
    """Append the refusal of a document to the trail, and its head to the heads file.

    `opened` is called for the trail, `source` says where the document came from, and `note_head`
    is false for a trail that keeps no heads file.
    Nothing is recorded, and None returned, where no document was received: a file that is not
    there is a mistake of whoever named it. Raises `TrailUnavailable`, noted as a fault: what was
    not recorded has not been refused either.
    """
    refusal = refusal_of(error, source)
    if refusal is None:
        return None
    with _noting(settings, refusal):
        trail = opened()
        head = trail.refuse(refusal)
        if note_head:
            _note_head(trail, settings, head)
    return refusal


def claim_and_refuse(
    trail: Trail, settings: Settings, path: str, sha256: str, error: BadInput | None
) -> FileClaim:
    """Claim a file of an inbox, or find who has; with the claim that wins goes its refusal.

    `error` says why it holds nothing to judge, where it holds nothing. Raises `TrailUnavailable`,
    noted as a fault.
    """
    refusal = None if error is None else refusal_of(error, path)
    if refusal is None:
        return trail.claim_file(path, sha256).claim
    with _noting(settings, refusal):
        claimed = trail.claim_file(path, sha256, refusal)
        if claimed.head is not None:
            _note_head(trail, settings, claimed.head)
    return claimed.claim


def refusal_of(error: BadInput, source: str | None) -> Refusal | None:
    """The refusal that an error tells; None where no document was received."""
    if error.received is None:
        return None
    line = "" if error.line is None else f"line {error.line}: "
    return Refusal(
        timestamp=utc_now(),
        kind="invalid_pac" if isinstance(error, InvalidPac) else "unreadable",
        sha256=error.received.sha256,
        size=error.received.size,
        complete=error.received.complete,
        cause=plain(line + error.message, MAX_CAUSE),
        source=None if source is None else plain(source, _MAX_SOURCE),
    )


@contextmanager
def _noting(settings: Settings, refusal: Refusal) -> Iterator[None]:
    try:
        yield
    except TrailUnavailable as failure:
        note_fault(settings.home, "trail", failure, f"refusal of {refusal.sha256}")
        raise


def _note_head(trail: Trail, settings: Settings, head: Head) -> None:
    try:
        append_head(settings.heads_file, head, trail.where)
    except OSError as failure:
        raise TrailUnavailable(
            f"the heads file {settings.heads_file} can't be written: {failure.strerror or failure}",
            "BENSON_HEADS names the file",
        ) from failure
