"""WRAPs: one per PAC, one PAC per id, also when many dispatches run at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

import pytest

from benson_execution import BensonExecutionEngine, Document, MemoryTrail, Outcome, Settings
from benson_execution.dispatch import Dispatch
from benson_execution.events import DispatchStatus
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.policy import Policy

from .helpers import CANONICAL, DAN, at_once, engine, labels, pac, recorded, result, text

P22 = "PAC-DAN-P22-A-01"


class _Christmas(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> _Christmas:
        return cls(2025, 12, 26, 0, 0, 5, tzinfo=tz)


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every dispatch is on 2025-12-26, also where the tests run over midnight."""
    monkeypatch.setattr("benson_execution.dispatch.datetime", _Christmas)


def of(pac_id: str, agent: str = "Dan", gid: str = "GID-07", **changes: Any) -> bytes:
    who = {"pac_id": pac_id, "agent_name": agent, "agent_gid": gid}
    return text(pac=pac(**who), execution_result=result(**who, **changes))


def test_a_wrap_id_names_agent_number_and_day() -> None:
    """`WRAP-{AGENT}-{P53}-{YYYYMMDD}`, the date in UTC."""
    assert engine().execute_pac(text()).wrap_id == "WRAP-DAN-P44-20251226"
    assert engine().execute_pac(of("PAC-TEST-01")).wrap_id == "WRAP-DAN-P0-20251226"
    benson = of("PAC-ALEX-P66R-X-01", "ALEX", "GID-08")
    assert engine().execute_pac(benson).wrap_id == "WRAP-ALEX-P66R-20251226"


def test_a_second_dispatch_of_a_wrapped_pac_is_blocked_and_names_the_wrap() -> None:
    """The PAC is closed; all gates pass once more, and no second WRAP is generated."""
    trail = MemoryTrail()
    first, second = (engine(trail).execute_pac(text()) for _ in range(2))
    assert (first.status, second.status) == ("COMPLETED", "BLOCKED")
    assert second.wrap_id is None
    assert second.reason is not None
    assert first.wrap_id is not None
    assert first.wrap_id in second.reason
    assert {c["status"] for c in second.checkpoints} == {"PASS"}
    assert second.error_code is None
    assert labels(recorded(trail, second.dispatch_id)) == CANONICAL


def test_two_pacs_that_share_a_number_get_two_ids() -> None:
    """The second gets `-02`, the third `-03`; another agent's number is another family."""
    trail = MemoryTrail()
    judge = engine(trail)
    ids = [judge.execute_pac(of(f"PAC-DAN-P22-{x}-01")).wrap_id for x in "ABC"]
    assert ids == [
        "WRAP-DAN-P22-20251226",
        "WRAP-DAN-P22-20251226-02",
        "WRAP-DAN-P22-20251226-03",
    ]
    other = judge.execute_pac(of("PAC-ALEX-P22-A-01", "ALEX", "GID-08"))
    assert other.wrap_id == "WRAP-ALEX-P22-20251226"


def test_a_blocked_dispatch_consumes_no_id() -> None:
    """Neither one that was refused nor one of a closed PAC."""
    judge = engine()
    assert judge.execute_pac(of(P22, quality_score=0.1)).status == "BLOCKED"
    assert judge.execute_pac(of(P22)).wrap_id == "WRAP-DAN-P22-20251226"
    assert judge.execute_pac(of(P22)).wrap_id is None
    assert judge.execute_pac(of("PAC-DAN-P22-B-01")).wrap_id == "WRAP-DAN-P22-20251226-02"


def test_a_blocked_pac_can_be_dispatched_again() -> None:
    """Once its result is good, it is completed."""
    judge = engine()
    assert judge.execute_pac(of(P22, quality_score=0.1)).status == "BLOCKED"
    assert judge.execute_pac(of(P22, wrap_id="X")).status == "BLOCKED"
    assert judge.execute_pac(of(P22)).status == "COMPLETED"


def test_an_engine_that_starts_later_knows_the_wraps_in_its_trail() -> None:
    """They are in the trail, not in the engine."""
    trail = MemoryTrail()
    assert engine(trail).execute_pac(of(P22)).status == "COMPLETED"
    assert engine(trail).execute_pac(of(P22)).status == "BLOCKED"
    assert engine(MemoryTrail()).execute_pac(of(P22)).status == "COMPLETED"


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_eight_threads_on_one_engine_mix_nothing(store: str) -> None:
    """Eight PACs at once: each dispatch has its own eleven events, each PAC its own WRAP."""
    trail = MemoryTrail() if store == "memory" else None
    judge = BensonExecutionEngine(False, trail=trail, settings=Settings.load())
    outcomes: dict[int, Outcome] = {}

    def work(thread: int) -> None:
        outcomes[thread] = judge.execute_pac(of(f"PAC-DAN-P22-T{thread}-01"))

    at_once(work, 8)
    family = "WRAP-DAN-P22-20251226"
    expected = [family] + [f"{family}-{n:02d}" for n in range(2, 9)]
    assert sorted(str(outcome.wrap_id) for outcome in outcomes.values()) == sorted(expected)
    for thread, outcome in outcomes.items():
        assert outcome.status == "COMPLETED"
        events = recorded(judge.trail, outcome.dispatch_id)
        assert labels(events) == CANONICAL
        named = {e.data.pac_id for e in events if "pac_id" in e.data}
        assert named == {f"PAC-DAN-P22-T{thread}-01"}
    positions = [stored.position for stored in judge.trail.events()]
    assert positions == list(range(1, 8 * 11 + 1))


def test_eight_dispatches_of_one_pac_at_once_generate_one_wrap() -> None:
    """Whoever is first; all others are blocked, and every dispatch is closed."""
    trail = MemoryTrail()
    judge = engine(trail)
    outcomes: list[Outcome] = []
    at_once(lambda _: outcomes.append(judge.execute_pac(of(P22))), 8)
    assert sorted(o.status for o in outcomes) == ["BLOCKED"] * 7 + ["COMPLETED"]
    assert [o.wrap_id for o in outcomes if o.wrap_id] == ["WRAP-DAN-P22-20251226"]
    for outcome in outcomes:
        assert labels(recorded(trail, outcome.dispatch_id)) == CANONICAL


def test_a_wrap_that_is_lost_to_a_faster_dispatch_is_blocked() -> None:
    """The decision saw no WRAP, the trail does: BLOCKED, and the other's WRAP stays the only
    one."""
    trail = MemoryTrail()
    slow = Dispatch.of("slow", Document.read(of(P22)), Policy.of(Settings.load()), trail)
    slow.begin()
    assert engine(trail).execute_pac(of(P22)).status == "COMPLETED"
    slow.close(WrapVerdict(True, DispatchStatus.COMPLETED))
    *_, wrap, end = slow.events()
    assert (wrap.data.status, wrap.data.blocked) == ("WRAP_BLOCKED", True)
    assert end.data.status == "BLOCKED"


def test_the_real_day_is_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a fixed date it is today's, in UTC."""
    monkeypatch.setattr("benson_execution.dispatch.datetime", datetime)
    before = datetime.now(UTC)
    wrap_id = engine().execute_pac(text()).wrap_id
    assert wrap_id is not None
    assert re.fullmatch(r"WRAP-DAN-P44-[0-9]{8}", wrap_id)
    assert f"{before:%Y%m%d}" <= wrap_id[-8:] <= f"{datetime.now(UTC):%Y%m%d}"
    assert DAN["pac"]["pac_id"].split("-")[2] == "P44"
