"""The wall clock is set back an hour in the middle of a dispatch."""

from __future__ import annotations

import base64
import json
import re

import pytest

from benson_execution.trail.lease import LEASE_SECONDS
from tests.chaos.checks import END, NOTHING, Fact
from tests.chaos.holding import ELSEWHERE, give
from tests.chaos.points import EVENTS
from tests.chaos.sites import Site, new_document
from tests.chaos.warm import Process, Zygote

HOUR = 3600
SET_BACK_AT = "CHECKPOINT:CP-02:after"


@pytest.fixture(params=["flow", "engine"])
def prefect(request: pytest.FixtureRequest) -> str | None:
    """Where runs of the flow run; None for the engine."""
    return None if request.param == "engine" else str(request.getfixturevalue("api"))


def timestamps(facts: list[Fact]) -> list[str]:
    return [json.loads(base64.b64decode(fact.content))["timestamp"] for fact in facts]


def set_back_run(zygote: Zygote, site: Site, prefect: str | None) -> tuple[Process, str]:
    """A run during which the clock is set back."""
    pac_id, document = new_document()
    # The engine records all of its gates at once.
    point = "PAC_DISPATCH_START:after" if prefect is None else SET_BACK_AT
    return zygote.run(site.environment, document, api=prefect, point=point, behind=HOUR), pac_id


def test_the_order_is_the_sequence_whatever_the_clock_says(
    zygote: Zygote, sqlite_site: Site, prefect: str | None
) -> None:
    """The run completes, its duration is not negative, and everything verifies."""
    process, pac_id = set_back_run(zygote, sqlite_site, prefect)
    said = process.wait()
    assert said.code == 0, said

    facts = sqlite_site.facts()
    times = timestamps(facts)
    assert times != sorted(times)  # it was set back
    assert [fact.key for fact in facts] == list(EVENTS)
    assert [fact.sequence for fact in facts] == list(range(1, 12))
    assert 0 <= facts[-1].data["duration_ms"] < 60_000
    (path,) = sqlite_site.artifacts(pac_id).values()
    dispatch = json.loads(path.read_bytes())["dispatch"]
    assert dispatch["duration_ms"] == facts[-1].data["duration_ms"]
    assert dispatch["duration_estimated"] is False
    assert zygote.command(sqlite_site.environment, "verify").wait().code == 0
    assert zygote.command(sqlite_site.environment, "verify", str(path)).wait().code == 0


def test_no_duration_that_is_shown_is_negative(
    zygote: Zygote, sqlite_site: Site, prefect: str | None
) -> None:
    """`benson show` tells the events in their order, none of them before the first."""
    process, pac_id = set_back_run(zygote, sqlite_site, prefect)
    assert process.wait().code == 0

    shown = zygote.command(sqlite_site.environment, "show", pac_id).wait()

    assert shown.code == 0, shown
    told = re.findall(r"^ +(-?[\d.]+) ms  ", shown.output, re.MULTILINE)
    offsets = [float(text) for text in told]
    assert len(offsets) == len(EVENTS)
    assert min(offsets) >= 0, shown.output
    assert offsets == sorted(offsets), shown.output


def test_a_clock_that_was_set_back_makes_no_living_process_dead_and_no_dead_one_alive(
    zygote: Zygote, sqlite_site: Site
) -> None:
    """Recovery works by that clock too; a process that is seen is judged by being there."""
    _, document = new_document()
    point = "AGENT_EXECUTION_END:after"
    process = zygote.run(sqlite_site.environment, document, api=None, point=point)
    assert process.stopped_at(point), process.wait()
    before = sqlite_site.facts()

    living = zygote.command(sqlite_site.environment, "recover", behind=HOUR).wait()
    assert living.output.startswith("left alone")
    assert sqlite_site.facts() == before
    process.kill()
    dead = zygote.command(sqlite_site.environment, "recover", behind=HOUR).wait()

    assert (dead.code, dead.output.split()[0]) == (0, "closed")
    facts = sqlite_site.facts()
    assert timestamps(facts) != sorted(timestamps(facts))  # by the recovery's own clock
    assert (facts[-1].key, facts[-1].data["status"]) == (END, "FAILED")
    assert facts[-1].data["duration_ms"] == 0
    assert zygote.command(sqlite_site.environment, "recover").wait().output == NOTHING
    assert zygote.command(sqlite_site.environment, "verify").wait().code == 0


def test_a_lease_from_before_the_clock_was_set_back_lasts_no_longer_than_another(
    zygote: Zygote, sqlite_site: Site
) -> None:
    """Two minutes by the new clock are enough to know that nobody renews it."""
    _, document = new_document()
    point = "AGENT_EXECUTION_END:after"
    process = zygote.run(sqlite_site.environment, document, api=None, point=point)
    assert process.stopped_at(point), process.wait()
    process.kill()
    give(sqlite_site, ELSEWHERE, seconds=LEASE_SECONDS)

    zygote.command(sqlite_site.environment, "recover", behind=HOUR).wait()
    later = HOUR - round(LEASE_SECONDS) - 30
    said = zygote.command(sqlite_site.environment, "recover", behind=later).wait()

    assert said.output.startswith("closed"), said
