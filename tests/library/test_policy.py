"""The policy in force, and the provenance of a dispatch: by what it was judged, as digests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from benson_execution import AgentRegistry, MemoryTrail, __version__
from benson_execution.policy import Policy
from benson_execution.proof.leaf import Header, Leaf
from benson_execution.review_rule import NO_REVIEW, ReviewRule
from benson_execution.settings import Settings

from .helpers import DAN, engine, pac, policy, result, text


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def header_of(trail: MemoryTrail, dispatch_id: str) -> Header:
    """What the trail's log says of a closed dispatch."""
    proof = trail.proof(dispatch_id)
    assert proof is not None
    return Header.from_bytes(Leaf.from_bytes(proof.entry).header)


@pytest.fixture
def agents(tmp_path: Path) -> Path:
    """A registry of one agent."""
    path = tmp_path / "agents.json"
    agent = {"gid": "GID-07", "name": "Dan", "role": "", "execution_lane": "", "executes": True}
    path.write_text(json.dumps({"agents": [agent]}, indent=2))
    return path


def test_a_policy_is_its_threshold_and_its_registrys_digest() -> None:
    """As JSON, and nothing else in it."""
    shipped = AgentRegistry.load()
    assert json.loads(policy(0.85).content) == {
        "quality_threshold": 0.85,
        "agent_registry_sha256": sha256(shipped.content),
        "human_review": {"mode": "never", "score": None, "agents": []},
    }


def test_a_policy_says_when_a_person_is_asked() -> None:
    """Another rule is another policy."""
    rules = ("never", "always", "below:0.9", "below:0.91", "agents:GID-07", "agents:GID-08")
    shipped = AgentRegistry.load()
    policies = [Policy(0.7, shipped, ReviewRule.parse(rule)) for rule in rules]
    assert json.loads(policies[2].content)["human_review"] == {
        "mode": "below",
        "score": 0.9,
        "agents": [],
    }
    assert len({one.sha256 for one in policies}) == len(rules)


def test_the_settings_policy_has_their_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "agents:GID-07")
    in_force = Policy.of(Settings.load())
    assert in_force.human_review == ReviewRule.parse("agents:GID-07")
    assert json.loads(in_force.content)["human_review"]["agents"] == ["GID-07"]


@pytest.mark.parametrize("rule", ["never", "always", "below:0.9", "agents:GID-07,GID-08"])
def test_a_recorded_policy_is_read_as_it_was(rule: str) -> None:
    """To the byte, since it is known by its digest."""
    was = Policy(0.7, AgentRegistry.load(), ReviewRule.parse(rule))
    read = Policy.recorded(was.content, was.registry.content)
    assert (read.sha256, read.content) == (was.sha256, was.content)
    assert (read.human_review, read.quality_threshold) == (was.human_review, 0.7)
    assert read.registry.agents == was.registry.agents


def test_a_policy_of_before_there_were_reviews_keeps_its_digest() -> None:
    """It asks nobody, and never says so: what is recorded of it are two members."""
    shipped = AgentRegistry.load()
    content = b'{"quality_threshold":0.7,"agent_registry_sha256":"%s"}' % shipped.sha256.encode()
    read = Policy.recorded(content, shipped.content)
    assert (read.content, read.sha256) == (content, sha256(content))
    assert read.human_review == NO_REVIEW
    assert Policy(0.7, shipped).sha256 == read.sha256 != policy(0.7).sha256


@pytest.mark.parametrize(
    "rule", ["never", [], {"mode": "never"}, {"mode": "x", "score": None, "agents": []}]
)
def test_a_recorded_rule_that_is_none_is_no_policy(rule: object) -> None:
    """By errors that whoever judges again knows."""
    content = json.dumps({**json.loads(policy().content), "human_review": rule}).encode()
    with pytest.raises((ValueError, KeyError, TypeError)):
        Policy.recorded(content, policy().registry.content)


def test_a_policys_digest_is_of_its_content() -> None:
    """In lower-case hexadecimal."""
    assert policy().sha256 == sha256(policy().content)
    assert policy().sha256 == policy().sha256.lower()


def test_equal_policies_have_one_digest_and_others_another(agents: Path) -> None:
    """A threshold that differs is another policy, and so is another byte in the registry's file."""
    one = Policy(0.7, AgentRegistry.load(agents))
    assert Policy(0.7, AgentRegistry.load(agents)).sha256 == one.sha256
    assert Policy(0.7000001, AgentRegistry.load(agents)).sha256 != one.sha256
    agents.write_bytes(agents.read_bytes() + b"\n")
    assert Policy(0.7, AgentRegistry.load(agents)).sha256 != one.sha256


def test_a_policys_documents_are_itself_and_its_registry(agents: Path) -> None:
    """Each with its digest; the registry is the file's bytes, not what was read from them."""
    of_file = Policy(0.7, AgentRegistry.load(agents))
    assert of_file.documents == (
        (of_file.sha256, of_file.content),
        (sha256(agents.read_bytes()), agents.read_bytes()),
    )


def test_a_registry_can_be_read_again_from_what_the_trail_keeps() -> None:
    """So that a dispatch can be judged again when the file is long gone."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text())
    kept = trail.document(policy().registry.sha256)
    assert kept is not None
    assert AgentRegistry(kept, "kept").agents == policy().registry.agents


def test_the_trail_keeps_the_policy_with_the_dispatch(
    agents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its first event on: the document, the policy and the registry, by their digests."""
    monkeypatch.setenv("BENSON_REGISTRY", str(agents))
    monkeypatch.setenv("BENSON_QUALITY_THRESHOLD", "0.5")
    in_force = Policy.of(Settings.load())
    trail = MemoryTrail()
    content = text()
    engine(trail).execute_pac(content)
    for kept in (content, in_force.content, agents.read_bytes()):
        assert trail.document(sha256(kept)) == kept


def test_the_header_names_everything_that_was_in_force(
    agents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document, the PAC and the result in it, policy, registry and program, by digests."""
    monkeypatch.setenv("BENSON_REGISTRY", str(agents))
    monkeypatch.setenv("BENSON_QUALITY_THRESHOLD", "0.5")
    trail = MemoryTrail()
    content = text()
    outcome = engine(trail).execute_pac(content)
    header = header_of(trail, outcome.dispatch_id)
    assert header.document_sha256 == sha256(content)
    provenance = header.provenance
    assert provenance.pac_sha256 == sha256(json.dumps(DAN["pac"]).encode())
    assert provenance.result_sha256 == sha256(json.dumps(DAN["execution_result"]).encode())
    written = {
        "quality_threshold": 0.5,
        "agent_registry_sha256": sha256(agents.read_bytes()),
        "human_review": {"mode": "never", "score": None, "agents": []},
    }
    assert provenance.policy_sha256 == sha256(json.dumps(written, separators=(",", ":")).encode())
    assert provenance.registry_sha256 == sha256(agents.read_bytes())
    assert provenance.benson_version == __version__


def test_the_header_has_the_dispatchs_ids() -> None:
    """The trail's, the run's, the PAC's, and the dispatch's own."""
    trail = MemoryTrail()
    outcome = engine(trail).execute_pac(text())
    header = header_of(trail, outcome.dispatch_id)
    head = trail.head()
    assert head is not None
    assert header.trail_id == head.trail_id
    assert header.dispatch_id == f"{header.run_id}-{header.number}" == outcome.dispatch_id
    assert (header.number, header.pac_id) == (1, DAN["pac"]["pac_id"])


def test_a_result_that_was_not_handed_over_has_no_digest() -> None:
    """One that is null has: it was handed over."""
    trail = MemoryTrail()
    judge = engine(trail)
    absent = judge.execute_pac({"pac": pac()})
    null = judge.execute_pac({"pac": pac(), "execution_result": None})
    digests = [
        header_of(trail, outcome.dispatch_id).provenance.result_sha256 for outcome in (absent, null)
    ]
    assert digests == [None, sha256(b"null")]


def test_one_pac_has_one_digest_in_every_dispatch() -> None:
    """Whatever result came with it; so it can be told that the work order never changed."""
    trail = MemoryTrail()
    judge = engine(trail)
    outcomes = [judge.execute_pac(text(execution_result=result(notes=n))) for n in ("a", "b")]
    one, other = (header_of(trail, outcome.dispatch_id) for outcome in outcomes)
    assert one.provenance.pac_sha256 == other.provenance.pac_sha256 is not None
    assert one.provenance.result_sha256 != other.provenance.result_sha256
    assert one.document_sha256 != other.document_sha256
