"""Looking through an inbox once, and choosing what one sweep takes of it."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from benson_execution.inbox.folder import Entry, Inbox, claimed_path

SETTLED_SECONDS = 2.0
"""A file that changed less long ago may still be written."""


@dataclass(slots=True)
class Listing:
    """What a sweep finds; of new files no more names are kept than it takes."""

    new: list[str] = field(default_factory=list)
    """Those that were not taken yet, the oldest first."""
    taken: dict[str, str] = field(default_factory=dict)
    """Those of which some content is claimed already: their names, by the path of the claim."""
    strange: list[Entry] = field(default_factory=list)
    left: int = 0
    """How many more there are than are taken now."""
    young: int = 0
    """How many may still be written."""


def look_through(inbox: Inbox, claimed: Collection[str], most: int, now: float) -> Listing:
    """Go through an inbox in one pass; `claimed` are the paths with open claims.

    At most `most` new files are chosen, and as many strange ones. `now` is the time in seconds
    since 1970. Raises `InboxUnavailable`.
    """
    found = Listing()
    seen = 0

    def fresh() -> Iterator[tuple[float, str]]:
        nonlocal seen
        for entry in inbox.entries():
            if entry.strange is not None:
                if len(found.strange) < most:
                    found.strange.append(entry)
                else:
                    found.left += 1
            elif (path := claimed_path(inbox, entry.name)) in claimed:
                found.taken[path] = entry.name
            elif abs(now - entry.modified) < SETTLED_SECONDS:
                found.young += 1
            else:
                seen += 1
                yield entry.modified, entry.name

    found.new = [name for _, name in heapq.nsmallest(most, fresh())]
    found.left += seen - len(found.new)
    return found
