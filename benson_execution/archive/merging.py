"""Merging the rows of events that stayed with those of archives, each opened when it is due."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from benson_execution.archive.content import ArchivedDispatch
from benson_execution.trail.rows import EventTuple


def merged(
    staying: Iterator[EventTuple],
    files: Iterable[tuple[int, str]],
    opened: Callable[[str], Iterator[EventTuple]],
) -> Iterator[EventTuple]:
    """All by position. `files` are the first positions and ids of archives; `opened` reads one."""
    waiting = sorted(files, reverse=True)
    streams: list[tuple[int, int, EventTuple, Iterator[EventTuple]]] = []
    number = 0

    def push(stream: Iterator[EventTuple]) -> None:
        nonlocal number
        for event in stream:
            number += 1
            heapq.heappush(streams, (event[0], number, event, stream))
            return

    push(staying)
    while streams or waiting:
        if waiting and (not streams or waiting[-1][0] <= streams[0][0]):
            push(opened(waiting.pop()[1]))
            continue
        _, _, event, stream = heapq.heappop(streams)
        yield event
        push(stream)


def events_in(dispatches: Iterable[ArchivedDispatch]) -> Iterator[EventTuple]:
    """The rows of these dispatches' events, by position."""
    events: list[EventTuple] = [(*event,) for one in dispatches for event in one.events]
    events.sort(key=itemgetter(0))
    return iter(events)
