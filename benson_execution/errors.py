"""Everything that Benson raises on purpose, under one root.

BensonError                     exit code 1 is never used: it means "blocked"
├── BadInput                    2  what was handed in can't be used
│   ├── UnreadableDocument         not text, not JSON or YAML, or not safely so
│   ├── InvalidPac                 readable, but there is no PAC to judge by
│   └── InvalidSettings            an environment variable or a registry file is wrong
├── EventRefused                2  a telemetry event that the contract does not allow
├── ExecutionFailed             3  the execution itself failed, so nothing was decided
│   ├── TrailIncomplete            an event that must be in the trail is missing
│   ├── ArtifactNotWritten         the trail is complete; its artifact could not be written
│   ├── ArchiveNotWritten          an archive could not be written, and nothing of it was moved
│   ├── AgentFailed                an agent that was to be run handed over no result
│   │   └── AgentNotStarted           there was no process of it at all
│   └── AgentRunsElsewhere         another process runs the dispatch's agent, and decides
├── AppendRefused               3  the trail is there, and says no
│   ├── DispatchClosed             a closed dispatch takes no more events
│   ├── StatusConflict             a closed dispatch has another status already
│   ├── StillHeld                  another process went on with the dispatch
│   ├── WrapIdTaken                another PAC has this WRAP id
│   └── PacAlreadyWrapped          the PAC has its WRAP: it is closed
├── NotVerified                 4  what was to be verified is not what it claims to be
└── TrailUnavailable            5  the trail can't be read or written
    └── TrailVersion               its tables are older or newer than this program

An error carries a message for the log and, where something can be done about it, a hint for
the person; `exit_code` is the class of failure that the `benson` command reports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple


class BensonError(Exception):
    """The root of the tree above."""

    exit_code = 3

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} ({self.hint})"


class Received(NamedTuple):
    """What was handed in, whatever it was: the SHA-256 (lower-case hexadecimal) of its bytes.

    It is that of the first `size` bytes where there were more than anybody reads, and `complete`
    is false.
    """

    sha256: str
    size: int
    complete: bool = True

    @classmethod
    def of(cls, content: bytes) -> Received:
        """What these bytes are."""
        return cls(hashlib.sha256(content).hexdigest(), len(content))


class BadInput(BensonError):
    """What was handed in can't be used; `line` is 1-based where it is known.

    `received` says what it was, where it was a document.
    """

    exit_code = 2
    received: Received | None = None

    def __init__(self, message: str, hint: str | None = None, *, line: int | None = None) -> None:
        super().__init__(message, hint)
        self.line = line


class UnreadableDocument(BadInput):
    """The bytes are not one safely readable JSON or YAML object."""


class InvalidPac(BadInput):
    """The document is readable, but holds no PAC to judge by; `violations` has (path, message)."""

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        *,
        line: int | None = None,
        violations: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message, hint, line=line)
        self.violations = tuple(violations)


class InvalidSettings(BadInput):
    """A setting is wrong; the message names the variable or the file."""


class EventRefused(BensonError, ValueError):
    """A telemetry event that the contract does not allow; the message names the field."""

    exit_code = 2


class ExecutionFailed(BensonError):
    """The execution itself failed: nothing was decided, and nothing has passed."""


class TrailIncomplete(ExecutionFailed):
    """An event that must be in the trail is not there."""


class ArtifactNotWritten(ExecutionFailed):
    """The trail is complete, but its artifact could not be written."""


class ArchiveNotWritten(ExecutionFailed):
    """An archive could not be written: what was to go into it stays where it is."""


class AgentFailed(ExecutionFailed):
    """An agent that was to be run handed over no result; the message is the cause."""


class AgentNotStarted(AgentFailed):
    """The agent was not run: nobody allowed it, or there is no such program."""


class AgentRunsElsewhere(ExecutionFailed):
    """Another process runs the agent of this dispatch: what becomes of it, that one decides."""


class AppendRefused(BensonError):
    """The trail is there, and refuses what was to be appended."""


class DispatchClosed(AppendRefused):
    """A closed dispatch takes no more events."""


class StatusConflict(AppendRefused):
    """A dispatch is closed once; a second, different status is refused."""


class StillHeld(AppendRefused):
    """The dispatch was not abandoned after all: another process went on with it."""


class WrapIdTaken(AppendRefused):
    """Another PAC's WRAP has this id; `next_number` is the first free one of its family."""

    def __init__(self, message: str, *, next_number: int) -> None:
        super().__init__(message)
        self.next_number = next_number


class PacAlreadyWrapped(AppendRefused):
    """The PAC has its WRAP; `wrap_id` names it."""

    def __init__(self, message: str, *, wrap_id: str) -> None:
        super().__init__(message)
        self.wrap_id = wrap_id


class NotVerified(BensonError):
    """What was to be verified is not what it claims to be."""

    exit_code = 4


class TrailUnavailable(BensonError):
    """The trail can't be read or written."""

    exit_code = 5


class TrailVersion(TrailUnavailable):
    """The trail's tables are of another version than this program's; the hint says what to do.

    `found` is their version; None when there are no tables, empty when they don't say.
    """

    def __init__(self, message: str, hint: str | None = None, *, found: str | None = None) -> None:
        super().__init__(message, hint)
        self.found = found
