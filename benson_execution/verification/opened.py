"""Whether a dispatch was opened with what its row says, and what a gap in the positions says."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from benson_execution.proof.leaf import Header
from benson_execution.trail.rows import DispatchRow
from benson_execution.verification.findings import Finding, Kind


def check_opened(
    row: DispatchRow, trail_id: str | None, documents: Collection[str]
) -> Iterator[Finding]:
    """Whether what the dispatch was opened with is what its header says."""
    try:
        header = Header.from_bytes(row.header)
    except (ValueError, TypeError, AttributeError) as error:
        message = f"what it was opened with was changed: {error}"
        yield Finding(Kind.DISPATCH_ALTERED, message, text(row.dispatch_id))
        return
    if trail_id not in (None, header.trail_id):
        message = f"it was recorded in the trail {header.trail_id}"
        yield Finding(Kind.FOREIGN_DISPATCH, message, row.dispatch_id)
    columns = (row.dispatch_id, row.run_id, row.number, row.pac_id, row.document_sha256)
    said = (
        header.dispatch_id,
        header.run_id,
        header.number,
        header.pac_id,
        header.document_sha256,
    )
    if columns != said:
        message = f"it is stored as {columns}, and was opened as {said}"
        yield Finding(Kind.DISPATCH_ALTERED, message, text(row.dispatch_id))
    provenance = header.provenance
    for what, sha256 in (
        ("document", header.document_sha256),
        ("policy", provenance.policy_sha256),
        ("registry", provenance.registry_sha256),
    ):
        if provenance.benson_version and sha256 and sha256 not in documents:
            message = f"the {what} that it was judged by is gone: {sha256}"
            yield Finding(Kind.DOCUMENT_MISSING, message, row.dispatch_id)


def gap(expected: int, position: int) -> Iterator[Finding]:
    """What a position says that is not the one which is due."""
    if position < expected:
        message = f"an event stands at position {position}, where {expected} is due"
        yield Finding(Kind.EVENT_ALTERED, message)
        return
    where = (
        f"position {expected}"
        if position == expected + 1
        else (f"positions {expected} to {position - 1}")
    )
    yield Finding(Kind.EVENT_MISSING, f"no event stands at {where} of the trail")


def text(value: object) -> str:
    """A row may hold anything where a text should be."""
    return value if isinstance(value, str) else repr(value)
