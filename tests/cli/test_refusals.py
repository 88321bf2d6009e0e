"""`benson refusals`: what could not be judged is on record, whichever command refused it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .command import Benson
from .documents import document, save

UNREADABLE = b'{"pac": {"a": 1, "a": 2}}'
NO_PAC = b'{"execution_result": {}}'


def recorded(benson: Benson) -> list[dict[str, Any]]:
    """What the command lists, as objects."""
    answer = benson("refusals", "--json")
    assert answer.code == 0
    return [json.loads(line) for line in answer.out.splitlines()]


def test_nothing_was_refused_yet(benson: Benson) -> None:
    """Also where there is no trail: the list is empty, and none is made."""
    answer = benson("refusals")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert not (benson.home / "trail.db").exists()


def test_what_judge_refuses_is_recorded(benson: Benson, tmp_path: Path) -> None:
    """Digest, size, cause and file of each; no dispatch, and the trail verifies."""
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_bytes(UNREADABLE)
    second.write_bytes(NO_PAC)
    good = save(tmp_path, "c.json", document())
    assert benson("judge", first, good, second).code == 2
    found = recorded(benson)
    assert [(r["kind"], r["sha256"], r["size"], r["source"]) for r in found] == [
        ("unreadable", hashlib.sha256(UNREADABLE).hexdigest(), len(UNREADABLE), str(first)),
        ("invalid_pac", hashlib.sha256(NO_PAC).hexdigest(), len(NO_PAC), str(second)),
    ]
    assert "'a' stands twice" in found[0]["cause"]
    assert "no member 'pac'" in found[1]["cause"]
    assert all(r["complete"] is True for r in found)
    starts = benson("events", "--type", "PAC_DISPATCH_START").out.splitlines()
    assert len(starts) == 1
    verified = benson("verify", "--json")
    assert verified.code == 0
    assert verified.object["refusals"] == 2


def test_what_run_refuses_is_recorded(benson: Benson, tmp_path: Path) -> None:
    """Before Prefect is started; the heads file has the head that was signed with it."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"pac: &x {a: *x}\n")
    assert benson("run", path).code == 2
    (found,) = recorded(benson)
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "aliases are not read" in found["cause"]
    lines = (benson.home / "heads.jsonl").read_text().splitlines()
    assert [json.loads(line)["size"] for line in lines] == [0, 1]


def test_the_file_at_fault_is_recorded(benson: Benson, tmp_path: Path) -> None:
    """Of a PAC and a result in two files the one that is refused."""
    pac, result = tmp_path / "pac.json", tmp_path / "result.json"
    pac.write_bytes(b'{"pac_id": "x"}')
    result.write_bytes(b"{}")
    assert benson("run", result, "--pac", pac).code == 2
    result.write_bytes(b"[1e999]")
    assert benson("run", result, "--pac", pac).code == 2
    assert [(r["source"], r["sha256"]) for r in recorded(benson)] == [
        (str(pac), hashlib.sha256(b'{"pac_id": "x"}').hexdigest()),
        (str(result), hashlib.sha256(b"[1e999]").hexdigest()),
    ]


def test_a_file_that_is_not_there_is_no_refusal(benson: Benson, tmp_path: Path) -> None:
    """Nothing was received."""
    assert benson("judge", tmp_path / "none.json").code == 2
    assert benson("run", tmp_path / "none.json").code == 2
    assert recorded(benson) == []


def test_what_is_too_long_has_its_digest(benson: Benson, tmp_path: Path) -> None:
    """All of it was read for that, and none of it kept; a line of JSON Lines as a whole file."""
    long = b'"' + b"x" * (11 * 1024 * 1024) + b'"'
    alone, lines = tmp_path / "a.json", tmp_path / "b.jsonl"
    alone.write_bytes(long)
    lines.write_bytes(b"{}\n" + long + b"\n{}")
    answer = benson("judge", alone, lines)
    assert answer.code == 2
    assert f"{alone}: the document has {len(long)} bytes; at most 10485760 are read" in answer.err
    found = recorded(benson)
    assert [r["size"] for r in found] == [len(long), 2, len(long), 2]
    assert [r["cause"].partition(":")[0] for r in found[1:]] == ["line 1", "line 2", "line 3"]
    assert found[0]["sha256"] == hashlib.sha256(long).hexdigest()
    assert found[2]["sha256"] == hashlib.sha256(long).hexdigest()


def test_a_file_of_another_kind_is_given_up(benson: Benson, tmp_path: Path) -> None:
    """Each refused line leaves a record: a thousand in a row are enough, and the rest is told."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"x\n" * 1500)
    answer = benson("judge", path)
    assert answer.code == 2
    assert "1000 lines in a row were refused; the rest of it is not read" in answer.err
    assert len(recorded(benson)) == 1000


def test_people_read_one_line_each(benson: Benson, tmp_path: Path) -> None:
    """With nothing in it that moves the cursor or the direction of writing."""
    path = tmp_path / "a\u202eb\x1b[2J.json"
    path.write_bytes(b'{"\\u001b[31m\\u202e": 1, "\\u001b[31m\\u202e": 2}')
    assert benson("judge", path).code == 2
    answer = benson("refusals")
    (line,) = answer.out.splitlines()
    assert hashlib.sha256(path.read_bytes()).hexdigest() in line
    assert "stands twice" in line
    assert line.isprintable()


def test_what_can_not_be_recorded_was_not_refused(benson: Benson, tmp_path: Path) -> None:
    """The trail is out of reach: exit code 5, and a line in faults.jsonl."""
    path = tmp_path / "a.json"
    path.write_bytes(UNREADABLE)
    assert benson("judge", path).code == 2
    (benson.home / "trail.db").unlink()
    for name in ("trail.db-wal", "trail.db-shm"):
        (benson.home / name).unlink(missing_ok=True)
    (benson.home / "trail.db").write_bytes(b"no database at all" * 100)
    for command in ("judge", "run"):
        answer = benson(command, path)
        assert answer.code == 5
        assert "trail.db" in answer.err
    faults = (benson.home / "faults.jsonl").read_text().splitlines()
    assert len(faults) == 2
