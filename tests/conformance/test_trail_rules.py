"""Whether events make a trail: no honest one is complained of, and what is impossible is said."""

from __future__ import annotations

import io
import sys
import threading
import tracemalloc
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.conformance import Tally, TrailRules, check_lines
from benson_execution.conformance import trail_rules as module

from .samples import DOCUMENT, PAC, RESULT, event, gate, trail

Events = list[dict[str, Any]]


def complaints(events: Iterable[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """The index of each event that is complained of, where, and why."""
    rules = TrailRules()
    said = [(index, rules.event(index, e)) for index, e in enumerate(events)]
    return [(index, v.path, v.message) for index, v in said if v is not None]


def at(minute: int, events: Events) -> Events:
    """The same events at another time."""
    return [
        {**e, "timestamp": e["timestamp"].replace("T01:00", f"T01:{minute:02d}")} for e in events
    ]


def blocked(pac_id: str) -> Events:
    """CP-03 refuses."""
    made = trail(pac_id)
    made[4] = gate(3, status="FAIL")
    made[8]["data"]["eligible"] = False
    made[9]["data"] |= {"wrap_id": None, "status": "WRAP_BLOCKED", "blocked": True}
    made[10]["data"]["status"] = "BLOCKED"
    return made


def failed(pac_id: str, kept: Iterable[int]) -> Events:
    """Interrupted: only these of the events before the END, whose status is FAILED."""
    made = trail(pac_id)
    made[8]["data"]["eligible"] = False
    made[9]["data"] |= {"wrap_id": None, "status": "WRAP_BLOCKED", "blocked": True}
    made[10]["data"]["status"] = "FAILED"
    return [made[0], *(made[index] for index in sorted(set(kept))), made[10]]


_PACS = st.sampled_from([f"PAC-DAN-P{n}-X" for n in range(4)])
_HONEST = st.one_of(
    _PACS.map(trail),
    _PACS.map(blocked),
    st.builds(failed, _PACS, st.integers(0, 9).map(lambda n: range(1, n + 1))),
    st.builds(failed, _PACS, st.sets(st.integers(1, 9))),
    st.builds(lambda pac_id, n: trail(pac_id)[:n], _PACS, st.integers(1, 10)),
    st.just([{**event("SOMEBODY_S_OWN"), "data": {"pac_id": 7}}]),
    _PACS.map(lambda p: [event("SCHEMA_VALIDATION", pac_id=f"{p}-ASKED")]),
)


@st.composite
def _interleaved(draw: st.DrawFn) -> Events:
    """Honest dispatches, at once or one after the other; no PAC is completed twice."""
    runs: list[Events] = []
    completed: set[str] = set()
    for minute, run in enumerate(draw(st.lists(_HONEST, min_size=1, max_size=6))):
        end = run[-1]["data"]
        if end.get("status") == "COMPLETED":
            if end["pac_id"] in completed:
                continue
            completed.add(end["pac_id"])
        elif any(e["event_type"] == "WRAP_GENERATION" and not e["data"]["blocked"] for e in run):
            continue  # a WRAP and its END are written together
        runs.append(at(minute, run))
    rests = [list(run) for run in runs]
    made: Events = []
    while rests:
        rest = draw(st.sampled_from(rests))
        made += [rest.pop(0) for _ in range(draw(st.integers(1, len(rest))))]
        rests = [r for r in rests if r]
    return made


@settings(max_examples=600, deadline=None)
@given(made=_interleaved())
def test_no_honest_trail_is_complained_of(made: Events) -> None:
    """However its dispatches are interleaved, interrupted, left open, or dispatched again."""
    assert complaints(made) == []


@pytest.mark.parametrize("gone", range(11))
def test_a_completed_dispatch_lacks_nothing(gone: int) -> None:
    """Without its END it is open, and without any other event somebody must say so, once."""
    made = trail()
    del made[gone]
    assert len(complaints(made)) == (0 if gone == 10 else 1), complaints(made)


@pytest.mark.parametrize("twice", range(11))
def test_no_event_stands_twice(twice: int) -> None:
    """Right behind itself, or at the end of the dispatch."""
    made = trail()
    for place in {twice + 1, 10}:
        found = complaints([*made[:place], made[twice], *made[place:]])
        assert len(found) >= 1
        if place == twice + 1:
            assert [index for index, *_ in found] == [place]


@pytest.mark.parametrize("first", range(10))
def test_neighbours_can_not_change_places(first: int) -> None:
    """One of the two is named, or both, and none of those behind them."""
    made = trail()
    made[first], made[first + 1] = made[first + 1], made[first]
    found = complaints(made)
    assert {index for index, *_ in found} <= {first, first + 1}, found
    assert found


@pytest.mark.parametrize(
    ("index", "changes", "said_at"),
    [
        (1, {"agent_gid": "GID-08"}, 1),
        (7, {"agent_gid": "GID-08"}, 7),
        (4, {"status": "FAIL"}, 8),
        (6, {"valid": False, "error_code": "GS_130"}, 7),
        (7, {"status": "BLOCKED"}, 10),
        (8, {"eligible": False}, 9),
        (9, {"wrap_id": None, "status": "WRAP_BLOCKED", "blocked": True}, 10),
        (10, {"status": "BLOCKED"}, 10),
        (10, {"status": "FAILED"}, 10),
    ],
)
def test_what_is_claimed_must_be_earned(index: int, changes: Any, said_at: int) -> None:
    """One event that contradicts the others is told where the contradiction shows."""
    made = trail()
    made[index]["data"] |= changes
    assert complaints(made)[0][0] == said_at, complaints(made)


def test_of_two_at_once_more_checkpoints_than_dispatches_is_impossible() -> None:
    one, two = trail(), trail("PAC-DAN-P54-X")
    made = [e for pair in zip(one, two, strict=True) for e in pair]
    assert complaints(made) == []
    (said,) = complaints([*made[:8], gate(2), *made[8:]])
    assert said[:2] == (8, "/data/checkpoint_id")
    assert "for the third time, where 2 dispatches can have taken it" in said[2]


def test_of_two_at_once_fewer_checkpoints_than_completed_is_impossible() -> None:
    one, two = trail(), trail("PAC-DAN-P54-X")
    made = [e for pair in zip(one, two, strict=True) for e in pair]
    del made[8]
    (said,) = complaints(made)
    assert said == (len(made) - 1, "/data/status", "COMPLETED, but no CP-03 is left for it")


def test_of_two_at_once_one_refusal_is_not_two_passes() -> None:
    one, two = trail(), trail("PAC-DAN-P54-X")
    one[4] = gate(3, status="FAIL")
    made = [e for pair in zip(one, two, strict=True) for e in pair]
    (said,) = complaints(made)
    assert "no CP-03 that passed is left for it" in said[2]


def test_a_pac_is_not_wrapped_twice_at_once() -> None:
    one, two = trail(), at(1, trail())
    made = [e for pair in zip(one, two, strict=True) for e in pair]
    assert [path for _, path, _ in complaints(made)] == ["/data/status"]


def test_in_a_telemetry_block_there_is_one_dispatch() -> None:
    rules = TrailRules(one_dispatch=True)
    assert rules.event(0, event("PAC_DISPATCH_START")) is None
    said = rules.event(1, event("PAC_DISPATCH_START", 1))
    assert said is not None
    assert said.message == "PAC_DISPATCH_START stands twice in one dispatch"


def test_what_was_lost_excuses_what_is_missing() -> None:
    """A torn line may have been any event: it is told itself, and nothing is made of it."""
    for torn in range(11):
        made = [orjson.dumps(e) for e in trail()]
        made[torn] = b'{"torn'
        tally = Tally()
        found = list(check_lines(io.BytesIO(b"\n".join(made)), tally))
        assert [f.line for f in found if not f.is_note] == [torn + 1], found


def test_real_dispatches_at_once_are_a_trail() -> None:
    """Eight threads, completed, blocked and failed, PACs of their own and a shared one."""
    shared = MemoryTrail()
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        engine = BensonExecutionEngine(enable_telemetry=False, trail=shared)
        barrier.wait()
        for turn in range(12):
            pac_id = "PAC-DAN-P9-SHARED" if turn % 4 == 3 else f"PAC-DAN-P{number}-T{turn}"
            result = {**RESULT, "pac_id": pac_id, "quality_score": 0.1 if turn % 3 else 0.9}
            document = {"pac": {**PAC, "pac_id": pac_id}, "execution_result": result}
            engine.execute_pac(document if turn % 5 else {"pac": document["pac"]})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    recorded = [s.event.json for s in shared.events()]
    assert len(recorded) == 8 * 12 * 11
    tally = Tally()
    found = list(check_lines(io.BytesIO(b"\n".join(recorded)), tally))
    assert found == []
    assert tally.kinds["event"] == len(recorded)


def test_a_session_s_validations_are_a_trail() -> None:
    """What the engine records when somebody asks it to validate a result stands alone."""
    engine = BensonExecutionEngine(enable_telemetry=False, trail=MemoryTrail())
    engine.validate_execution_result_schema(DOCUMENT["execution_result"])
    engine.validate_execution_result_schema({})
    assert complaints(e.to_dict() for e in engine.telemetry.get_all_events()) == []


def test_it_says_when_it_can_follow_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has so many dispatches open; whoever makes them up gets no memory for it."""
    monkeypatch.setattr(module, "MAX_OPEN", 10)
    rules = TrailRules()
    for number in range(30):
        assert rules.event(number, event("PAC_DISPATCH_START", pac_id=f"P{number}")) is None
    (note,) = rules.notes()
    assert note == (
        10,
        "the trail is not followed from here: dispatches of more than 10 PACs are open",
    )
    assert rules.event(31, event("PAC_DISPATCH_END", pac_id="Q")) is None


def test_a_long_trail_takes_no_more_memory_than_a_short_one() -> None:
    """However many dispatches were closed, and however many ENDs had no START."""
    rules = TrailRules()

    def follow(first: int, last: int) -> int:
        for number in range(first, last):
            for e in trail(f"PAC-DAN-P{number}-X"):
                rules.event(number, e)
            rules.event(number, event("PAC_DISPATCH_END", pac_id=f"PAC-{number}"))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = follow(0, 2000)
        assert follow(2000, 6000) - before < 50_000
    finally:
        tracemalloc.stop()
