"""What verification says of each file in `tests/assets/tampered`, word for word.

`python -m tests.verification.told` writes it down anew: when the files were made anew, or when the
words were changed on purpose. What differs with every making (ids, digests, keys, times) is
replaced by what it stands for, so that only what somebody has to look at shows in a diff.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from benson_execution.verification.findings import Finding, Kind

from .test_assets import ASSETS, EXPECTATIONS, NAMES, UNOPENED, UNREAD, found_in

TOLD: Final = Path(__file__).parents[1] / "assets" / "told.json"
FILES: Final = [
    name
    for name in NAMES
    # What SQLite says of damage is SQLite's, and another version may word it otherwise.
    if name not in UNOPENED | UNREAD and Kind.DATABASE_DAMAGED.value not in EXPECTATIONS[name].kinds
]

Told = list[list[Any]]
"""The findings as JSON, sorted: the kind, the message, the dispatch and the event's number."""

_ELSEWHERE: Final = re.compile(
    r"[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+"
    r"|\d{4}-\d\d-\d\dT[0-9:.+]+|(?<=-)\d{8}\b"
)


def _dispatches() -> dict[str, str]:
    """The dispatches of the honest trail that the files were made from, by number."""
    with closing(sqlite3.connect(f"file:{ASSETS / 'honest.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT dispatch_id FROM dispatches ORDER BY position")
        return {row[0]: f"<dispatch {number}>" for number, row in enumerate(rows, start=1)}


def told(findings: list[Finding]) -> Told:
    """Findings without what differs with every making."""
    known = _dispatches()

    def named(text: str | None) -> str | None:
        return text and _ELSEWHERE.sub(lambda found: known.get(found[0], "<other>"), text)

    said = [[f.kind.value, named(f.message), named(f.dispatch_id), f.sequence] for f in findings]
    return sorted(said, key=json.dumps)


def found(name: str) -> Told:
    """What is told of one file today."""
    return told(found_in(ASSETS / name, EXPECTATIONS[name].against))


if __name__ == "__main__":
    members = {name: found(name) for name in FILES}
    TOLD.write_text(json.dumps(members, indent=1, ensure_ascii=False) + "\n")
