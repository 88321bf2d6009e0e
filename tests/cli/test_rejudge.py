"""`benson rejudge`: every verdict of a PAC once more, from the trail alone."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benson_execution import Document, __version__
from benson_execution.dispatch import Dispatch
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.policy import Policy
from benson_execution.settings import Settings
from benson_execution.walk import walk

from .command import Benson, on_terminal
from .conftest import new_benson
from .documents import document, line, save

GOOD, BAD, FALSE = (f"PAC-DAN-P53-AGAIN-{name}" for name in ("GOOD", "BAD", "FALSE"))
HOSTILE = "Quality 2.0\x1b[2J\nSAME  FORGED\u202e"


class Lies(Dispatch):
    """Records that every gate passed."""

    def record_checkpoint(self, verdict: CheckpointVerdict) -> None:
        if not verdict.passed:
            verdict = CheckpointVerdict(verdict.checkpoint_id, True, HOSTILE)
        super().record_checkpoint(verdict)


def dispatch(benson: Benson, pac_id: str, kind: type[Dispatch], act: Callable[..., None]) -> None:
    """Record a dispatch of a bad result past the command."""
    bad = json.dumps(document(pac_id, result={"quality_score": 0.62}))
    trail = benson.writable_trail()
    policy = Policy.of(Settings())
    act(kind.of(str(uuid.uuid4()), Document.read(bad), policy, trail))
    trail.close()


def judge(benson: Benson, *documents: object) -> None:
    benson("judge", "--json", "--lines", "-", stdin=b"".join(map(line, documents)))


@pytest.fixture(scope="module")
def benson(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """A trail with a PAC that was completed and then blocked, a refused one, and a false one."""
    benson = new_benson(tmp_path_factory.mktemp("rejudge"))
    judge(benson, document(GOOD), document(GOOD), document(BAD, result={"quality_score": 0.62}))
    dispatch(benson, FALSE, Lies, walk)
    return benson


def test_verdicts_that_follow_are_told_and_called_the_same(benson: Benson) -> None:
    """Each dispatch with its eleven events, oldest first, and by what it was judged."""
    answer = benson("rejudge", GOOD)
    assert (answer.code, answer.err) == (0, "")
    mine = [s for s in benson.recorded() if s.dispatch.pac_id == GOOD]
    titles = re.findall(r"^dispatch (\S+)$", answer.out, re.MULTILINE)
    assert titles == list(dict.fromkeys(s.dispatch.dispatch_id for s in mine))
    told = re.findall(r"^  same +(\w+)", answer.out, re.MULTILINE)
    assert told == [s.event.event_type for s in mine]
    assert answer.out.count(f"judged by benson {__version__}, threshold 0.7\n") == 2
    assert re.findall(rf"^(\w+)  {GOOD}$", answer.out, re.MULTILINE) == ["SAME", "SAME"]


def test_a_refusal_that_follows_is_the_same(benson: Benson) -> None:
    """Exit code 0: it is not asked whether the PAC passed."""
    answer = benson("rejudge", BAD)
    assert answer.code == 0
    assert "CP-03 FAIL: Quality score 0.62 is below the threshold 0.70" in answer.out


def test_a_verdict_that_does_not_follow_is_told_with_both(benson: Benson) -> None:
    """Exit code 4; what was recorded is shown as the text that it is."""
    answer = benson("rejudge", FALSE)
    assert (answer.code, answer.err) == (4, "")
    lines = answer.out.splitlines()
    at = lines.index("  different     CHECKPOINT:CP-03")
    assert [text.split(maxsplit=2) for text in lines[at + 1 : at + 3]] == [
        ["status:", "recorded", "'PASS'"],
        ["now", "'FAIL'"],
    ]
    assert "recorded 'Quality 2.0\\u001b[2J\\u000aSAME  FORGED\\u202e'" in lines[at + 3]
    assert "now      'Quality score 0.62 is below the threshold 0.70'" in lines[at + 4]
    assert lines[-1] == f"DIFFERENT in 4  {FALSE}"
    assert not re.search("^SAME", answer.out, re.MULTILINE)


def test_json_has_one_object_per_dispatch(benson: Benson) -> None:
    """With both versions, the threshold of then, and every event as recorded and as it is now."""
    first, second = benson("rejudge", "--json", GOOD).objects
    for told in (first, second):
        assert list(told) == [
            "dispatch_id",
            "pac_id",
            "holds",
            "open",
            "obstacle",
            "benson_version",
            "quality_threshold",
            "verdicts",
        ]
        assert (told["holds"], told["open"], told["obstacle"]) == (True, False, None)
        assert told["benson_version"] == {"recorded": __version__, "now": __version__}
        assert told["quality_threshold"] == 0.7
        assert [v["found"] for v in told["verdicts"]] == ["same"] * 11
    answer = benson("rejudge", "--json", FALSE)
    assert answer.code == 4
    assert not answer.object["holds"]
    (told,) = [v for v in answer.object["verdicts"] if v["event"] == "CHECKPOINT:CP-03"]
    assert told["found"] == "different"
    assert told["recorded"]["details"] == HOSTILE
    assert told["now"]["details"] == "Quality score 0.62 is below the threshold 0.70"


def test_one_dispatch_can_be_picked(benson: Benson) -> None:
    """By its id; one that the PAC does not have is bad usage, also where another PAC has it."""
    first, second = (o["dispatch_id"] for o in benson("rejudge", "--json", GOOD).objects)
    answer = benson("rejudge", GOOD, "--dispatch", second, "--json")
    assert answer.object["dispatch_id"] == second
    for other, pac_id in ((first, BAD), ("x", GOOD)):
        answer = benson("rejudge", pac_id, "--dispatch", other)
        assert (answer.code, answer.out) == (2, "")
        assert other in answer.err


def test_a_pac_is_named_as_for_show(benson: Benson) -> None:
    """By its id or the beginning of it; an unknown one, or one of several, is bad usage."""
    assert benson("rejudge", BAD[:-1]).out == benson("rejudge", BAD).out
    for unclear in ("PAC-DAN-P53-AGAIN", "PAC-NOBODY"):
        answer, shown = benson("rejudge", unclear), benson("show", unclear)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err == shown.err


def test_todays_settings_play_no_part(benson: Benson) -> None:
    """Neither the threshold nor the agents."""
    nobody = save(benson.cwd, "agents.json", {"agents": []})
    env = {"BENSON_QUALITY_THRESHOLD": "0.1", "BENSON_REGISTRY": str(nobody)}
    for pac_id in (GOOD, BAD):
        assert benson("rejudge", pac_id, env=env) == benson("rejudge", pac_id)


def test_nothing_is_written(benson: Benson) -> None:
    """Not a byte in the database, in the heads file, or in any other file of the home."""

    def files() -> dict[Path, str]:
        return {
            path: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in benson.home.rglob("*")
            if path.is_file() and path.suffix not in (".db-wal", ".db-shm")
        }

    before = files()
    assert {"trail.db", "heads.jsonl"} <= {path.name for path in before}
    for pac_id in (GOOD, FALSE):
        benson("rejudge", pac_id)
    assert files() == before


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("document", "DELETE FROM documents"),
        ("document", "UPDATE documents SET content = CAST(content || ' ' AS BLOB)"),
        ("policy", "UPDATE documents SET content = 'no bytes'"),
        ("registry", "DELETE FROM documents"),
    ],
)
def test_what_is_missing_or_changed_is_no_pass(
    benson: Benson, tmp_path: Path, what: str, change: str
) -> None:
    """By somebody who got past the database's guards: it is named, and the exit code is 4."""
    tampered = new_benson(tmp_path)
    shutil.copytree(benson.home, tampered.home)
    with closing(sqlite3.connect(tampered.home / "trail.db")) as database, database:
        query = "SELECT header FROM dispatches WHERE pac_id = ?"
        (header,) = database.execute(query, (GOOD,)).fetchone()
        digest = json.loads(header)[f"{what}_sha256"]
        for (guard,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f"DROP TRIGGER {guard}")
        assert database.execute(f"{change} WHERE sha256 = ?", (digest,)).rowcount == 1
    answer = tampered("rejudge", GOOD)
    assert (answer.code, answer.err) == (4, "")
    assert answer.out.count(f"  why    its {what} {digest} ") == 2
    assert re.findall(rf"^NOT JUDGED AGAIN  {GOOD}$", answer.out, re.MULTILINE)
    assert "same" not in answer.out


def test_an_open_dispatch_is_called_open(tmp_path: Path) -> None:
    """What there is of it is judged again; the rest was not recorded."""
    benson = new_benson(tmp_path)
    dispatch(benson, BAD, Dispatch, Dispatch.begin)
    answer = benson("rejudge", BAD)
    assert answer.code == 0
    assert "still open" in answer.out
    assert re.findall(r"^  same +(\w+)", answer.out, re.MULTILINE) == ["PAC_DISPATCH_START"]
    assert len(re.findall(r"^  not recorded  \S+$", answer.out, re.MULTILINE)) == 10


def test_another_version_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of then, and that of now."""
    benson = new_benson(tmp_path)
    monkeypatch.setattr("benson_execution.dispatch.__version__", "0.0.1\n")
    dispatch(benson, BAD, Dispatch, walk)
    answer = benson("rejudge", BAD)
    assert answer.code == 0
    by = f"judged by benson 0.0.1\\u000a, threshold 0.7; now by benson {__version__}"
    assert by in answer.out


def test_what_the_flow_judged_is_judged_the_same(running: Benson) -> None:
    """It leaves the same trail as the engine."""
    pac_id = "PAC-DAN-P53-AGAIN-FLOW"
    bad = document(pac_id, result={"quality_score": 0.62, "wrap_id": "W"})
    files = [save(running.cwd, "bad.json", bad), save(running.cwd, "ok.json", document(pac_id))]
    assert running("run", *files).code == 1
    answer = running("rejudge", pac_id, "--json")
    assert answer.code == 0
    for told in answer.objects:
        assert [v["found"] for v in told["verdicts"]] == ["same"] * 11


def test_there_are_colours_on_a_terminal(benson: Benson) -> None:
    """And nothing there of what hostile text would do to it."""
    code, shown, _ = on_terminal(benson, "rejudge", FALSE)
    assert code == 4
    assert b"\x1b[1;31mDIFFERENT in 4\x1b[0m" in shown
    assert b"\x1b[32msame" in shown
    assert b"\x1b[31mdifferent" in shown
    assert b"\x1b[2J" not in shown


def test_a_reader_who_leaves_changes_no_exit_code(benson: Benson) -> None:
    """What differs differs whether or not anybody reads of it."""
    ours, theirs = os.pipe()
    os.close(ours)
    with benson.started("rejudge", FALSE, stdout=theirs) as process:
        os.close(theirs)
        assert process.wait() == 4
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_trail_that_can_not_be_read_is_no_verdict(benson: Benson) -> None:
    """Exit code 5: nothing was judged."""
    file = save(benson.cwd, "file", "")
    answer = benson("rejudge", GOOD, env={"BENSON_HOME": str(file / "home")})
    assert (answer.code, answer.out) == (5, "")


def test_its_help_says_what_it_does_not_do(benson: Benson) -> None:
    """Whether the trail was changed is another command's question."""
    said = " ".join(benson("rejudge", "--help").out.split())
    assert "exit code is 4" in said
    assert "benson verify" in said
