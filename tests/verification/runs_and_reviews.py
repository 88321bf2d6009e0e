"""Artifacts of dispatches whose agent Benson ran, or that a person answered: one of each."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from benson_execution import MemoryTrail
from benson_execution.artifact import build_artifact
from benson_execution.dispatch import Dispatch
from benson_execution.document import NoResult
from benson_execution.events import DispatchStatus
from benson_execution.evidence import Evidence
from benson_execution.phases.human_review import ReviewAnswer
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.proof.heads import TrustedKeys
from benson_execution.verification.artifact import verify_artifact
from benson_execution.verification.findings import Kind
from tests.library.helpers import result, text
from tests.library.walks import (
    APPROVAL,
    RESULT,
    answer,
    ran,
    review_policy,
    run_by,
    waiting,
)

Artifact = dict[str, Any]
DIGEST: Final = hashlib.sha256(RESULT).hexdigest()
NOBODY: Final = run_by(agent_gid="GID-99", agent_name="Nobody")


class Made:
    """A dispatch's artifact, and the key that its head is signed by."""

    def __init__(self, make: Callable[[MemoryTrail], Dispatch]) -> None:
        trail = MemoryTrail()
        self.dispatch = make(trail)
        self.keys = TrustedKeys([trail.signing_key.public])
        dispatch_id = self.dispatch.ref.dispatch_id
        evidence = Evidence.of(trail, dispatch_id, duration_estimated=False)
        self.artifact: Artifact = json.loads(json.dumps(build_artifact(evidence)))

    def told(self, change: Callable[[Artifact], Any] | None = None) -> list[tuple[Kind, str]]:
        """What is found, after this change."""
        changed = copy.deepcopy(self.artifact)
        if change is not None:
            change(changed)
        assert change is None or changed != self.artifact, "nothing was changed"
        return [(f.kind, f.message) for f in verify_artifact(changed, self.keys).findings]


def _answered(given: ReviewAnswer, **in_force: Any) -> Callable[[MemoryTrail], Dispatch]:
    def make(trail: MemoryTrail) -> Dispatch:
        dispatch = waiting(trail, text(execution_result=result(quality_score=0.9)))
        answer(dispatch, given, review_policy(**in_force))
        return dispatch

    return make


def _unanswered(trail: MemoryTrail) -> Dispatch:
    dispatch = waiting(trail)
    Dispatch.close(dispatch, WrapVerdict(False, DispatchStatus.FAILED))
    return dispatch


def _ran_and_approved(trail: MemoryTrail) -> Dispatch:
    dispatch = ran(trail, in_force=review_policy())
    answer(dispatch)
    return dispatch


KINDS: Final[dict[str, Callable[[MemoryTrail], Dispatch]]] = {
    "approved": _answered(APPROVAL),
    "rejected": _answered(ReviewAnswer(False, "Ada", "no tests")),
    "no reviewer": _answered(ReviewAnswer(True, "Mallory", "")),
    "stricter": _answered(APPROVAL, threshold=1.0, reviewers=("Ada",)),
    "unanswered": _unanswered,
    "ran": ran,
    "handed nothing over": lambda trail: ran(trail, NoResult("it exited with 3")),
    "handed over what is refused": lambda trail: ran(trail, b"[1]"),
    "not activated": lambda trail: ran(trail, content=NOBODY),
    "ran and approved": _ran_and_approved,
}


@functools.cache
def all_made() -> dict[str, Made]:
    """One of every kind."""
    return {name: Made(make) for name, make in KINDS.items()}
