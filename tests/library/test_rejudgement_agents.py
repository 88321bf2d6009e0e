"""Judged again where Benson ran the agent: by what it handed over, or by why it did not."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import pytest

from benson_execution import MemoryTrail
from benson_execution.document import NoResult
from benson_execution.rejudgement import Found

from .helpers import CANONICAL, engine, result, text
from .judged_again import again, altered, differing, found
from .walks import APPROVAL, RAN, RESULT, answer, ran, review_policy, run_by

NOBODY: Final = run_by(agent_gid="GID-99", agent_name="Nobody")
POOR: Final = json.dumps(result(quality_score=0.2)).encode()
EXITED: Final = NoResult("it exited with 3")
FROM_CP_02: Final = [
    "CHECKPOINT:CP-02",
    "CHECKPOINT:CP-03",
    "CHECKPOINT:CP-04",
    "SCHEMA_VALIDATION",
    "AGENT_EXECUTION_END",
    "BER_GENERATION_DECISION",
    "WRAP_GENERATION",
    "PAC_DISPATCH_END",
]


@pytest.mark.parametrize(
    ("handed_over", "content", "status"),
    [
        (RESULT, run_by(), "COMPLETED"),
        (RESULT, run_by({"deployment": "dan"}), "COMPLETED"),
        (POOR, run_by(), "BLOCKED"),
        (b"null", run_by(), "BLOCKED"),
        (b"[]", run_by(), "BLOCKED"),
        (json.dumps(result(wrap_id="W")).encode(), run_by(), "BLOCKED"),
        (EXITED, run_by(), "FAILED"),
        (NoResult("not started: no agent can be run by command dan"), run_by(), "FAILED"),
        (RESULT, NOBODY, "BLOCKED"),
    ],
)
def test_a_run_that_nobody_changed_is_judged_the_same(
    handed_over: bytes | NoResult, content: bytes, status: str
) -> None:
    """Whatever it handed over, or not; and where the agent was refused, and so never run."""
    trail = MemoryTrail()
    dispatch = ran(trail, handed_over, content)
    assert dispatch.events()[-1].data.status == status
    (judged,) = again(trail)
    assert judged.holds, judged.to_dict()
    assert found(judged, Found.SAME) == CANONICAL


def test_a_run_that_a_person_approved_is_judged_the_same() -> None:
    trail = MemoryTrail()
    dispatch = ran(trail, in_force=review_policy("always"))
    answer(dispatch, APPROVAL)
    (judged,) = again(trail)
    assert judged.holds, judged.to_dict()
    assert len(judged.verdicts) == 13


def test_a_second_run_of_a_pac_meets_the_wrap_of_the_first() -> None:
    trail = MemoryTrail()
    ran(trail)
    assert ran(trail).events()[-1].data.status == "BLOCKED"
    assert [one.holds for one in again(trail)] == [True, True]


@pytest.mark.parametrize("content", [run_by(), NOBODY])
def test_what_the_engine_judged_without_running_it_is_judged_the_same(content: bytes) -> None:
    """Failed for want of a result, or blocked because CP-01 refused the agent."""
    trail = MemoryTrail()
    engine(trail).execute_pac(content)
    (judged,) = again(trail)
    assert judged.holds, judged.to_dict()


def completed() -> MemoryTrail:
    trail = MemoryTrail()
    ran(trail)
    return trail


def test_another_result_is_told() -> None:
    """One that the trail keeps as well: its score would not have passed."""
    digest = hashlib.sha256(POOR).hexdigest()
    changed = altered(
        completed(), "AGENT_RUN_END", documents=[(digest, POOR)], result_sha256=digest
    )
    (judged,) = again(changed)
    assert list(differing(judged)) == [
        "CHECKPOINT:CP-03",
        "AGENT_EXECUTION_END",
        "BER_GENERATION_DECISION",
        "WRAP_GENERATION",
        "PAC_DISPATCH_END",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"without": {"AGENT_RUN_END"}},
        {
            "key": "AGENT_RUN_END",
            "answered": False,
            "cause": "it exited with 3",
            "result_sha256": None,
        },
    ],
)
def test_a_result_that_was_disowned_is_told(changes: dict[str, Any]) -> None:
    """What passed cannot have passed without one."""
    (judged,) = again(altered(completed(), **changes))
    assert list(differing(judged)) == FROM_CP_02


def test_a_result_that_was_foisted_on_an_agent_is_told() -> None:
    """It handed nothing over, and now it is said that it did."""
    trail = MemoryTrail()
    ran(trail, EXITED)
    digest = hashlib.sha256(RESULT).hexdigest()
    changed = altered(
        trail,
        "AGENT_RUN_END",
        documents=[(digest, RESULT)],
        answered=True,
        cause=None,
        result_sha256=digest,
    )
    (judged,) = again(changed)
    assert list(differing(judged)) == FROM_CP_02


def test_another_cause_is_told() -> None:
    """Each gate said it, word for word."""
    trail = MemoryTrail()
    ran(trail, EXITED)
    (judged,) = again(altered(trail, "AGENT_RUN_END", cause="it was killed"))
    assert list(differing(judged)) == [*FROM_CP_02[:3], "BER_GENERATION_DECISION"]


def test_an_activation_that_was_refused_is_told() -> None:
    """Recorded as a refusal, though it was none: then the agent was not to be run at all."""
    (judged,) = again(altered(completed(), "CHECKPOINT:CP-01", status="FAIL"))
    assert list(differing(judged)) == ["CHECKPOINT:CP-01", *FROM_CP_02]


def test_an_activation_that_was_granted_is_told() -> None:
    """That is what differs: the agent was never run, whatever is said of it now."""
    trail = MemoryTrail()
    ran(trail, content=NOBODY)
    (judged,) = again(altered(trail, "CHECKPOINT:CP-01", status="PASS"))
    assert list(differing(judged)) == ["CHECKPOINT:CP-01"]


@pytest.mark.parametrize("changes", [{"runner": "command mallory"}, {"nonce": "1" * 32}])
def test_how_an_agent_was_run_is_no_verdict(changes: dict[str, Any]) -> None:
    """That it is what was recorded, the trail's chain proves."""
    (judged,) = again(altered(completed(), "AGENT_RUN_START", **changes))
    assert judged.holds


def test_a_result_that_is_not_there_is_no_pass() -> None:
    """Missing or changed, it is named with its digest, and there are no verdicts."""
    trail = completed()
    digest = hashlib.sha256(RESULT).hexdigest()
    trail._documents[digest] += b" "
    (judged,) = again(trail)
    told = f"its agent's result {digest} was changed: it does not have its digest"
    assert (judged.obstacle, judged.verdicts, judged.holds) == (told, (), False)
    del trail._documents[digest]
    (judged,) = again(trail)
    assert judged.obstacle == f"its agent's result {digest} is missing from the trail"


def test_a_result_that_can_not_be_read_is_no_pass() -> None:
    """It was readable when it was handed over."""
    torn = RESULT[:-1]
    digest = hashlib.sha256(torn).hexdigest()
    changed = altered(
        completed(), "AGENT_RUN_END", documents=[(digest, torn)], result_sha256=digest
    )
    (judged,) = again(changed)
    assert judged.obstacle is not None
    assert judged.obstacle.startswith("its agent's result can't be read any more: ")


def test_a_run_in_a_dispatch_that_brought_its_result_changes_nothing() -> None:
    """Its document is judged as it is, whatever else stands there."""
    whole, trail = completed(), MemoryTrail()
    engine(trail).execute_pac(text())
    end = next(s for s in whole.events() if s.key == "AGENT_RUN_END")
    kept = [(hashlib.sha256(RESULT).hexdigest(), RESULT)]
    (judged,) = again(altered(trail, adding=[end], documents=kept))
    assert judged.holds, judged.to_dict()


def test_the_events_of_a_run_stand_where_they_happened() -> None:
    trail = completed()
    keys = [str(s.key).replace(":", " ") for s in trail.events()]
    assert keys == RAN
