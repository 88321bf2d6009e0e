"""A run that did not live to send its events: they are mirrored all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benson_execution import Settings, Trail
from flows.trail_recovery import recover_with_prefect
from tests.flow.documents import document
from tests.flow.events_proxy import events_proxy
from tests.flow.mirrored import TYPES, events_of, mirrored_events, only_dispatch, types
from tests.flow.test_interrupted_runs import events_of as keys_of
from tests.flow.test_interrupted_runs import hold, started, wait_until_held_up
from tests.prefect_server import wait_until

__all__ = ["hold"]


def test_a_killed_run_s_events_are_mirrored_by_recovery(
    prefect: str, home: Path, hold: Path, trail: Trail
) -> None:
    """Those that it recorded, which it did not live to send, and the end that recovery recorded."""
    with started("tests.flow.direct", home, prefect, hold, document()) as process:
        wait_until_held_up(hold)
        process.kill()
        process.wait(20)
    assert events_of(prefect, only_dispatch(trail)) == []

    asyncio.run(recover_with_prefect(Settings.load()))

    events = mirrored_events(prefect, only_dispatch(trail), 5)
    assert types(events) == [*TYPES[:4], "PAC_DISPATCH_END"]
    assert events[-1]["resource"]["benson.status"] == "FAILED"


def test_a_run_that_is_killed_while_it_mirrors_is_mirrored_by_recovery(
    prefect: str, home: Path, hold: Path, trail: Trail
) -> None:
    """It was judged to its end, and nothing but its events is missing."""
    hold.unlink()
    with events_proxy(prefect) as proxy:
        proxy.holding = True
        with started("tests.flow.direct", home, proxy.api_url, hold, document()) as process:
            wait_until(lambda: proxy.attempts, description="the run sends its events")
            wait_until(lambda: list((home / "artifacts").rglob("*.json")))
            process.kill()
            process.wait(20)
    assert events_of(prefect, only_dispatch(trail)) == []

    asyncio.run(recover_with_prefect(Settings.load()))

    events = mirrored_events(prefect, only_dispatch(trail))
    assert types(events) == TYPES
    assert events[-1]["resource"]["benson.status"] == "COMPLETED"


def test_a_terminated_run_s_events_are_mirrored_by_its_hooks(
    prefect: str, home: Path, hold: Path, trail: Trail
) -> None:
    """The flow's body did not live to send them."""
    with started("tests.flow.direct", home, prefect, hold, document()) as process:
        wait_until_held_up(hold)
        process.terminate()
        hold.unlink()
        assert process.wait(60) != 0

    end = types(mirrored_events(prefect, only_dispatch(trail), len(keys_of(trail))))[-1]
    assert end == "PAC_DISPATCH_END"
