"""Makes the refused variants of PAC-DAN-P44 beside this file: one per gate and per error code.

Each has a PAC id of its own, so that none is refused for another's WRAP.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
Document = dict[str, Any]


def _set(member: str, field: str, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document[member][field] = value

    return change


def _artifact_claims_wrap(document: Document) -> None:
    document["execution_result"]["artifacts"] = {"summary": [{"wrapId": "WRAP-DAN-P44-20251224"}]}


def _misspelt_field(document: Document) -> None:
    result = document["execution_result"]
    result["execution_time"] = result.pop("execution_time_ms")


def _of_benson(document: Document) -> None:
    document["pac"]["agent_name"] = "Benson"
    document["pac"]["agent_gid"] = document["execution_result"]["agent_gid"] = "GID-00"
    document["execution_result"]["agent_name"] = "Benson"


def _name_of_another(document: Document) -> None:
    document["pac"]["agent_name"] = document["execution_result"]["agent_name"] = "Alex"


VARIANTS: Final[dict[str, Callable[[Document], None]]] = {
    "CP-01-name-of-another-agent": _name_of_another,
    "CP-02-file-in-forbidden-folder": _set(
        "execution_result", "files_modified", ["tools/governance/ci_renderer.py", "chainiq/api.py"]
    ),
    "CP-03-quality-below-threshold": _set("execution_result", "quality_score", 0.62),
    "CP-04-task-not-completed": _set(
        "execution_result", "tasks_completed", ["T1", "T2", "T3", "T5"]
    ),
    "GS_130-misspelt-field": _misspelt_field,
    "GS_131-wrap-claimed-deep-inside": _artifact_claims_wrap,
    "GS_132-closes-itself": _set("execution_result", "positive_closure", True),
    "GS_133-executed-by-benson": _of_benson,
}


def variants() -> dict[str, str]:
    """The text of each variant by its file name."""
    original = json.loads((HERE.parent / "PAC-DAN-P44.json").read_text())
    made = {}
    for name, change in VARIANTS.items():
        document = copy.deepcopy(original)
        change(document)
        pac_id = f"PAC-DAN-P44-REFUSED-{name.split('-')[0]}-{name.split('-')[1]}".upper()
        pac_id = pac_id.replace("_", "-")
        document["pac"]["pac_id"] = document["execution_result"]["pac_id"] = pac_id
        made[f"{name}.json"] = json.dumps(document, indent=2) + "\n"
    return made


if __name__ == "__main__":
    for file_name, text in variants().items():
        (HERE / file_name).write_text(text)
