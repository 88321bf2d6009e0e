"""The files in `tests/assets/tampered`: each is found, by name; and they are what is made today."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from benson_execution.errors import TrailUnavailable, UnreadableDocument
from benson_execution.proof.heads import Head, TrustedKeys
from benson_execution.proof.keys import PublicKey, read_public_keys
from benson_execution.reading import read_json
from benson_execution.trail import SqlTrail
from benson_execution.verification.artifact import verify_artifact
from benson_execution.verification.findings import Finding
from benson_execution.verification.trail import TrailVerifier
from tests.assets.tampered.defects import EXPECTED, HEAD, HEADS, TRUSTED
from tests.assets.tampered.make import make
from tests.cli.command import Answer, Benson

from .honest import url

ASSETS: Final = Path(__file__).parents[1] / "assets" / "tampered"
NAMES: Final = sorted(
    path.name
    for path in ASSETS.iterdir()
    if path.name.startswith(("trail-", "artifact-")) and path.suffix in {".db", ".json"}
)
WHERE: Final = "here"
"""Where the trail stood, as the heads file has it."""
UNOPENED: Final = {
    "trail-file-cut-in-half.db",
    "trail-file-of-no-bytes.db",
    "trail-file-without-its-header.db",
}
"""Not even opened by the library: the command tells what it is."""
UNREAD: Final = {"artifact-member-twice.json"}
"""Not read as an artifact: exit code 2, as for every text that is not safely JSON."""
MAX_BYTES: Final = 4_500_000


class Expected(NamedTuple):
    """What `expected.json` says of a file."""

    kinds: list[str]
    words: list[str]
    against: str | None = None


def expected_in(folder: Path) -> dict[str, Expected]:
    members: dict[str, Any] = json.loads((folder / EXPECTED).read_bytes())
    return {name: Expected(**said) for name, said in members.items()}


EXPECTATIONS: Final = expected_in(ASSETS)


def trusted_in(folder: Path) -> list[PublicKey]:
    return read_public_keys([folder / TRUSTED])


def found_in(path: Path, against: str | None = None) -> list[Finding]:
    """What the library finds in a file of either kind, with the keys and pins that lie beside."""
    folder, trusted = path.parent, TrustedKeys(trusted_in(path.parent))
    if path.suffix == ".json":
        return verify_artifact(read_json(path.read_bytes()), trusted).findings
    trail = SqlTrail(url(path), None)
    try:
        with trail.rows() as rows:
            verifier = TrailVerifier(rows, trusted)
            found = list(verifier.run())
            if against == HEAD:
                note = json.loads((folder / HEAD).read_bytes())["note"]
                found += verifier.log.check_pin(Head.parse(note.encode()))
            elif against == HEADS:
                lines = (folder / HEADS).read_bytes().splitlines(keepends=True)
                found += verifier.log.check_heads_file(lines, WHERE)
            return found
    finally:
        trail.close()


def told(found: Iterable[Finding]) -> str:
    return "\n".join(finding.message for finding in found)


def kinds(found: Iterable[Finding]) -> list[str]:
    return sorted({finding.kind.value for finding in found})


def command(home: Path, path: Path, expected: Expected | None = None) -> Answer:
    """Ask the command about a copy of a file, in a home that has nothing else."""
    home.mkdir()
    trusted = path.parent / TRUSTED
    benson = Benson(home, home)
    if path.suffix == ".json":
        return benson("verify", path, "--json", "--key", trusted)
    shutil.copyfile(path, home / "trail.db")
    pins: list[str | Path] = []
    if expected is not None and expected.against is not None:
        pins = ["--head", path.parent / expected.against]
    return benson("verify", "--json", "--key", trusted, *pins)


def test_each_file_is_expected_and_each_expectation_has_its_file() -> None:
    """None is looked at without saying what for, and none is only talked of."""
    assert sorted(EXPECTATIONS) == NAMES
    assert len(NAMES) > 80


def test_the_files_are_small() -> None:
    """They are in the repository for good."""
    data = [path for path in ASSETS.iterdir() if path.suffix in {".db", ".json", ".jsonl"}]
    assert sum(path.stat().st_size for path in data) < MAX_BYTES


def test_no_private_key_lies_beside_the_files() -> None:
    """Only the public half: nobody can sign anything with what is in the repository."""
    for path in ASSETS.iterdir():
        if path.is_file():
            assert b"PRIVATE" + b" KEY" not in path.read_bytes(), path.name
    assert b"PUBLIC KEY" in (ASSETS / TRUSTED).read_bytes()


@pytest.mark.parametrize("name", ["honest.db", "honest.json"])
@pytest.mark.parametrize("against", [None, HEAD, HEADS])
def test_what_they_were_made_from_is_honest(name: str, against: str | None) -> None:
    """Without this one the others would prove nothing."""
    assert not found_in(ASSETS / name, against)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNOPENED | UNREAD])
def test_a_changed_file_is_found_by_name(name: str) -> None:
    """These kinds and no other; and what is wrong is said in words."""
    expected = EXPECTATIONS[name]
    before = (ASSETS / name).read_bytes()
    found = found_in(ASSETS / name, expected.against)
    assert kinds(found) == expected.kinds, told(found)
    for words in expected.words:
        assert words in told(found)
    assert (ASSETS / name).read_bytes() == before, "verification changes nothing"
    assert not list(ASSETS.glob(f"{name}-*")), "nor does it leave anything"


@pytest.mark.parametrize("name", [n for n in NAMES if EXPECTATIONS[n].against is not None])
def test_what_was_rolled_back_needs_a_pin(name: str) -> None:
    """A documented limit: all of it was signed once, and only who kept a later head knows better.

    These files show it; a change that is found without a pin does not belong among them.
    """
    assert not found_in(ASSETS / name)


@pytest.mark.parametrize("name", sorted(UNOPENED))
def test_a_file_that_is_no_database_is_told_by_the_command(name: str, tmp_path: Path) -> None:
    """The library refuses to open it; the command says what it is, with exit code 4."""
    expected = EXPECTATIONS[name]
    with pytest.raises(TrailUnavailable):
        found_in(ASSETS / name)
    answer = command(tmp_path / "home", ASSETS / name)
    assert answer.code == 4, answer
    found = answer.objects[:-1]
    assert sorted({one["kind"] for one in found}) == expected.kinds
    for words in expected.words:
        assert words in "\n".join(one["message"] for one in found)


@pytest.mark.parametrize("name", sorted(UNREAD))
def test_a_text_that_two_readers_may_read_differently_is_refused(name: str, tmp_path: Path) -> None:
    """An artifact with a member twice is not verified at all, whichever of the two is true."""
    with pytest.raises(UnreadableDocument) as refused:
        read_json((ASSETS / name).read_bytes())
    for words in EXPECTATIONS[name].words:
        assert words in str(refused.value)
    assert command(tmp_path / "home", ASSETS / name).code == 2


@pytest.mark.parametrize(
    "name",
    [
        "trail-event-one-byte.db",
        "trail-dispatch-rewritten-with-the-log.db",
        "trail-older-copy.db",
        "trail-guard-dropped.db",
        "trail-page-of-garbage.db",
        "trail-emptied.db",
        "artifact-verdict.json",
        "artifact-proof-signed-by-another-key.json",
    ],
)
def test_the_command_says_the_same(name: str, tmp_path: Path) -> None:
    """Exit code 4, and the same kinds of findings."""
    expected = EXPECTATIONS[name]
    answer = command(tmp_path / "home", ASSETS / name, expected)
    assert answer.code == 4, answer
    *found, summary = answer.objects
    found = summary["findings"] if name.endswith(".json") else found
    assert sorted({one["kind"] for one in found}) == expected.kinds
    assert summary["verified"] is False


@pytest.mark.parametrize("name", ["honest.db", "honest.json"])
def test_the_command_verifies_what_is_honest(name: str, tmp_path: Path) -> None:
    """Exit code 0, with the head that was kept elsewhere."""
    pinned = Expected([], [], HEAD if name.endswith(".db") else None)
    answer = command(tmp_path / "home", ASSETS / name, pinned)
    assert answer.code == 0, answer
    assert answer.object["verified"] is True


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as the program makes them today, signed by another key."""
    folder = tmp_path_factory.mktemp("remade")
    make(folder)
    return folder


def test_the_files_are_what_is_made_today(remade: Path) -> None:
    """The same files, and the same is expected of them: else they are to be made anew."""
    assert expected_in(remade) == EXPECTATIONS
    assert sorted(path.name for path in remade.iterdir()) == sorted(
        path.name for path in ASSETS.iterdir() if path.is_file() and path.suffix != ".py"
    )
    assert (remade / TRUSTED).read_bytes() != (ASSETS / TRUSTED).read_bytes()


@pytest.mark.parametrize("name", [n for n in NAMES if n not in UNOPENED | UNREAD])
def test_what_is_made_today_is_found_the_same_way(remade: Path, name: str) -> None:
    """Ids, times and keys are others; what is found is not."""
    expected = EXPECTATIONS[name]
    found = found_in(remade / name, expected.against)
    assert kinds(found) == expected.kinds, told(found)
    for words in expected.words:
        assert words in told(found)
