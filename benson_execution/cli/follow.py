"""`benson show --follow`: a dispatch as it is recorded, until it is closed."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from rich.status import Status
from rich.text import Text

from benson_execution.artifact import artifact_path
from benson_execution.cli.explained import (
    explained_dispatch,
    moment_line,
    print_explanation,
    waiting_for_review,
)
from benson_execution.cli.inputs import resolve_pac
from benson_execution.cli.output import err, out, print_json, visible_json
from benson_execution.errors import (
    ArtifactNotWritten,
    BadInput,
    ExecutionFailed,
    TrailUnavailable,
)
from benson_execution.events import Event, EventType
from benson_execution.insight.explanation import Moment
from benson_execution.phases.human_review import waits_for_review
from benson_execution.schema import is_pac_id
from benson_execution.settings import Settings
from benson_execution.text import enumerate_some, plain, quote
from benson_execution.timeline import gist, milliseconds
from benson_execution.trail import StoredEvent, Trail, open_trail

_EVERY: Final = 0.2
"""How often, in seconds, the trail is asked while something happens."""
_QUIET: Final = 10.0
"""After how many quiet seconds it is asked once a second: a reviewer may take days."""
_LOOK: Final = 5.0
"""How often, in seconds, it is looked whether whoever is at work on the dispatch still lives."""
_ARTIFACT: Final = 2.0
"""How long, in seconds, an artifact may take that is written just now."""
_MAKING: Final = 10.0
"""How long, in seconds, a trail that was there may be out of reach before anything is told."""
READER_LEFT: Final = 141
"""What a shell says of a program whose reader left: 128, and SIGPIPE's number."""


class Following(NamedTuple):
    """What is to be watched: a PAC's latest dispatch, or this one; for so many seconds at most."""

    pac_id: str
    dispatch_id: str | None
    seconds: float | None
    as_json: bool


class _ReaderLeft(Exception):
    """Nobody reads any more: there is nobody to watch for."""


def follow(settings: Settings, wanted: Following) -> int:
    """Print events as they are recorded, then the explanation; return the verdict's exit code.

    Raises `ExecutionFailed` when the time is over, `BadInput` for what names no PAC, and
    `TrailUnavailable`.
    """
    with Status(Text("Opening the trail"), console=err()) as status:
        watch = _Watch(settings, wanted, status)
        try:
            return watch.to_the_end()
        except (_ReaderLeft, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return READER_LEFT


class _Watch:
    """One dispatch that is watched, from before it begins."""

    def __init__(self, settings: Settings, wanted: Following, status: Status) -> None:
        self.settings, self.wanted, self.status = settings, wanted, status
        self.pac_id = wanted.pac_id
        self.dispatch_id: str | None = None
        self.latest: dict[str, Event] = {}
        """The newest event of each type: what is needed to know whether a person is asked."""
        self.first: Event | None = None
        self.at_ms = 0.0
        self.position = 0
        self.told: set[str] = set()
        self.started = self.news = self.looked = self.reached = time.monotonic()

    def to_the_end(self) -> int:
        trail = self._trail()
        self.pac_id = self._resolved(trail)
        live = False
        while EventType.PAC_DISPATCH_END not in self.latest:
            if self.dispatch_id is None:
                trail = self._begun(trail)
            for stored in self._newer(trail):
                self._tell(stored)
            if EventType.PAC_DISPATCH_END in self.latest:
                break
            live = True
            self._hint(trail)
            self._wait()
        return self._explain(trail, live=live)

    def _begun(self, trail: Trail) -> Trail:
        """Look for the PAC's latest dispatch, in a trail that may be made only now."""
        wanted = self.wanted.dispatch_id
        try:
            trail = self._trail()
            for stored in trail.events(pac_id=self.pac_id, dispatch_id=wanted):
                if stored.sequence == 1 or self.dispatch_id is None:
                    self.dispatch_id = stored.dispatch.dispatch_id
            self.reached = time.monotonic()
        except TrailUnavailable:
            # Its file is there, and its tables are not yet: whoever makes them takes a moment.
            if time.monotonic() - self.reached > _MAKING:
                raise
        return trail

    def _trail(self) -> Trail:
        return open_trail(self.settings, read_only=True)

    def _resolved(self, trail: Trail) -> str:
        """The PAC that is meant: this very one, or the one at work whose id begins so."""
        wanted = self.wanted.pac_id
        if self.wanted.dispatch_id is not None:
            return self._pac_of_dispatch(trail, self.wanted.dispatch_id)
        if next(trail.events(pac_id=wanted), None) is not None:
            return wanted
        at_work = {one.dispatch.pac_id: None for one in trail.leases() if not one.closed}
        found = [pac_id for pac_id in at_work if pac_id.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        if not is_pac_id(wanted):
            told = f"begins {len(found)} PAC ids" if found else "is no PAC's id"
            raise BadInput(
                f"{quote(wanted)} {told}{': ' if found else ''}{enumerate_some(found)}",
                "--follow needs the full id of a PAC that is not at work yet",
            )
        return wanted

    def _pac_of_dispatch(self, trail: Trail, dispatch_id: str) -> str:
        """A dispatch that is named must be there: nobody can know the id of one that is not."""
        first = next(trail.events(dispatch_id=dispatch_id), None)
        if first is None or first.dispatch.pac_id != resolve_pac(trail, self.wanted.pac_id):
            raise BadInput(
                f"{plain(self.wanted.pac_id)} has no dispatch {quote(dispatch_id)}",
                "`benson show PAC_ID` lists those that it has",
            )
        return first.dispatch.pac_id

    def _newer(self, trail: Trail) -> Iterator[StoredEvent]:
        """What was recorded of the dispatch since the last look."""
        if self.dispatch_id is not None:
            yield from trail.events(dispatch_id=self.dispatch_id, after=self.position)

    def _tell(self, stored: StoredEvent) -> None:
        event = stored.event
        if self.first is None:
            self.first = event
            if not self.wanted.as_json:
                self._say(Text(f"dispatch {plain(stored.dispatch.dispatch_id)}", style="bold"))
        at_ms = max(self.at_ms, milliseconds([self.first, event])[-1])
        moment = Moment(event.event_type, at_ms, at_ms - self.at_ms, gist(event))
        self._say(visible_json(event.json.decode()) if self.wanted.as_json else moment_line(moment))
        self.at_ms, self.position = at_ms, stored.position
        self.latest.pop(event.event_type, None)  # the newest stands last, also of a type that was
        self.latest[event.event_type] = event
        self.news = self.looked = time.monotonic()

    def _hint(self, trail: Trail) -> None:
        """Say once what nobody sees in the events: that a person is asked, or a process dead."""
        if waits_for_review(list(self.latest.values())):
            self._note("review", waiting_for_review(self.pac_id))
            return
        if self.dispatch_id is None:
            self._note("none", f"{plain(self.pac_id)} has no dispatch yet: waiting for one")
            return
        if time.monotonic() - self.looked < _LOOK:
            return
        self.looked = time.monotonic()
        for lease in trail.leases():
            holder = lease.holder
            is_it = lease.dispatch.dispatch_id == self.dispatch_id
            if is_it and holder is not None and holder.is_dead():
                who = f"process {holder.pid} on {plain(holder.host.partition(' ')[0])}"
                self._note("dead", f"{who} is dead: `benson recover` closes the dispatch")

    def _note(self, name: str, text: str) -> None:
        if name not in self.told:
            self.told.add(name)
            self.status.stop()
            err().print(Text(f"benson: {text}"))
            self.status.start()

    def _say(self, line: Text | str) -> None:
        """One line, at once; it takes the place of the status line, which comes back below it."""
        self.status.stop()
        if isinstance(line, str):
            sys.stdout.write(f"{line}\n")
        else:
            out().print(line)
        sys.stdout.flush()
        self.status.start()

    def _wait(self) -> None:
        now = time.monotonic()
        if self.wanted.seconds is not None and now - self.started >= self.wanted.seconds:
            raise ExecutionFailed(
                f"{plain(self.pac_id)} has no verdict within {self.wanted.seconds:g} s",
                "it was only watched: nothing was ended or decided",
            )
        if _reader_left():
            raise _ReaderLeft
        quiet = now - self.news
        last = next(reversed(self.latest), None)
        doing = "waiting for a dispatch" if last is None else f"after {plain(last)}"
        if "review" in self.told:
            doing = "waiting for a reviewer"
        self.status.update(Text(f"{plain(self.pac_id)}: {doing}, {quiet:.0f} s"))
        pause = _EVERY if quiet < _QUIET else 1.0
        if self.wanted.seconds is not None:
            pause = min(pause, max(self.started + self.wanted.seconds - now, 0.0))
        time.sleep(pause)

    def _explain(self, trail: Trail, *, live: bool) -> int:
        assert self.dispatch_id is not None
        if live:
            self._await_artifact()
        explained = explained_dispatch(trail, self.dispatch_id, self.settings)
        self.status.stop()
        if self.wanted.as_json:
            print_json(explained.to_dict())
        else:
            print_explanation(explained, timeline=False)
        sys.stdout.flush()
        return explained.outcome.exit_code

    def _await_artifact(self) -> None:
        """It is written a moment after the end was recorded; where it is not, that is no matter."""
        until = time.monotonic() + _ARTIFACT
        with suppress(ArtifactNotWritten):
            folder = self.settings.artifacts_folder
            path = artifact_path(folder, self.pac_id, str(self.dispatch_id))
            while not path.exists() and time.monotonic() < until:
                time.sleep(0.05)


def _reader_left() -> bool:
    """Whether standard output is a pipe or a socket that nobody reads any more."""
    poll = select.poll()
    with suppress(OSError, ValueError):  # it is closed, or is no file at all
        poll.register(sys.stdout.fileno(), 0)
        return any(found & (select.POLLERR | select.POLLHUP) for _, found in poll.poll(0))
    return False
