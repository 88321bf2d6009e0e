"""From when to when: what `--since` and `--until` mean, everywhere the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from benson_execution.errors import BadInput
from benson_execution.text import quote

_AGO: Final = re.compile(r"(\d{1,6})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Period:
    """What began at or after `since`, and before `until`; None is without end. Both are UTC.

    A dispatch belongs to the period in which its first event was recorded.
    """

    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, timestamp: str) -> bool:
        """Whether a timestamp of the trail lies in it."""
        at = datetime.fromisoformat(timestamp)
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    @classmethod
    def of(
        cls, since: str | None = None, until: str | None = None, *, now: datetime | None = None
    ) -> Period:
        """The period that a user names; `BadInput` for a moment that is none, or for no period."""
        now = now or datetime.now(UTC)
        period = cls(
            None if since is None else moment(since, now),
            None if until is None else moment(until, now),
        )
        if period.since and period.until and period.since >= period.until:
            raise BadInput(f"the period from {since} to {until} holds no moment")
        return period


def duration(given: str) -> timedelta:
    """How long `30m`, `36h`, `7d` or `2w` is; raises `BadInput` for anything else."""
    if (found := _AGO.fullmatch(given)) is None:
        raise BadInput(f"{quote(given)} is no duration", "an hour is written 1h, a week 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def moment(given: str, now: datetime) -> datetime:
    """A date, a time (UTC where it names no zone), or how long ago: `36h`, `7d`, `2w`.

    Raises `BadInput` for anything else.
    """
    try:
        if _AGO.fullmatch(given):
            return now - duration(given)
        at = datetime.fromisoformat(given)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(
            f"{quote(given)} is no moment",
            "a date is written 2026-11-30, a time 2026-11-30T08:00, and a week ago 7d",
        ) from None
