"""Serves the governed flow as the deployment that judges on demand, one run in a process each.

The gate of `served` waits while the file is there that BENSON_TEST_HOLD names.
"""

from __future__ import annotations

import tests.flow.served
from flows.pac_execution import pac_execution
from flows.submission import ON_DEMAND

assert tests.flow.served  # imported for the gate that waits

if __name__ == "__main__":
    pac_execution.serve(name=ON_DEMAND.partition("/")[2])
