"""PostgreSQL is stopped and started again while documents are judged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

import pytest

from tests.chaos.checks import END, NOTHING, WRAP
from tests.chaos.points import EVENTS
from tests.chaos.sites import Sites
from tests.chaos.warm import Zygote, soon
from tests.private_postgres import PrivatePostgres

COUNT = 50


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_an_outage_of_the_database_loses_nothing_and_doubles_nothing(
    mode: Literal["fast", "immediate"], zygote: Zygote, postgres: PrivatePostgres, tmp_path: Path
) -> None:
    """Before and after it documents are judged; in between each is refused, and noted."""
    site = Sites(tmp_path, postgres.new_database).new()
    process = zygote.many(site.environment, COUNT)
    soon(lambda: len(process.noted("judged")) >= 15, "15 documents are judged")
    assert len(process.noted("judged")) < COUNT
    postgres.stop(mode)
    try:
        soon(lambda: len(process.noted("refused")) >= 5, "5 documents are refused")
    finally:
        postgres.start()
    said = process.wait()
    assert said.code == 0, said
    judged, refused = process.noted("judged"), process.noted("refused")
    assert {status for _, status, _ in judged} == {"COMPLETED"}
    assert {(name, code) for _, name, code, _ in refused} == {("TrailUnavailable", 5)}
    assert all("\n" not in message for *_, message in refused)
    noted = Counter(f["about"] for f in site.faults() if f["error"] == "TrailUnavailable")
    assert all(noted[pac_id] >= 1 for pac_id, *_ in refused)

    recovered = zygote.command(site.environment, "recover").wait()

    assert recovered.code == 0, recovered
    assert zygote.command(site.environment, "recover").wait().output == NOTHING
    assert zygote.command(site.environment, "verify").wait().code == 0
    facts = site.facts()
    by_dispatch: dict[str, list[str | None]] = {}
    for fact in facts:
        by_dispatch.setdefault(fact.dispatch_id, []).append(fact.key)
    for _, _, dispatch_id in judged:
        assert by_dispatch[dispatch_id] == list(EVENTS)
    ends = {f.dispatch_id: f.data for f in facts if f.key == END}
    assert ends.keys() == by_dispatch.keys()
    assert all(len(keys) == len(set(keys)) for keys in by_dispatch.values())
    # A commit whose answer was lost is the one thing that a refusal can't tell of.
    acknowledged = {dispatch_id for _, _, dispatch_id in judged}
    lost = [ends[name]["status"] for name in by_dispatch if name not in acknowledged]
    assert lost.count("COMPLETED") <= 1
    assert set(lost) <= {"FAILED", "COMPLETED"}
    wraps = {f.dispatch_id for f in facts if f.key == WRAP and not f.data["blocked"]}
    assert wraps == {name for name, end in ends.items() if end["status"] == "COMPLETED"}
    artifacts = {path.stem for path in (site.home / "artifacts").rglob("[!.]*.json")}
    assert artifacts == ends.keys()
