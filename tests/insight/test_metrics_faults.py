"""Faults are counted from `faults.jsonl` as it grows, is put away, or is not what it was."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import get_args

import pytest

from benson_execution.errors import ExecutionFailed
from benson_execution.faults import MAX_BYTES, FaultKind, faults_file, note_fault
from benson_execution.metrics.fault_counts import FaultCounts


def found(counts: FaultCounts) -> dict[str, int]:
    """What was counted so far, after one more look."""
    counts.read()
    return {kind: count for kind, count in counts.counts.items() if count}


def note(home: Path, kind: FaultKind, times: int = 1) -> None:
    """Note faults as the program does."""
    for _ in range(times):
        note_fault(home, kind, OSError("disk full"), "an append")


def append(home: Path, content: bytes) -> None:
    """Add bytes to the file as they are."""
    with faults_file(home).open("ab") as file:
        file.write(content)


def test_each_fault_counts_once(tmp_path: Path) -> None:
    """By its kind, however often it is looked; no file is no fault."""
    counts = FaultCounts(tmp_path)
    assert found(counts) == {}
    assert set(counts.counts) == {*get_args(FaultKind), "unknown"}
    note(tmp_path, "trail")
    note(tmp_path, "mirror", 3)
    assert found(counts) == found(counts) == {"trail": 1, "mirror": 3}
    note(tmp_path, "trail")
    assert found(counts) == {"trail": 2, "mirror": 3}
    assert counts.size == faults_file(tmp_path).stat().st_size
    assert found(FaultCounts(tmp_path)) == {"trail": 2, "mirror": 3}


def test_a_line_counts_when_it_is_whole(tmp_path: Path) -> None:
    """Half a line is looked at again."""
    counts = FaultCounts(tmp_path)
    append(tmp_path, b'{"kind": "inb')
    assert found(counts) == {}
    append(tmp_path, b'ox"}')
    assert found(counts) == {}
    append(tmp_path, b'\n{"kind"')
    assert found(counts) == {"inbox": 1}


def test_what_is_no_line_of_ours_is_unknown(tmp_path: Path) -> None:
    """However long it is; what comes behind it is counted as ever."""
    append(tmp_path, b'x\n[]\n\n{"kind": 7}\n{"kind": ["trail"]}\n{"kind": "\\u0000"}\n\xff\n')
    append(tmp_path, b"y" * 300_000 + b"\n" + b"z" * 65_536 + b"\n")
    note(tmp_path, "lease")
    counts = FaultCounts(tmp_path)
    assert found(counts) == {"unknown": 9, "lease": 1}
    append(tmp_path, b"y" * 200_000)
    assert found(counts) == {"unknown": 9, "lease": 1}
    append(tmp_path, b"y\n")
    assert found(counts) == {"unknown": 10, "lease": 1}


@pytest.mark.parametrize("how", ["renamed", "emptied", "removed"])
def test_a_file_that_was_put_away_takes_nothing_back(tmp_path: Path, how: str) -> None:
    """What is noted afterwards comes on top."""
    counts = FaultCounts(tmp_path)
    note(tmp_path, "trail", 5)
    assert found(counts) == {"trail": 5}
    if how == "renamed":
        faults_file(tmp_path).rename(tmp_path / "faults.old")
    elif how == "emptied":
        os.truncate(faults_file(tmp_path), 0)
    else:
        faults_file(tmp_path).unlink()
        assert found(counts) == {"trail": 5}
        assert counts.size == 0
    note(tmp_path, "trail")
    assert found(counts) == {"trail": 6}


@pytest.mark.timeout(60)
def test_what_is_larger_than_we_write_is_not_read_to_its_end(tmp_path: Path) -> None:
    """A terabyte of somebody else's, as one line or behind what is ours, is not waited for."""
    note(tmp_path, "trail")
    os.truncate(faults_file(tmp_path), 1 << 40)
    counts = FaultCounts(tmp_path)
    assert found(counts) == found(counts) == {"trail": 1}
    with faults_file(tmp_path).open("r+b") as file:
        file.seek(MAX_BYTES)
        file.write(b"\n" + b"x" * 70_000 + b"\n")
    assert found(counts) == found(counts) == {"trail": 1, "unknown": 1}
    assert counts.size == 1 << 40


@pytest.mark.parametrize("what", ["pipe", "folder", "link"])
def test_what_is_no_file_is_told(tmp_path: Path, what: str) -> None:
    """And not waited for: no faults is another answer than not knowing."""
    place = faults_file(tmp_path)
    if what == "pipe":
        os.mkfifo(place)
    elif what == "folder":
        place.mkdir()
    else:
        place.symlink_to("/etc/passwd")
    with pytest.raises(ExecutionFailed, match=re.escape("can't be counted")):
        FaultCounts(tmp_path).read()
