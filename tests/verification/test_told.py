"""Each finding in full: its kind, its words, its dispatch and its event, and no finding besides.

`test_assets.py` asks for the kinds and for the words that matter. But a message that names the
wrong entry, or a finding without its dispatch, sends whoever has to act on it to the wrong place.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from .told import FILES, TOLD, found

KNOWN: Final[dict[str, Any]] = json.loads(TOLD.read_bytes())


def test_it_is_written_down_for_each_file() -> None:
    """None is left out, and none is only talked of."""
    assert sorted(KNOWN) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_all_that_is_told_of_a_file_is_as_written_down(name: str) -> None:
    """`python -m tests.verification.told` writes it anew where it was changed on purpose."""
    assert found(name) == KNOWN[name]
