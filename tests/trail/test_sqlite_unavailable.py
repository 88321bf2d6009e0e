"""Every way in which a SQLite trail can be out of reach is one error, in one clear sentence."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from benson_execution.errors import TrailUnavailable
from benson_execution.trail import open_trail
from benson_execution.trail.sqlite import SqliteDatabase

from .children import answer_of
from .stores import append, contents, dispatch, note, open_sql, settings_of, sqlite_url


def assert_clear(message: str, path: Path) -> None:
    """One line that names the place and the cause, and nothing of the machinery below."""
    assert re.fullmatch(r"the trail at .+ is not available: .+ \(.+\)", message)
    assert str(path) in message
    for noise in ("sqlalche", "sqlite3.", "Traceback", "[SQL:", "Error)", "\n"):
        assert noise not in message


def make_directory(file: Path) -> None:
    """A folder stands where the file should."""
    file.mkdir()


def make_pipe(file: Path) -> None:
    """A pipe, at which whoever opens it waits for somebody who writes."""
    os.mkfifo(file)


def make_text(file: Path) -> None:
    """The file is something else."""
    file.write_bytes(b"This is no database, but long enough to be taken for one. " * 100)


def make_torn(file: Path) -> None:
    """The file begins as a database does, and is none."""
    file.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)


def make_dangling(file: Path) -> None:
    """The file is a link to a folder that is not there."""
    file.symlink_to(file.parent / "nowhere" / "trail.db")


@pytest.mark.parametrize("make", [make_directory, make_pipe, make_text, make_torn, make_dangling])
def test_what_is_no_database_is_unavailable(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """Opening it says so, and does not touch what is there."""
    file = tmp_path / "trail.db"
    make(file)
    before = file.read_bytes() if file.is_file() else b""
    with pytest.raises(TrailUnavailable) as refused:
        open_trail(settings_of(sqlite_url(tmp_path)))
    assert_clear(str(refused.value), file)
    assert refused.value.exit_code == 5
    if file.exists():
        with pytest.raises(TrailUnavailable) as unread:
            open_trail(settings_of(sqlite_url(tmp_path)), read_only=True)
        assert_clear(str(unread.value), file)
    assert before == (file.read_bytes() if file.is_file() else b"")


def test_a_file_in_the_place_of_the_folder_is_unavailable(tmp_path: Path) -> None:
    """The folders of the path can't be made there."""
    (tmp_path / "home").write_text("a file")
    folder = tmp_path / "home" / "below"
    with pytest.raises(TrailUnavailable) as refused:
        open_trail(settings_of(sqlite_url(folder)))
    assert_clear(str(refused.value), folder / "trail.db")


def test_the_folders_of_a_new_trail_are_made(tmp_path: Path) -> None:
    """However deep the path is."""
    folder = tmp_path / "a" / "b" / "c"
    trail = open_sql(sqlite_url(folder))
    append(trail, dispatch(), note("a"))
    trail.close()
    assert (folder / "trail.db").is_file()


def test_a_trail_that_failed_to_open_opens_once_the_cause_is_gone(tmp_path: Path) -> None:
    """The failure is not remembered."""
    file = tmp_path / "trail.db"
    file.mkdir()
    with pytest.raises(TrailUnavailable):
        open_trail(settings_of(sqlite_url(tmp_path)))
    file.rmdir()
    trail = open_trail(settings_of(sqlite_url(tmp_path)))
    append(trail, dispatch(), note("a"))
    trail.close()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_trail_that_may_not_be_written_is_unavailable(tmp_path: Path, what: str) -> None:
    """A file, or a folder, of which the user has only read permission."""
    folder = tmp_path / "home"
    trail = open_sql(sqlite_url(folder))
    append(trail, dispatch(), note("before"))
    trail.close()
    if what == "file":
        (folder / "trail.db").chmod(0o444)
    else:
        (folder / "trail.db").unlink()
        folder.chmod(0o555)
    try:
        error, message = answer_of("attempt_as_anybody", sqlite_url(folder))
    finally:
        folder.chmod(0o755)
    assert error == "TrailUnavailable"
    assert_clear(message, folder / "trail.db")


def test_a_trail_that_may_not_be_read_is_unavailable(tmp_path: Path) -> None:
    """A file that is there, and none of this user's business."""
    open_sql(sqlite_url(tmp_path)).close()
    (tmp_path / "trail.db").chmod(0o000)
    error, message = answer_of("attempt_as_anybody", sqlite_url(tmp_path))
    assert error == "TrailUnavailable"
    assert_clear(message, tmp_path / "trail.db")


def test_permissions_are_what_the_refusals_are_about(tmp_path: Path) -> None:
    """The same attempt on a file that may be written succeeds."""
    open_sql(sqlite_url(tmp_path)).close()
    assert answer_of("attempt_as_anybody", sqlite_url(tmp_path)) == ["appended", ""]


@pytest.mark.parametrize("room", [200_000, 6_000_000])
def test_a_full_disk_is_unavailable_and_loses_nothing(tmp_path: Path, room: int) -> None:
    """What was acknowledged before is all there; with room again, the same trail goes on."""
    error, message, acknowledged = answer_of("fill_the_disk", sqlite_url(tmp_path), room)
    assert error == "TrailUnavailable"
    assert_clear(message, tmp_path / "trail.db")
    trail = open_sql(sqlite_url(tmp_path))
    numbers = [content[1] for content in contents(trail.events())]
    trail.close()
    assert int(acknowledged) > 0
    assert numbers == [*range(int(acknowledged)), acknowledged]


def test_a_disk_too_full_to_begin_is_unavailable(tmp_path: Path) -> None:
    """Not even the tables have room."""
    error, message = answer_of("attempt_on_a_full_disk", sqlite_url(tmp_path))
    assert error == "TrailUnavailable"
    assert_clear(message, tmp_path / "trail.db")


def remove_file(file: Path) -> None:
    """The file is removed, and what stands beside it."""
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def remove_folder(file: Path) -> None:
    """The whole folder is removed."""
    shutil.rmtree(file.parent)


def replace_file(file: Path) -> None:
    """Another trail is put in its place."""
    other = file.with_name("other.db")
    shutil.copy(file, other)
    other.replace(file)


@pytest.mark.parametrize("take_away", [remove_file, remove_folder, replace_file])
def test_a_file_that_was_taken_away_is_not_written(
    tmp_path: Path, take_away: Callable[[Path], None]
) -> None:
    """SQLite would go on writing into a file that nobody can find any more."""
    home = tmp_path / "home"
    home.mkdir()
    trail = open_sql(sqlite_url(home))
    append(trail, dispatch("a"), note("before"))
    take_away(home / "trail.db")
    with pytest.raises(TrailUnavailable, match=r"removed or replaced|No such file") as refused:
        append(trail, dispatch("b"), note("after"))
    trail.close()
    assert_clear(str(refused.value), home / "trail.db")


def test_a_file_that_is_taken_away_within_a_write_is_not_written(tmp_path: Path) -> None:
    """What is not to be found afterwards is not acknowledged."""
    database = SqliteDatabase(make_url(sqlite_url(tmp_path)))
    with database.write() as session:
        session.sql("CREATE TABLE kept (number INTEGER)")

    def lose_what_is_written() -> None:
        with database.write() as session:
            session.sql("INSERT INTO kept VALUES (1)")
            remove_file(tmp_path / "trail.db")

    with pytest.raises(TrailUnavailable, match="No such file"):
        lose_what_is_written()
    database.engine.dispose()


def test_a_recorded_event_that_was_overwritten_is_not_handed_out(tmp_path: Path) -> None:
    """A database whose pages are destroyed is unavailable, and nothing is read from its ruins."""
    trail = open_sql(sqlite_url(tmp_path))
    append(trail, dispatch(), *(note("x" * 500) for _ in range(100)))
    trail.close()
    file = tmp_path / "trail.db"
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(TrailUnavailable) as refused:
        list(open_sql(sqlite_url(tmp_path)).events())
    assert_clear(str(refused.value), file)
