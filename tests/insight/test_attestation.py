"""Attestations: what they say, that others' libraries verify them, and that no changed one is."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.dispatch import Dispatch
from benson_execution.errors import BadInput, BensonError, NotVerified, TrailIncomplete
from benson_execution.interchange.attestation import key_in_force, proved
from benson_execution.interchange.envelope import sign, verify
from benson_execution.interchange.statement import statement_of
from benson_execution.phases.human_review import ReviewAnswer
from benson_execution.proof.keyring import GivenKey
from benson_execution.proof.keys import SigningKey
from tests.insight.attesting import ALL, CLOSING, GATES, attested, opened_by_others, validated
from tests.library.helpers import READABLE, dan, result, text
from tests.library.walks import RESULT, answer, ran, review_policy, waiting


def judged(*contents: bytes) -> tuple[MemoryTrail, list[tuple[str, str]]]:
    """A trail of these documents, and each dispatch's id with its PAC's."""
    trail = MemoryTrail()
    engine = BensonExecutionEngine(enable_telemetry=False, trail=trail)
    found = [engine.execute_pac(one) for one in contents]
    return trail, [(one.dispatch_id, one.pac_id) for one in found]


@pytest.fixture(scope="module")
def signed() -> tuple[bytes, SigningKey]:
    """An envelope, and the key that signed it."""
    trail, (one,) = judged(text())
    return attested(trail, *one)[1], trail.signing_key


def test_a_completed_dispatch_passed_all_its_tests() -> None:
    content = text()
    trail, (one,) = judged(content)
    attestation, envelope = attested(trail, *one)
    statement = opened_by_others(envelope, trail.signing_key.public)
    assert statement == json.loads(orjson.dumps(attestation.statement))
    predicate = statement["predicate"]
    assert (predicate["result"], predicate["failedTests"]) == ("PASSED", [])
    assert predicate["passedTests"] == ALL
    used = {c["name"]: c.get("digest", {}).get("sha256") for c in predicate["configuration"]}
    assert used["document"] == hashlib.sha256(content).hexdigest()
    assert hashlib.sha256(trail.document(used["policy"]) or b"").hexdigest() == used["policy"]
    assert hashlib.sha256(trail.document(used["registry"]) or b"").hexdigest() == used["registry"]
    assert set(used) == {"document", "pac", "policy", "registry", "benson"}


def test_the_subject_is_the_result_to_the_letter() -> None:
    """The bytes between the braces in the document, with the blanks that were in them."""
    made = dan()
    own = json.dumps(made["execution_result"], indent=3).encode()
    content = (
        b'{"pac": ' + json.dumps(made["pac"]).encode() + b', "execution_result": ' + own + b"}"
    )
    trail, (one,) = judged(content)
    _, envelope = attested(trail, *one)
    first = opened_by_others(envelope, trail.signing_key.public)["subject"][0]
    assert first["name"] == "/execution_result"
    assert first["digest"] == {"sha256": hashlib.sha256(own).hexdigest()}
    assert (first["annotations"]["dispatch_id"], first["annotations"]["pac_id"]) == one


def test_the_subject_of_an_agent_that_was_run_is_what_it_handed_over() -> None:
    trail = MemoryTrail()
    ref = ran(trail).ref
    _, envelope = attested(trail, ref.dispatch_id, ref.pac_id)
    statement = opened_by_others(envelope, trail.signing_key.public)
    assert statement["subject"][0]["digest"]["sha256"] == hashlib.sha256(RESULT).hexdigest()


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.stem)
def test_every_example_is_attested_as_it_was_judged(path: Any) -> None:
    """An oracle of its own: the tests that failed are counted from the plain events."""
    trail, (one,) = judged(path.read_bytes())
    events = [json.loads(s.event.json) for s in trail.events(dispatch_id=one[0])]
    failed = [
        f"{e['data']['checkpoint_id']} {e['data']['checkpoint_name']}"
        for e in events
        if e["event_type"] == "CHECKPOINT" and e["data"]["status"] == "FAIL"
    ]
    by_type = {e["event_type"]: e["data"] for e in events}
    failed += ["SCHEMA_VALIDATION"] * (not by_type["SCHEMA_VALIDATION"]["valid"])
    completed = by_type["PAC_DISPATCH_END"]["status"] == "COMPLETED"
    failed += [] if completed else ["BER_GENERATION_DECISION", *CLOSING]
    _, envelope = attested(trail, *one)
    predicate = opened_by_others(envelope, trail.signing_key.public)["predicate"]
    assert predicate["result"] == ("PASSED" if completed else "FAILED")
    assert predicate["failedTests"] == failed
    assert predicate["passedTests"] == [name for name in ALL if name not in failed]


def _reviewed(approved: bool, reviewer: str = "Ada") -> Callable[[MemoryTrail], Dispatch]:
    def make(trail: MemoryTrail) -> Dispatch:
        dispatch = waiting(trail)
        answer(dispatch, ReviewAnswer(approved, reviewer, "read it"))
        return dispatch

    return make


@pytest.mark.parametrize(
    ("make", "wanted", "failed"),
    [
        (_reviewed(True), "PASSED", []),
        (_reviewed(False), "FAILED", ["HUMAN_REVIEW", *CLOSING]),
        (_reviewed(True, "Nobody"), "FAILED", ["HUMAN_REVIEW", *CLOSING]),
    ],
    ids=["approved", "rejected", "not entitled"],
)
def test_a_review_is_a_test(
    make: Callable[[MemoryTrail], Dispatch], wanted: str, failed: list[str]
) -> None:
    trail = MemoryTrail()
    ref = make(trail).ref
    _, envelope = attested(trail, ref.dispatch_id, ref.pac_id)
    predicate = opened_by_others(envelope, trail.signing_key.public)["predicate"]
    assert (predicate["result"], predicate["failedTests"]) == (wanted, failed)
    assert {"HUMAN_REVIEW", "POLICY_RECHECK"} <= {*predicate["passedTests"], *failed}


def test_a_policy_that_became_stricter_is_a_failed_test() -> None:
    trail = MemoryTrail()
    dispatch = waiting(trail, text(execution_result=result(quality_score=0.9)))
    answer(dispatch, in_force=review_policy(threshold=0.95))
    _, envelope = attested(trail, dispatch.ref.dispatch_id, dispatch.ref.pac_id)
    predicate = opened_by_others(envelope, trail.signing_key.public)["predicate"]
    assert "POLICY_RECHECK" in predicate["failedTests"]


def test_what_was_not_judged_neither_passed_nor_failed() -> None:
    """An interrupted dispatch failed as a whole; its gates say nothing."""
    trail = MemoryTrail()
    dispatch = waiting(trail, text())
    interrupted = Dispatch.of("run", dispatch.document, dispatch.policy, trail)
    interrupted.begin()
    interrupted.fail()
    _, envelope = attested(trail, interrupted.ref.dispatch_id, interrupted.ref.pac_id)
    predicate = opened_by_others(envelope, trail.signing_key.public)["predicate"]
    assert predicate["result"] == "FAILED"
    assert (predicate["passedTests"], predicate["failedTests"]) == ([], ["PAC_DISPATCH_END"])
    assert not set(GATES) & {*predicate["passedTests"], *predicate["failedTests"]}


def test_an_open_dispatch_has_no_attestation() -> None:
    trail = MemoryTrail()
    ref = waiting(trail).ref
    with pytest.raises(TrailIncomplete, match="still open"):
        proved(trail, ref.dispatch_id, ref.pac_id, [trail.signing_key.public])


def test_a_key_that_nobody_trusts_attests_nothing() -> None:
    trail, ((dispatch_id, pac_id),) = judged(text())
    with pytest.raises(NotVerified, match="not trusted"):
        proved(trail, dispatch_id, pac_id, [SigningKey.generate().public])


def test_only_the_key_in_force_signs() -> None:
    """After a rotation that is the new one; the old one's heads are still believed."""
    trail, ((dispatch_id, pac_id),) = judged(text())
    old, new = trail.signing_key, SigningKey.generate()
    trail.rotate(new)
    evidence = proved(trail, dispatch_id, pac_id, [old.public])
    assert key_in_force(evidence, GivenKey(new, "new.pem")) is new
    with pytest.raises(BadInput, match="signing key is not on this machine"):
        key_in_force(evidence, GivenKey(old, "old.pem"))


def test_attesting_again_gives_the_same_bytes() -> None:
    trail, (one,) = judged(text())
    assert attested(trail, *one)[1] == attested(trail, *one)[1]


def test_our_own_verification_agrees(signed: tuple[bytes, SigningKey]) -> None:
    envelope, key = signed
    statement, key_id = verify(envelope, [SigningKey.generate().public, key.public])
    assert key_id == key.key_id
    assert statement == opened_by_others(envelope, key.public)


@given(at=st.integers(min_value=0), byte=st.integers(0, 255))
def test_no_changed_byte_is_verified(signed: tuple[bytes, SigningKey], at: int, byte: int) -> None:
    """Whichever byte becomes whatever other: what is still the same JSON value is the same."""
    envelope, key = signed
    at %= len(envelope)
    changed = envelope[:at] + bytes([byte]) + envelope[at + 1 :]
    try:
        is_same = json.loads(changed) == json.loads(envelope)
    except ValueError:
        is_same = False
    if is_same:  # a blank at its end, say
        assert verify(changed, [key.public]) == verify(envelope, [key.public])
        return
    with pytest.raises((NotVerified, BadInput)):
        verify(changed, [key.public])


@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_changed_bit_of_what_is_signed_is_verified_by_others(
    signed: tuple[bytes, SigningKey], at: int, bit: int
) -> None:
    """The payload and the signature themselves, for those who use `securesystemslib` alone."""
    envelope, key = signed
    for member in ("payload", "sig"):
        given_ = json.loads(envelope)
        holder = given_ if member == "payload" else given_["signatures"][0]
        content = bytearray(base64.b64decode(holder[member]))
        content[at % len(content)] ^= 1 << bit
        holder[member] = base64.b64encode(bytes(content)).decode()
        with pytest.raises(Exception, match="threshold"):
            opened_by_others(json.dumps(given_).encode(), key.public)


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another member": lambda e: e.update(more=1),
    "another payload type": lambda e: e.update(payloadType="text/plain"),
    "no signature": lambda e: e.update(signatures=[]),
    "a signature twice": lambda e: e["signatures"].append(dict(e["signatures"][0])),
    "another key's name": lambda e: e["signatures"][0].update(keyid="0" * 64),
    "no key's name": lambda e: e["signatures"][0].pop("keyid"),
    "a signature that is no text": lambda e: e["signatures"][0].update(sig=1),
    "no list of signatures": lambda e: e.update(signatures=7),
    "no payload": lambda e: e.pop("payload"),
    "a payload that is no base64": lambda e: e.update(payload="\u00e9"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_no_changed_envelope_is_verified(
    signed: tuple[bytes, SigningKey], change: Callable[[dict[str, Any]], Any]
) -> None:
    envelope, key = signed
    changed = json.loads(envelope)
    change(changed)
    with pytest.raises((NotVerified, BadInput)):
        verify(json.dumps(changed).encode(), [key.public])


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"payload": 1, "payload": 2}', b"1" * 5000]
)
def test_what_is_no_envelope_is_told_as_such(content: bytes) -> None:
    with pytest.raises(BensonError):
        verify(content, [SigningKey.generate().public])


STATEMENTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another type": lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"),
    "another predicate": lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"),
    "no subject": lambda s: s.update(subject=[]),
    "a subject without a digest": lambda s: s["subject"][0].pop("digest"),
    "a subject twice": lambda s: s["subject"].append(s["subject"][0]),
    "about nothing": lambda s: s["subject"][0].pop("annotations"),
    "no result": lambda s: s["predicate"].pop("result"),
    "another result": lambda s: s["predicate"].update(result="MAYBE"),
    "passed with a failed test": lambda s: s["predicate"]["failedTests"].append("CP-01"),
    "failed without one": lambda s: s["predicate"].update(result="FAILED"),
    "tests that are none": lambda s: s["predicate"].update(passedTests="CP-01"),
}


@pytest.mark.parametrize("change", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_another_statement_of_the_same_key_is_no_attestation(
    signed: tuple[bytes, SigningKey], change: Callable[[dict[str, Any]], Any]
) -> None:
    """Whatever else that key may have signed."""
    envelope, key = signed
    statement, _ = verify(envelope, [key.public])
    change(statement)
    with pytest.raises(NotVerified, match="no attestation of Benson's"):
        verify(sign(statement, key), [key.public])


def test_names_and_reasons_of_any_kind_are_still_a_statement() -> None:
    """Text as hostile as may stand in a record."""
    trail, ((dispatch_id, pac_id),) = judged(text())
    evidence = proved(trail, dispatch_id, pac_id, [trail.signing_key.public])
    unread = {"it is\u202e no path": ["\x1b[2J", "../../etc/passwd", "a" * 5000]}
    statement = statement_of(evidence, {"src/ü 🟩.py": "0" * 64}, unread)
    validated(json.loads(orjson.dumps(statement)))
    assert verify(sign(statement, trail.signing_key), [trail.signing_key.public])[0] == statement
