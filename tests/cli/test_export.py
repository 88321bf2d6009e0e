"""`benson export`: a period of the trail in each format, and what can go wrong on the way."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.insight.generated import fill
from tests.insight.test_cloud_events import read
from tests.insight.test_open_lineage import run_event
from tests.verification.honest import tampering

from .command import TIMEOUT, Benson, called, on_terminal
from .conftest import new_benson
from .documents import document, line

FORMATS = ("jsonl", "cloudevents", "openlineage")
DISPATCHES = 120


@pytest.fixture(scope="module")
def benson(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """A trail of generated dispatches, two of which are open."""
    benson = new_benson(tmp_path_factory.mktemp("export"))
    trail = benson.writable_trail()
    fill(trail, DISPATCHES, open_ones=2)
    trail.close()
    return benson


def test_json_lines_are_the_events_to_the_letter(benson: Benson) -> None:
    recorded = benson.recorded()
    answer = benson("export")
    assert answer.code == 0
    assert answer.out.encode() == b"".join(s.event.json + b"\n" for s in recorded)
    assert answer.err == f"benson: {len(recorded):,} lines of 122 dispatches\n"


def test_the_whole_trail_is_still_a_trail(benson: Benson, tmp_path: Path) -> None:
    """`benson validate` reads what was exported by the rules of a trail."""
    judged = new_benson(tmp_path)
    lines = line(document()) + line(document(result={"notes": "ü🟩\u202e"}))
    assert judged("judge", "--lines", "-", stdin=lines).code == 0
    file = tmp_path / "all.jsonl"
    for one, events in ((judged, 22), (benson, len(benson.recorded()))):
        assert one("export", "-o", file).code == 0
        answer = one("validate", "--as", "trail", "--json", file)
        assert answer.code == 0, answer.out[-2000:]
        assert answer.objects[-1]["summary"]["kinds"] == {"event": events}


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_read_by_its_library(benson: Benson, form: str) -> None:
    answer = benson("export", "--format", form, "--closed")
    assert answer.code == 0
    lines = answer.out.splitlines()
    if form == "openlineage":
        kinds = Counter(run_event(one).eventType.value for one in answer.objects)  # type: ignore[union-attr]
        assert kinds.pop("START") == kinds.total() == DISPATCHES
    elif form == "cloudevents":
        types = Counter(read(one.encode()).get_type() for one in lines)
        assert types["benson.telemetry.PAC_DISPATCH_START"] == DISPATCHES
    else:
        types = Counter(one["event_type"] for one in answer.objects)
        assert types["PAC_DISPATCH_END"] == types["PAC_DISPATCH_START"] == DISPATCHES


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_has_what_is_printed(benson: Benson, tmp_path: Path, form: str) -> None:
    options = ["--format", form, "--since", "2026-03-01T12:00", "--until", "2026-03-02"]
    printed = benson("export", *options)
    written = benson("export", *options, "-o", tmp_path / "out.jsonl")
    assert (printed.code, written.code, written.out) == (0, 0, "")
    assert (tmp_path / "out.jsonl").read_text() == printed.out
    assert written.err == printed.err
    assert 0 < len(printed.out.splitlines()) < 1000
    assert [p.name for p in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_trail_that_is_not_there_is_empty(tmp_path: Path) -> None:
    benson = new_benson(tmp_path)
    assert benson("export") == (0, "", "benson: 0 lines of 0 dispatches\n")
    assert not benson.home.exists()


WRONG = {
    "moment": (["--since", "yesterday"], "'yesterday' is no moment"),
    "period": (["--since", "1d", "--until", "2d"], "holds no moment"),
    "with what": (["--with-dispatch", "--format", "openlineage"], "goes with --format jsonl"),
    "folder": (["-o", "."], "can't be written: it is no file"),
    "nowhere": (["-o", "gone/x"], "can't be written: No such file or directory"),
    "links in a ring": (["-o", "ring"], "can't be written: Too many levels of symbolic links"),
    "device": (["-o", "/dev/null"], "can't be written: it is no file"),
}


@pytest.mark.parametrize(("args", "told"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_told(
    benson: Benson, monkeypatch: pytest.MonkeyPatch, args: list[str], told: str
) -> None:
    """In this process, since each start of the command takes its second."""
    if not (benson.cwd / "ring").is_symlink():
        (benson.cwd / "ring").symlink_to("ring")
    code, said = called(benson, monkeypatch, "export", *args)
    assert code == 2
    assert told in said
    assert Path("/dev/null").is_char_device()


def test_a_reader_may_leave(benson: Benson) -> None:
    with benson.started("export", "--format", "cloudevents") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b'{"specversion":"1.0"')
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()
        assert (process.wait(TIMEOUT), b"Traceback" in told) == (0, False)


def test_a_full_disk_is_told(benson: Benson) -> None:
    with Path("/dev/full").open("wb") as full, benson.started("export", stdout=full) as process:
        assert process.stderr is not None
        told = process.stderr.read().decode()
        assert process.wait(TIMEOUT) == 3
    assert "No space left on device" in told
    assert "Traceback" not in told


def test_a_changed_event_is_not_exported(tmp_path: Path) -> None:
    """And the file that was there before stays what it was."""
    benson = new_benson(tmp_path)
    assert benson("judge", "--lines", "-", stdin=line(document()) * 3).code == 1
    with tampering(benson.home / "trail.db") as connection:
        connection.execute(
            "UPDATE events SET event = CAST(replace(CAST(event AS TEXT), 'PASS', 'FAIL') AS BLOB) "
            "WHERE position = 25"
        )
    kept = tmp_path / "kept.jsonl"
    kept.write_text("old")
    answer = benson("export", "-o", kept)
    assert (answer.code, answer.out) == (5, "")
    assert "its event at position 25: it does not have its hash" in answer.err
    assert "`benson verify` says what was changed" in answer.err
    assert kept.read_text() == "old"
    assert not list(tmp_path.glob(".*.tmp"))


def test_an_interrupted_export_leaves_no_file(benson: Benson, tmp_path: Path) -> None:
    """Whenever the signal comes: the file is whole, or it is not there."""
    for pause in (0.1, 1.0):
        file = tmp_path / f"{pause}.jsonl"
        with benson.started("export", "-o", file) as process:
            time.sleep(pause)
            process.send_signal(signal.SIGINT)
            process.wait(TIMEOUT)
        if file.exists():
            assert len(file.read_bytes().splitlines()) == len(benson.recorded())
    assert not [p for p in tmp_path.iterdir() if p.suffix == ".tmp"]


def test_a_terminal_gets_progress_and_nothing_that_it_obeys(benson: Benson) -> None:
    few = ["--until", "2026-03-01T12:00"]  # the helper reads the terminal first, and then the rest
    code, shown, left = on_terminal(benson, "export", *few, streams=("stderr",))
    assert code == 0
    assert 10 < len(left.splitlines()) < 300
    assert b"exporting" in shown
    assert b"dispatches" in shown
    code, shown, _ = on_terminal(benson, "export", "--format", "openlineage", *few)
    assert code == 0
    assert b"\x1b" not in shown.replace(b"\x1b[?25", b"")
    assert json.loads(shown.splitlines()[0])["eventType"] == "START"


def test_a_folder_that_can_not_be_written_is_told(benson: Benson, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    answer = benson("export", "-o", tmp_path / "x")
    assert (answer.code, "Permission denied" in answer.err) == (2, True)
