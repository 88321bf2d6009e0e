"""What the tests of attestations share: dispatches, their envelopes, and in-toto's own reading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from benson_execution import MemoryTrail
from benson_execution.interchange.attestation import Attestation, attest, proved
from benson_execution.interchange.delivered import Folder
from benson_execution.interchange.envelope import sign
from benson_execution.proof.keys import PublicKey

GATES: Final = [
    "CP-01 AGENT_ACTIVATION_VALIDATION",
    "CP-02 SCOPE_COMPLIANCE_VALIDATION",
    "CP-03 QUALITY_SCORE_VALIDATION",
    "CP-04 TASK_COMPLETION_VALIDATION",
]
CLOSING: Final = ["WRAP_GENERATION", "PAC_DISPATCH_END"]
ALL: Final = [*GATES, "SCHEMA_VALIDATION", "BER_GENERATION_DECISION", *CLOSING]
"""The tests of a dispatch that nobody had to review, in order."""


def attested(
    trail: MemoryTrail, dispatch_id: str, pac_id: str, folder: Folder | None = None
) -> tuple[Attestation, bytes]:
    """A dispatch's attestation, and its envelope as it is written."""
    key = trail.signing_key
    evidence = proved(trail, dispatch_id, pac_id, [key.public])
    attestation = attest(evidence, folder)
    return attestation, sign(attestation.statement, key)


def opened_by_others(envelope: bytes, public: PublicKey) -> dict[str, Any]:
    """The statement, as `securesystemslib` alone verifies it, from the key's PEM and nothing else.

    Then in-toto's own classes read and validate it; what they read is the same, to the last member.
    """
    raw = Ed25519PublicKey.from_public_bytes(public.raw)
    key = SSlibKey.from_crypto(raw, keyid=hashlib.sha256(public.raw).hexdigest())
    read = Envelope.from_dict(json.loads(envelope))
    assert read.payload_type == "application/vnd.in-toto+json"
    assert read.verify([key], 1) == {key.keyid: key}
    return validated(json.loads(read.payload))


def validated(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement, once in-toto's classes have found nothing wrong with it."""
    parsed = json_format.ParseDict(
        {"type" if name == "_type" else name: value for name, value in statement.items()},
        statement_pb2.Statement(),
    )
    Statement.copy_from_pb(parsed).validate()
    assert parsed.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    predicate = json_format.ParseDict(
        statement["predicate"],
        test_result_pb2.TestResult(),
    )
    again = json_format.MessageToDict(predicate, always_print_fields_with_no_presence=True)
    for name in ("result", "passedTests", "warnedTests", "failedTests"):
        assert again[name] == statement["predicate"][name]
    assert [dict(one.digest) for one in parsed.subject] == [
        one["digest"] for one in statement["subject"]
    ]
    return dict(statement)
