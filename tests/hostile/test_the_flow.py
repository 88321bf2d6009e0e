"""Hostile documents as the flow's own parameter, on a real Prefect server.

All that is refused, and a sample of what is judged (`samples.py` says which, and why). What is no
text has no way into a parameter that is a string: `expected.json` calls it `bytes_only`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benson_execution import Settings, open_trail
from flows.pac_execution import pac_execution

from .answers import EXPECTATIONS, UNJUDGED, content_of, files_in, raw_in, sha256_of
from .recorded import assert_closed, assert_refused, verdict_in
from .samples import RUN


@pytest.mark.parametrize("name", [n for n in UNJUDGED if not EXPECTATIONS[n].bytes_only])
async def test_a_refused_parameter_is_a_refused_run(name: str, prefect: str, home: Path) -> None:
    """The run ends REFUSED and says why; the trail has the refusal, and no dispatch."""
    expected = EXPECTATIONS[name]
    state = await pac_execution(document=content_of(name).decode(), return_state=True)
    assert (state.name, state.is_failed()) == ("REFUSED", True)
    assert expected.words in (state.message or "")
    assert raw_in(state.message or "") == []
    assert_refused(open_trail(Settings.load()), content_of(name), expected.answer, expected.words)


@pytest.mark.parametrize("name", RUN)
async def test_a_judged_parameter_gets_its_verdict(name: str, prefect: str, home: Path) -> None:
    """That of the engine, in the state and in the trail; an artifact, and nothing beside it."""
    expected = EXPECTATIONS[name]
    state = await pac_execution(document=content_of(name).decode(), return_state=True)
    trail = open_trail(Settings.load())
    assert (state.name or "").upper() == expected.answer
    assert verdict_in(list(trail.events())) == expected.verdict
    assert_closed(trail, expected.answer, sha256_of(content_of(name)))
    assert raw_in(state.message or "") == []
    assert raw_in("\n".join(kept := files_in(home))) == []
    assert len([path for path in kept if path.startswith("artifacts/")]) == 2  # and its folder
    assert "faults.jsonl" not in kept
