"""`benson run` that is interrupted: what it leaves, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from benson_execution.trail import SqlTrail, StoredEvent

from .command import TIMEOUT, Benson, processes_of, wait_until
from .documents import document, save

pytestmark = pytest.mark.timeout(400)

TRIES = 4


@pytest.fixture(scope="module")
def benson(running: Benson) -> Benson:
    """One home for all of them."""
    return running


@pytest.fixture(scope="module")
def trail(benson: Benson) -> Iterator[SqlTrail]:
    """The trail of that home, read while the runs write it."""
    trail = benson.writable_trail()  # the first run may not have made it yet
    yield trail
    trail.close()


class Interrupted(NamedTuple):
    """What is left of a run that was interrupted after its START and before its END."""

    code: int
    err: str
    out: str
    events: list[StoredEvent]


def large(pac_id: str) -> dict[str, Any]:
    """A document that passes, and that takes a moment to read and to judge."""
    paths = [f"src/{'package/' * 2}module_{n:06}.py" for n in range(240_000)]
    return document(pac_id, result={"files_modified": paths})


def left_by(
    benson: Benson, trail: SqlTrail, pac_id: str, process: subprocess.Popen[bytes]
) -> Interrupted:
    """What there is once the command has ended."""
    process.wait(TIMEOUT)
    out, err = (benson.cwd / name for name in ("out", "err"))
    events = list(trail.events(pac_id=pac_id))
    return Interrupted(process.returncode, err.read_text(), out.read_text(), events)


@contextmanager
def running(
    benson: Benson, file: Path, env: dict[str, str] | None = None, *program: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A run that prints into files: no process that is left behind keeps the test waiting."""
    with (benson.cwd / "out").open("wb") as out, (benson.cwd / "err").open("wb") as err:
        streams: dict[str, Any] = {"stdout": out, "stderr": err}
        with benson.started("run", "--json", file, env=env, program=program, **streams) as process:
            yield process


def from_outside(benson: Benson, trail: SqlTrail, number: signal.Signals) -> Interrupted:
    """Send the signal once the dispatch has begun; again, if the run was faster."""
    for attempt in range(TRIES):
        pac_id = f"PAC-DAN-P53-{number.name}-{attempt}"
        file = save(benson.cwd, f"{pac_id}.json", json.dumps(large(pac_id)))
        with running(benson, file) as process:
            wait_until(
                lambda pac_id=pac_id, process=process: (  # type: ignore[misc]
                    next(trail.events(pac_id=pac_id), None) or process.poll() is not None
                ),
                timeout=TIMEOUT,
                description="the run recorded its PAC_DISPATCH_START",
            )
            process.send_signal(number)
            left = left_by(benson, trail, pac_id, process)
        if left.events and left.events[-1].sequence < 11:
            return left
    pytest.fail(f"{TRIES} runs were all judged to their end before the signal reached them")


SIGNALS_ITSELF = """
import os
import signal

from benson_execution.cli import main
from benson_execution.phases import scope

judge = scope.judge


def interrupted(document, policy):
    os.kill(os.getpid(), signal.Signals[os.environ["SENT"]])
    return judge(document, policy)


scope.judge = interrupted
main()
"""


def within_a_gate(benson: Benson, trail: SqlTrail, number: signal.Signals) -> Interrupted:
    """The same command, with a gate during which the signal arrives."""
    pac_id = f"PAC-DAN-P53-{number.name}-GATE"
    file = save(benson.cwd, f"{pac_id}.json", document(pac_id))
    env = {"SENT": number.name}
    with running(benson, file, env, sys.executable, "-c", SIGNALS_ITSELF) as process:
        return left_by(benson, trail, pac_id, process)


@pytest.fixture(
    scope="module",
    params=[
        (signal.SIGINT, from_outside),
        (signal.SIGTERM, from_outside),
        (signal.SIGTERM, within_a_gate),
    ],
    ids=lambda param: f"{param[0].name} {param[1].__name__}",
)
def interrupted(
    request: pytest.FixtureRequest, benson: Benson, trail: SqlTrail
) -> tuple[signal.Signals, Interrupted]:
    """A run that got this signal in its middle, with nothing left of the runs before it."""
    for process in processes_of(benson.home):
        os.kill(process, signal.SIGKILL)
    number, send = request.param
    return number, send(benson, trail, number)


Given = tuple[signal.Signals, Interrupted]


def test_an_interrupted_run_is_closed_as_failed(interrupted: Given) -> None:
    """Its dispatch has its end in the trail, behind what was recorded before, and no WRAP."""
    _, left = interrupted
    assert [s.sequence for s in left.events] == list(range(1, len(left.events) + 1))
    assert left.events[0].event.event_type == "PAC_DISPATCH_START"
    assert left.events[-1].event.event_type == "PAC_DISPATCH_END"
    assert left.events[-1].event.data["status"] == "FAILED"
    assert "WRAP_GENERATION" not in [s.event.event_type for s in left.events]


def test_an_interrupted_run_leaves_its_artifact(interrupted: Given, benson: Benson) -> None:
    """With the events that there are, no report, and why."""
    _, left = interrupted
    ref = left.events[0].dispatch
    path = benson.home / "artifacts" / ref.pac_id / f"{ref.dispatch_id}.json"
    artifact = json.loads(path.read_text())
    assert artifact["dispatch"]["status"] == "FAILED"
    assert artifact["report"] is None
    assert "interrupted" in artifact["dispatch"]["no_report_because"]
    assert artifact["telemetry"]["events"] == [json.loads(s.event.json) for s in left.events]


def test_an_interrupted_command_ends_by_the_signal(interrupted: Given) -> None:
    """130 for SIGINT; for SIGTERM what a shell makes of it, or 3: the execution failed."""
    number, left = interrupted
    wanted = {signal.SIGINT: (130, -2), signal.SIGTERM: (143, -15, 3)}
    assert left.code in wanted[number]


def test_an_interrupted_command_does_not_spill_its_insides(interrupted: Given) -> None:
    """No traceback, and no answer that could be taken for a verdict that passed."""
    _, left = interrupted
    assert "Traceback" not in left.err
    assert "COMPLETED" not in left.out


def test_an_interrupted_command_leaves_no_process(interrupted: Given, benson: Benson) -> None:
    """Its server ends with it."""
    wait_until(
        lambda: processes_of(benson.home) == {},
        description="no process of the interrupted run is left",
    )


def test_an_interrupted_pac_can_be_run_again(
    benson: Benson, interrupted: Given, tmp_path: Path
) -> None:
    """Nothing of it was closed for good: the engine judges the same document to its end."""
    _, left = interrupted
    pac_id = left.events[0].dispatch.pac_id
    answer = benson("judge", "--json", save(tmp_path, "again.json", document(pac_id)))
    assert answer.code == 0
    assert answer.object["pac_id"] == pac_id
