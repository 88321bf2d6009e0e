"""TelemetryLogger: its emitters, its record, its summary, what it prints, and many threads."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import TelemetryLogger
from benson_execution.errors import EventRefused

from .helpers import EVENT_TYPES, P53, PAYLOADS, at_once, law

EMITTERS: dict[str, tuple[Any, ...]] = {
    "pac_dispatch_start": (P53, "GID-07", "Dan"),
    "pac_dispatch_end": (P53, "COMPLETED", 5000),
    "agent_execution_start": (P53, "GID-07"),
    "agent_execution_end": (P53, "GID-07", "COMPLETED", 5, 1.0),
    "schema_validation": (P53, "AgentExecutionResult", True),
    "checkpoint": (
        "CP-01",
        "AGENT_ACTIVATION_VALIDATION",
        "PASS",
        "Agent Dan (GID-07) activation validated",
    ),
    "ber_generation_decision": (P53, True, "All checkpoints passed", False),
    "wrap_generation": (P53, "WRAP-DAN-P53-20251226", "WRAP_GENERATED"),
}


@pytest.mark.parametrize(("name", "arguments"), EMITTERS.items())
def test_an_emitter_makes_the_event_of_its_name(name: str, arguments: tuple[Any, ...]) -> None:
    """One emitter per event type, with the payload's fields as arguments."""
    logger = TelemetryLogger(enable_stdout=False)
    event = getattr(logger, name)(*arguments)
    assert event.event_type == name.upper()
    assert list(event.data.items()) == list(PAYLOADS[name.upper()].items())
    assert logger.get_all_events() == [event]


@pytest.mark.parametrize(("name", "arguments"), EMITTERS.items())
def test_an_emitter_takes_the_fields_by_name(name: str, arguments: tuple[Any, ...]) -> None:
    """The arguments are called as the payload's fields."""
    fields = {k: v for k, v in PAYLOADS[name.upper()].items() if k != "phase"}
    event = getattr(TelemetryLogger(enable_stdout=False), name)(**fields)
    assert event.data == PAYLOADS[name.upper()]


def test_there_is_one_emitter_for_each_event_type() -> None:
    """Eight types, eight emitters."""
    assert {name.upper() for name in EMITTERS} == set(EVENT_TYPES) == set(PAYLOADS)


def test_an_emitter_of_a_failure_says_so() -> None:
    """A refused schema has its code, a blocked WRAP no id."""
    logger = TelemetryLogger(enable_stdout=False)
    refused = logger.schema_validation("PAC-TEST-01", "AgentExecutionResult", False, "GS_130")
    assert (refused.data.valid, refused.data.error_code) == (False, "GS_130")
    blocked = logger.wrap_generation("PAC-TEST-01", None, "WRAP_BLOCKED", blocked=True)
    assert (blocked.data.wrap_id, blocked.data.blocked) == (None, True)


def test_what_is_refused_is_not_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong payload raises and leaves nothing behind, neither in memory nor in print."""
    logger = TelemetryLogger()
    with pytest.raises(EventRefused, match="quality_score"):
        logger.agent_execution_end(P53, "GID-07", "COMPLETED", 5, 1.5)
    with pytest.raises(EventRefused, match="phase"):
        logger.emit("PAC_DISPATCH_START", {"pac_id": P53})
    assert logger.get_all_events() == []
    assert capsys.readouterr().out == ""


def test_events_come_back_in_the_order_in_which_they_were_emitted() -> None:
    """All of them, each call anew, and the list is the caller's own."""
    logger = TelemetryLogger(enable_stdout=False)
    emitted = [logger.emit("SAME", {"n": n % 2}, key="same") for n in range(6)]
    got = logger.get_all_events()
    assert got == emitted
    got.clear()
    assert logger.get_all_events() == emitted


def test_the_summary_of_nothing_has_nulls() -> None:
    """No first and no last event where there is none."""
    assert TelemetryLogger(enable_stdout=False).get_telemetry_summary() == {
        "total_events": 0,
        "event_types": [],
        "first_event": None,
        "last_event": None,
    }


@law
@given(st.lists(st.sampled_from(["B", "A", "C", "SOMEBODY_S_OWN"]), min_size=1, max_size=12))
def test_the_summary_names_each_type_once_in_order_of_first_occurrence(kinds: list[str]) -> None:
    """`total_events` counts all, `first_event` and `last_event` are the timestamps of the ends."""
    logger = TelemetryLogger(enable_stdout=False)
    events = [logger.emit(kind, {}) for kind in kinds]
    summary = logger.get_telemetry_summary()
    assert list(summary) == ["total_events", "event_types", "first_event", "last_event"]
    assert summary["total_events"] == len(kinds)
    assert summary["event_types"] == sorted(set(kinds), key=kinds.index)
    assert summary["first_event"] == events[0].timestamp
    assert summary["last_event"] == events[-1].timestamp


def test_events_are_printed_by_default_one_json_line_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Standard output gets the bytes that are recorded."""
    logger = TelemetryLogger()
    events = [logger.emit("CUSTOM_EVENT", {"text": f"line\nend ü {n}"}) for n in range(3)]
    assert capsys.readouterr().out == "".join(event.json.decode() + "\n" for event in events)


def test_printing_can_be_switched_off_and_recording_can_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A silent logger records just the same."""
    logger = TelemetryLogger(enable_stdout=False)
    logger.emit("CUSTOM_EVENT", {})
    assert capsys.readouterr().out == ""
    assert len(logger.get_all_events()) == 1


class _Gone(io.StringIO):
    """A standard output whose reader has gone away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def _ascii_only() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")


@pytest.mark.parametrize("stdout", [_Gone(), None, _ascii_only()], ids=["gone", "none", "ascii"])
def test_a_print_that_fails_does_not_fail_its_event(
    stdout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A print is a projection: the event is recorded and returned, whoever can't read it."""
    logger = TelemetryLogger()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        event = logger.emit("CUSTOM_EVENT", {"text": "ü"})
    assert logger.get_all_events() == [event]


def test_sixteen_threads_lose_and_mix_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Every event is recorded once, whole, and in its thread's order, in memory and in print."""
    logger = TelemetryLogger()
    each = 50

    def work(thread: int) -> None:
        for n in range(each):
            event = logger.emit("CUSTOM_EVENT", {"thread": thread, "n": n, "pad": "x" * 200})
            assert event.data.thread == thread

    at_once(work, 16)
    memory = [(e.data.thread, e.data.n) for e in logger.get_all_events()]
    lines = [json.loads(line)["data"] for line in capsys.readouterr().out.splitlines()]
    for found in (memory, [(data["thread"], data["n"]) for data in lines]):
        assert len(found) == 16 * each
        for thread in range(16):
            assert [n for t, n in found if t == thread] == list(range(each))
    assert logger.get_telemetry_summary()["total_events"] == 16 * each


def test_two_loggers_record_apart() -> None:
    """A logger's record is its own."""
    one, other = TelemetryLogger(enable_stdout=False), TelemetryLogger(enable_stdout=False)
    one.emit("CUSTOM_EVENT", {})
    assert other.get_all_events() == []
