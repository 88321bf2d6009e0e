"""The receipt that stays in the database for each dispatch that was archived."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from benson_execution.archive.content import ArchivedDispatch
from benson_execution.events import DispatchStatus, EventType
from benson_execution.insight.summary import SummaryFold
from benson_execution.own_events import OwnEventType
from benson_execution.proof.merkle import leaf_hash
from benson_execution.trail.rows import EventRow, ReceiptRow

_RANGE: Final = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?")


def receipt_of(one: ArchivedDispatch, archive_id: str) -> ReceiptRow:
    """The receipt of a dispatch that is in this archive."""
    types = {event.event_type for event in one.events}
    failed = one.summary["status"] == DispatchStatus.FAILED
    return ReceiptRow(
        one.row.dispatch_id,
        archive_id,
        one.leaf_index,
        leaf_hash(one.entry),
        one.events[-1].position,
        positions_of(event.position for event in one.events),
        int(failed and EventType.WRAP_GENERATION not in types),
        int(OwnEventType.AGENT_RUN_START in types),
        orjson.dumps(one.summary).decode(),
    )


def summary_of(dispatch_id: str, events: Iterable[EventRow]) -> dict[str, Any]:
    """What is counted of a closed dispatch; `ValueError` when it has no end."""
    fold = SummaryFold()
    summary = None
    for event in events:
        summary = fold.add(dispatch_id, event.event) or summary
    if summary is None:
        raise ValueError("it has no end")
    return summary.to_dict()


def positions_of(positions: Iterable[int]) -> str:
    """Positions, each above the one before, as ranges: `7-12 14`."""
    ranges: list[list[int]] = []
    for position in positions:
        if ranges and ranges[-1][1] == position - 1:
            ranges[-1][1] = position
        else:
            ranges.append([position, position])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def ranges_in(positions: str) -> Iterator[tuple[int, int]]:
    """The ranges that a receipt names, first and last; `ValueError` when it names none."""
    for text in positions.split(" "):
        match = _RANGE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no range of positions")
        yield int(match[1]), int(match[2] or match[1])
