"""Files of documents and of JSON Lines: every violation with its line, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from benson_execution.conformance.schemas import KINDS
from benson_execution.conformance.trail_rules import TrailRules
from benson_execution.conformance.valid_results import is_valid_result
from benson_execution.conformance.validation import is_valid_event, kind_of, violations_in
from benson_execution.errors import UnreadableDocument
from benson_execution.limits import MAX_DOCUMENT_BYTES
from benson_execution.reading import lines_of, read_json, read_value
from benson_execution.schema import Violation

TRAIL: Final = "trail"
"""Forces lines to be events that make a trail; `event` looks at each for itself."""
CHOICES: Final = (*KINDS, TRAIL)
_EVERY: Final = 1000
"""After how many lines it is told how far the reading has come."""


class Stream(Protocol):
    """What lines are read from."""

    def readline(self, limit: int = -1, /) -> bytes:
        """The next line, or as much of it as `limit` says; nothing at the end."""


class Finding(NamedTuple):
    """One thing to tell of a file: where, and what.

    `pointer` is None where nothing could be read. A note is no violation.
    """

    line: int | None
    pointer: str | None
    message: str
    kind: str | None = None
    is_note: bool = False


@dataclass
class Tally:
    """What was looked at: how many of which kind, and how many violations there were."""

    kinds: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    violations: int = 0
    notes: int = 0

    @property
    def documents(self) -> int:
        """How many documents, events or lines there were."""
        return sum(self.kinds.values()) + self.unreadable


def check_file(
    content: bytes, tally: Tally, *, kind: str | None = None, limit: int = MAX_DOCUMENT_BYTES
) -> Iterator[Finding]:
    """Everything that is wrong with one document; without a `kind`, it is what it looks like."""
    try:
        value = _read(content, kind, limit)
    except UnreadableDocument as error:
        yield _unreadable(error, error.line, tally)
        return
    kind = kind_of(value) if kind is None else kind
    kind = "event" if kind == TRAIL else kind
    tally.kinds[kind] += 1
    found = violations_in(value, kind)
    tally.violations += len(found)
    lines: Sequence[int | None] = lines_of(content, [v.path for v in found]) if found else ()
    for violation, line in zip(found, lines, strict=True):
        yield Finding(line, violation.path, violation.message, kind)


def _read(content: bytes, kind: str | None, limit: int) -> Any:
    """The value of a document; an artifact may be larger than what an agent may hand in."""
    try:
        return read_value(content, limit=limit)
    except UnreadableDocument:
        if kind not in (None, _ARTIFACT):
            raise
        try:
            value = read_json(content)
        except UnreadableDocument:
            value = None
        if kind_of(value) != _ARTIFACT:
            raise
        return value


_ARTIFACT: Final = "ber-telemetry-artifact"
_RESULT: Final = "agent-execution-result"


def check_lines(
    stream: Stream,
    tally: Tally,
    *,
    kind: str | None = None,
    limit: int = MAX_DOCUMENT_BYTES,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Finding]:
    """Everything that is wrong with JSON Lines, of which each holds one document.

    Events also have to make a trail, unless `kind` says that each stands for itself. `progress`
    is told now and then how many bytes were read.
    """
    yield from _Lines(stream, tally, kind, limit, progress).findings()


class _Lines:
    """One pass through JSON Lines."""

    def __init__(
        self,
        stream: Stream,
        tally: Tally,
        kind: str | None,
        limit: int,
        progress: Callable[[int], None],
    ) -> None:
        self._stream = stream
        self._tally = tally
        self._kind = "event" if kind == TRAIL else kind
        self._limit = limit
        self._progress = progress
        self._rules = None if kind == "event" else TrailRules()

    def findings(self) -> Iterator[Finding]:
        # A million times through here: what is valid is passed in this loop, all else outside.
        limit, read_line, kinds = self._limit, self._stream.readline, self._tally.kinds
        follow = None if self._rules is None else self._rules.event
        expects_events = self._kind in (None, "event")
        expects_results = self._kind in (None, _RESULT)
        number = done = events = 0
        while line := read_line(limit + 2):
            number += 1
            done += len(line)
            if number % _EVERY == 0:
                self._progress(done)
            try:
                value = read_value(line, limit=limit)
            except UnreadableDocument as error:
                yield from self._unreadable(number, line, error)
                if len(line) > limit and not line.endswith(b"\n"):
                    done += self._skip()
                continue
            if expects_events and is_valid_event(value):
                events += 1
                complaint = None if follow is None else follow(number, value)
                if complaint is not None:
                    self._tally.violations += 1
                    yield Finding(number, complaint.path, complaint.message, "event")
            elif expects_results and line[:1] == b"{" and is_valid_result(value):
                kinds[_RESULT] += 1
            elif others := self._others(number, line, value):
                yield from others
        if events:
            kinds["event"] += events
        self._progress(done)
        yield from self._notes()

    def _others(self, number: int, line: bytes, value: Any) -> list[Finding]:
        """What is neither a valid event nor a valid result."""
        kind = kind_of(value) if self._kind is None else self._kind
        if line[:1] == b"{" or line.lstrip()[:1] in (b"{", b"["):
            found = violations_in(value, kind)
        else:  # YAML, in which one document may have a single line
            found = [Violation("", "a line of JSON Lines holds a JSON object")]
        self._tally.kinds[kind] += 1
        if not found:
            return []
        self._tally.violations += len(found)
        if self._rules is not None:
            self._rules.lost(number, value)
        return [Finding(number, violation.path, violation.message, kind) for violation in found]

    def _unreadable(self, number: int, line: bytes, error: UnreadableDocument) -> Iterator[Finding]:
        if line.strip():
            if self._rules is not None:
                self._rules.lost(number)
            yield _unreadable(error, number, self._tally)

    def _skip(self) -> int:
        """Read past what is left of a line that is too long, and say how much that was."""
        skipped = 0
        while rest := self._stream.readline(self._limit + 2):
            skipped += len(rest)
            if rest.endswith(b"\n"):
                break
        return skipped

    def _notes(self) -> Iterator[Finding]:
        for number, note in () if self._rules is None else self._rules.notes():
            self._tally.notes += 1
            yield Finding(number, None, note, "event", is_note=True)


def _unreadable(error: UnreadableDocument, line: int | None, tally: Tally) -> Finding:
    tally.unreadable += 1
    tally.violations += 1
    return Finding(line, None, str(error))
