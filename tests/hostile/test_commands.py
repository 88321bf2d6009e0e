"""Every hostile document through `benson judge`, and a sample through `benson run`: real processes.

The answer is the engine's, whatever the file; what is shown of it can't command a terminal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.assets.hostile.large import RECIPES, large
from tests.cli.command import Answer, on_terminal
from tests.cli.conftest import new_benson

from .answers import (
    ASSETS,
    EXPECTATIONS,
    READABLE,
    UNJUDGED,
    content_of,
    files_in,
    raw_in,
    sha256_of,
    verdict_of,
)
from .recorded import assert_closed_events
from .samples import ALONE, COMMAND, JUDGED_ALONE

pytestmark = pytest.mark.timeout(1200)

OWN: Final = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|2K|1A)|\r")
"""What the command itself sends to a terminal: colours, its progress, and line ends."""


class Batch:
    """What the command said of many documents, `most` in a process, and what it left behind."""

    def __init__(self, folder: Path, names: Sequence[str], command: str, most: int = 1000) -> None:
        self.benson = new_benson(folder)
        self.assets_before = files_in(ASSETS)
        self.answers: list[Answer] = []
        told: list[dict[str, Any]] = []
        for chunk in (names[at : at + most] for at in range(0, len(names), most)):
            answer = self.benson(command, "--json", *(ASSETS / name for name in chunk))
            assert answer.code == max(EXPECTATIONS[name].exit_code for name in chunk)
            self.answers.append(answer)
            told += answer.objects
        self.by_name = dict(zip(names, told, strict=True))
        self.made = files_in(folder) - {"elsewhere", "home"}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """All that can be judged, in one process."""
    return Batch(tmp_path_factory.mktemp("judged"), READABLE, "judge")


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """All that can't be, in one process."""
    return Batch(tmp_path_factory.mktemp("refused"), UNJUDGED, "judge")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """The sample, a few in each process, which has a Prefect of its own."""
    return Batch(tmp_path_factory.mktemp("run"), COMMAND, "run", most=30)


def told_in(artifact: str) -> str:
    """What an artifact says of gates and violations, without what it quotes of the document."""
    members = json.loads(Path(artifact).read_bytes())
    violations = [f"{v['path']}: {v['message']}" for v in members["dispatch"]["violations"]]
    events = [event["data"].get("details", "") for event in members["telemetry"]["events"]]
    return "\n".join([*violations, *events])


@pytest.mark.parametrize("name", READABLE)
def test_judge_gives_a_readable_document_its_verdict(judged: Batch, name: str) -> None:
    """Status, code and gates; a WRAP only where it was earned; the artifact names the defect."""
    told, expected = judged.by_name[name], EXPECTATIONS[name]
    assert verdict_of(told) == expected.verdict
    assert (told["wrap_id"] is not None) is (expected.answer == "COMPLETED")
    assert expected.words in told_in(told["artifact_path"])
    assert Path(told["artifact_path"]).is_relative_to(judged.benson.home / "artifacts")


@pytest.mark.parametrize("name", UNJUDGED)
def test_judge_refuses_what_can_not_be_judged(refused: Batch, name: str) -> None:
    """There is no status, no code and no dispatch; the sentence names the file and the defect."""
    told, expected = refused.by_name[name], EXPECTATIONS[name]
    assert verdict_of(told) == (None, None, [])
    assert (told["dispatch_id"], told["wrap_id"], told["artifact_path"]) == (None, None, None)
    assert told["file"] == name
    assert expected.words in told["error"]


def test_each_is_recorded_as_what_it_is(judged: Batch, refused: Batch) -> None:
    """A closed dispatch for each that can be judged, a refusal for each other, and never both."""
    (answer,) = judged.answers
    assert answer.err == ""
    by_dispatch: dict[str, list[Any]] = {}
    for stored in judged.benson.recorded():
        by_dispatch.setdefault(stored.dispatch.dispatch_id, []).append(stored)
    assert len(by_dispatch) == len(READABLE)
    for name, told in judged.by_name.items():
        events = by_dispatch[told["dispatch_id"]]
        assert_closed_events(events, EXPECTATIONS[name].answer, sha256_of(content_of(name)))
    assert judged.benson("refusals", "--json").objects == []

    assert refused.benson.recorded() == []
    kept = [
        (one["sha256"], one["size"], one["kind"])
        for one in refused.benson("refusals", "--json").objects
    ]
    contents = {name: content_of(name) for name in UNJUDGED}
    assert sorted(kept) == sorted(
        (sha256_of(content), len(content), EXPECTATIONS[name].answer)
        for name, content in contents.items()
    )


@pytest.mark.parametrize("batch", ["judged", "refused", "run"])
def test_nothing_is_left_outside_the_home(batch: str, request: pytest.FixtureRequest) -> None:
    """Whatever the paths, ids and names in the documents are."""
    done: Batch = request.getfixturevalue(batch)
    assert [name for name in done.made if not name.startswith("home/")] == []
    assert files_in(ASSETS) == done.assets_before
    made = {name.split("/")[1] for name in done.made}
    known = {"trail.db", "trail.db-wal", "trail.db-shm", "signing-key.pem", "heads.jsonl"}
    assert made <= known | {"artifacts", "prefect", "heads.jsonl.lock"}
    for artifact in done.benson.home.glob("artifacts/*/*"):
        assert re.fullmatch(r"PAC-[A-Z0-9-]+", artifact.parent.name)
        assert re.fullmatch(r"[0-9a-f-]+-1\.json", artifact.name)


def test_what_is_told_to_a_person_is_plain(tmp_path: Path) -> None:
    """All of them at once, as text: not one character that a terminal or an eye would obey."""
    benson = new_benson(tmp_path)
    env = {"BENSON_TRAIL_URL": "memory://"}
    files = [ASSETS / name for name in EXPECTATIONS]
    answer = benson("judge", *files, env=env)
    assert raw_in(answer.out) == []
    assert raw_in(answer.err) == []
    said = [line.split(maxsplit=1)[0] for line in answer.out.splitlines() if line[:1] != " "]
    assert said == [EXPECTATIONS[n].answer for n in EXPECTATIONS if n in READABLE]
    assert len(answer.err.splitlines()) == len(UNJUDGED)


def test_what_is_shown_on_a_terminal_is_plain(tmp_path: Path) -> None:
    """There are our own colours and our progress there, and nothing of the documents'."""
    benson = new_benson(tmp_path)
    names = [name for name in EXPECTATIONS if name.startswith(("text-", "pac-id-"))]
    _, shown, _ = on_terminal(benson, "judge", *(ASSETS / name for name in names))
    assert raw_in(OWN.sub("", shown.decode())) == []


@pytest.mark.parametrize("name", JUDGED_ALONE)
def test_judge_exits_with_the_code_of_the_answer(tmp_path: Path, name: str) -> None:
    """One document, one process."""
    answer = new_benson(tmp_path)("judge", ASSETS / name)
    assert answer.code == EXPECTATIONS[name].exit_code
    assert raw_in(answer.out + answer.err) == []


def test_judge_answers_what_is_large(tmp_path: Path) -> None:
    """In files that are made for it and go with the test; all in one process."""
    made = [large(name) for name in RECIPES]
    for asset in made:
        (tmp_path / asset.name).write_bytes(asset.content)
    answer = new_benson(tmp_path)("judge", "--json", *(tmp_path / asset.name for asset in made))
    assert answer.code == 2
    for asset, told in zip(made, answer.objects, strict=True):
        if asset.answer == "COMPLETED":
            assert verdict_of(told) == ("COMPLETED", None, []), asset.name
        else:
            assert told["status"] is None, asset.name
            assert asset.words in told["error"]
    assert len(answer.err) < 10_000


@pytest.mark.parametrize("name", COMMAND)
def test_run_gives_a_readable_document_its_verdict(run: Batch, name: str) -> None:
    """The same as `benson judge`."""
    told, expected = run.by_name[name], EXPECTATIONS[name]
    assert verdict_of(told) == expected.verdict
    assert (told["wrap_id"] is not None) is (expected.answer == "COMPLETED")
    assert expected.words in told_in(told["artifact_path"])


def test_run_says_no_more_than_where_it_runs(run: Batch) -> None:
    """One line on standard error, whatever Prefect and the documents have to say."""
    for answer in run.answers:
        assert len(answer.err.splitlines()) == 1
        assert raw_in(answer.err) == []


@pytest.mark.parametrize("name", ALONE)
def test_run_refuses_before_anything_is_started(tmp_path: Path, name: str) -> None:
    """Also what it was given beside: nothing is run, and the refusal is on record."""
    benson = new_benson(tmp_path)
    answer = benson("run", "--json", ASSETS / "syntax-blanks-around.json", ASSETS / name)
    assert (answer.code, answer.out) == (2, "")
    assert EXPECTATIONS[name].words in answer.err
    assert raw_in(answer.err) == []
    assert benson.recorded() == []
    assert not (benson.home / "prefect").exists()
    (kept,) = benson("refusals", "--json").objects
    assert (kept["sha256"], kept["kind"]) == (
        sha256_of(content_of(name)),
        EXPECTATIONS[name].answer,
    )
