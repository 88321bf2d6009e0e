"""The seven phases: each a pure function from what is known to a verdict.

activation.py         CP-01  may this agent execute this PAC?
scope.py              CP-02  did it stay where the PAC allows?
quality.py            CP-03  is it good enough?
completion.py         CP-04  is it all done?
schema_validation.py         does the result fit its schema?
ber_decision.py              is there to be a Benson Execution Report?
wrap.py                      is the PAC closed?

A verdict is made here and nowhere else; nothing here writes, waits or asks anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benson_execution.document import Document
from benson_execution.phases import activation, completion, quality, scope
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.policy import Policy

Gate = Callable[[Document, Policy], CheckpointVerdict]

GATES: Final[tuple[tuple[str, Gate], ...]] = (
    ("CP-01", activation.judge),
    ("CP-02", scope.judge),
    ("CP-03", quality.judge),
    ("CP-04", completion.judge),
)
"""The four gates with their checkpoint ids, in the order in which they are judged."""

__all__ = ["GATES", "CheckpointVerdict", "Gate"]
