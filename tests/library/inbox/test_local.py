"""An inbox in a folder: listed once, read without following anything, moved without replacing."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benson_execution.errors import InvalidSettings
from benson_execution.inbox import (
    DONE,
    Beside,
    Changed,
    Gone,
    InboxUnavailable,
    LocalInbox,
    local,
)
from benson_execution.inbox.folder import claimed_path, target_names
from benson_execution.inbox.listing import look_through

BESIDE = Beside(".error.txt", b"why\n")
LIMIT = 1000
TAG = "12345678"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


@pytest.fixture(params=["in one step", "in two"])
def inbox(folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Where the system renames without replacing, and where it can't."""
    if request.param == "in two":
        monkeypatch.setattr(local, "_renameat2", lambda: None)
    made = LocalInbox(folder)
    made.prepare()
    return made


def move(inbox: LocalInbox, name: str, **more: Any) -> str:
    """Move a file as it is now."""
    given: dict[str, Any] = {
        "stamp": inbox.stamp(name),
        "folder": DONE,
        "tag": TAG,
        "beside": BESIDE,
    } | more
    return inbox.move(name, **given)


def test_ten_thousand_files_are_looked_through_in_one_pass(folder: Path) -> None:
    """No more names are kept than are taken, the oldest; the others are counted."""
    inbox = LocalInbox(folder)
    inbox.prepare()
    for number in range(10_000):
        (folder / f"{number:05}-{'x' * 100}.json").touch()
    now = time.time() + 60
    tracemalloc.start()
    found = look_through(inbox, frozenset(), 100, now)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [name[:5] for name in found.new] == [f"{number:05}" for number in range(100)]
    assert (found.left, found.young, found.strange) == (9900, 0, [])
    assert peak < 1_000_000  # the names alone are more than that


def test_what_is_taken_is_told_from_what_is_new(inbox: LocalInbox, folder: Path) -> None:
    """By its path; hidden files, folders and the inbox's own are not seen at all."""
    for name in ("a", "b", ".hidden", "done.json"):
        (folder / name).touch()
    (folder / "sub").mkdir()
    (folder / "sub" / "c").touch()
    found = look_through(inbox, {claimed_path(inbox, "a")}, 10, time.time() + 60)
    assert list(found.taken.values()) == ["a"]
    assert found.new == ["b", "done.json"]


def test_a_file_of_this_moment_is_young(inbox: LocalInbox, folder: Path) -> None:
    """Also one that pretends to be old: a copy that keeps times is written now all the same."""
    (folder / "a").touch()
    os.utime(folder / "a", (0, 0))
    assert look_through(inbox, frozenset(), 10, time.time()).young == 1
    assert look_through(inbox, frozenset(), 10, time.time() + 3).new == ["a"]


def test_what_is_read_is_bounded(inbox: LocalInbox, folder: Path) -> None:
    """One byte more than the limit says that there is more."""
    for size, complete in ((0, True), (LIMIT, True), (LIMIT + 1, False), (10 * LIMIT, False)):
        (folder / "a").write_bytes(b"x" * size)
        found = inbox.read("a", LIMIT)
        assert (len(found.content), found.complete) == (min(size, LIMIT + 1), complete)
        assert found.sha256 == hashlib.sha256(found.content).hexdigest()


def append_to(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def rewrite(path: Path) -> None:
    """The same bytes at the same time stamps, but for that of the status."""
    times = path.stat()
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_name(".other")
    other.write_bytes(b"another")
    other.replace(path)


@pytest.mark.parametrize("change", [append_to, rewrite, replace, os.truncate])
def test_a_file_that_changes_while_it_is_read_is_left(
    change: Any, inbox: LocalInbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever way: by its size, its times or what its name stands for."""
    (folder / "a").write_bytes(b"first")
    read = local._read

    def changing(handle: int, most: int) -> bytes:
        content = read(handle, most)
        change(folder / "a", *([1] if change is os.truncate else []))
        return content

    monkeypatch.setattr(local, "_read", changing)
    with pytest.raises(Changed):
        inbox.read("a", LIMIT)


@pytest.mark.parametrize("make", [os.mkfifo, lambda p: p.symlink_to("/etc/hostname"), Path.mkdir])
def test_nothing_but_a_file_is_opened(
    make: Callable[[Path], None], inbox: LocalInbox, folder: Path
) -> None:
    """What became a pipe or a link since it was listed holds nobody up, and is not followed."""
    make(folder / "a")
    with pytest.raises(Changed):
        inbox.read("a", LIMIT)


def test_a_file_is_moved_with_what_lies_beside_it(inbox: LocalInbox, folder: Path) -> None:
    """Whoever may read the file may read the answer, and nobody else."""
    (folder / "a.json").write_bytes(b"content")
    (folder / "a.json").chmod(0o640)
    assert move(inbox, "a.json") == "done/a.json"
    assert (folder / "done" / "a.json").read_bytes() == b"content"
    beside = folder / "done" / "a.json.error.txt"
    assert beside.read_bytes() == b"why\n"
    assert beside.stat().st_mode & 0o777 == 0o640
    assert not (folder / "a.json").exists()
    assert len(list((folder / "done").iterdir())) == 2


def test_nothing_is_replaced(inbox: LocalInbox, folder: Path) -> None:
    """Neither a file nor what lies beside one, nor a link of that name."""
    (folder / "done" / "a.json").write_bytes(b"there")
    (folder / "a.json").write_bytes(b"first")
    assert move(inbox, "a.json") == f"done/a-{TAG}.json"
    (folder / "done" / "b.error.txt").symlink_to(folder / "elsewhere")
    (folder / "b").write_bytes(b"second")
    assert move(inbox, "b") == f"done/b-{TAG}"
    assert not (folder / "elsewhere").exists()
    assert (folder / "done" / "a.json").read_bytes() == b"there"
    for number, target in enumerate((f"a-{TAG}-2.json", f"a-{TAG}-3.json")):
        (folder / "a.json").write_bytes(b"more %d" % number)
        assert move(inbox, "a.json") == f"done/{target}"


def test_a_name_that_is_taken_at_the_last_moment_is_not_replaced(
    inbox: LocalInbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else puts a file there between the look and the move."""
    (folder / "a").write_bytes(b"ours")
    rename = local._rename_new

    def late(old: str, source: int, new: str, target: int) -> None:
        if new == "a":
            (folder / "done" / "a").write_bytes(b"theirs")
        rename(old, source, new, target)

    monkeypatch.setattr(local, "_rename_new", late)
    assert move(inbox, "a") == f"done/a-{TAG}"
    assert (folder / "done" / "a").read_bytes() == b"theirs"
    assert (folder / "done" / f"a-{TAG}").read_bytes() == b"ours"


def test_a_file_that_is_another_one_is_not_moved(inbox: LocalInbox, folder: Path) -> None:
    """The look before the move finds it."""
    (folder / "a").write_bytes(b"old")
    stamp = inbox.stamp("a")
    replace(folder / "a")
    with pytest.raises(Changed):
        move(inbox, "a", stamp=stamp)
    assert (folder / "a").read_bytes() == b"another"


def test_a_file_that_is_replaced_at_the_last_moment_is_put_back(
    inbox: LocalInbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost: it lies in the inbox again, under its name or one like it."""
    (folder / "a").write_bytes(b"old")
    rename = local._rename_new

    def late(old: str, source: int, new: str, target: int) -> None:
        if old == "a" and (folder / "a").exists():  # not on the way back
            replace(folder / "a")
        rename(old, source, new, target)

    monkeypatch.setattr(local, "_rename_new", late)
    with pytest.raises(Changed):
        move(inbox, "a")
    assert (folder / "a").read_bytes() == b"another"
    assert [p.name for p in (folder / "done").iterdir()] == ["a.error.txt"]


def test_a_link_is_moved_as_itself(inbox: LocalInbox, folder: Path, tmp_path: Path) -> None:
    """What it leads to is where it was."""
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "a").symlink_to(tmp_path / "secret")
    assert move(inbox, "a") == "done/a"
    assert (folder / "done" / "a").readlink() == tmp_path / "secret"
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_of_many_who_move_one_file_one_does_it(inbox: LocalInbox, folder: Path) -> None:
    """The others notice; the file lies in one place, once."""
    for number in range(20):
        (folder / "a").write_bytes(b"%d" % number)
        start = threading.Barrier(4)
        said: list[object] = []

        def run(start: threading.Barrier = start, said: list[object] = said) -> None:
            stamp = inbox.stamp("a")
            start.wait(30)
            try:
                said.append(move(inbox, "a", stamp=stamp, tag=f"{len(said)}"))
            except (Gone, Changed) as error:  # a move that is going on changes the status first
                said.append(error)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sum(isinstance(one, Gone | Changed) for one in said) == 3
    held = [p.read_bytes() for p in (folder / "done").iterdir() if not p.name.endswith(".txt")]
    assert sorted(held) == sorted(b"%d" % number for number in range(20))


def test_a_file_that_is_gone_is_told(inbox: LocalInbox) -> None:
    """By reading, looking and moving."""
    with pytest.raises(Gone):
        inbox.read("a", LIMIT)
    with pytest.raises(Gone):
        inbox.stamp("a")
    with pytest.raises(Gone):
        move(inbox, "a", stamp=(0,))


@pytest.mark.parametrize("name", ["done", "refused", "unreadable"])
def test_a_target_that_is_a_link_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    """Nothing is ever moved through it."""
    (tmp_path / "elsewhere").mkdir()
    folder.mkdir()
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidSettings, match=f"{name} is not a folder"):
        LocalInbox(folder).prepare()


def test_an_inbox_that_can_not_be_made_is_unavailable(tmp_path: Path) -> None:
    """Something else stands where it was to be."""
    (tmp_path / "inbox").touch()
    with pytest.raises(InboxUnavailable, match="not available"):
        LocalInbox(tmp_path / "inbox" / "in").prepare()
    with pytest.raises(InboxUnavailable):
        list(LocalInbox(tmp_path / "nowhere").entries())


def test_a_full_disk_leaves_the_file_where_it_is(
    inbox: LocalInbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing half written beside it."""
    (folder / "a").write_bytes(b"content")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InboxUnavailable, match="No space left"):
        move(inbox, "a")
    assert (folder / "a").read_bytes() == b"content"
    assert list((folder / "done").iterdir()) == []


def test_no_two_names_give_one_path(inbox: LocalInbox) -> None:
    """Whatever bytes they are; and each path is ASCII."""
    raw = [b"a", b"a%41", b"%61", b"\xff", b"\\udcff", b"%FF", "é".encode(), "é".encode("latin-1")]
    paths = {claimed_path(inbox, os.fsdecode(name)) for name in raw}
    assert len(paths) == len(raw)
    assert all(path.isascii() and path.startswith(inbox.where) for path in paths)


def test_a_long_name_is_cut_so_that_something_fits_behind_it() -> None:
    """File systems have names of at most 255 bytes."""
    names = target_names("é" * 127 + ".json", TAG)
    for _ in range(3):
        assert len(os.fsencode(next(names))) + len(".artifact.json") <= 255
