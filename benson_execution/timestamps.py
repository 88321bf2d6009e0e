"""Time as the contract writes it: ISO 8601, UTC, always six digits and `+00:00`."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Final

_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", re.ASCII)
_last_second: list[tuple[int, str]] = [(-1, "")]
"""The last second that was written out: formatting a date is a fifth of what an event costs."""


def utc_now() -> str:
    """The time as the contract writes it: ISO 8601, UTC, always six digits and `+00:00`."""
    second, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    known, text = _last_second[0]
    if second != known:
        text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        _last_second[0] = (second, text)
    return f"{text}.{nanoseconds // 1000:06d}+00:00"


def is_timestamp(value: object) -> bool:
    """Whether this is a time as `utc_now` writes it, and a date that there is."""
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
