"""Taking a file: it is read once, looked at once, and claimed once in the trail."""

from __future__ import annotations

from typing import NamedTuple

from benson_execution.document import Document
from benson_execution.errors import BadInput, Received, UnreadableDocument
from benson_execution.inbox.folder import Content, Inbox, claimed_path
from benson_execution.refusals import claim_and_refuse
from benson_execution.settings import Settings
from benson_execution.trail.port import FileClaim, FileMove, Trail


class Taken(NamedTuple):
    """A file that was read and is claimed, by this call or an earlier one."""

    name: str
    claim: FileClaim
    moved: FileMove | None
    """Where the same content under the same name went before: then this file is a repetition.

    None also for one that was only away, as on a folder that was not mounted: it is gone on with.
    """
    content: bytes
    refused: str | None
    """Why it holds nothing to judge; None for a document."""


def take(inbox: Inbox, trail: Trail, settings: Settings, name: str) -> Taken:
    """Read and claim a file; what holds nothing to judge is refused with the claim, in the trail.

    Raises what `Inbox.read` raises, and `TrailUnavailable`.
    """
    found = inbox.read(name, settings.max_document_bytes)
    error = why_unreadable(found, settings.max_document_bytes)
    claim = claim_and_refuse(trail, settings, claimed_path(inbox, name), found.sha256, error)
    if error is None and claim.leaf_index is not None:
        refused: str | None = "it was refused before, by a program that read it otherwise"
    else:
        # A claim without a refusal was submitted: whoever judges it says what it is.
        refused = str(error) if error is not None and claim.leaf_index is not None else None
    moved = trail.move_of(claim.claim_id)
    if moved is not None and moved.target is None:
        moved = None
    return Taken(name, claim, moved, found.content, refused)


def why_unreadable(found: Content, limit: int) -> BadInput | None:
    """Why a file's content can't be judged at all; None for a document."""
    if not found.complete:
        error = UnreadableDocument(f"the document has more than {limit} bytes, which are read")
        error.received = Received(found.sha256, len(found.content), complete=False)
        return error
    try:
        Document.read(found.content, limit=limit)
    except BadInput as refusal:
        refusal.message = refusal.message if refusal.line is None else _with_line(refusal)
        refusal.line = None
        return refusal
    return None


def _with_line(error: BadInput) -> str:
    return f"line {error.line}: {error.message}"
