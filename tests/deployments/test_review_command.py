"""`benson review` against a real `benson up`: runs that suspend, and go on when answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Answer, wait_until
from tests.cli.conftest import new_benson
from tests.deployments.up import Up, up
from tests.flow.documents import document

pytestmark = pytest.mark.timeout(600)
REGISTRY = Path(__file__).parents[2] / "benson_execution" / "agent_registry.json"


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A `benson up` that asks Ada about everything."""
    folder = tmp_path_factory.mktemp("reviewed")
    registry = folder / "registry.json"
    registry.write_text(json.dumps(json.loads(REGISTRY.read_text()) | {"reviewers": ["Ada"]}))
    env = {"BENSON_REGISTRY": str(registry), "BENSON_HUMAN_REVIEW": "always"}
    with up(new_benson(folder), env=env) as running:
        yield running


@pytest.fixture
def waiting(reviewed: Up) -> str:
    """The id of a PAC that was submitted, and waits for a reviewer."""
    text = document()
    pac_id: str = json.loads(text)["pac"]["pac_id"]
    submitted = reviewed.benson("submit", "-", stdin=text, env=reviewed.env)
    assert submitted.code == 0, submitted.err
    wait_until(
        lambda: pac_id in review(reviewed).out, timeout=180, description="it waits for a reviewer"
    )
    return pac_id


def review(served: Up, *args: str) -> Answer:
    return served.benson("review", *args, env=served.env)


def test_what_waits_is_listed_and_an_approval_closes_it(reviewed: Up, waiting: str) -> None:
    """With its agent, its score, and until when; `--wait` tells the verdict."""
    listed = next(o for o in review(reviewed, "--json").objects if o["pac_id"] == waiting)
    assert (listed["agent_gid"], listed["agent_name"], listed["quality_score"]) == (
        "GID-07", "Dan", 1.0
    )  # fmt: skip
    assert listed["since"] < listed["until"]
    sha256 = listed["document_sha256"]
    assert f"document SHA-256 {sha256}" in review(reviewed).out
    approval = ("--approve", "--reviewer", "Ada", "--notes", "read it")
    other = review(reviewed, waiting, "--document", "0" * 64, *approval)
    assert (other.code, sha256 in other.err) == (2, True)
    answer = review(
        reviewed, waiting, "--document", sha256[:8].upper(), *approval, "--wait"
    )  # fmt: skip
    assert answer.code == 0, answer
    assert f"COMPLETED  {waiting}" in answer.out
    assert waiting not in review(reviewed).out


def test_half_an_answer_is_none_and_a_rejection_blocks(reviewed: Up, waiting: str) -> None:
    """Where there is no terminal to ask on; what waits goes on waiting, until it is answered."""
    for given, missing in (
        (("--reviewer", "Ada", "--notes", ""), "--approve or --reject"),
        (("--approve", "--notes", ""), "--reviewer"),
        (("--approve", "--reviewer", "Ada"), "--notes"),
    ):
        answer = review(reviewed, waiting, *given)
        assert answer.code == 2
        assert missing in answer.err
    answer = review(reviewed, waiting, "--approve", "--reviewer", " ", "--notes", "")
    assert answer.code == 2
    assert waiting in review(reviewed).out
    answer = review(
        reviewed, waiting, "--reject", "--reviewer", "Ada", "--notes", "no tests", "--wait"
    )
    assert answer.code == 1, answer
    assert "rejected by Ada (self-declared): no tests" in answer.out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("PAC-NOBODY-01", "--approve", "--reviewer", "Ada", "--notes", ""), "nothing that waits"),
        (("PAC-NOBODY-01", "--approve", "--reject"), "exclude one another"),
        (("", "--approve", "--reviewer", "Ada", "--notes", ""), "names no PAC"),
        (("PAC-", "--approve", "--reviewer", "Ada", "--notes", ""), "names no PAC"),
        (("P", "--approve", "--reviewer", "Ada", "--notes", ""), "names no PAC"),
        (("PAC-NOBODY-01", "--document", "0123456"), "no SHA-256"),
        (("PAC-NOBODY-01", "--document", "not a digest"), "no SHA-256"),
        (("--document", "0" * 64), "name the PAC"),
        (("--approve",), "name the PAC"),
        (("--wait",), "name the PAC"),
    ],
)
def test_a_wrong_use_is_told(reviewed: Up, given: tuple[str, ...], told: str) -> None:
    answer = review(reviewed, *given)
    assert answer.code == 2
    assert told in answer.err


def test_without_a_server_it_says_which_is_missing(reviewed: Up) -> None:
    answer = reviewed.benson("review")
    assert answer.code == 2
    assert "PREFECT_API_URL is not set" in answer.err
