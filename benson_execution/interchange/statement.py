"""A dispatch as an in-toto Statement: its judgements are the tests, its result is the subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benson_execution.agent_run.recorded import run_end
from benson_execution.errors import NotVerified, TrailIncomplete
from benson_execution.events import DispatchStatus, EventType
from benson_execution.evidence import Evidence
from benson_execution.interchange.judgements import judgements
from benson_execution.proof.merkle import leaf_hash

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://in-toto.io/attestation/test-result/v0.1"
RESULT_NAME: Final = "/execution_result"
DOCUMENT_NAME: Final = "/"
"""The names of subjects that are no files: JSON Pointers, so that no clean path is like them."""

_PASSED: Final = "PASSED"
_FAILED: Final = "FAILED"
_RESULTS: Final = (_PASSED, "WARNED", _FAILED)


def statement_of(
    evidence: Evidence, files: Mapping[str, str], unread: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The statement of a closed dispatch; the same evidence and files make the same statement.

    `files` are the SHA-256 of delivered files by their paths; `unread` says for each reason which
    paths have none. Raises `TrailIncomplete` when nothing of it has a digest.
    """
    header, events = evidence.header, [e.event for e in evidence.events]
    provenance = header.provenance
    ran = run_end(events)
    judged = judgements(events)
    result_sha256 = provenance.result_sha256 or (None if ran is None else ran.result_sha256)
    first = _judged(result_sha256, header.document_sha256)
    end = next(e.data for e in events if e.event_type == EventType.PAC_DISPATCH_END)
    used = {
        "document": header.document_sha256,
        "pac": provenance.pac_sha256,
        "policy": provenance.policy_sha256,
        "registry": provenance.registry_sha256,
    }
    version = provenance.benson_version
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {
                **first,
                "annotations": {
                    "trail_id": header.trail_id,
                    "dispatch_id": header.dispatch_id,
                    "pac_id": header.pac_id,
                    "leaf_index": evidence.proof.leaf_index,
                    "leaf_hash": leaf_hash(evidence.proof.entry).hex(),
                    "files_not_read": {why: list(paths) for why, paths in unread.items()},
                },
            },
            *({"name": path, "digest": {"sha256": digest}} for path, digest in files.items()),
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            # A gate knows two verdicts, so that nothing is ever warned of.
            "result": _PASSED if end.status == DispatchStatus.COMPLETED else _FAILED,
            "configuration": [
                *(
                    {"name": name, "digest": {"sha256": digest}}
                    for name, digest in used.items()
                    if digest is not None
                ),
                *([{"name": "benson", "annotations": {"version": version}}] if version else []),
            ],
            "passedTests": [one.name for one in judged if one.passed],
            "warnedTests": [],
            "failedTests": [one.name for one in judged if one.passed is False],
        },
    }


def _judged(result: str | None, document: str | None) -> dict[str, Any]:
    if result is not None:
        return {"name": RESULT_NAME, "digest": {"sha256": result}}
    if document is not None:
        return {"name": DOCUMENT_NAME, "digest": {"sha256": document}}
    raise TrailIncomplete(
        "there is nothing to attest: the dispatch has neither a result nor a document",
        "its beginning was lost; `benson show` tells its story",
    )


def require_statement(statement: Any) -> dict[str, Any]:
    """The statement, once it has the form of one of ours; `NotVerified` says what it has not."""
    for problem in _problems(statement):
        raise NotVerified(f"what is signed is no attestation of Benson's: {problem}")
    checked: dict[str, Any] = statement
    return checked


def _problems(statement: Any) -> Sequence[str]:
    if not isinstance(statement, dict) or set(statement) != _MEMBERS:
        return ["it is no in-toto Statement"]
    if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
        return ["it is of another type"]
    subjects, predicate = statement["subject"], statement["predicate"]
    if not isinstance(subjects, list) or not subjects or not all(map(_is_subject, subjects)):
        return ["its subject is none"]
    if len({one["name"] for one in subjects}) != len(subjects):
        return ["it has a subject twice"]
    about = subjects[0].get("annotations")
    if not isinstance(about, dict) or not all(type(about.get(n)) is str for n in _ABOUT):
        return ["it does not say what it is about"]
    if not isinstance(predicate, dict) or predicate.get("result") not in _RESULTS:
        return ["it has no result"]
    if not all(_are_texts(predicate.get(name)) for name in _TESTS):
        return ["its tests are none"]
    if (predicate["result"] == _FAILED) is not bool(predicate["failedTests"]):
        return ["its result and its tests contradict one another"]
    return []


def _is_subject(one: Any) -> bool:
    if not isinstance(one, dict) or type(one.get("name")) is not str:
        return False
    digest = one.get("digest")
    return isinstance(digest, dict) and type(digest.get("sha256")) is str


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(type(one) is str for one in value)


_MEMBERS: Final = {"_type", "subject", "predicateType", "predicate"}
_ABOUT: Final = ("trail_id", "dispatch_id", "pac_id")
_TESTS: Final = ("passedTests", "warnedTests", "failedTests")
