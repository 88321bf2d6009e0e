"""Where a page is written: whole or not at all, and over nothing that is somebody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benson_execution.errors import BadInput, BensonError
from benson_execution.report.place import MARK, write_page

PAGE = b"<!doctype html>\n" + MARK + b'1"> new'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "note.txt").write_text("mine")
    (tmp_path / "link.html").symlink_to("note.txt")
    (tmp_path / "dangling.html").symlink_to("nowhere")
    (tmp_path / "report.html").write_bytes(MARK + b'0"> old')
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_a_new_name_and_an_older_report_get_the_page(folder: Path) -> None:
    for name in ("new.html", "report.html"):
        write_page(folder / name, PAGE, force=False)
        assert (folder / name).read_bytes() == PAGE
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no/such/folder.html", "no such folder"),
        (".", "names no file|is a folder"),
        ("folder", "is a folder"),
        ("note.txt", "is no report"),
        ("link.html", "is a link"),
        ("dangling.html", "is a link"),
        ("pipe", "is no file"),
        ("note.txt/report.html", "can't be written"),
        ("x" * 300, "can't be written"),
        ("a\0b", "can't be written"),
    ],
)
def test_anything_else_is_refused_and_left_alone(folder: Path, name: str, said: str) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(BadInput, match=said):
        write_page(folder / name, PAGE, force=False)
    assert (folder / "note.txt").read_text() == "mine"
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("name", ["note.txt", "link.html", "dangling.html"])
def test_force_replaces_the_name_and_not_what_it_leads_to(folder: Path, name: str) -> None:
    write_page(folder / name, PAGE, force=True)
    assert (folder / name).read_bytes() == PAGE
    assert not (folder / name).is_symlink()
    assert name == "note.txt" or (folder / "note.txt").read_text() == "mine"
    assert not (folder / "nowhere").exists()


@pytest.mark.parametrize("name", ["folder", "pipe"])
def test_not_even_by_force(folder: Path, name: str) -> None:
    with pytest.raises(BadInput):
        write_page(folder / name, PAGE, force=True)


def test_a_disk_that_is_full_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for name in ("report.html", "new.html"):
        with pytest.raises(BensonError, match="No space left"):
            write_page(folder / name, PAGE, force=False)
    assert (folder / "report.html").read_bytes().endswith(b"old")
    assert not (folder / "new.html").exists()
    assert not list(folder.glob(".*"))


def test_a_file_that_comes_meanwhile_is_not_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the place and the naming of the page."""
    link = os.link

    def late(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        (folder / "new.html").write_text("theirs")
        link(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(BensonError, match="exists"):
        write_page(folder / "new.html", PAGE, force=False)
    assert (folder / "new.html").read_text() == "theirs"
