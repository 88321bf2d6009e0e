"""Serves the flow for tests, with a gate that waits while a file is there.

Run as `python -m tests.flow.served`; BENSON_TEST_HOLD names the file that holds CP-03 up, and
BENSON_TEST_SABOTAGE a hook of the flow and what becomes of it: `on_crashed_hooks=removed`. A file
beside the first one, `.reached`, tells that the gate waits: a signal that came before would meet
Prefect anywhere, also where an exception is lost.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from benson_execution.document import Document
from benson_execution.phases import quality
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.policy import Policy
from flows.pac_execution import pac_execution

_judge = quality.judge


def held(document: Document, policy: Policy) -> CheckpointVerdict:
    """CP-03, once the file is gone."""
    hold = Path(os.environ["BENSON_TEST_HOLD"])
    while hold.exists():
        hold.with_name(f"{hold.name}.reached").touch()
        time.sleep(0.02)
    return _judge(document, policy)


quality.judge = held


async def _broken(flow: object, flow_run: object, state: object) -> None:
    raise RuntimeError("the hook is broken")


if sabotage := os.environ.get("BENSON_TEST_SABOTAGE"):
    hooks, _, how = sabotage.partition("=")
    assert getattr(pac_execution, hooks), "there is no hook to break"
    setattr(pac_execution, hooks, {"removed": [], "raising": [_broken]}[how])

if __name__ == "__main__":
    pac_execution.serve(name="served-by-tests")
