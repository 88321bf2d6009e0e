"""Equal stretches of time, few enough to be drawn side by side; all of them in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

MAX_BINS: Final = 48
"""How many stretches a period is divided into at most."""

_LENGTHS: Final = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200}
_MILLENNIUM: Final = 12_000
_MONDAY: Final = datetime(1, 1, 1, tzinfo=UTC)
"""Weeks begin on Mondays, and so did the first year."""


@dataclass(frozen=True, slots=True)
class Bins:
    """So many stretches of one unit, from `first` on; `names` has how each is called."""

    unit: str
    first: datetime
    count: int

    @classmethod
    def between(cls, first: datetime, last: datetime) -> Bins:
        """The finest ones that hold both moments and are not too many."""
        for unit in (*_LENGTHS, *_MONTHS):
            found = cls._of(unit, first, last)
            if found.count <= MAX_BINS:
                return found
        return cls._of("millennium", first, last)

    @classmethod
    def _of(cls, unit: str, first: datetime, last: datetime) -> Bins:
        begin = cls(unit, _MONDAY, 1)
        low, high = begin.place(first), begin.place(last)
        return cls(unit, begin.start(low), high - low + 1)

    def place(self, at: datetime) -> int:
        """Which stretch a moment lies in, from 0."""
        if self.unit in _LENGTHS:
            return (at - self.first) // _LENGTHS[self.unit]
        months = _MONTHS.get(self.unit, _MILLENNIUM)
        return _month(at) // months - _month(self.first) // months

    def start(self, place: int) -> datetime:
        """When a stretch begins."""
        if self.unit in _LENGTHS:
            return self.first + place * _LENGTHS[self.unit]
        months = _MONTHS.get(self.unit, _MILLENNIUM)
        month = (_month(self.first) // months + place) * months
        return datetime(max(month // 12, 1), month % 12 + 1 if month >= 12 else 1, 1, tzinfo=UTC)

    @property
    def names(self) -> list[str]:
        """How each stretch is called: its beginning, as exactly as the unit needs."""
        return [_NAMES.get(self.unit, _year)(self.start(n)) for n in range(self.count)]


def _month(at: datetime) -> int:
    return at.year * 12 + at.month - 1


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if at.year >= 1000 else at.date().isoformat()


def _minute(at: datetime) -> str:
    return f"{_day(at)} {at:%H:%M}"


def _quarter(at: datetime) -> str:
    return f"{at.year:04} Q{at.month // 3 + 1}"


def _year(at: datetime) -> str:
    return f"{at.year:04}"


_NAMES: Final = {
    "minute": _minute,
    "hour": _minute,
    "day": _day,
    "week": _day,
    "month": lambda at: _day(at)[:7],
    "quarter": _quarter,
}
