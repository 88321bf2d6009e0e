"""Verdicts: what a phase says, in the words that its telemetry event will use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benson_execution.document import Document, NoResult
from benson_execution.events import CHECKPOINT_NAMES, CheckpointName
from benson_execution.text import plain, quote, shorten

MAX_DETAILS = 2000
"""How long a verdict's details may be: they quote agents, and end up in every record."""


@dataclass(frozen=True, slots=True)
class CheckpointVerdict:
    """A gate's verdict; `details` says what was expected and what was found.

    `error` says why the gate could not be judged. It is not a refusal: the execution failed.
    """

    checkpoint_id: str
    passed: bool
    details: str
    error: str | None = None

    @property
    def checkpoint_name(self) -> str:
        """The gate's name in the contract."""
        return CHECKPOINT_NAMES[self.checkpoint_id]

    @property
    def status(self) -> str:
        """`PASS` or `FAIL`."""
        return "PASS" if self.passed else "FAIL"


def passed(gate: CheckpointName, details: str) -> CheckpointVerdict:
    """The gate is open."""
    return CheckpointVerdict(gate.checkpoint_id, True, shorten(details, MAX_DETAILS))


def refused(gate: CheckpointName, details: str) -> CheckpointVerdict:
    """The gate is shut."""
    return CheckpointVerdict(gate.checkpoint_id, False, shorten(details, MAX_DETAILS))


def not_judged(checkpoint_id: str, error: BaseException | str) -> CheckpointVerdict:
    """The gate could not be judged, and a gate that was not judged has not passed."""
    cause = reason_of(error)
    return CheckpointVerdict(checkpoint_id, False, f"not judged: {cause}", error=cause)


def reason_of(error: BaseException | str) -> str:
    """An exception in one bounded line: its type, and what it says."""
    if isinstance(error, BaseException):
        said = plain(str(error))
        error = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return shorten(error, MAX_DETAILS)


def result_or_refusal(
    gate: CheckpointName, document: Document
) -> tuple[Mapping[str, Any], CheckpointVerdict | None]:
    """The result as an object, or the verdict that there is none to judge."""
    if isinstance(document.result, Mapping):
        return document.result, None
    if isinstance(document.result, NoResult):
        return {}, refused(gate, document.result.because)
    found = quote(document.result)
    return {}, refused(gate, f"the execution result must be an object, found {found}")
