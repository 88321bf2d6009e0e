"""Runs the flow once in a process that tests may kill: `python -m tests.flow.direct < document`.

CP-03 waits while the file that BENSON_TEST_HOLD names is there.
"""

from __future__ import annotations

import asyncio
import sys

import tests.flow.served
from benson_execution import Document, Settings
from flows.run import run_document

if __name__ == "__main__":
    assert tests.flow.served  # imported for the gate that waits
    outcome = asyncio.run(run_document(Document.read(sys.stdin.read()), Settings.load()))
    print(outcome.status)
