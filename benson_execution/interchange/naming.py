"""What a trail and its dispatches are called where others read of them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from benson_execution.errors import TrailUnavailable

_TRAIL_ID: Final = re.compile(r"[0-9a-f]{32}")


def trail_urn(trail_id: str) -> str:
    """The URI that names a trail; `TrailUnavailable` for an id that is none."""
    if not _TRAIL_ID.fullmatch(trail_id):
        raise TrailUnavailable(
            "a dispatch was recorded in a trail whose id is none",
            "`benson verify` says what was changed",
        )
    return f"urn:benson-execution:trail:{trail_id}"


def clean(text: str) -> str:
    """An id as it may stand anywhere: what is no letter, digit or one of `-._~` is percent-encoded.

    Ours are left as they are, and no two become the same.
    """
    return quote(text, safe="", errors="surrogatepass")
