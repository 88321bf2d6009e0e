"""Attesting a dispatch: only what the log proves, by whoever holds the trail's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from benson_execution.artifact import build_artifact
from benson_execution.errors import (
    BadInput,
    InvalidSettings,
    NotVerified,
    TrailIncomplete,
    TrailUnavailable,
)
from benson_execution.evidence import Evidence
from benson_execution.interchange.delivered import Folder, Progress, Unread, digests, named_files
from benson_execution.interchange.statement import statement_of
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.keyring import Keyring
from benson_execution.proof.keys import PublicKey, SigningKey
from benson_execution.trail.port import Trail
from benson_execution.verification.artifact import verify_artifact

_UNREADABLE: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_CHANGED: Final = "`benson verify` says what was changed"


class Attestation(NamedTuple):
    """What is to be signed, and for each reason the files that are not in it."""

    statement: dict[str, Any]
    unread: Mapping[str, Sequence[str]]


def proved(trail: Trail, dispatch_id: str, pac_id: str, trusted: Sequence[PublicKey]) -> Evidence:
    """The evidence of a closed dispatch, once all of it leads to a head that a trusted key signed.

    Raises `TrailIncomplete` while it is open, `NotVerified` when anything of it was changed.
    """
    try:
        evidence = Evidence.of(trail, dispatch_id, duration_estimated=False)
    except TrailIncomplete:
        raise TrailIncomplete(
            f"dispatch {dispatch_id} is still open: there is nothing to attest yet",
            "attest it once it is closed, or name an earlier one with --dispatch",
        ) from None
    try:
        header = evidence.header
        found = verify_artifact(build_artifact(evidence), TrustedKeys(list(trusted))).findings
    except (BadInput, TrailUnavailable, *_UNREADABLE) as error:
        message = f"what the trail has of {dispatch_id} is no evidence: {error}"
        raise NotVerified(message, _CHANGED) from None
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        message = f"nothing is attested of {dispatch_id}: {found[0].message}{more}"
        raise NotVerified(message, _CHANGED)
    if (header.dispatch_id, header.pac_id) != (dispatch_id, pac_id):
        message = f"{dispatch_id} was recorded as {header.dispatch_id} of {header.pac_id}"
        raise NotVerified(message, _CHANGED)
    return evidence


def attest(
    evidence: Evidence, folder: Folder | None, progress: Progress = lambda _: None
) -> Attestation:
    """The statement of a dispatch, with the files that its agent names as they lie in a folder."""
    document = evidence.read_document()
    result = document.result if document is not None and document.has_result else None
    found, unread = digests(folder, named_files(result), progress)
    return Attestation(statement_of(evidence, found, unread), unread)


def key_in_force(evidence: Evidence, keyring: Keyring) -> SigningKey:
    """The key that signs the trail now; `InvalidSettings` when it is not on this machine."""
    rotations = evidence.proof.rotations
    rotation = rotations[-1] if rotations else None
    key_id = evidence.proof.head.key_id if rotation is None else rotation.new_key.key_id
    try:
        return keyring.key(key_id, rotation)
    except InvalidSettings as error:
        raise InvalidSettings(
            f"the trail's signing key is not on this machine: {error.message}",
            "attest where the trail is written, or name its key with BENSON_SIGNING_KEY",
        ) from None


def differing_files(
    statement: Mapping[str, Any], folder: Folder, progress: Progress = lambda _: None
) -> list[str]:
    """What is wrong with the files of a verified statement, as they lie in a folder now."""
    found = []
    for subject in statement["subject"]:
        name = subject["name"]
        if name.startswith("/"):
            continue  # the result, or the document: no file
        progress(name)
        try:
            if folder.sha256(name) != subject["digest"]["sha256"]:
                found.append(f"{name} is not the file that was attested")
        except Unread as why:
            found.append(f"{name} can't be compared: {why}")
    return found
