"""The short form of `python -m tests.chaos`: the real flow, killed at and between its events."""

from __future__ import annotations

import os
import secrets

import pytest

from tests.chaos.campaign import Campaign, Kill, at_random, every_point, killed_recoveries
from tests.chaos.conftest import sites_in
from tests.chaos.points import EVENTS, LEFTOVERS
from tests.chaos.sites import STORES
from tests.chaos.warm import Zygote

pytestmark = pytest.mark.timeout(300)

SHORT = {
    "sqlite": [
        *every_point([f"{event}:{moment}" for event in EVENTS for moment in ("before", "after")]),
        *every_point(LEFTOVERS),
    ],
    # Its events enter by the same code; what differs is a transaction that is cut off.
    "postgresql": [
        *every_point([f"{event}:inside" for event in EVENTS]),
        *killed_recoveries()[:3],
    ],
}
RANDOM = {"sqlite": 6, "postgresql": 4}


@pytest.mark.parametrize("store", STORES)
def test_a_killed_run_loses_nothing_and_is_closed_by_recovery(
    store: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    zygote: Zygote,
    api: str,
) -> None:
    """Whatever was acknowledged is there once, the dispatch is closed, and everything verifies."""
    seed = secrets.randbelow(1 << 32)
    print(f"seed {seed}")  # shown when it fails: `python -m tests.chaos --seed` draws it again
    campaign = Campaign(zygote, sites_in(store, request, tmp_path_factory.mktemp(store)), api)
    campaign.measure()
    kills = [*SHORT[store], *at_random(RANDOM[store], seed)]

    results = list(campaign.run(kills, os.cpu_count() or 1))

    assert len(results) == len(kills)
    assert [str(result) for result in results if result.wrong] == []
    statuses = {result.kill.point: result.status for result in results}
    assert statuses.items() >= expected(SHORT[store]).items()


def expected(kills: list[Kill]) -> dict[str | None, str]:
    """How each kill's dispatch ends: the END is committed together with the WRAP."""
    ends = {}
    for kill in kills:
        event, _, moment = str(kill.point).rpartition(":")
        if kill.point in LEFTOVERS or (event in EVENTS[-2:] and moment == "after"):
            ends[kill.point] = "COMPLETED"
        elif event == EVENTS[0] and moment != "after":
            ends[kill.point] = "no dispatch"
        else:
            ends[kill.point] = "FAILED"
    return ends


def test_random_kills_are_the_same_for_the_same_seed() -> None:
    """And others for another one."""
    assert at_random(20, 1) == at_random(20, 1)
    assert at_random(20, 1) != at_random(20, 2)
