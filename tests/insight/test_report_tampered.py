"""Trails that somebody changed: a report of them is a page or an error of ours, and never a lie."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from benson_execution.errors import BensonError
from benson_execution.proof.keys import read_public_keys
from benson_execution.report.counting import numbers
from benson_execution.report.dispatches import DispatchPage, describe, dispatches_of
from benson_execution.trail import SqlTrail

ASSETS: Final = Path(__file__).parents[1] / "assets" / "tampered"
TRAILS: Final = sorted(path.name for path in ASSETS.glob("trail-*.db"))
KEYS: Final = read_public_keys([ASSETS / "trusted.pem"])
CHANGED: Final = {
    "trail-document-one-byte.db",
    "trail-event-inserted-and-hashed.db",
    "trail-event-one-byte.db",
    "trail-event-position.db",
    "trail-event-removed.db",
    "trail-events-swapped.db",
    "trail-leaf-one-byte.db",
    "trail-leaf-of-another-dispatch.db",
    "trail-log-signed-anew-by-another-key.db",
    "trail-policy-removed.db",
}
"""Where a closed dispatch's own evidence was changed."""


def told_of(path: Path) -> tuple[list[DispatchPage], list[BensonError]]:
    """What pages of every PAC in the trail would say, and the errors of those there can't be."""
    pages: list[DispatchPage] = []
    errors: list[BensonError] = []
    try:
        trail = SqlTrail(f"sqlite:///{path}", None)
    except BensonError as error:
        return [], [error]
    try:
        with suppress(BensonError):
            numbers(trail)
        pacs = set()
        try:
            for stored in trail.events():
                pacs.add(stored.dispatch.pac_id)
        except BensonError as error:
            errors.append(error)
        for pac_id in sorted(pacs):
            try:
                pages += describe(trail, dispatches_of(trail, pac_id), KEYS, path.parent)
            except BensonError as error:
                errors.append(error)
    finally:
        trail.close()
    return pages, errors


@pytest.mark.parametrize("name", TRAILS)
def test_it_is_told_or_an_error_of_ours(name: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(ASSETS / name, tmp_path))
    pages, errors = told_of(path)
    states = {page.verification.state for page in pages}
    assert states <= {"verified", "not verified", "not checked"}
    if name in CHANGED:
        assert errors or "not verified" in states


def test_the_honest_one_verifies(tmp_path: Path) -> None:
    pages, errors = told_of(Path(shutil.copy(ASSETS / "honest.db", tmp_path)))
    assert errors == []
    assert pages
    assert {page.verification.state for page in pages if not page.explained.is_open} == {"verified"}
