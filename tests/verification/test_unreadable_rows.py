"""Rows that hold what no honest row does are findings, whatever they hold: never a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from benson_execution.errors import TrailUnavailable
from tests.cli.command import Benson

from .honest import OPEN, Honest, findings, tampering

_NOT_UTF8: Final = "CAST(x'ff41' AS TEXT)"
ODD: Final = {
    "a WRAP's number is text": "UPDATE wraps SET number = 'x'",
    "a WRAP's number is a fraction": "UPDATE wraps SET number = 1.5",
    "a WRAP's dispatch is bytes": "UPDATE wraps SET dispatch_id = x'ff41' WHERE number = 1",
    "a leaf's index is below zero": "UPDATE leaves SET leaf_index = -1 WHERE leaf_index = 1",
    "a leaf's dispatch is bytes": "UPDATE leaves SET dispatch_id = x'ff41' WHERE leaf_index = 1",
    "an event's dispatch is bytes": "UPDATE events SET dispatch_id = x'ff41' WHERE position = 1",
    "an event's dispatch is no text": f"UPDATE events SET dispatch_id = {_NOT_UTF8} "
    "WHERE position = 1",
    "an event can't be hashed, and has an empty hash": "UPDATE events SET event = 'text', "
    f"chain = x'' WHERE dispatch_id = '{OPEN}' AND sequence = 2",
    "a document's digest is no text": f"UPDATE documents SET sha256 = {_NOT_UTF8} "
    "WHERE sha256 = (SELECT min(sha256) FROM documents)",
    "the newest head has no time": "UPDATE heads SET note = CAST(replace(CAST(note AS TEXT), "
    "char(10) || 'time ', char(10) || 'time x') AS BLOB) WHERE size = 3",
    "the heads are gone": "DROP TABLE heads",
}


def spoil(path: Path, change: str) -> None:
    with tampering(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(change)


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_an_odd_row_is_a_finding(honest: Honest, change: str) -> None:
    """For whoever calls the library."""
    spoil(honest.path, change)
    assert findings(honest.path, honest.ring.public)


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_an_odd_row_is_told_as_json(honest: Honest, tmp_path: Path, change: str) -> None:
    """And for whoever reads what the command prints: exit code 4, and JSON to the last line."""
    spoil(honest.path, change)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(honest.ring.public[0].pem)
    answer = Benson(honest.path.parent, tmp_path)("verify", "--json", "--key", trusted)
    assert answer.code == 4
    *found, summary = answer.objects
    assert found
    assert summary["verified"] is False


def test_whatever_page_is_torn_is_a_finding(honest: Honest, tmp_path: Path) -> None:
    """Each page of the file but the first, one after another."""
    content = honest.path.read_bytes()
    torn = tmp_path / "torn.db"
    for at in range(4096, len(content), 4096):
        torn.write_bytes(content[:at] + b"\x07" * 4096 + content[at + 4096 :])
        try:
            found = findings(torn, honest.ring.public)
        except TrailUnavailable:
            continue  # SQLite does not even open it, which the command tells as a finding
        assert found, f"the page at {at}"
