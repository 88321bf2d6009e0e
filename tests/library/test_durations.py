"""Who may say how long a dispatch took: only the process whose clock saw it begin."""

from __future__ import annotations

import pytest

from benson_execution import Document, MemoryTrail
from benson_execution import dispatch as dispatches
from benson_execution.dispatch import Dispatch

from .helpers import policy, text


@pytest.fixture
def begun() -> Dispatch:
    """A dispatch that this process began."""
    dispatch = Dispatch.of("run", Document.read(text()), policy(), MemoryTrail())
    dispatch.begin()
    return dispatch


def again(begun: Dispatch) -> Dispatch:
    """The same dispatch, taken up by whoever goes on with it."""
    taken = Dispatch.of("run", begun.document, begun.policy, begun.trail)
    taken.begin()
    assert taken.ref == begun.ref
    return taken


def test_the_process_that_began_a_dispatch_measures_it(begun: Dispatch) -> None:
    assert begun.began_here
    assert again(begun).began_here


def test_a_process_that_goes_on_with_a_dispatch_only_estimates(
    begun: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suspended run comes back in another process, days later perhaps."""
    monkeypatch.setattr(dispatches, "_begun", {})
    assert not again(begun).began_here
