"""Settings that are wrong: one sentence that names the variable or the file; exit code 2 or 5."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .command import Benson
from .documents import document, save

COMMANDS = ["judge", "run", "events", "show"]


def refusal(benson: Benson, command: str, tmp_path: Path, env: dict[str, str]) -> tuple[int, str]:
    """The exit code, and the one sentence that is said."""
    file = save(tmp_path, "good.json", document())
    all_args: dict[str, list[str | Path]] = {"judge": [file], "run": [file], "show": ["PAC-X"]}
    args = all_args.get(command, [])
    answer = benson(command, *args, env=env)
    assert answer.out == ""
    (sentence,) = answer.err.splitlines()
    assert sentence.startswith("benson: ")
    return answer.code, sentence


@pytest.mark.parametrize("command", COMMANDS)
def test_a_trail_url_that_is_none_is_refused_by_every_command(
    benson: Benson, tmp_path: Path, command: str
) -> None:
    """The variable is named."""
    code, sentence = refusal(benson, command, tmp_path, {"BENSON_TRAIL_URL": "nonsense"})
    assert code == 2
    assert "BENSON_TRAIL_URL" in sentence


@pytest.mark.parametrize(
    "url", ["mysql://localhost/x", "sqlite://", "sqlite://host/x", "http://localhost:port/"]
)
def test_a_trail_url_of_no_store_is_refused(benson: Benson, tmp_path: Path, url: str) -> None:
    """Well-formed or not."""
    code, sentence = refusal(benson, "judge", tmp_path, {"BENSON_TRAIL_URL": url})
    assert code == 2
    assert "BENSON_TRAIL_URL" in sentence


def test_a_sqlite_trail_in_memory_is_refused_or_works(benson: Benson, tmp_path: Path) -> None:
    """SQLAlchemy's own name for it is one that users know."""
    file = save(tmp_path, "good.json", document())
    answer = benson("judge", file, env={"BENSON_TRAIL_URL": "sqlite:///:memory:"})
    assert answer.code == 0 or (answer.code == 2 and "BENSON_TRAIL_URL" in answer.err)


@pytest.mark.parametrize("value", ["high", "1.01", "nan", "-0.1"])
def test_a_threshold_that_is_none_is_refused(benson: Benson, tmp_path: Path, value: str) -> None:
    """It is a number in [0, 1]."""
    code, sentence = refusal(benson, "judge", tmp_path, {"BENSON_QUALITY_THRESHOLD": value})
    assert code == 2
    assert f"BENSON_QUALITY_THRESHOLD={value!r}" in sentence


@pytest.mark.parametrize("value", ["0", "many"])
def test_a_limit_that_is_none_is_refused(benson: Benson, tmp_path: Path, value: str) -> None:
    """It is a positive number of bytes."""
    code, sentence = refusal(benson, "judge", tmp_path, {"BENSON_MAX_DOCUMENT_BYTES": value})
    assert code == 2
    assert "BENSON_MAX_DOCUMENT_BYTES" in sentence


DAN = {"gid": "GID-07", "name": "Dan", "role": "r", "execution_lane": "l", "executes": True}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "not JSON"),
        (b"\xff", "not JSON"),
        ("[]", "expected an object"),
        ("{}", "/agents"),
        ({"agents": [{**DAN, "gid": "7"}]}, "/agents/0/gid"),
        ({"agents": [DAN, {**DAN, "name": "Sam"}]}, "same GID"),
    ],
)
def test_a_registry_that_is_none_is_refused(
    benson: Benson, tmp_path: Path, content: Any, words: str
) -> None:
    """The file is named, and what is wrong in it."""
    path = save(tmp_path, "agents.json", content)
    code, sentence = refusal(benson, "judge", tmp_path, {"BENSON_REGISTRY": str(path)})
    assert code == 2
    assert str(path) in sentence
    assert words in sentence


@pytest.mark.parametrize("command", ["judge", "run"])
def test_a_registry_that_is_not_there_is_refused(
    benson: Benson, tmp_path: Path, command: str
) -> None:
    """Before anything is started or recorded."""
    code, sentence = refusal(benson, command, tmp_path, {"BENSON_REGISTRY": "nowhere.json"})
    assert code == 2
    assert "nowhere.json" in sentence
    assert "No such file" in sentence
    assert benson.recorded() == []
    assert not (benson.home / "prefect").exists()


def test_a_registry_of_ones_own_is_used(benson: Benson, tmp_path: Path) -> None:
    """The shipped agents are unknown then."""
    registry = save(tmp_path, "agents.json", {"agents": [{**DAN, "executes": False}]})
    file = save(tmp_path, "good.json", document())
    answer = benson("judge", "--json", file, env={"BENSON_REGISTRY": str(registry)})
    assert answer.code == 1
    assert "may not execute" in answer.object["checkpoints"][0]["details"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_in_the_place_of_the_home_makes_the_trail_unavailable(
    benson: Benson, tmp_path: Path, command: str
) -> None:
    """Exit code 5, and the sentence names the place; the file stays what it was."""
    benson.home.write_text("not a folder")
    code, sentence = refusal(benson, command, tmp_path, {})
    assert code == 5
    assert str(benson.home) in sentence
    assert benson.home.read_text() == "not a folder"


def test_a_trail_that_is_no_database_makes_everything_unavailable(
    benson: Benson, tmp_path: Path
) -> None:
    """Also the rest of the documents: none could be recorded."""
    benson.home.mkdir()
    (benson.home / "trail.db").write_text("not a database" * 100)
    good = [save(tmp_path, f"{n}.json", document()) for n in range(3)]
    answer = benson("judge", "--json", *good)
    assert answer.code == 5
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1


def test_an_artifact_that_cannot_be_written_is_a_failure(benson: Benson, tmp_path: Path) -> None:
    """The trail has the dispatch; the exit code says that something of it is missing."""
    shelf = save(tmp_path, "shelf", "a file")
    file = save(tmp_path, "good.json", document())
    answer = benson("judge", file, env={"BENSON_ARTIFACTS": str(shelf)})
    assert answer.code == 3
    assert str(shelf) in answer.err
    assert benson.recorded()[-1].key == "PAC_DISPATCH_END"


@pytest.mark.parametrize("name", ["with % space", "ha#sh", "quest?ion", "[b]x[c]"])
def test_a_home_of_any_name_holds_all_that_is_kept(
    benson: Benson, tmp_path: Path, name: str
) -> None:
    """Trail and artifacts lie in it, and nothing lies beside it."""
    place = tmp_path / "homes"
    place.mkdir()
    file = save(tmp_path, "good.json", document("PAC-DAN-P53-CLI-HOME"))
    answer = benson("judge", "--json", file, env={"BENSON_HOME": str(place / name)})
    assert answer.code == 0
    assert Path(answer.object["artifact_path"]).is_relative_to(place / name)
    assert (place / name / "trail.db").is_file()
    assert [path.name for path in place.iterdir()] == [name]


def test_a_home_may_be_relative_and_begin_with_a_tilde(benson: Benson, tmp_path: Path) -> None:
    """`~` is the user's home, and a relative one lies in the current folder."""
    file = save(tmp_path, "good.json", document())
    for home in ("~/of-benson", "of-benson-too"):
        said = benson("judge", "--json", file, env={"BENSON_HOME": home}).object
        folder = benson.cwd / home.removeprefix("~/")
        assert (folder / "trail.db").is_file()
        assert list(folder.glob("artifacts/*/*.json"))
        assert json.loads((benson.cwd / Path(said["artifact_path"])).read_text())


def test_no_home_at_all_is_a_folder_of_the_user(benson: Benson, tmp_path: Path) -> None:
    """~/.benson, where nothing is set."""
    file = save(tmp_path, "good.json", document())
    environment = benson.environment()
    del environment["BENSON_HOME"]
    benson.environment = lambda changes=None: environment  # type: ignore[method-assign]
    assert benson("judge", file).code == 0
    assert (benson.cwd / ".benson" / "trail.db").is_file()
