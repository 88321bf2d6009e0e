"""The heads file: every signed head on a line of its own, whoever appends at the same moment."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import stat
import threading
from pathlib import Path

import pytest

from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.heads_file import append_head, read_line
from benson_execution.proof.keys import SigningKey

TRAIL = "7d" * 16
WHERE = "sqlite:////home/somebody/.benson/trail.db"
KEY = SigningKey.generate()


def head(size: int) -> Head:
    return Head.sign(KEY, TRAIL, size, bytes([size % 256]) * 32)


def read(path: Path) -> list[Head | None]:
    """The head on each line of the file; None where there is none."""
    return [head_on(line) for line in path.read_bytes().splitlines()]


def head_on(line: bytes) -> Head | None:
    noted = read_line(line)
    if noted is None:
        return None
    assert isinstance(noted.said, Head)
    return noted.said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heads.jsonl"


def test_a_head_that_was_appended_is_read_back(path: Path) -> None:
    """The same one, with its signature, on the line after those before it."""
    heads = [head(size) for size in range(3)]
    for one in heads:
        append_head(path, one, WHERE)
    assert read(path) == heads
    assert all(h is not None and h.is_signed_by(KEY.public) for h in read(path))


def test_a_line_is_json_for_everybody(path: Path) -> None:
    """One object: where the trail is kept, the signed note, and beside it what the note says."""
    one = head(300)
    append_head(path, one, WHERE)
    content = path.read_bytes()
    assert content.count(b"\n") == 1
    assert content.endswith(b"}\n")
    assert json.loads(content) == {
        "kind": "head",
        "trail": WHERE,
        "trail_id": TRAIL,
        "size": 300,
        "note": one.note.decode(),
    }


def test_the_folders_of_the_file_are_made(tmp_path: Path) -> None:
    """And the file, which others may read and nobody else may write."""
    path = tmp_path / "a" / "b" / "heads.jsonl"
    before = os.umask(0)
    try:
        append_head(path, head(1), WHERE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_what_is_there_is_never_changed(path: Path) -> None:
    """Foreign lines too: it is only ever appended to."""
    path.write_bytes(b"not a head\n\n\xff\n")
    append_head(path, head(1), WHERE)
    assert path.read_bytes().startswith(b"not a head\n\n\xff\n{")
    assert [None if h is None else h.size for h in read(path)] == [None, None, None, 1]


@pytest.mark.parametrize("kept", [1, 100, -2, -1])
def test_a_torn_last_line_costs_no_other(kept: int, path: Path) -> None:
    """What a power cut tore is cut off; a line that lacks only its end is whole."""
    append_head(path, head(1), WHERE)
    append_head(path, head(2), WHERE)
    first, second, _ = path.read_bytes().split(b"\n")
    line = second + b"\n"
    path.write_bytes(first + b"\n" + line[:kept])
    append_head(path, head(3), WHERE)
    append_head(path, head(4), WHERE)
    whole = [2] if kept == -1 else []
    assert [None if h is None else h.size for h in read(path)] == [1, *whole, 3, 4]


def test_a_head_is_on_the_disk_when_the_call_returns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is synced, whole, and after it was written."""
    synced: list[bytes] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            synced.append(path.read_bytes())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    append_head(path, head(1), WHERE)
    assert synced == [path.read_bytes()]
    assert len(read(path)) == 1


PROCESSES, EACH = 8, 40


def _append(path: Path, number: int, together: threading.Barrier) -> None:
    together.wait()
    for n in range(EACH):
        append_head(path, Head.sign(KEY, TRAIL, number * EACH + n, bytes(32)), WHERE)


def test_eight_processes_at_once_mix_no_lines(path: Path) -> None:
    """Every head is there, once and whole, though the file began with a torn line."""
    path.write_bytes(b'{"kind":"head","trail":"sql')
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(PROCESSES)
    running = [
        context.Process(target=_append, args=(path, number, together))
        for number in range(PROCESSES)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0] * PROCESSES
    assert b"\n\n" not in path.read_bytes(), "only one of them cut off the torn line"
    found = read(path)
    sizes = [h.size for h in found if h is not None]
    assert len(sizes) == len(found), "no line is torn"
    assert sorted(sizes) == list(range(PROCESSES * EACH))
    for number in range(PROCESSES):
        mine = [size for size in sizes if size // EACH == number]
        assert mine == sorted(mine), "each process's heads are in its own order"


@pytest.mark.parametrize("content", [b"somebody's notes", b"{}\n[1, 2", b"\0\0\0"])
def test_a_file_of_somebody_else_is_not_cut(path: Path, content: bytes) -> None:
    """BENSON_HEADS may name the wrong file: nothing of it is lost."""
    path.write_bytes(content)
    with pytest.raises(OSError, match="somebody else's file"):
        append_head(path, head(1), "here")
    assert path.read_bytes() == content


def test_a_file_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    """A folder in its place, a file in its folder's place, a link that leads nowhere."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "absent" / "heads.jsonl")
    for place in ("folder", "file/heads.jsonl", "link"):
        with pytest.raises(OSError, match=place.partition("/")[0]):
            append_head(tmp_path / place, head(1), WHERE)


def test_a_full_disk_is_an_error() -> None:
    """With its own number, as every program tells it."""
    with pytest.raises(OSError, match="No space left") as refused:
        append_head(Path("/dev/full"), head(1), WHERE)
    assert refused.value.errno == errno.ENOSPC


def test_a_disk_that_takes_half_a_line_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a head would look like one that somebody changed: it is taken back."""
    append_head(path, head(1), WHERE)
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, line: write(handle, line[: len(line) // 2]))
        with pytest.raises(OSError, match="bytes were written"):
            append_head(path, head(2), WHERE)
    append_head(path, head(3), WHERE)
    assert [None if h is None else h.size for h in read(path)] == [1, 3]


def test_an_append_leaves_no_file_open(path: Path) -> None:
    """Neither one that succeeds nor one that fails."""
    opened = Path("/proc/self/fd")
    before = sorted(opened.iterdir())
    append_head(path, head(1), WHERE)
    with pytest.raises(OSError, match="No space left"):
        append_head(Path("/dev/full"), head(1), WHERE)
    assert sorted(opened.iterdir()) == before


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"null",
        b"[]",
        b'"note"',
        b"{}",
        b'{"note": null}',
        b'{"note": 5}',
        b'{"note": ["benson"]}',
        b'{"note": ""}',
        b'{"note": "benson/7d"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"\0",
        b"",
    ],
)
def test_a_line_that_is_no_head_is_none(line: bytes) -> None:
    """Whatever it is: whoever reads the file tells it, and reads on."""
    assert read_line(line) is None
    assert read_line(line + b"\n") is None


def test_what_stands_beside_the_note_counts_for_nothing(path: Path) -> None:
    """Only the note is signed, so only the note says what the head is."""
    one = head(7)
    append_head(path, one, WHERE)
    changed = {**json.loads(path.read_bytes()), "size": 9, "trail_id": "ff" * 16}
    assert head_on(json.dumps(changed).encode()) == one


def test_a_line_tells_where_its_trail_was(path: Path) -> None:
    """As it was appended; a head that was printed alone does not say."""
    append_head(path, head(7), WHERE)
    members = json.loads(path.read_bytes())
    noted = read_line(json.dumps(members).encode())
    assert noted is not None
    assert noted.where == WHERE
    alone = read_line(json.dumps({"note": members["note"]}).encode())
    assert alone is not None
    assert alone == noted._replace(where=None)


def test_a_rotation_is_noted_among_the_heads(path: Path) -> None:
    """In its order, and it is none of them."""
    rotation = Rotation.sign(KEY, SigningKey.generate(), head(1))
    append_head(path, head(1), WHERE)
    append_head(path, rotation, WHERE)
    append_head(path, head(2), WHERE)
    noted = [read_line(line) for line in path.read_bytes().splitlines()]
    said = [None if one is None else one.said for one in noted]
    assert [type(one) for one in said] == [Head, Rotation, Head]
    assert said[1] == rotation


@pytest.mark.parametrize("kind", ["head", "rotation"])
def test_a_note_that_is_called_what_it_is_not_is_none(kind: str) -> None:
    """A rotation is no head, and a head no rotation."""
    rotation = Rotation.sign(KEY, SigningKey.generate(), head(1))
    other = rotation if kind == "head" else head(1)
    line = {"kind": kind, "trail": WHERE, "note": other.note.decode()}
    assert read_line(json.dumps(line).encode()) is None
