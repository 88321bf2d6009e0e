"""Documents for the tests: the examples, each with a PAC id that no other test has."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, Final

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
COMPLETED: Final = "PAC-DAN-P44.json"
BLOCKED: Final = "refused/CP-03-quality-below-threshold.json"
_numbers = itertools.count(1)


def document(example: str = COMPLETED, **result: Any) -> str:
    """An example as text, under a PAC id of its own, with changes to its result."""
    made = json.loads((EXAMPLES / example).read_text())
    pac_id = f"PAC-TEST-P{next(_numbers)}-01"
    made["pac"]["pac_id"] = made["execution_result"]["pac_id"] = pac_id
    made["execution_result"].update(result)
    return json.dumps(made)


def refused_by(start: str) -> str:
    """The refused example whose file name begins so: `CP-01` … `CP-04`, `GS_130` … `GS_133`."""
    (path,) = (EXAMPLES / "refused").glob(f"{start}*.json")
    return document(f"refused/{path.name}")
