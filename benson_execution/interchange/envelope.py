"""The DSSE envelope of an attestation, signed and verified by `securesystemslib`.

The `keyid` of its signature is the id that this program gives the key everywhere: the SHA-256 of
its 32 bytes. It only says which key to try; what counts is the signature.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

import orjson
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, UnverifiedSignatureError, VerificationError

from benson_execution.errors import BadInput, NotVerified
from benson_execution.interchange.statement import require_statement
from benson_execution.proof.keys import PublicKey, SigningKey
from benson_execution.reading import read_json

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_MALFORMED: Final = (ValueError, TypeError, KeyError, AttributeError, FormatError)


def sign(statement: dict[str, Any], key: SigningKey) -> bytes:
    """The envelope as a line of JSON; the same statement and key make the same bytes."""
    envelope = Envelope(orjson.dumps(statement), PAYLOAD_TYPE, {})
    envelope.sign(key.dsse_signer())
    return orjson.dumps(envelope.to_dict()) + b"\n"


def verify(content: bytes, trusted: Sequence[PublicKey]) -> tuple[dict[str, Any], str]:
    """The statement in an envelope that a trusted key signed, and that key's id.

    Raises `BadInput` when there is no envelope in it, and `NotVerified`.
    """
    given = read_json(content)
    try:
        envelope = Envelope.from_dict(copy.deepcopy(given))
        is_whole = envelope.to_dict() == given
    except _MALFORMED:
        raise BadInput("it is no DSSE envelope") from None
    if not is_whole:
        # What is not signed, and what is written otherwise than it is read, vouches for nothing.
        raise NotVerified("the envelope has more in it than its signature covers")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise NotVerified("the envelope holds something else than an in-toto Statement")
    if not set(envelope.signatures) & {key.key_id for key in trusted}:
        raise NotVerified(
            "it is not signed by a key that is trusted here",
            "name public keys with --key or BENSON_TRUSTED_KEYS",
        )
    try:
        accepted = envelope.verify([key.dsse_key() for key in trusted], 1)
    except (VerificationError, UnverifiedSignatureError, *_MALFORMED):
        raise NotVerified("it does not have the signature of its key: it was changed") from None
    try:
        statement = read_json(envelope.payload)
    except BadInput as error:
        raise NotVerified(f"what is signed can't be read: {error.message}") from None
    return require_statement(statement), next(iter(accepted))
