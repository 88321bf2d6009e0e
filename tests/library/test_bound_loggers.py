"""A logger that is bound to a dispatch: each event of the contract has one place in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benson_execution import MemoryTrail, TelemetryLogger, Trail
from benson_execution.errors import DispatchClosed, EventRefused, StatusConflict
from benson_execution.telemetry import DispatchLogger
from benson_execution.trail import DispatchRef

from .helpers import GATES, P53, PAYLOADS, at_once, labels, recorded


def bound(trail: Trail, run: str = "run", **options: Any) -> DispatchLogger:
    return TelemetryLogger(**{"enable_stdout": False, **options}).bind(
        trail, DispatchRef(run, 1, P53)
    )


def test_a_bound_logger_records_into_its_dispatch() -> None:
    """What it emits is in the trail, under its dispatch, and is read back from there."""
    trail = MemoryTrail()
    logger = bound(trail)
    event = logger.pac_dispatch_start(P53, "GID-07", "Dan")
    (stored,) = trail.events(dispatch_id="run-1")
    assert stored.event == event
    assert stored.dispatch.pac_id == P53
    assert logger.get_all_events() == [event]
    assert logger.get_telemetry_summary()["total_events"] == 1


@pytest.mark.parametrize("kind", [kind for kind in PAYLOADS if kind != "WRAP_GENERATION"])
def test_the_first_write_of_a_key_wins(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A second event of a type in one dispatch is not written and not printed; the first is
    returned."""
    trail = MemoryTrail()
    logger = bound(trail, enable_stdout=True)
    first = logger.emit(kind, PAYLOADS[kind])
    field = next(f for f in ("details", "reason", "pac_id") if f in PAYLOADS[kind])
    second = logger.emit(kind, {**PAYLOADS[kind], field: "PAC-OTHER-01"})
    assert second == first
    assert recorded(trail) == [first]
    assert capsys.readouterr().out == first.json.decode() + "\n"


def test_a_wrap_without_its_pac_s_claim_is_refused() -> None:
    """Nobody writes a WRAP into a trail but with the claim by which it is the PAC's only one."""
    trail = MemoryTrail()
    with pytest.raises(EventRefused, match="without a claim"):
        bound(trail).wrap_generation(P53, "WRAP-DAN-P53-20251226", "WRAP_GENERATED")
    assert recorded(trail) == []
    bound(trail).wrap_generation(P53, None, "WRAP_BLOCKED", blocked=True)
    assert len(recorded(trail)) == 1


def test_a_key_of_a_caller_s_takes_no_place_of_the_contract_s() -> None:
    """A custom event with the key of an END leaves the END its place."""
    trail = MemoryTrail()
    logger = bound(trail)
    logger.emit("CUSTOM_EVENT", {}, key="PAC_DISPATCH_END")
    end = logger.pac_dispatch_end(P53, "FAILED", 1)
    assert [e.event_type for e in recorded(trail)] == ["CUSTOM_EVENT", "PAC_DISPATCH_END"]
    assert recorded(trail)[-1] == end


def test_each_checkpoint_has_its_own_place() -> None:
    """The key of a CHECKPOINT is its type with the checkpoint's id."""
    trail = MemoryTrail()
    logger = bound(trail)
    for _ in range(2):
        for gate, name in GATES.items():
            logger.checkpoint(gate, name, "PASS", "")
    assert labels(recorded(trail)) == [f"CHECKPOINT {gate}" for gate in GATES]


def test_another_type_is_always_new_unless_it_has_a_key() -> None:
    """`emit` of any other type takes `key=None`, which means always new."""
    trail = MemoryTrail()
    logger = bound(trail)
    for n in range(3):
        logger.emit("CUSTOM_EVENT", {"n": n})
        logger.emit("REVIEW", {"n": n}, key="review")
    found = [(e.event_type, e.data.n) for e in recorded(trail)]
    assert found == [("CUSTOM_EVENT", 0), ("REVIEW", 0), ("CUSTOM_EVENT", 1), ("CUSTOM_EVENT", 2)]


def test_dispatches_do_not_share_keys() -> None:
    """The same event in another dispatch is another event."""
    trail = MemoryTrail()
    one, other = bound(trail, "one"), bound(trail, "other")
    one.agent_execution_start(P53, "GID-07")
    other.agent_execution_start(P53, "GID-07")
    assert len(one.get_all_events()) == len(other.get_all_events()) == 1
    assert len(recorded(trail)) == 2


def test_a_closed_dispatch_takes_no_more_events() -> None:
    """After PAC_DISPATCH_END only what is there already comes back."""
    trail = MemoryTrail()
    logger = bound(trail)
    end = logger.pac_dispatch_end(P53, "FAILED", 0)
    assert logger.pac_dispatch_end(P53, "FAILED", 5) == end
    with pytest.raises(DispatchClosed):
        logger.emit("CUSTOM_EVENT", {})
    assert recorded(trail) == [end]


def test_a_closed_dispatch_keeps_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    """A second, different one is an error, which names both; it is neither kept nor printed."""
    trail = MemoryTrail()
    logger = bound(trail, enable_stdout=True)
    end = logger.pac_dispatch_end(P53, "FAILED", 0)
    with pytest.raises(StatusConflict, match=r"FAILED.*COMPLETED") as refused:
        logger.pac_dispatch_end(P53, "COMPLETED", 5)
    assert refused.value.exit_code == 3
    assert recorded(trail) == [end]
    assert capsys.readouterr().out == end.json.decode() + "\n"


def test_a_transaction_records_all_or_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """What raises inside leaves no event, and none is printed."""
    trail = MemoryTrail()
    logger = bound(trail, enable_stdout=True)

    def half_wrong() -> None:
        with logger.transaction() as together:
            together.agent_execution_start(P53, "GID-07")
            together.pac_dispatch_end(P53, "DONE", 0)

    with pytest.raises(EventRefused):
        half_wrong()
    assert recorded(trail) == []
    assert capsys.readouterr().out == ""
    with logger.transaction() as together:
        together.agent_execution_start(P53, "GID-07")
        together.emit("CUSTOM_EVENT", {})
        assert recorded(trail) == []
    assert labels(recorded(trail)) == ["AGENT_EXECUTION_START", "CUSTOM_EVENT"]
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == recorded(trail)


def test_a_transaction_stores_its_documents() -> None:
    """The documents as received are in the trail with the events."""
    trail = MemoryTrail()
    given = (("ab", b"content"), ("cd", b"policy"))
    with bound(trail).transaction(documents=given) as together:
        together.pac_dispatch_start(P53, "GID-07", "Dan")
        assert trail.document("ab") is None
    assert trail.document("ab") == b"content"
    assert trail.document("cd") == b"policy"


def test_inside_a_transaction_what_was_recorded_can_be_read() -> None:
    """Which is not yet what was emitted in it; another transaction inside joins it."""
    logger = bound(MemoryTrail())
    start = logger.pac_dispatch_start(P53, "GID-07", "Dan")
    with logger.transaction() as together:
        together.emit("CUSTOM_EVENT", {})
        with together.transaction() as inner:
            inner.agent_execution_start(P53, "GID-07")
        assert together.get_all_events() == [start]
        assert together.get_telemetry_summary()["total_events"] == 1
    assert labels(logger.get_all_events()) == [
        "PAC_DISPATCH_START",
        "CUSTOM_EVENT",
        "AGENT_EXECUTION_START",
    ]


def test_a_bound_logger_prints_where_its_logger_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Silence is inherited, and so is printing."""
    trail = MemoryTrail()
    bound(trail, "silent").emit("CUSTOM_EVENT", {})
    assert capsys.readouterr().out == ""
    event = bound(trail, "loud", enable_stdout=True).emit("CUSTOM_EVENT", {})
    assert capsys.readouterr().out == event.json.decode() + "\n"


def test_sixteen_threads_in_one_dispatch_write_each_event_once() -> None:
    """Whoever is first, everyone gets the same event, and the sequence has no gap."""
    trail = MemoryTrail()
    logger = bound(trail)
    got: list[bytes] = []

    def work(_thread: int) -> None:
        got.append(logger.agent_execution_start(P53, "GID-07").json)
        for gate, name in GATES.items():
            logger.checkpoint(gate, name, "PASS", f"by {_thread}")

    at_once(work, 16)
    assert len(set(got)) == 1
    stored = list(trail.events(dispatch_id="run-1"))
    assert len(stored) == 5
    assert [s.sequence for s in stored] == [1, 2, 3, 4, 5]
