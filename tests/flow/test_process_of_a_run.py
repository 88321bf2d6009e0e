"""What a process does when it is one run's own, and what it leaves alone when it is somebody's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "PAC-DAN-P44.json"
COUNT = "import flows, gc; print(gc.get_freeze_count())"


def frozen(**more: str) -> int:
    """How many objects the garbage collector leaves alone after the flows were imported."""
    env = {k: v for k, v in os.environ.items() if k != "PREFECT__FLOW_RUN_ID"}
    told = subprocess.run(
        [sys.executable, "-c", COUNT], env=env | more, capture_output=True, text=True, check=True
    )
    return int(told.stdout)


def test_the_collector_leaves_alone_what_a_run_imported() -> None:
    """Prefect's engine names the run in the environment, before it imports its flow."""
    assert frozen(PREFECT__FLOW_RUN_ID=str(uuid4())) > 10_000


def test_a_process_of_somebody_elses_is_left_as_it_is() -> None:
    """The flows may be imported by anything that lives longer."""
    assert frozen() == 0


@pytest.mark.parametrize("calls", [1, 2])
def test_the_command_does_so_once(calls: int) -> None:
    """Called again in one process, as tests do, it keeps no garbage of the call before."""
    code = f"""
import gc, sys
from benson_execution.cli import main
sys.argv = ["benson", "--version"]
before = set()
for _ in range({calls}):
    try:
        main()
    except SystemExit:
        before.add(gc.get_freeze_count())
assert len(before) == 1 and before.pop() > 10_000, before
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("code", ["import flows", "import gc; gc.disable()", ""])
def test_a_trail_is_one_file_once_its_process_has_ended(code: str, tmp_path: Path) -> None:
    """Whoever copies it has all of it, whether the garbage collector finds what was open or not."""
    judged = f"""
{code}
from benson_execution import BensonExecutionEngine, Document
engine = BensonExecutionEngine()
print(engine.execute_pac(Document.read(open({str(EXAMPLE)!r}, "rb").read())).status)
"""
    env = {**os.environ, "BENSON_HOME": str(tmp_path), "PREFECT__FLOW_RUN_ID": str(uuid4())}
    told = subprocess.run(
        [sys.executable, "-c", judged], env=env, capture_output=True, text=True, check=True
    )
    assert "COMPLETED" in told.stdout
    assert sorted(p.name for p in tmp_path.glob("trail.db*")) == ["trail.db"]
