"""A clock that is set back, in this process: the wall clock only, as it is with a real one."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, tzinfo
from typing import Any

from benson_execution import dispatch

_time, _time_ns = time.time, time.time_ns


def set_back(seconds: int) -> None:
    """From now on the wall clock is behind by so much; the monotonic one goes on as it did."""
    shift = timedelta(seconds=seconds)

    class Behind(datetime):
        """What the wall clock says, to who asks for a date."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) - shift

    time.time = lambda: _time() - seconds
    time.time_ns = lambda: _time_ns() - seconds * 1_000_000_000
    dispatch.datetime = Behind  # type: ignore[attr-defined]  # imported there, and not exported
