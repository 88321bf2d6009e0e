"""The digests of delivered files: paths are an agent's word, and lead nowhere else."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from benson_execution.errors import BadInput
from benson_execution.interchange import delivered
from benson_execution.interchange.delivered import Folder, Unread, digests, named_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with files, beside a secret that is not to be read."""
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "root"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_bytes(b"print()\n")
    (folder / "empty").write_bytes(b"")
    return folder


def why(root: Path, path: str) -> str:
    """Why a path is not read."""
    with Folder(root) as folder, pytest.raises(Unread) as caught:
        folder.sha256(path)
    return str(caught.value)


def test_files_have_their_digests(root: Path) -> None:
    with Folder(root) as folder:
        found, unread = digests(folder, ["src/app.py", "empty", "gone.py"])
    assert found == {
        "src/app.py": hashlib.sha256(b"print()\n").hexdigest(),
        "empty": hashlib.sha256(b"").hexdigest(),
    }
    assert unread == {"no such file or directory": ["gone.py"]}


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../secret", "src/../../secret", "~/x", "a\\b", "", ".", "a\0b", "x" * 9999],
)
def test_a_path_that_is_not_clean_is_not_even_tried(root: Path, path: str) -> None:
    assert why(root, path).startswith("the path ")


def test_no_link_is_followed(root: Path) -> None:
    """Neither the file nor a folder on the way to it, whether it leads out or stays within."""
    (root / "out").symlink_to(root.parent / "secret")
    (root / "up").symlink_to(root.parent)
    (root / "inner").symlink_to("src")
    (root / "src" / "same.py").symlink_to("app.py")
    for path in ("out", "up/secret", "inner/app.py", "src/same.py"):
        assert "a link" in why(root, path)


def test_only_regular_files_are_read(root: Path) -> None:
    """A pipe is not waited for."""
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
        assert why(root, "src") == "it is no regular file"
        assert why(root, "pipe") == "it is no regular file"
        assert why(root, "socket")
    assert why(root, "src/app.py/x")


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivered, "MAX_FILE_BYTES", 7)
    assert why(root, "src/app.py") == "it has more than 7 bytes"


def test_no_more_files_are_read_than_that(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivered, "MAX_FILES", 1)
    with Folder(root) as folder:
        found, unread = digests(folder, ["empty", "src/app.py"])
    assert (list(found), unread) == (["empty"], {"only 1 files are read": ["src/app.py"]})


def test_a_folder_that_was_renamed_meanwhile_is_still_the_same(root: Path, tmp_path: Path) -> None:
    """What was opened is read, and not what lies under its name since."""
    with Folder(root) as folder:
        root.rename(tmp_path / "moved")
        (tmp_path / "root").symlink_to(tmp_path)
        assert folder.sha256("empty") == hashlib.sha256(b"").hexdigest()
        with pytest.raises(Unread):
            folder.sha256("secret")


@pytest.mark.parametrize("name", ["gone", "file"])
def test_what_is_no_folder_is_bad_usage(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="the folder"), Folder(tmp_path / name):
        pass


def test_whatever_a_result_names() -> None:
    """It need not have been valid."""
    assert list(named_files({"files_modified": ["a", "b"], "files_created": ["b", "c"]})) == [
        *("a", "b", "c")
    ]
    assert list(named_files({"files_modified": [1, None, {}, "a"]})) == [1, None, {}, "a"]
    odd: list[Any] = [
        None,
        [],
        "files",
        7,
        {},
        {"files_modified": "a"},
        {"files_created": {"a": 1}},
    ]
    for result in odd:
        assert list(named_files(result)) == []
    _, unread = digests(None, [1, "a"])
    assert unread == {"it is no path": ["1"], "no folder was named to read it from": ["a"]}


def test_nothing_stays_open(root: Path) -> None:
    """However often it goes wrong."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Folder(root) as folder:
        for path in ("src/app.py", "src/gone", "gone/x", "src", "src/app.py/x", "../x"):
            digests(folder, [path])
    assert len(list(Path("/proc/self/fd").iterdir())) == before
