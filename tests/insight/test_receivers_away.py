"""A receiver that is down, hanging or refusing costs a dispatch nothing but a line of a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from benson_execution import MemoryTrail, Settings
from benson_execution.tracing import export_dispatch, exporting, flush
from benson_execution.tracing import exporter as module
from benson_execution.tracing.exporter import Exporter
from benson_execution.tracing.projection import Record, Trace
from benson_execution.tracing.verdicts import Severity
from tests.cli.command import Benson, wait_until
from tests.insight.otlp_receiver import Receiver, nobody_listens, receiver
from tests.library.helpers import dan, engine

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
FLUSH_SECONDS: Final = 1.5


def faults(home: Path) -> list[dict[str, str]]:
    """What was noted, of this kind only."""
    path = home / "faults.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    assert {fault["kind"] for fault in found} <= {"otel"}
    return found


@pytest.fixture
def benson(home: Path, tmp_path: Path) -> Benson:
    return Benson(home, tmp_path)


def trace(number: int, size: int = 10) -> Trace:
    """One with one record, whose body has this size."""
    record = Record("benson.telemetry.X", "ab" * 8, 1, Severity.INFO, "x" * size, {})
    return Trace(f"run-{number}", "cd" * 16, True, [], [record])


def judge(benson: Benson, example: str, endpoint: str) -> dict[str, Any]:
    """What `benson judge` answers with this receiver.

    OpenTelemetry's own time-out is longer than any test may take: nothing here may wait for it.
    """
    env = {"BENSON_OTEL": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    env["OTEL_EXPORTER_OTLP_TIMEOUT"] = "600"
    answer = benson("judge", "--json", EXAMPLES / f"{example}.json", env=env)
    assert answer.code == 0
    assert answer.err == ""
    return answer.object


def test_a_receiver_that_is_down_is_told_in_one_line(benson: Benson, home: Path) -> None:
    """The verdict is as always, the terminal is quiet, and the process does not wait for it."""
    told = judge(benson, "PAC-DAN-P44", nobody_listens())

    assert told["status"] == "COMPLETED"
    (fault,) = faults(home)
    assert fault["error"] == "NotExported"
    assert fault["message"].startswith("1 not exported: the process ended before they were taken")
    assert "Connection refused" in fault["message"]
    assert told["dispatch_id"] in fault["about"]


def test_a_receiver_that_hangs_delays_the_end_for_a_moment(benson: Benson, home: Path) -> None:
    """It is gone while the receiver still hangs, however long OpenTelemetry's own time-out is."""
    with receiver() as hanging:
        hanging.answer = None
        judge(benson, "PAC-ALEX-P36", hanging.url)
        assert hanging.requests
    assert "the process ended before they were taken" in faults(home)[-1]["message"]


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_receiver_that_refuses_is_told_with_its_answer(
    status: int, traced: Receiver, home: Path
) -> None:
    """One that says that it is busy is asked again; the others are believed."""
    traced.answer = status
    outcome = engine(MemoryTrail()).execute_pac(json.dumps(dan()))
    assert outcome.status == "COMPLETED"
    if status == 503:
        while len(traced.requests) < 2:  # asked again by itself
            time.sleep(0.01)
        traced.answer = 200
        traced.wait_for(spans=8, records=11)
        assert flush(20)
        assert faults(home) == []
        return
    assert flush(20)
    (fault,) = faults(home)
    assert str(status) in fault["message"]


def test_one_line_tells_of_many(traced: Receiver, home: Path) -> None:
    """A receiver that refuses for a day must not fill a disk."""
    traced.answer = 400
    one = Exporter(home)
    one.put(trace(0))
    assert one.wait(20)
    for number in range(1, 50):
        one.put(trace(number))
        assert one.wait(20)
    assert len(faults(home)) == 1
    one.stop(20)

    assert [fault["message"].split(":")[0] for fault in faults(home)] == [
        "1 not exported",
        "49 not exported",
    ]
    assert all("400" in fault["message"] for fault in faults(home))


def test_what_is_counted_is_noted_though_nothing_follows(
    traced: Receiver, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last dispatch of a day nobody exports for hours."""
    monkeypatch.setattr(module, "_NOTE_SECONDS", 2)
    traced.answer = 400
    one = Exporter(home)
    for number in range(3):
        one.put(trace(number))
        assert one.wait(20)
    wait_until(
        lambda: sum(int(fault["message"].split()[0]) for fault in faults(home)) == 3,
        description="all of them",
    )
    one.stop(20)


def test_what_waits_is_bounded(
    traced: Receiver, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a receiver that hangs, what finds no room is counted at once."""
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 10_000)
    traced.answer = None
    one = Exporter(home)
    one.put(trace(0))
    while not traced.requests:
        time.sleep(0.01)
    for number in range(1, 10):
        one.put(trace(number, 4000))
    (fault,) = faults(home)
    assert fault["message"] == "1 not exported: too many wait to be sent"
    began = time.monotonic()
    one.stop(0.1)
    assert time.monotonic() - began < 60
    # Nine of ten: one is told above, and the last line tells of all that were not taken since.
    assert faults(home)[-1]["message"].startswith("9 not exported: ")


def test_a_trace_that_is_larger_than_all_that_may_wait_is_sent(
    traced: Receiver, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trail held it as well; and no request is larger than need be."""
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 10)
    one = Exporter(home)
    many = [*trace(0, 600_000).records] * 5
    one.put(Trace("run-0", "cd" * 16, True, [], many))
    assert one.wait(20)
    one.stop(20)

    assert [len(record.body) for record in traced.records] == [600_000] * 5
    assert len(traced.requests) == 5
    assert faults(home) == []


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "no-url", "No scheme supplied"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "only http/protobuf is spoken"),
    ],
)
def test_a_variable_that_is_wrong_is_a_fault_and_no_failure(
    variable: str,
    value: str,
    says: str,
    traced: Receiver,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    engine(MemoryTrail()).execute_pac(json.dumps(dan()))
    assert flush(20)
    (fault,) = faults(home)
    assert says in fault["message"]


def test_where_no_thread_can_be_started_dispatches_are_judged(
    traced: Receiver, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine at its limits has no room for who watches it."""

    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    trail = MemoryTrail()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        outcome = engine(trail).execute_pac(json.dumps(dan()))

    assert outcome.status == "COMPLETED"
    assert {fault["error"] for fault in faults(home)} == {"RuntimeError"}
    export_dispatch(trail, outcome.dispatch_id, Settings.load())  # as the hook that asks again
    assert flush(20)
    assert len(traced.records) == 11


def test_nobody_waits_while_a_surplus_exporter_is_stopped(
    traced: Receiver, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It notes what it gives up, and where that is noted may take its time: here a pipe."""
    traced.answer = None
    settings = Settings.load()
    exporting.prepare(settings)
    exporting._exporter(settings).put(trace(0))
    home.mkdir(exist_ok=True)
    os.mkfifo(home / "faults.jsonl")

    def make_many() -> None:
        for number in range(exporting._MOST_EXPORTERS):
            with monkeypatch.context() as patched:
                patched.setenv("OTEL_SERVICE_NAME", f"one-of-many-{number}")
                exporting.prepare(settings)

    with ThreadPoolExecutor(2) as pool:
        making = pool.submit(make_many)
        try:
            with pytest.raises(TimeoutError):
                making.result(2)
            assert pool.submit(flush, 0.0).result(10) is True
        finally:
            noted = (home / "faults.jsonl").read_text()
        making.result(20)
    assert "1 not exported" in noted


def test_without_the_extra_nothing_is_judged(benson: Benson, home: Path) -> None:
    """One sentence that names the command, and exit code 2."""
    blocked = (
        "import sys\n"
        "for name in ('opentelemetry.sdk', 'opentelemetry.exporter'): sys.modules[name] = None\n"
        "from benson_execution.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocked, "judge", EXAMPLES / "PAC-DAN-P44.json"],
        capture_output=True,
        text=True,
        env=benson.environment({"BENSON_OTEL": "true"}),
        cwd=benson.cwd,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip() == (
        "benson: BENSON_OTEL is on, and OpenTelemetry's SDK and exporter are not installed: "
        "pip install 'benson-execution[otel]'"
    )
    assert not (home / "trail.db").exists()


def test_the_library_needs_no_opentelemetry(benson: Benson) -> None:
    """While it is off, nothing of it is imported."""
    code = (
        "import sys, benson_execution.engine\n"
        "benson_execution.engine.BensonExecutionEngine(False)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=benson.environment(),
        check=True,
    )
    assert done.stdout.strip() == "[]"
