"""The agent registry: which agents there are, and which of them may execute."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benson_execution import AgentRegistry
from benson_execution.errors import InvalidSettings

from .helpers import EXAMPLES

DAN = {
    "gid": "GID-07",
    "name": "Dan",
    "role": "DevOps",
    "execution_lane": "DEVOPS",
    "executes": True,
}
PAX = {"gid": None, "name": "Pax", "role": "Strategy", "execution_lane": "NONE", "executes": False}


def registry(*agents: Any) -> AgentRegistry:
    return AgentRegistry(json.dumps({"agents": agents}).encode(), "own.json")


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidSettings, match=r"own\.json") as refused:
        AgentRegistry(content, "own.json")
    assert refused.value.exit_code == 2
    return str(refused.value)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda p: p.stem)
def test_the_shipped_agents_are_those_of_the_examples(path: Path) -> None:
    """Each example's agent is bound to its GID, may execute, and has its lane."""
    order = json.loads(path.read_text())["pac"]
    agent = AgentRegistry.load().find(order["agent_gid"])
    assert agent is not None
    assert agent.name.casefold() == order["agent_name"].casefold()
    assert agent.execution_lane == order["execution_lane"]
    assert agent.executes is True


def test_benson_is_known_and_does_not_execute() -> None:
    """GID-00 judges."""
    benson = AgentRegistry.load().find("GID-00")
    assert benson is not None
    assert (benson.name, benson.executes) == ("BENSON", False)


@pytest.mark.parametrize("gid", ["GID-99", "GID-7", "gid-07", "", "DAN"])
def test_a_gid_that_nobody_has_finds_nobody(gid: str) -> None:
    """Nothing is found by resemblance."""
    assert AgentRegistry.load().find(gid) is None


def test_shipped_agents_are_read_once() -> None:
    """They do not change while a process lives."""
    assert AgentRegistry.load() is AgentRegistry.load()


def test_a_registry_of_your_own_takes_the_place_of_the_shipped(tmp_path: Path) -> None:
    """Only its agents are known, and its digest is that of its bytes."""
    file = tmp_path / "agents.json"
    file.write_text(json.dumps({"agents": [DAN, PAX]}))
    own = AgentRegistry.load(file)
    agent = own.find("GID-07")
    assert agent is not None
    assert agent.name == "Dan"
    assert own.find("GID-08") is None
    assert own.source == str(file)
    assert own.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_an_agent_without_a_gid_can_not_be_found() -> None:
    """So it can't be dispatched to."""
    own = registry(PAX, {**PAX, "name": "Other"})
    assert len(own.agents) == 2
    assert all(own.find(gid) is None for gid in ("None", "null", "GID-00"))


def test_an_empty_registry_knows_nobody() -> None:
    """Which refuses everyone."""
    assert registry().find("GID-07") is None


@pytest.mark.parametrize(
    "second", [{**PAX, "gid": "GID-07"}, {**PAX, "name": "DAN"}, {**DAN, "gid": "GID-08"}]
)
def test_a_gid_and_a_name_belong_to_one_agent(second: dict[str, Any]) -> None:
    """Whatever the case of the name."""
    content = json.dumps({"agents": [DAN, second]}).encode()
    assert "the same GID or the same name" in refusal(content)


@pytest.mark.parametrize("field", DAN)
def test_every_field_of_an_agent_is_required_and_exact(field: str) -> None:
    """The message names the place in the file."""
    missing = json.dumps({"agents": [{k: v for k, v in DAN.items() if k != field}]}).encode()
    assert f"/agents/0/{field}: the required field is missing" in refusal(missing)
    wrong = json.dumps({"agents": [{**DAN, field: 5}]}).encode()
    assert f"/agents/0/{field}: " in refusal(wrong)


def test_an_unknown_field_is_refused_with_a_guess() -> None:
    """A right that is misspelt is no right."""
    content = json.dumps({"agents": [DAN], "agent": []}).encode()
    assert "/agent: the field is unknown (did you mean 'agents'?)" in refusal(content)
    assert "/agents/0/can_execute" in refusal(
        json.dumps({"agents": [{**DAN, "can_execute": True}]}).encode()
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[]", b"null", b"5", b"{}", b'{"agents": {}}', b'{"agents": [5]}'],
)
def test_a_broken_registry_is_refused_by_name(content: bytes) -> None:
    """No JSON, no object, no agents: the message names the file."""
    assert "the agent registry own.json" in refusal(content)


def test_a_registry_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    """Missing, or a folder; the hint names the variable."""
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(InvalidSettings, match=str(path)) as refused:
            AgentRegistry.load(path)
        assert "BENSON_REGISTRY" in str(refused.value.hint)


def test_an_agent_can_not_be_changed() -> None:
    """What was read is what rules."""
    agent: Any = registry(DAN).find("GID-07")
    with pytest.raises(ValidationError):
        agent.executes = False


def test_a_registry_may_name_reviewers() -> None:
    """In its order and letters; the shipped one names none, so that nobody may approve."""
    content = json.dumps({"agents": [DAN], "reviewers": ["Grace Hopper", "Ada"]}).encode()
    assert AgentRegistry(content, "own.json").reviewers == ("Grace Hopper", "Ada")
    assert AgentRegistry.load().reviewers == registry(DAN).reviewers == ()


@pytest.mark.parametrize(
    ("reviewers", "place"),
    [
        ("Ada", "/reviewers: "),
        (None, "/reviewers: "),
        ({"Ada": True}, "/reviewers: "),
        (["Ada", 7], "/reviewers/1: "),
        ([""], "/reviewers/0: "),
        ([["Ada"]], "/reviewers/0: "),
    ],
)
def test_reviewers_are_a_list_of_names(reviewers: Any, place: str) -> None:
    """A list that was misread might let somebody approve."""
    assert place in refusal(json.dumps({"agents": [DAN], "reviewers": reviewers}).encode())


def test_a_reviewer_more_is_another_registry() -> None:
    """Who may approve is a part of the policy in force."""
    with_ada = json.dumps({"agents": [DAN], "reviewers": ["Ada"]}).encode()
    assert AgentRegistry(with_ada, "own.json").sha256 != registry(DAN).sha256
