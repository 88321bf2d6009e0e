"""Every WRAP in the trail has its PAC's claim, and every claim its WRAP.

The two lists stand in different orders, and may be long. So each is summed up in a digest that
no order changes, and only a changed trail is looked at again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator

import orjson

from benson_execution.events import EventType
from benson_execution.trail.rows import EventTuple, Rows, WrapRow
from benson_execution.verification.findings import Finding, Kind

_WRAP = str(EventType.WRAP_GENERATION)

_WRAP_ID = re.compile(r"(WRAP-.+-[0-9]{8})(?:-([0-9]{2,}))?")

Claim = tuple[str, str, str]
"""The dispatch, the PAC, and the WRAP's id."""


class Claims:
    """The WRAPs that were seen among the events; `check` compares them with the claims."""

    def __init__(self) -> None:
        self._sum = 0
        self._unseen: set[Claim] = set()

    def saw(self, dispatch_id: str, event: bytes) -> bool:
        """Take a `WRAP_GENERATION` into account; whether it is a WRAP, and not a blocked one."""
        claim = _claim(dispatch_id, event)
        if claim is not None:
            self._sum = _add(self._sum, claim)
        return claim is not None

    def believe(self, claim: Claim) -> None:
        """Take a WRAP into account whose event nobody looks at."""
        self._sum = _add(self._sum, claim)
        self._unseen.add(claim)

    def check(self, rows: Rows, events: Callable[[], Iterable[EventTuple]]) -> Iterator[Finding]:
        """What differs; `events` are those that were seen, once more."""
        claimed = 0
        for row in rows.wraps():
            if _family_and_number(row.wrap_id) != (row.family, row.number):
                message = f"the claim of {row.pac_id} to {row.wrap_id} was changed"
                yield Finding(Kind.WRAP_ALTERED, message, row.dispatch_id)
            claimed = _add(claimed, _of_row(row))
        if claimed != self._sum:
            yield from self._differences(rows, events())

    def _differences(self, rows: Rows, events: Iterable[EventTuple]) -> Iterator[Finding]:
        claims = {_of_row(row) for row in rows.wraps()} - self._unseen
        for event in events:
            claim = _claim(event[1], event[5]) if event[3] == _WRAP else None
            if claim is None:
                continue
            if claim not in claims:
                message = f"{claim[2]} of {claim[1]} is in the trail, and is not claimed like that"
                yield Finding(Kind.WRAP_ALTERED, message, claim[0])
            claims.discard(claim)
        for dispatch_id, pac_id, wrap_id in claims:
            message = f"{pac_id} has a claim to {wrap_id}, which is not in the trail like that"
            yield Finding(Kind.WRAP_ALTERED, message, dispatch_id)


def _family_and_number(wrap_id: object) -> tuple[str, int] | None:
    """What a WRAP's id says of its family, and of its number in it."""
    match = _WRAP_ID.fullmatch(wrap_id) if isinstance(wrap_id, str) else None
    return None if match is None else (match[1], int(match[2] or 1))


def _of_row(row: WrapRow) -> Claim:
    return row.dispatch_id, row.pac_id, row.wrap_id


def _add(total: int, claim: Claim) -> int:
    digest = hashlib.sha256(repr(claim).encode()).digest()
    return (total + int.from_bytes(digest, "big")) % (1 << 256)


def _claim(dispatch_id: str, event: bytes) -> Claim | None:
    """What a `WRAP_GENERATION` claims; None when it was blocked."""
    try:
        data = orjson.loads(event)["data"]
        return None if data["blocked"] else (dispatch_id, data["pac_id"], data["wrap_id"])
    except (ValueError, TypeError, KeyError):
        return None  # its hash says that it was changed
