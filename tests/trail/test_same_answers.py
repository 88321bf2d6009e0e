"""The stores are peers: whatever is appended, all answer as the one in memory does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from benson_execution.errors import BensonError
from benson_execution.trail import Batch, MemoryTrail, Trail, open_dispatch

from .stores import STORES, claim, dispatch, end, note

REFS = [dispatch(run, number) for run in ("a", "b") for number in (1, 2)]
EVENTS = [note("k", key="K"), note("l", key="L"), note("new"), end("COMPLETED"), end("FAILED")]
CLAIMS = [claim(pac, number) for pac in ("PAC-A-01", "PAC-B-01", "PAC-C-01") for number in (1, 2)]

batches = st.builds(
    Batch,
    dispatch=st.sampled_from(REFS),
    events=st.lists(st.sampled_from(EVENTS), max_size=4).map(tuple),
    documents=st.lists(
        st.tuples(st.sampled_from(["0" * 64, "1" * 64]), st.binary(max_size=3)), max_size=2
    ).map(tuple),
    claim=st.none() | st.sampled_from(CLAIMS),
)


def answer(ask: Callable[[], Any]) -> Any:
    """What a call returns, or what it refuses and why."""
    try:
        return ask()
    except BensonError as error:
        return type(error), error.message, vars(error)


def contents_of(trail: Trail) -> list[Any]:
    """Everything that can be read from a trail."""
    return [
        list(trail.events()),
        [trail.document(digit * 64) for digit in "012"],
        [open_dispatch(trail, run) for run in ("a", "b", "c")],
    ]


@pytest.mark.parametrize("store", [name for name in STORES if name != "memory"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(appended=st.lists(batches, min_size=1, max_size=8))
def test_every_store_answers_as_the_one_in_memory(store: str, appended: list[Batch]) -> None:
    """Each append returns or refuses the same, and the trail that is left is the same."""
    memory = MemoryTrail()
    with tempfile.TemporaryDirectory() as folder:
        trail = STORES[store](Path(folder))
        try:
            for batch in appended:
                expected = answer(lambda batch=batch: memory.append(batch))  # type: ignore[misc]
                assert answer(lambda batch=batch: trail.append(batch)) == expected  # type: ignore[misc]
            assert contents_of(trail) == contents_of(memory)
        finally:
            trail.close()
