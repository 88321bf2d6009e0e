"""The log file: a record of its own, in JSON Lines, that is only ever appended to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benson_execution import Event, MemoryTrail, TelemetryLogger
from benson_execution.errors import TrailUnavailable
from benson_execution.trail import DispatchRef

from .helpers import P53, at_once, recorded


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.jsonl"


def test_a_log_file_has_one_json_line_per_event(log: Path) -> None:
    """The bytes are the event's own, in order of emission; path or text names the file."""
    with TelemetryLogger(enable_stdout=False, log_file=str(log)) as logger:
        events = [logger.emit("CUSTOM_EVENT", {"text": f"a\nb ü {n}"}) for n in range(3)]
        assert log.read_bytes() == b"".join(event.json + b"\n" for event in events)
    assert logger.get_all_events() == events


def test_a_log_file_is_appended_to(log: Path) -> None:
    """What an earlier logger wrote stays."""
    for n in range(3):
        with TelemetryLogger(enable_stdout=False, log_file=log) as logger:
            logger.emit("CUSTOM_EVENT", {"n": n})
    assert [line["data"]["n"] for line in lines(log)] == [0, 1, 2]


def test_two_loggers_may_share_a_log_file(log: Path) -> None:
    """Each appends whole lines, wherever the other was."""
    with (
        TelemetryLogger(enable_stdout=False, log_file=log) as one,
        TelemetryLogger(enable_stdout=False, log_file=log) as other,
    ):
        for n in range(4):
            (one if n % 2 else other).emit("CUSTOM_EVENT", {"n": n})
    assert [line["data"]["n"] for line in lines(log)] == [0, 1, 2, 3]


def test_a_torn_last_line_is_finished_first(log: Path) -> None:
    """A process that died in mid-write leaves half a line: the next event gets its own."""
    whole = Event.create("CUSTOM_EVENT", {"n": 0}).json
    log.write_bytes(whole + b"\n" + whole[:20])
    with TelemetryLogger(enable_stdout=False, log_file=log) as logger:
        event = logger.emit("CUSTOM_EVENT", {"n": 1})
    assert log.read_bytes().split(b"\n") == [whole, whole[:20], event.json, b""]


def test_a_whole_last_line_is_left_alone(log: Path) -> None:
    """Opening a log that ends well adds nothing."""
    log.write_bytes(b"{}\n")
    TelemetryLogger(enable_stdout=False, log_file=log).close()
    assert log.read_bytes() == b"{}\n"


def test_a_log_that_is_full_raises_and_records_nothing() -> None:
    """The line comes before the event counts as emitted."""
    logger = TelemetryLogger(enable_stdout=False, log_file="/dev/full")
    with pytest.raises(TrailUnavailable, match="/dev/full"):
        logger.emit("CUSTOM_EVENT", {})
    assert logger.get_all_events() == []


@pytest.mark.parametrize("place", ["", "missing/telemetry.jsonl"])
def test_a_log_that_can_not_be_opened_raises_at_once(place: str, tmp_path: Path) -> None:
    """A directory is no file, and folders are not made for it."""
    with pytest.raises(TrailUnavailable, match="can't be written"):
        TelemetryLogger(enable_stdout=False, log_file=tmp_path / place)


def test_a_full_log_keeps_a_dispatch_from_being_recorded() -> None:
    """Of a bound logger too: no line, no event in the trail."""
    trail = MemoryTrail()
    logger = TelemetryLogger(enable_stdout=False, log_file="/dev/full")
    with pytest.raises(TrailUnavailable):
        logger.bind(trail, DispatchRef("run", 1, P53)).agent_execution_start(P53, "GID-07")
    assert recorded(trail) == []


def test_a_dispatchs_events_are_logged_once(log: Path) -> None:
    """Bound loggers write to the same file, and an event that is there already gets no line."""
    with TelemetryLogger(enable_stdout=False, log_file=log) as logger:
        dispatch = logger.bind(MemoryTrail(), DispatchRef("run", 1, P53))
        logger.emit("CUSTOM_EVENT", {})
        for _ in range(2):
            dispatch.agent_execution_start(P53, "GID-07")
        with dispatch.transaction() as together:
            together.agent_execution_start(P53, "GID-07")
            together.pac_dispatch_end(P53, "FAILED", 0)
    found = [line["event_type"] for line in lines(log)]
    assert found == ["CUSTOM_EVENT", "AGENT_EXECUTION_START", "PAC_DISPATCH_END"]


def test_sixteen_threads_write_whole_lines_in_the_order_of_the_record(log: Path) -> None:
    """The file and the memory hold the same events in the same order."""
    with TelemetryLogger(enable_stdout=False, log_file=log) as logger:

        def work(thread: int) -> None:
            for n in range(40):
                logger.emit("CUSTOM_EVENT", {"thread": thread, "n": n})

        at_once(work, 16)
        assert len(lines(log)) == 16 * 40
        assert lines(log) == logger.get_all_events()


def _writing(write: Callable[[int, bytes], int], patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "write", write)


def test_a_line_that_was_half_written_does_not_spoil_the_next(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up tears a line, which raises; when there is room again, lines are
    whole."""
    write = os.write
    with TelemetryLogger(enable_stdout=False, log_file=log) as logger:
        with monkeypatch.context() as patch:
            _writing(lambda fd, data: write(fd, data[: len(data) // 2]), patch)
            with pytest.raises(TrailUnavailable):
                logger.emit("CUSTOM_EVENT", {"n": 0})
        event = logger.emit("CUSTOM_EVENT", {"n": 1})
        assert logger.get_all_events() == [event]
    assert event.json in log.read_bytes().split(b"\n")


def test_a_torn_line_that_can_not_be_finished_raises(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a torn log on a full disk is `TrailUnavailable`, like every write that fails."""
    log.write_bytes(b"{")

    def full(_fd: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        _writing(full, patch)
        with pytest.raises(TrailUnavailable, match="No space left"):
            TelemetryLogger(enable_stdout=False, log_file=log)


def test_a_closed_log_raises_and_writes_nowhere_else(log: Path, tmp_path: Path) -> None:
    """After `close` there is no file to record into, and whatever was opened since is not it."""
    logger = TelemetryLogger(enable_stdout=False, log_file=log)
    logger.emit("CUSTOM_EVENT", {"n": 0})
    logger.close()
    logger.close()
    others = [(tmp_path / f"other-{n}").open("w+b") for n in range(8)]
    try:
        with pytest.raises(TrailUnavailable):
            logger.emit("CUSTOM_EVENT", {"n": 1})
    finally:
        for other in others:
            other.close()
    assert [(tmp_path / f"other-{n}").read_bytes() for n in range(8)] == [b""] * 8
    assert len(lines(log)) == len(logger.get_all_events()) == 1
