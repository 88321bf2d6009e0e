"""Traces of processes that were forked: whole, or told of; and nothing of the parent's is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.cli.command import Benson
from tests.insight.otlp_receiver import nobody_listens, receiver

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "PAC-DAN-P44.json"
PROGRAM: Final = """
import multiprocessing, sys, time
from pathlib import Path
from benson_execution import BensonExecutionEngine, MemoryTrail, Settings
from benson_execution.tracing import flush, prepare

def judge(seconds):
    engine = BensonExecutionEngine(False, trail=MemoryTrail())
    engine.execute_pac(Path(sys.argv[1]).read_text())
    flush(seconds)

if __name__ == "__main__":
    prepare(Settings.load())
    while "benson_execution.tracing.otlp" not in sys.modules:
        time.sleep(0.001)
    context = multiprocessing.get_context(sys.argv[2])
    child = context.Process(target=judge, args=[float(sys.argv[3])])
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""
LOGGING: Final = """
import logging, os, sys
from benson_execution.tracing import exporting
from benson_execution.tracing.silence import silenced

logging.basicConfig(stream=sys.stdout, format="%(message)s")
logger = logging.getLogger("urllib3.connectionpool")
with silenced():
    child = os.fork()
    logger.warning("parent" if child else "child")
    if not child:
        sys.exit()
    os.waitpid(child, 0)
"""


def run(benson: Benson, program: str, endpoint: str, *args: str) -> str:
    """What the program prints."""
    file = benson.cwd / "program.py"
    file.write_text(program)
    env = {"BENSON_OTEL": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    done = subprocess.run(
        [sys.executable, file, EXAMPLE, *args],
        capture_output=True,
        text=True,
        env=benson.environment(env),
        cwd=benson.cwd,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def messages(home: Path) -> list[str]:
    """What was noted."""
    path = home / "faults.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["message"] for line in lines]


@pytest.fixture
def benson(home: Path, tmp_path: Path) -> Benson:
    return Benson(home, tmp_path)


def test_a_child_that_is_forked_during_the_import_exports(benson: Benson) -> None:
    """It would find OpenTelemetry half imported, and stay without it."""
    with receiver() as one:
        run(benson, PROGRAM, one.url, "fork", "20")
        assert messages(benson.home) == []
        assert len(one.records) == 11


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_what_a_child_could_not_export_is_told_once(benson: Benson, method: str) -> None:
    """Processes of multiprocessing end in ways of their own."""
    run(benson, PROGRAM, nobody_listens(), method, "0")
    (message,) = messages(benson.home)
    assert message.startswith("1 not exported: ")


def test_a_child_is_not_silenced(benson: Benson) -> None:
    """Its threads may have the numbers of its parent's."""
    assert run(benson, LOGGING, nobody_listens()) == "child\n"
