"""`benson attest`: writing an attestation, and verifying one elsewhere."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benson_execution.proof.keys import read_public_keys
from tests.insight.attesting import opened_by_others
from tests.verification.honest import tampering

from .command import Benson, called
from .conftest import new_benson
from .documents import document, line, save

GOOD, BAD, OPEN_FILES = "PAC-DAN-P53-GOOD", "PAC-DAN-P53-BAD", "PAC-DAN-P53-HOSTILE"
HOSTILE = ["/etc/passwd", "../out", "src/\x1b[2J", "a\u202eb", "gone.py"]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """A home with a PAC that passed, one that was blocked, and one that names odd files."""
    benson = new_benson(tmp_path_factory.mktemp("attest"))
    odd = document(OPEN_FILES, result={"files_modified": ["src/app.py", *HOSTILE]})
    lines = line(document(GOOD)) + line(document(BAD, result={"quality_score": 0.1})) + line(odd)
    assert benson("judge", "--lines", "-", stdin=lines).code == 1
    pem = benson("keys", "public")
    (benson.cwd / "public.pem").write_text(pem.out)
    (benson.cwd / "src").mkdir()
    (benson.cwd / "src" / "app.py").write_bytes(b"print()\n")
    (benson.cwd / "README.md").write_bytes(b"# Read me\n")
    return benson


@pytest.fixture
def benson(origin: Benson, tmp_path: Path) -> Benson:
    """A copy of it, which a test may spoil."""
    shutil.copytree(origin.home, tmp_path / "home")
    shutil.copytree(origin.cwd, tmp_path / "cwd")
    return Benson(tmp_path / "home", tmp_path / "cwd")


def statement_of(benson: Benson, envelope: str) -> dict[str, Any]:
    """What others read in an envelope."""
    (key,) = read_public_keys([benson.cwd / "public.pem"])
    return opened_by_others(envelope.encode(), key)


def elsewhere(benson: Benson, tmp_path: Path, *args: str | Path) -> Any:
    """The command on a machine that has the public key, and neither a trail nor a secret."""
    other = Benson(tmp_path / "other", benson.cwd)
    answer = other("attest", *args, "--key", benson.cwd / "public.pem")
    assert not other.home.exists()
    return answer


def test_an_attestation_with_its_files(benson: Benson, tmp_path: Path) -> None:
    """Written, opened by others, and verified where there is no trail."""
    file = tmp_path / "attestation.json"
    answer = benson("attest", GOOD, "--files", ".", "-o", file)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    statement = statement_of(benson, file.read_text())
    assert statement["predicate"]["result"] == "PASSED"
    assert {s["name"]: s["digest"]["sha256"] for s in statement["subject"][1:]} == {
        "src/app.py": hashlib.sha256(b"print()\n").hexdigest(),
        "README.md": hashlib.sha256(b"# Read me\n").hexdigest(),
    }
    assert statement["subject"][0]["annotations"]["files_not_read"] == {}
    answer = elsewhere(benson, tmp_path, "--verify", file, "--files", ".")
    assert (answer.code, answer.err) == (0, "")
    told = answer.out.splitlines()
    assert told[0] == f"VERIFIED  {file}"
    assert f"PASSED  {GOOD}, dispatch " in told[1]
    assert "CP-01 AGENT_ACTIVATION_VALIDATION" in told[2]
    as_json = elsewhere(benson, tmp_path, "--verify", file, "--files", ".", "--json").object
    assert (as_json["verified"], as_json["findings"]) == (True, [])
    assert (as_json["pac_id"], as_json["result"]) == (GOOD, "PASSED")
    assert as_json["files_compared"] is True


def test_a_blocked_dispatch_is_attested_as_failed(benson: Benson, tmp_path: Path) -> None:
    """From standard output to standard input; that it failed is no reason not to verify it."""
    answer = benson("attest", BAD)
    assert answer.code == 0
    failed = statement_of(benson, answer.out)["predicate"]["failedTests"]
    assert failed[0] == "CP-03 QUALITY_SCORE_VALIDATION"
    assert "not attested: src/app.py, README.md" in answer.err
    assert "--files DIR names it" in answer.err
    verified = benson("attest", "--verify", "-", stdin=answer.out)
    assert verified.code == 0
    assert verified.out.startswith("VERIFIED  standard input\n")
    assert "FAILED  " in verified.out
    assert "failed  CP-03" in verified.out


def test_files_that_can_not_be_read_are_told(benson: Benson) -> None:
    """On standard error, harmlessly; and in the statement, to the letter."""
    answer = benson("attest", OPEN_FILES, "--files", ".")
    assert answer.code == 0
    statement = statement_of(benson, answer.out)
    assert [s["name"] for s in statement["subject"]] == [
        *("/execution_result", "src/app.py", "README.md")
    ]
    unread = statement["subject"][0]["annotations"]["files_not_read"]
    assert sorted(path for paths in unread.values() for path in paths) == sorted(HOSTILE)
    for told in ("/etc/passwd: the path is absolute", "gone.py: no such file", "src/\\u001b[2J"):
        assert told in answer.err
    assert "\u202e" not in answer.err


def test_files_that_are_others_now_are_not_verified(benson: Benson, tmp_path: Path) -> None:
    file = tmp_path / "attestation.json"
    assert benson("attest", GOOD, "--files", ".", "-o", file).code == 0
    (benson.cwd / "src" / "app.py").write_bytes(b"print(1)\n")
    (benson.cwd / "README.md").unlink()
    answer = benson("attest", "--verify", file, "--files", ".")
    assert answer.code == 4
    assert answer.out.startswith("NOT VERIFIED")
    assert "src/app.py is not the file that was attested" in answer.out
    assert "README.md can't be compared: no such file" in answer.out
    assert benson("attest", "--verify", file).code == 0  # nothing was asked of the files


def test_a_changed_attestation_is_not_verified(benson: Benson, tmp_path: Path) -> None:
    file = tmp_path / "attestation.json"
    assert benson("attest", BAD, "-o", file).code == 0
    envelope = json.loads(file.read_text())
    good = json.loads(benson("attest", GOOD).out)
    file.write_text(json.dumps({**envelope, "payload": good["payload"]}))
    answer = benson("attest", "--verify", file)
    assert answer.code == 4
    assert "it was changed" in answer.out
    told = benson("attest", "--verify", file, "--json").object
    assert (told["verified"], len(told["findings"])) == (False, 1)


def test_another_key_is_not_trusted(benson: Benson, tmp_path: Path) -> None:
    file = tmp_path / "attestation.json"
    assert benson("attest", GOOD, "-o", file).code == 0
    other = new_benson(tmp_path / "cwd")
    assert other("judge", "-", stdin=line(document())).code == 0
    answer = other("attest", "--verify", file)
    assert answer.code == 4
    assert "not signed by a key that is trusted here" in answer.out


def test_after_a_rotation_the_new_key_signs(benson: Benson, tmp_path: Path) -> None:
    """Who has both public keys verifies both attestations."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    assert benson("attest", GOOD, "-o", before).code == 0
    assert benson("keys", "rotate").code == 0
    assert benson("attest", GOOD, "-o", after).code == 0
    ids = {json.loads(f.read_text())["signatures"][0]["keyid"] for f in (before, after)}
    assert len(ids) == 2
    for file in (before, after):
        assert benson("attest", "--verify", file).code == 0


CHANGES = {
    "a verdict": "UPDATE events SET event = CAST(replace(CAST(event AS TEXT), 'FAIL', 'PASS') "
    "AS BLOB) WHERE CAST(event AS TEXT) LIKE '%CP-03%'",
    "the log": "UPDATE leaves SET entry = CAST(replace(CAST(entry AS TEXT), 'BAD', 'GUT') AS BLOB)",
    "a leaf": "UPDATE leaves SET entry = x'7b7d'",
    "documents": "UPDATE documents SET content = x'7b7d'",
    "documents gone": "DELETE FROM documents",
    "an event gone": "DELETE FROM events WHERE sequence = 5",
    "an event": "UPDATE events SET event = x'7b7d' WHERE sequence = 5",
    "heads": "UPDATE heads SET note = CAST(replace(CAST(note AS TEXT), 'time ', 'time 1') AS BLOB)",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_changed_is_not_attested(
    benson: Benson, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Exit code 4; or 5, where a row can't even be read."""
    with tampering(benson.home / "trail.db") as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(change)
    code, said = called(benson, monkeypatch, "attest", BAD)
    assert code in (4, 5)
    assert code == 4 or "can't be read" in said or "holds what it can't" in said
    assert "`benson verify` says what was changed" in said


def test_nothing_is_written_of_what_was_changed(benson: Benson) -> None:
    """That anybody could take for an attestation: of a PAC that was given another name, say."""
    with tampering(benson.home / "trail.db") as connection:
        connection.execute("UPDATE dispatches SET pac_id = 'PAC-NEW' WHERE pac_id LIKE '%BAD'")
    answer = benson("attest", "PAC-NEW")
    assert (answer.code, answer.out) == (4, "")
    assert "was recorded as" in answer.err


def test_without_the_key_nothing_is_signed(benson: Benson) -> None:
    """The trail alone was copied to another machine."""
    (benson.home / "signing-key.pem").unlink()
    trusting = {"BENSON_TRUSTED_KEYS": str(benson.cwd / "public.pem")}
    answer = benson("attest", GOOD, env=trusting)
    assert (answer.code, answer.out) == (2, "")
    assert "the trail's signing key is not on this machine" in answer.err
    assert not (benson.home / "signing-key.pem").exists()


WRONG = {
    "nothing": ([], "name the PAC"),
    "no such PAC": (["PAC-NONE"], "the trail has no dispatch of PAC-NONE"),
    "no such dispatch": ([GOOD, "--dispatch", "x"], "has no dispatch 'x'"),
    "both": ([GOOD, "--verify", "x.json"], "--verify FILE stands for itself"),
    "no file": (["--verify", "none.json"], "none.json: No such file"),
    "no folder": ([GOOD, "--files", "none"], "the folder none: No such file"),
    "a file for a folder": ([GOOD, "--files", "README.md"], "the folder README.md: Not a dir"),
    "no envelope": (["--verify", "README.md"], "README.md, line 1: the document is not JSON"),
    "far too long": (["--verify", "long.json"], "at most 41943040 are read"),
    "JSON that is none": (["--verify", "empty.json"], "empty.json: it is no DSSE envelope"),
    "a folder to write": ([GOOD, "-o", "src"], "src can't be written: it is no file"),
    "nowhere to write": ([GOOD, "-o", "gone/x.json"], "can't be written: No such file"),
    "json": ([GOOD, "--json"], "--json goes with --verify"),
    "no key": ([GOOD, "--key", "README.md"], "holds no public key"),
}


@pytest.mark.parametrize(("args", "told"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_told(
    origin: Benson, monkeypatch: pytest.MonkeyPatch, args: list[str], told: str
) -> None:
    """In this process, since each start of the command takes its second."""
    (origin.cwd / "empty.json").write_text("{}")
    with (origin.cwd / "long.json").open("wb") as file:
        file.truncate(41943041)
    code, said = called(origin, monkeypatch, "attest", *args)
    assert code == 2
    assert told in said


def test_there_must_be_a_trail(tmp_path: Path) -> None:
    benson = new_benson(tmp_path)
    assert "there is no trail at" in benson("attest", "PAC-A").err
    in_memory = benson("attest", "PAC-A", env={"BENSON_TRAIL_URL": "memory://"})
    assert (in_memory.code, "ends with its process" in in_memory.err) == (2, True)
    assert not benson.home.exists()


def test_the_newest_dispatch_is_attested_unless_one_is_named(benson: Benson) -> None:
    assert benson("judge", save(benson.cwd, "again.json", document(GOOD))).code == 1
    ids = list(dict.fromkeys(s.dispatch.dispatch_id for s in benson.recorded()))
    newest = statement_of(benson, benson("attest", GOOD, "--files", ".").out)
    assert newest["subject"][0]["annotations"]["dispatch_id"] == ids[-1]
    assert newest["predicate"]["result"] == "FAILED"  # it is closed by the first one's WRAP
    first = statement_of(benson, benson("attest", GOOD, "--dispatch", ids[0]).out)
    assert first["subject"][0]["annotations"]["dispatch_id"] == ids[0]


def test_a_file_is_replaced_whole(benson: Benson, tmp_path: Path) -> None:
    """Also one that a link leads to, which stays a link; nothing else is left behind."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "kept.json").write_text("old")
    (folder / "link.json").symlink_to("kept.json")
    assert benson("attest", GOOD, "-o", folder / "link.json").code == 0
    assert (folder / "link.json").is_symlink()
    statement_of(benson, (folder / "kept.json").read_text())
    assert sorted(p.name for p in folder.iterdir()) == ["kept.json", "link.json"]
