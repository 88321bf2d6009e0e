"""`benson verify` and what goes with it: exit codes, what is printed, keys, heads, rotations."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benson_execution import BensonExecutionEngine, Settings
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.keys import SigningKey
from benson_execution.trail import MemoryTrail, SqlTrail, Trail
from benson_execution.verification.findings import Finding
from benson_execution.verification.trail import TrailVerifier
from tests.assets.tampered.defects import HEAD, HEADS, TRUSTED
from tests.cli.command import Answer, Benson
from tests.private_postgres import PrivatePostgres, private_postgres

from .honest import EXAMPLES, Ring, tampering

ASSETS: Final = Path(__file__).parents[1] / "assets" / "tampered"
DAN: Final = EXAMPLES / "PAC-DAN-P44.json"
BLOCKED: Final = EXAMPLES / "refused" / "CP-03-quality-below-threshold.json"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a PAC was judged, to be copied."""
    folder = tmp_path_factory.mktemp("judged")
    assert Benson(folder / "home", folder)("judge", DAN).code == 0
    return folder / "home"


@pytest.fixture
def benson(judged: Path, tmp_path: Path) -> Benson:
    """The command in a home of this test alone, in which a PAC was judged."""
    shutil.copytree(judged, tmp_path / "home")
    cwd = tmp_path / "elsewhere"
    cwd.mkdir()
    return Benson(tmp_path / "home", cwd)


@pytest.fixture
def asset(tmp_path: Path) -> Callable[..., Answer]:
    """Ask the command about the honest trail among the files, whose key is not at home here."""
    home = tmp_path / "asset"
    home.mkdir()
    shutil.copyfile(ASSETS / "honest.db", home / "trail.db")
    return lambda *args: Benson(home, home)("verify", *args, "--key", ASSETS / TRUSTED)


def artifact_in(benson: Benson) -> Path:
    (path,) = benson.home.glob("artifacts/*/*.json")
    return path


def alter(path: Path) -> None:
    """Change the status that an artifact tells."""
    content = path.read_bytes()
    changed = content.replace(b'"status": "COMPLETED"', b'"status": "BLOCKED"', 1)
    assert changed != content
    path.write_bytes(changed)


def test_an_honest_trail_is_verified_with_exit_code_0(benson: Benson) -> None:
    """In words: what there was, and whose word it is."""
    answer = benson("verify")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("VERIFIED")
    assert "11 events of 1 dispatches, 1 closed and 0 open" in answer.out
    assert "head of size 1" in answer.out


def test_a_changed_trail_is_told_with_exit_code_4(benson: Benson) -> None:
    """One line per finding, then how many there are; and no line says VERIFIED alone."""
    with tampering(benson.home / "trail.db") as connection:
        connection.execute("UPDATE events SET key = 'x' WHERE position = 3")
        connection.execute("DELETE FROM wraps")
    answer = benson("verify")
    assert answer.code == 4
    *told, last = answer.out.splitlines()
    assert [line.split()[0] for line in told] == ["event-altered", "wrap-altered"]
    assert last.startswith("NOT VERIFIED")
    assert last.endswith("2 findings")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nowhere.json"], "nowhere.json"),
        (["--key", "nowhere.pem"], "nowhere.pem"),
        (["--head", "nowhere.json"], "nowhere.json"),
        (["--frobnicate"], "No such option"),
    ],
)
def test_bad_usage_has_exit_code_2(benson: Benson, args: list[str], words: str) -> None:
    """What is named and is not there is no finding, but an error that names it."""
    answer = benson("verify", *args)
    assert answer.code == 2
    assert words in answer.err
    assert not answer.out


def test_a_home_without_a_trail_has_exit_code_2(tmp_path: Path) -> None:
    """Nothing was ever recorded here: there is nothing to be verified, and nothing is made."""
    answer = Benson(tmp_path / "home", tmp_path)("verify", "--key", ASSETS / TRUSTED)
    assert answer.code == 2
    assert "there is no trail" in answer.err
    assert not (tmp_path / "home").exists()


def test_a_trail_out_of_reach_has_exit_code_5(benson: Benson) -> None:
    """A server that does not answer, or a folder where the file is due, proves nothing."""
    (benson.home / "trail.db").unlink()
    (benson.home / "trail.db").mkdir()
    answer = benson("verify")
    assert answer.code == 5
    assert "not available" in answer.err


def test_json_is_one_object_per_finding_and_one_that_sums_up(benson: Benson) -> None:
    """The sum has the same members for a trail that is verified, and then it is alone."""
    verified = benson("verify", "--json").object
    with tampering(benson.home / "trail.db") as connection:
        connection.execute("DELETE FROM events WHERE position = 3")
    *found, summary = benson("verify", "--json").objects
    assert all(set(one) == {"kind", "message", "dispatch_id", "sequence"} for one in found)
    assert {one["kind"] for one in found} == {"event-missing"}
    assert (verified["verified"], verified["findings"]) == (True, 0)
    assert (summary["verified"], summary["findings"]) == (False, len(found))
    assert set(summary) == set(verified)
    assert (verified["events"], verified["closed"], verified["open"]) == (11, 1, 0)
    assert verified["head"]["size"] == 1


def test_several_artifacts_are_verified_each(benson: Benson) -> None:
    """One that is changed does not keep the others from being looked at; the exit code is 4."""
    assert benson("judge", BLOCKED).code == 1
    paths = sorted(benson.home.glob("artifacts/*/*.json"))
    assert len(paths) == 2
    assert benson("verify", *paths).code == 0
    alter(artifact := next(p for p in paths if "QUALITY" not in p.parent.name.upper()))
    answer = benson("verify", "--json", *paths)
    assert answer.code == 4
    verdicts = {one["file"]: one["verified"] for one in answer.objects}
    assert verdicts == {path.name: path != artifact for path in paths}


def test_an_artifact_needs_no_database(benson: Benson) -> None:
    """The public key is enough; and what nobody can prove is named."""
    path = artifact_in(benson)
    public = benson.cwd / "public.pem"
    public.write_text(benson("keys", "public").out)
    away = Benson(benson.cwd / "other-home", benson.cwd)
    answer = away("verify", path, "--key", public)
    assert answer.code == 0
    assert "not proved by anything: /dispatch/duration_estimated" in answer.out
    alter(path)
    answer = away("verify", path, "--key", public)
    assert answer.code == 4
    assert "artifact-altered" in answer.out


def test_a_pinned_head_may_be_written_in_every_way_it_is_given_out(
    asset: Callable[..., Answer], tmp_path: Path
) -> None:
    """As the note itself, as JSON, and as the lines of a heads file."""
    note = tmp_path / "head.txt"
    note.write_text(json.loads((ASSETS / HEAD).read_bytes())["note"])
    for file in (note, ASSETS / HEAD, ASSETS / HEADS):
        answer = asset("--head", file)
        assert answer.code == 0, (file, answer)
    assert asset("--head", note, "--head", ASSETS / HEADS).code == 0


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"benson/x\n1\n", b"\xff", b'{"note": 5}'])
def test_a_file_that_holds_no_head_has_exit_code_2(
    asset: Callable[..., Answer], tmp_path: Path, content: bytes
) -> None:
    """A pin that is none must not pass for one."""
    bad = tmp_path / "bad.json"
    bad.write_bytes(content)
    answer = asset("--head", bad)
    assert answer.code == 2
    assert "holds no head" in answer.err


def test_a_head_that_no_trusted_key_signed_pins_nothing(
    asset: Callable[..., Answer], tmp_path: Path
) -> None:
    """Else anybody could make an honest trail look rolled back."""
    forged = tmp_path / "forged.txt"
    note = json.loads((ASSETS / HEAD).read_bytes())["note"]
    forged.write_text(note.replace("\n3\n", "\n4\n"))
    answer = asset("--head", forged, "--json")
    assert answer.code == 4
    assert {one["kind"] for one in answer.objects[:-1]} == {"head-altered"}


def test_the_keys_to_trust_are_those_that_are_named(benson: Benson, tmp_path: Path) -> None:
    """Ours is not among them unless it is named; several may be, in one file or in two."""
    other, own = tmp_path / "other.pem", tmp_path / "own.pem"
    other.write_bytes(SigningKey.generate().public.pem)
    own.write_text(benson("keys", "public").out)
    answer = benson("verify", "--json", "--key", other)
    assert answer.code == 4
    assert {one["kind"] for one in answer.objects[:-1]} == {"head-untrusted"}
    assert benson("verify", "--key", other, "--key", own).code == 0
    both = tmp_path / "both.pem"
    both.write_bytes(other.read_bytes() + own.read_bytes())
    assert benson("verify", "--key", both).code == 0


def test_without_any_key_nothing_is_verified(benson: Benson) -> None:
    """A key that came with the data would prove nothing."""
    (benson.home / "signing-key.pem").unlink()
    answer = benson("verify")
    assert answer.code == 2
    assert "no key is trusted here" in answer.err


def test_a_key_of_another_kind_is_refused(benson: Benson, tmp_path: Path) -> None:
    """RSA signs no trail."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    pem = tmp_path / "rsa.pem"
    pem.write_bytes(
        key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    answer = benson("verify", "--key", pem)
    assert answer.code == 2
    assert "another kind than Ed25519" in answer.err


def test_a_trail_that_changed_hands_is_verified(benson: Benson, tmp_path: Path) -> None:
    """By the old key, from which the rotation leads on; by the new one, if the old is known too."""
    old = tmp_path / "old.pem"
    old.write_text(benson("keys", "public").out)
    (tmp_path / "head.json").write_text(benson("head", "--json").out)
    assert benson("keys", "rotate").code == 0
    assert benson("judge", BLOCKED).code == 1
    assert benson("verify", "--head", tmp_path / "head.json").code == 0
    assert benson("verify", "--key", old).code == 0
    new = tmp_path / "new.pem"
    both = benson("keys", "public").out
    assert both.startswith(old.read_text()), "what the old key signed is verified with it"
    new.write_text(both.removeprefix(old.read_text()))
    assert benson("verify", "--key", new).code == 4, "who began the trail is not trusted"
    for path in benson.home.glob("artifacts/*/*.json"):
        assert benson("verify", path, "--key", old).code == 0


def test_a_trail_is_verified_while_it_is_written(benson: Benson) -> None:
    """Verification sees one moment; what is recorded meanwhile is neither missed nor misjudged."""
    program = (
        "import sys; from benson_execution import BensonExecutionEngine as E\n"
        "document = open(sys.argv[1], 'rb').read(); engine = E(enable_telemetry=False)\n"
        "print('ready', flush=True)\n"
        "while True: engine.execute_pac(document)\n"
    )
    running = benson.started("-c", program, BLOCKED, program=[sys.executable])
    with running as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        sizes = [benson("verify", "--json").object["events"] for _ in range(3)]
        assert writer.poll() is None
    assert sizes[0] < sizes[1] < sizes[2], "it was written all the while"


def verified(trail: Trail, ring: Ring) -> list[Finding]:
    with trail.rows() as rows:
        return list(TrailVerifier(rows, TrustedKeys(ring.public)).run())


def fill(trail: Trail, folder: Path) -> None:
    """Judge a PAC that passes and one that does not, from two threads."""
    engine = BensonExecutionEngine(
        enable_telemetry=False,
        trail=trail,
        settings=Settings(home=folder),
        artifacts=folder / "artifacts",
    )
    threads = [
        threading.Thread(target=engine.execute_pac, args=(path.read_bytes(),))
        for path in (DAN, BLOCKED)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_trail_in_memory_is_verified(tmp_path: Path) -> None:
    """Its rows are those that a database would have; with another key it is not verified."""
    ring = Ring()
    trail = MemoryTrail(ring.keys[0])
    fill(trail, tmp_path)
    assert not verified(trail, ring)
    assert {finding.kind for finding in verified(trail, Ring())} == {"head-untrusted"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    """A server of one's own; without its binaries, what needs it is skipped."""
    with private_postgres() as server:
        yield server


def test_a_trail_in_postgresql_is_verified(postgres: PrivatePostgres, tmp_path: Path) -> None:
    """And a change to it is found, once its guard is gone; which is a finding of its own."""
    ring = Ring()
    trail = SqlTrail(postgres.new_database(), ring)
    try:
        fill(trail, tmp_path)
        assert not verified(trail, ring)
        with trail.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER guard_events_kept ON events")
            connection.exec_driver_sql("UPDATE events SET key = 'x' WHERE position = 3")
        kinds = {finding.kind.value for finding in verified(trail, ring)}
        assert kinds == {"event-altered", "guard-missing"}
    finally:
        trail.close()
