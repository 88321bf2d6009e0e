"""Artifacts that are spoilt in one place: all that is found, in full.

`test_told.py` does so for the files in `tests/assets/tampered`; here are the changes that need a
key, a rotation, or an artifact of another kind than those.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from benson_execution import Event
from benson_execution.evidence import sha256
from benson_execution.limits import MAX_DOCUMENT_BYTES
from benson_execution.proof.heads import Head, Rotation, TrustedKeys
from benson_execution.proof.keys import SigningKey
from benson_execution.verification import artifact as artifact_module
from benson_execution.verification.artifact import Verdict, verify_artifact
from benson_execution.verification.findings import Finding, Kind

from .by_hand import judge_bytes
from .honest import Honest, judge, make_trail

Artifact = dict[str, Any]
Told = list[tuple[Kind, str, int | None]]
ESTIMATED = "/dispatch/duration_estimated"


class Made(NamedTuple):
    """A trail with artifacts in it, by the beginnings of their PACs' ids."""

    honest: Honest

    def artifact(self, pac: str) -> Artifact:
        folder = self.honest.path.parent / "artifacts"
        (path,) = folder.glob(f"{pac}*/*.json")
        read: Artifact = json.loads(path.read_bytes())
        return read

    def verdict(self, artifact: Any) -> Verdict:
        return verify_artifact(artifact, TrustedKeys([self.honest.ring.keys[0].public]))

    def told(self, artifact: Any, *without: Kind) -> Told:
        found = self.verdict(artifact).findings
        return [(f.kind, f.message, f.sequence) for f in found if f.kind not in without]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three dispatches; behind the second one, the trail is handed over to another key."""
    path = tmp_path_factory.mktemp("in-full") / "trail.db"
    honest = make_trail(path)
    new = SigningKey.generate()
    with honest.opened() as trail:
        trail.rotate(new)
        honest.ring.keys.append(new)
        judge(trail, path, "PAC-ATLAS-P41")
    return Made(honest)


@pytest.fixture
def alex(made: Made) -> Artifact:
    """A completed dispatch's artifact."""
    return made.artifact("PAC-ALEX-P36")


@pytest.fixture
def atlas(made: Made) -> Artifact:
    """One that was signed by the second key."""
    return made.artifact("PAC-ATLAS-P41")


def test_the_artifacts_are_honest(made: Made, alex: Artifact, atlas: Artifact) -> None:
    """Also the one whose key is trusted by a rotation only; and what is unproven is named."""
    assert made.verdict(alex) == ([], [ESTIMATED])
    assert len(atlas["proof"]["rotations"]) == 1
    assert made.verdict(atlas) == ([], [ESTIMATED])


@pytest.mark.parametrize("value", [None, 5, "text", [], ["proof"]])
def test_what_is_no_object_is_no_artifact(made: Made, value: Any) -> None:
    told = Finding(Kind.EVIDENCE_ALTERED, "it is no object")
    assert made.verdict(value) == ([told], [])


@pytest.mark.parametrize("value", [{}, {"proof": {}}, {"proof": None}])
def test_an_artifact_without_evidence_proves_nothing(made: Made, value: Any) -> None:
    findings, unproven = made.verdict(value)
    assert [(f.kind, f.dispatch_id) for f in findings] == [(Kind.EVIDENCE_ALTERED, None)]
    assert findings[0].message.startswith("it has no evidence that can be read: not the proof")
    assert unproven == []


def test_each_finding_has_its_dispatch(made: Made, alex: Artifact) -> None:
    alex["dispatch"]["status"] = "FAILED"
    (found,) = made.verdict(alex).findings
    assert found.dispatch_id == alex["dispatch"]["dispatch_id"]
    assert found.message == "/dispatch/status is 'FAILED', and the evidence says 'COMPLETED'"


def test_a_rotation_of_another_trail_counts_for_nothing(made: Made, atlas: Artifact) -> None:
    """However it is signed."""
    key, new = made.honest.ring.keys[0], SigningKey.generate()
    foreign = Rotation.sign(key, new, Head.first(key, "f" * 32)).note.decode()
    atlas["proof"]["rotations"].insert(0, foreign)
    told = "rotation 1 is not signed by a trusted key that was in force"
    assert made.told(atlas) == [(Kind.HEAD_UNTRUSTED, told, None)]


def test_rotations_are_told_by_their_numbers(made: Made, atlas: Artifact) -> None:
    own = SigningKey.generate()
    forged = Rotation.sign(own, own, Head.parse(atlas["proof"]["head"].encode())).note.decode()
    atlas["proof"]["rotations"].append(forged)
    told = "rotation 2 is not signed by a trusted key that was in force"
    assert made.told(atlas) == [(Kind.HEAD_UNTRUSTED, told, None)]


def _signed_anew(atlas: Artifact, key: SigningKey, trail_id: str | None = None) -> Head:
    head = Head.parse(atlas["proof"]["head"].encode())
    forged = Head.sign(key, trail_id or head.trail_id, head.size, head.root)
    atlas["proof"]["head"] = forged.note.decode()
    return forged


def test_a_trusted_key_that_was_not_in_force_signs_no_head(made: Made, atlas: Artifact) -> None:
    other, second = SigningKey.generate(), made.honest.ring.keys[1]
    head = _signed_anew(atlas, other)
    trusted = TrustedKeys([made.honest.ring.keys[0].public, other.public])
    (found,) = verify_artifact(atlas, trusted).findings
    told = f"the head is signed by {head.key_id}, while {second.key_id} was in force"
    assert (found.kind, found.message) == (Kind.HEAD_UNTRUSTED, told)


def test_a_rotation_behind_the_head_changes_nothing_for_it(made: Made, alex: Artifact) -> None:
    """The old key signed the head that the new one took over."""
    key, new = made.honest.ring.keys[0], SigningKey.generate()
    head = Head.parse(alex["proof"]["head"].encode())
    alex["proof"]["rotations"] = [Rotation.sign(key, new, head).note.decode()]
    assert made.told(alex) == []


def test_a_head_of_another_trail_is_told_with_both(made: Made, alex: Artifact) -> None:
    own = alex["dispatch"]["trail_id"]
    _signed_anew(alex, made.honest.ring.keys[0], "f" * 32)
    told = f"the head is the trail {'f' * 32}'s, and the dispatch {own}'s"
    assert made.told(alex) == [(Kind.FOREIGN_DISPATCH, told, None)]


def test_a_key_that_is_not_its_events_is_told_with_its_number(made: Made, alex: Artifact) -> None:
    """Even where the key is what the hash was made with."""
    alex["proof"]["events"][3]["key"] = "CHECKPOINT:CP-04"
    assert made.told(alex, Kind.ARTIFACT_ALTERED) == [
        (Kind.EVENT_ALTERED, "event 4 ('CHECKPOINT') has the key 'CHECKPOINT:CP-04'", 4),
        (
            Kind.EVENT_ALTERED,
            "the events are not those that its entry in the log commits to",
            None,
        ),
    ]


def test_an_event_of_the_agents_may_have_any_key(made: Made, alex: Artifact) -> None:
    """It is only not the one that was recorded; and there is one more than was."""
    event = Event.create("NOTE", {"content": "x"}).json.decode()
    alex["proof"]["events"].insert(1, {"position": 2, "key": "any", "json": event})
    told = "12 events are there, and 11 were recorded"
    assert made.told(alex, Kind.ARTIFACT_ALTERED) == [(Kind.EVENT_INSERTED, told, None)]


def test_a_dispatch_ends_once(made: Made, alex: Artifact) -> None:
    alex["proof"]["events"].append(alex["proof"]["events"][-1])
    assert made.told(alex, Kind.ARTIFACT_ALTERED, Kind.EVIDENCE_ALTERED) == [
        (Kind.EVENT_INSERTED, "12 events are there, and 11 were recorded", None),
        (Kind.DISPATCH_CUT_OFF, "it has 2 ends", None),
    ]


def test_evidence_from_which_no_artifact_follows_is_told(made: Made, alex: Artifact) -> None:
    """Beside everything else that is wrong with it."""
    alex["proof"]["policy"] = "[]"
    told = "no artifact follows from it: a policy that is no object"
    assert made.told(alex) == [
        (Kind.DOCUMENT_ALTERED, "the policy is not the one that was judged", None),
        (Kind.EVIDENCE_ALTERED, told, None),
    ]


def test_a_document_of_any_size_is_read(made: Made, alex: Artifact) -> None:
    """It was judged where larger ones were allowed: its members are still those of the header."""
    alex["proof"]["document"] += " " * MAX_DOCUMENT_BYTES
    _with_header(alex, document_sha256=sha256(alex["proof"]["document"].encode()))
    assert Kind.DOCUMENT_ALTERED not in {kind for kind, *_ in made.told(alex)}


@pytest.mark.parametrize("what", ["document", "policy"])
def test_a_document_that_is_not_there_is_missed(made: Made, alex: Artifact, what: str) -> None:
    alex["proof"][what] = None
    assert made.told(alex, Kind.ARTIFACT_ALTERED) == [
        (Kind.DOCUMENT_MISSING, f"the {what} is not there", None)
    ]


@pytest.mark.parametrize("what", ["document", "policy"])
def test_a_document_that_is_another_one_was_changed(made: Made, alex: Artifact, what: str) -> None:
    alex["proof"][what] += " "
    assert made.told(alex, Kind.ARTIFACT_ALTERED) == [
        (Kind.DOCUMENT_ALTERED, f"the {what} is not the one that was judged", None)
    ]


def test_without_its_policy_the_threshold_is_unproven(made: Made, alex: Artifact) -> None:
    alex["proof"]["policy"] = None
    assert made.verdict(alex).unproven == [ESTIMATED, "/dispatch/policy/quality_threshold"]


def test_violations_in_another_versions_words_are_unproven(
    made: Made, alex: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither they nor anything in them is compared; what stands beside them is."""
    monkeypatch.setattr(artifact_module, "__version__", "0.0.0-other")
    alex["dispatch"]["violations"] = [{"said": "otherwise"}]
    assert made.verdict(alex) == ([], [ESTIMATED, "/dispatch/violations"])
    alex["dispatch"]["violations_of"] = 1
    told = "/dispatch/violations_of was added"
    assert made.told(alex) == [(Kind.ARTIFACT_ALTERED, told, None)]


def _with_header(alex: Artifact, **digests: str | None) -> None:
    """The artifact with other digests in its header, which its entry in the log then is not."""
    header, _, end = alex["proof"]["leaf"].partition("\n")
    members = json.loads(header) | digests
    alex["proof"]["leaf"] = json.dumps(members, separators=(",", ":")) + "\n" + end


def test_the_members_of_the_document_have_their_digests(made: Made, alex: Artifact) -> None:
    """A document that was judged, of which the header says other members."""
    _with_header(alex, pac_sha256="0" * 64, result_sha256=None)
    found = made.told(alex, Kind.ARTIFACT_ALTERED)
    assert [(kind, said) for kind, said, _ in found if kind is Kind.DOCUMENT_ALTERED] == [
        (Kind.DOCUMENT_ALTERED, f"the document's {name} does not have the digest in the header")
        for name in ("pac", "execution_result")
    ]


@pytest.mark.parametrize("document", ["nothing: [", "[]", '{"pac": 1, "pac": 2}', "{}"])
def test_a_document_that_is_none_has_no_members(made: Made, alex: Artifact, document: str) -> None:
    """Also one whose digest the header has: the trail is believed nothing."""
    alex["proof"]["document"] = document
    _with_header(alex, document_sha256=sha256(document.encode()))
    told = [said for kind, said, _ in made.told(alex) if kind is Kind.DOCUMENT_ALTERED]
    assert told == [
        f"the document's {name} does not have the digest in the header"
        for name in ("pac", "execution_result")
    ]


def test_a_document_without_a_result_has_no_digest_of_one(made: Made) -> None:
    """The header says so, and the document says so."""
    path = made.honest.path
    document = (Path(__file__).parents[2] / "examples" / "PAC-DAN-P44.json").read_bytes()
    pac = json.loads(document)["pac"] | {"pac_id": "PAC-NONE-P1-NOTHING-HANDED-OVER-01"}
    with made.honest.opened() as trail:
        judge_bytes(trail, path, json.dumps({"pac": pac}).encode())
    artifact = made.artifact("PAC-NONE-P1")
    assert made.verdict(artifact) == ([], [ESTIMATED])


CHANGED: list[tuple[Callable[[Artifact], Any], str]] = [
    (lambda a: a["report"].update({"a/b~c": 1}), "/report/a~1b~0c was added"),
    (
        lambda a: a["dispatch"].update(pac=[]),
        (
            "/dispatch/pac is [], and the evidence says {'pac_id': 'PAC-ALEX-P36-GOVERNANCE-"
            "MEASUREMENT-ENFORCEMENT-AND-AGENT-LEARNIN..."
        ),
    ),
    (
        lambda a: a["dispatch"].update(violations={}),
        "/dispatch/violations is {}, and the evidence says []",
    ),
    (
        lambda a: a["dispatch"].update(number="x" * 78),
        f"/dispatch/number is '{'x' * 78}', and the evidence says 1",
    ),
    (
        lambda a: a["dispatch"].update(number="x" * 79),
        f"/dispatch/number is '{'x' * 76}..., and the evidence says 1",
    ),
    (
        lambda a: a["dispatch"].update(number=True),
        "/dispatch/number is True, and the evidence says 1",
    ),
]


@pytest.mark.parametrize(("change", "told"), CHANGED)
def test_where_an_artifact_differs_is_told_in_full(
    made: Made, alex: Artifact, change: Callable[[Artifact], Any], told: str
) -> None:
    changed = copy.deepcopy(alex)
    change(changed)
    assert made.told(changed) == [(Kind.ARTIFACT_ALTERED, told, None)]


def test_a_finding_has_these_members_in_json() -> None:
    whole = Finding(Kind.EVENT_ALTERED, "it was changed", "d", 3)
    assert whole.to_dict() == {
        "kind": "event-altered",
        "message": "it was changed",
        "dispatch_id": "d",
        "sequence": 3,
    }
    bare = {"kind": "trail-empty", "message": "", "dispatch_id": None, "sequence": None}
    assert Finding(Kind.TRAIL_EMPTY, "").to_dict() == bare
    odd: Any = b"\xff"
    strange = Finding(Kind.WRAP_ALTERED, odd, odd).to_dict()
    assert (strange["message"], strange["dispatch_id"]) == ("b'\\xff'", "b'\\xff'")
    assert Finding(Kind.WRAP_ALTERED, "é\ud800").to_dict()["message"] == "é\\ud800"
