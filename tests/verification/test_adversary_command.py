"""The whole trail taken away, and another one in its place: the heads file remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Benson

from .honest import EXAMPLES, tampering

TABLES = "events", "leaves", "wraps", "leases", "dispatches", "documents", "heads", "rotations"
NEXT = EXAMPLES / "refused" / "CP-04-task-not-completed.json"


@pytest.fixture
def benson(tmp_path: Path) -> Benson:
    """The command, in a home where a PAC was judged already."""
    made = Benson(tmp_path / "home", tmp_path)
    assert made("judge", EXAMPLES / "PAC-DAN-P44.json").code == 0
    assert made("verify").code == 0
    return made


def wipe(benson: Benson) -> None:
    with tampering(benson.home / "trail.db") as connection:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")


def remove(benson: Benson) -> None:
    for path in benson.home.glob("trail.db*"):
        path.unlink()


def kinds(benson: Benson) -> set[str]:
    answer = benson("verify", "--json")
    assert answer.code == 4, answer
    return {found["kind"] for found in answer.objects[:-1]}


@pytest.mark.parametrize("how", [wipe, remove], ids=["all rows deleted", "the file removed"])
def test_a_trail_that_began_anew_is_found(benson: Benson, how: object) -> None:
    """The next run makes a new trail, with the same key: the heads file knows of another one."""
    assert callable(how)
    how(benson)
    assert benson("judge", NEXT).code == 1
    assert kinds(benson) == {"other-trail"}


def test_a_removed_file_is_called_what_it_is(benson: Benson) -> None:
    """It was there: the heads file says so. It is no head that somebody else signed."""
    remove(benson)
    assert kinds(benson) & {"trail-empty", "trail-shortened"}
    assert "head-untrusted" not in kinds(benson)


def test_a_file_that_was_emptied_is_a_finding(benson: Benson) -> None:
    """Not one byte is left: that is no database out of reach (5), but a trail that is gone (4)."""
    remove(benson)
    (benson.home / "trail.db").write_bytes(b"")
    assert kinds(benson) & {"trail-empty", "database-damaged"}


@pytest.mark.parametrize(
    "change", ["UPDATE alembic_version SET version_num = '0000'", "DELETE FROM alembic_version"]
)
def test_a_changed_version_of_the_tables_is_a_finding(benson: Benson, change: str) -> None:
    """One row switches verification off otherwise: exit code 5 is for what is out of reach."""
    with tampering(benson.home / "trail.db") as connection:
        connection.execute(change)
    assert kinds(benson) == {"database-damaged"}


def test_a_place_where_no_trail_ever_stood_is_bad_usage(benson: Benson, tmp_path: Path) -> None:
    """The home's heads file has heads, but of a trail that stood elsewhere."""
    elsewhere = {"BENSON_TRAIL_URL": f"sqlite:///{tmp_path / 'elsewhere.db'}"}
    answer = benson("verify", env=elsewhere)
    assert answer.code == 2
    assert "elsewhere.db" in answer.err
