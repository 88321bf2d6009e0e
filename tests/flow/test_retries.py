"""An infrastructure error is worth another attempt; a refusal, or a bug, is not."""

from __future__ import annotations

from typing import Any

import pytest

from benson_execution import Document, Trail
from benson_execution.phases import quality
from benson_execution.phases.verdict import CheckpointVerdict
from benson_execution.policy import Policy
from flows.pac_execution import pac_execution
from tests.flow.documents import BLOCKED, document
from tests.flow.test_every_hook_matters import statuses, wraps

judge = quality.judge


class Counted:
    """CP-03, counting its attempts, of which the first ones raise."""

    def __init__(self, *errors: Exception) -> None:
        self.attempts = 0
        self._errors = list(errors)

    def __call__(self, of: Document, policy: Policy) -> CheckpointVerdict:
        self.attempts += 1
        if self._errors:
            raise self._errors.pop(0)
        return judge(of, policy)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> Any:
    def count(*errors: Exception) -> Counted:
        counted = Counted(*errors)
        monkeypatch.setattr(quality, "judge", counted)
        return counted

    return count


def checkpoint(trail: Trail) -> Any:
    """CP-03 as it is recorded: exactly one."""
    (event,) = [s.event for s in trail.events() if s.key == "CHECKPOINT:CP-03"]
    return event.data


async def test_an_infrastructure_error_is_retried(
    prefect: str, trail: Trail, attempts: Any
) -> None:
    """The second attempt counts, and nothing is written twice."""
    counted = attempts(OSError("the network was away"))

    state = await pac_execution(document=document(), return_state=True)

    assert state.is_completed()
    assert counted.attempts == 2
    assert checkpoint(trail).status == "PASS"
    assert len([s for s in trail.events() if s.key == "AGENT_EXECUTION_START"]) == 1


async def test_a_refused_gate_is_not_retried(prefect: str, trail: Trail, attempts: Any) -> None:
    """It would be refused again, and a refusal is an answer."""
    counted = attempts()

    state = await pac_execution(document=document(BLOCKED), return_state=True)

    assert state.name == "BLOCKED"
    assert counted.attempts == 1


async def test_a_bug_in_a_gate_is_not_retried_and_fails_the_run(
    prefect: str, trail: Trail, attempts: Any
) -> None:
    """The gate says that it was not judged, the others are judged, and there is no WRAP."""
    counted = attempts(ZeroDivisionError("a bug"))

    state = await pac_execution(document=document(), return_state=True)

    assert (state.is_failed(), state.name) == (True, "FAILED")
    assert counted.attempts == 1
    assert checkpoint(trail).status == "FAIL"
    assert checkpoint(trail).details == "not judged: ZeroDivisionError: a bug"
    assert statuses(trail) == ["FAILED"]
    assert wraps(trail) == []


async def test_an_infrastructure_error_that_stays_fails_the_run(
    prefect: str, trail: Trail, attempts: Any
) -> None:
    """After three attempts the gate was not judged."""
    counted = attempts(*[OSError("gone")] * 5)

    state = await pac_execution(document=document(), return_state=True)

    assert state.name == "FAILED"
    assert counted.attempts == 3
    assert statuses(trail) == ["FAILED"]
    assert wraps(trail) == []
