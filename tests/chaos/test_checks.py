"""The checks of a killed run find everything that could be wrong with it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.checks import END, NOTHING, WRAP, Fact, Left, violations
from tests.chaos.warm import Said

VERIFIED = Said(0, "VERIFIED  trail\n")


def fact(sequence: int, key: str, **data: Any) -> Fact:
    content = base64.b64encode(json.dumps({"data": data}).encode()).decode()
    return Fact("run-1", sequence, sequence, key, content, f"{sequence:02x}")


START = fact(1, "PAC_DISPATCH_START")
FAILED = fact(2, END, status="FAILED")
GRANTED = fact(2, WRAP, wrap_id="WRAP-1", blocked=False)
COMPLETED = fact(3, END, status="COMPLETED")


def artifact(status: str) -> dict[str, Any]:
    return {"run-1": {"dispatch": {"status": status}}}


OPEN = Left(
    acknowledged=[START],
    found=[START],
    recovered=Said(0, "closed\n"),
    kept=[START, FAILED],
    again=Said(0, NOTHING),
    verified=VERIFIED,
    artifacts=artifact("FAILED"),
    artifacts_verified=VERIFIED,
)
"""A run that was killed after its first event, and recovered."""
CLOSED = replace(
    OPEN,
    acknowledged=[START],
    found=[START, GRANTED, COMPLETED],
    kept=[START, GRANTED, COMPLETED],
    artifacts=artifact("COMPLETED"),
)
"""A run that was killed between the commit of its end and its acknowledgement."""
EMPTY = replace(OPEN, acknowledged=[], found=[], kept=[], artifacts={}, artifacts_verified=None)
"""A run that was killed before anything of it was recorded."""


@pytest.mark.parametrize("left", [OPEN, CLOSED, EMPTY], ids=["open", "closed", "empty"])
def test_nothing_is_wrong_with_a_run_that_was_recovered(left: Left) -> None:
    """Whenever it was killed."""
    assert violations(left) == []


@pytest.mark.parametrize(
    ("left", "found"),
    [
        (replace(OPEN, found=[], kept=[]), "PAC_DISPATCH_START was acknowledged, and is not in"),
        (replace(OPEN, acknowledged=[START._replace(chain="ff")]), "was acknowledged, and is not"),
        (replace(OPEN, kept=[FAILED]), "PAC_DISPATCH_START was in the trail, and is no more"),
        (replace(OPEN, kept=[START, START, FAILED]), "PAC_DISPATCH_START is 2 times"),
        (replace(OPEN, kept=[START, FAILED._replace(sequence=3)]), "run-1 count [1, 3]"),
        (replace(OPEN, kept=[START]), "run-1 is still open"),
        (replace(CLOSED, found=[START]), "run-1 had no end, and was closed as COMPLETED"),
        (replace(CLOSED, found=[START]), "recovery added ['WRAP_GENERATION', 'PAC_DISPATCH_END']"),
        (replace(CLOSED, kept=[*CLOSED.kept, FAILED]), "recovery added ['PAC_DISPATCH_END']"),
        (replace(OPEN, found=[START, GRANTED], kept=[START, GRANTED, FAILED._replace(sequence=3)]),
         "run-1 is FAILED, and has the WRAPs ['WRAP-1']"),
        (replace(OPEN, found=[START, COMPLETED], kept=[START, COMPLETED]), "has the WRAPs []"),
        (replace(EMPTY, kept=[fact(1, END, status="FAILED")]), "recovery made up run-1"),
        (replace(OPEN, artifacts={}), "run-1 is FAILED, and has no artifact"),
        (replace(OPEN, artifacts={"run-1": None}), "run-1 is FAILED, and has no artifact"),
        (replace(OPEN, artifacts=artifact("BLOCKED")), "and its artifact says BLOCKED"),
        (replace(EMPTY, artifacts=artifact("FAILED")), "an artifact of run-1, which is not closed"),
        (replace(OPEN, artifacts_verified=Said(4, "NOT VERIFIED")), "an artifact is not verified"),
        (replace(OPEN, recovered=Said(3, "not recovered")), "recovery failed"),
        (replace(OPEN, again=Said(0, "closed\n")), "a second recovery found something to do"),
        (replace(OPEN, verified=Said(4, "NOT VERIFIED")), "the trail is not verified"),
        (replace(OPEN, verified=Said(0, "")), "the trail is not verified"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_found(left: Left, found: str) -> None:
    """Each violation by itself is told."""
    assert any(found in told for told in violations(left)), violations(left)
