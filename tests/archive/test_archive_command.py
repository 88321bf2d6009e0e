"""`benson archive` as its user runs it, and what the other commands say of what it moved."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benson_execution.trail.rows import DispatchRow
from tests.cli.command import BENSON, Benson, on_terminal
from tests.insight.generated import fill
from tests.verification.honest import judge

COUNT = 300
UNTIL = "2026-03-04"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with dispatches of months ago, two of now, and one that is open."""
    home = tmp_path_factory.mktemp("original")
    trail = Benson(home, home).writable_trail()
    fill(trail, COUNT, open_ones=1)
    for lease in trail.leases():
        trail.release(lease.dispatch.dispatch_id)
    judge(trail, home / "trail.db", "PAC-DAN-P44", "refused/CP-04-task-not-completed")
    trail.close()
    return home


@pytest.fixture
def benson(original: Path, tmp_path: Path) -> Benson:
    """The command in a copy of that home."""
    home = tmp_path / "home"
    shutil.copytree(original, home)
    return Benson(home, tmp_path)


def bytes_in(home: Path) -> dict[str, bytes]:
    """Every file that SQLite does not make for its readers."""
    files = (path for path in home.rglob("*") if path.is_file())
    return {str(p): p.read_bytes() for p in files if not p.name.endswith(("-shm", "-wal"))}


def test_a_dry_run_says_what_would_move_and_changes_not_a_byte(benson: Benson) -> None:
    """And the run itself moves just that."""
    before = bytes_in(benson.home)
    told = benson("archive", "--before", UNTIL, "--dry-run", "--json")
    assert told.code == 0, told.err
    *files, total = told.objects
    assert total["dry_run"] is True
    assert total["files"] == len(files) == 1
    assert files[0]["moved"] is False
    assert bytes_in(benson.home) == before
    *moved, _ = benson("archive", "--before", UNTIL, "--json").objects
    assert [{**one, "moved": False} for one in moved] == files
    said = benson("archive", "--before", UNTIL)
    assert said.out == "nothing ended before that, or it is archived already\n"


def test_what_was_moved_is_found_by_the_other_commands(benson: Benson) -> None:
    """Events, verification, and a PAC's story."""
    events = benson("events", "--json").out
    shown = benson("rejudge", "PAC-DAN-P44-GOV", "--json").out
    moved = benson("archive", "--before", "0m", "--force")
    assert moved.code == 0, moved.err
    assert "would" not in moved.out
    assert benson("events", "--json").out == events
    assert benson("rejudge", "PAC-DAN-P44-GOV", "--json").out == shown
    assert benson("show", "PAC-DAN-P44-GOV").code == 0
    verified = benson("verify", "--json").object
    assert verified["verified"] is True
    assert verified["archived"] == COUNT + 2
    assert verified["archives"] == 1
    assert verified["archived_not_proved"] == 0
    assert f"{COUNT + 2} of them archived in 1 file, proved with them" in benson("verify").out
    unseen = benson("verify", "--no-archives")
    assert unseen.code == 0
    assert f"not proved: the events and documents of {COUNT + 2}" in unseen.out


def test_a_file_that_is_gone_is_told_by_everybody(benson: Benson) -> None:
    """Exit code 4 for who verifies, 5 for who reads; archives elsewhere are found if named."""
    benson("archive", "--before", UNTIL)
    elsewhere = benson.home / "elsewhere"
    (benson.home / "archive").rename(elsewhere)
    verified = benson("verify")
    assert verified.code == 4
    assert "archive-missing" in verified.out
    assert benson("verify", "--archives", elsewhere).code == 0
    read = benson("events", "--dispatch", "generated-1-1")
    assert read.code == 5
    assert "are archived in benson-" in read.err
    assert "BENSON_ARCHIVE" in read.err
    assert benson("events", env={"BENSON_ARCHIVE": str(elsewhere)}).code == 0
    assert benson("verify", "--archives", elsewhere, "--no-archives").code == 2


def test_a_pac_that_stayed_is_shown_whatever_is_gone(benson: Benson) -> None:
    """Also by the beginning of its id; one that is in the file is not, and the file is named."""
    (moved,) = benson("archive", "--before", UNTIL, "--json").objects[:-1]
    (benson.home / "archive" / moved["file"]).unlink()
    shown = benson("show", "PAC-DAN-P44-GOV")
    assert (shown.code, shown.err) == (0, "")
    assert "COMPLETED  PAC-DAN-P44-GOVERNANCE" in shown.out
    gone = next(d.pac_id for d in benson_rows(benson) if d.dispatch_id == "generated-1-1")
    for name in (gone, gone.removesuffix("ENERATED-01")):
        told = benson("show", name)
        assert (told.code, told.out) == (5, "")
        assert moved["file"] in told.err


def benson_rows(benson: Benson) -> list[DispatchRow]:
    """The dispatches that the database knows, archived or not."""
    trail = benson.writable_trail()
    try:
        with trail.rows() as rows:
            return list(rows.dispatches())
    finally:
        trail.close()


def test_nothing_younger_than_six_months_moves_unless_it_must(benson: Benson) -> None:
    """The refusal says what would be moved, and how to insist."""
    before = bytes_in(benson.home)
    refused = benson("archive", "--before", "1d")
    assert refused.code == 2
    assert "younger than 6 months" in refused.err
    assert "--force" in refused.err
    assert bytes_in(benson.home) == before


@pytest.mark.parametrize("date", ["yesterday", "\x1b[31m", "2026-02-30", "", "99999999w"])
def test_a_wrong_date_is_refused(tmp_path: Path, date: str) -> None:
    """In one sentence, with nothing done."""
    answer = Benson(tmp_path / "none", tmp_path)("archive", "--before", date)
    assert answer.code == 2
    assert "--before: " in answer.err
    assert "is no moment" in answer.err


def test_there_must_be_a_trail(tmp_path: Path) -> None:
    """One that is kept, and is there."""
    benson = Benson(tmp_path / "none", tmp_path)
    assert "there is no trail" in benson("archive", "--before", "2026-01-01").err
    memory = benson("archive", "--before", "2026-01-01", env={"BENSON_TRAIL_URL": "memory://"})
    assert memory.code == 2
    assert "ends with its process" in memory.err
    assert not benson.home.exists()


def test_a_trail_of_several_machines_needs_a_folder_that_is_named(tmp_path: Path) -> None:
    """The home of whoever archives may be a container's: what is moved there is nowhere else."""
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    benson = Benson(tmp_path / "none", tmp_path)
    for more in ((), ("--dry-run",)):
        refused = benson("archive", "--before", "2026-01-01", *more, env={"BENSON_TRAIL_URL": url})
        assert refused.code == 2
        assert "BENSON_ARCHIVE" in refused.err


def test_a_folder_that_can_t_be_used_leaves_all_where_it_is(benson: Benson) -> None:
    """A file in its place, or a place where nobody writes; the error names the setting."""
    before = bytes_in(benson.home)
    for place in (benson.home / "trail.db", benson.home / "trail.db" / "below", Path("/proc/x")):
        answer = benson("archive", "--before", UNTIL, env={"BENSON_ARCHIVE": str(place)})
        assert answer.code == 3
        assert "nothing was moved" in answer.err
        assert "BENSON_ARCHIVE" in answer.err
    assert bytes_in(benson.home) == before


def test_a_full_disk_leaves_all_where_it_is(benson: Benson) -> None:
    """The file could not be written whole: there is none, and nothing was deleted."""
    events = benson("events", "--json").out
    done = subprocess.run(
        ["prlimit", "--fsize=40000", BENSON, "archive", "--before", UNTIL],
        env=benson.environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "nothing was moved" in done.stderr
    assert not [p for p in (benson.home / "archive").glob("*") if p.name != ".lock"]
    assert benson("events", "--json").out == events
    assert benson("archive", "--before", UNTIL).code == 0


def test_what_a_killed_run_left_is_named_and_not_touched(benson: Benson) -> None:
    """A file of this trail that no archive is of; files of others are none of ours."""
    told = benson("archive", "--before", UNTIL, "--dry-run", "--json").objects[0]
    folder = benson.home / "archive"
    folder.mkdir()
    left = folder / f".{told['file']}.123-ab.partial"
    left.write_bytes(b"half")
    (folder / "somebody-else").write_bytes(b"")
    answer = benson("archive", "--before", UNTIL)
    assert answer.code == 0
    assert left.name in answer.err
    assert "somebody-else" not in answer.err
    assert left.read_bytes() == b"half"


def test_a_file_of_the_same_name_is_not_overwritten(benson: Benson) -> None:
    """Whatever it is: the run ends, and all stays where it is."""
    told = benson("archive", "--before", UNTIL, "--dry-run", "--json").objects[0]
    file = benson.home / "archive" / told["file"]
    file.parent.mkdir()
    file.write_bytes(b"x" * told["bytes"])
    answer = benson("archive", "--before", UNTIL)
    assert answer.code == 3
    assert "holds something else" in answer.err
    assert file.read_bytes() == b"x" * told["bytes"]
    assert benson("verify").code == 0


def test_progress_is_shown_on_a_terminal_only(benson: Benson) -> None:
    """What is printed stays the same."""
    args = ("archive", "--before", UNTIL, "--dry-run")
    code, shown, left = on_terminal(benson, *args, streams=("stderr",))
    assert code == 0
    assert b"looking" in shown
    assert left.startswith(b"would move")
