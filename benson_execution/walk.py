"""The walk: a dispatch through its phases in one process, without an orchestrator.

The engine walks a dispatch for the first time; whoever judges one again walks the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from benson_execution.agent_run.recorded import NOT_ACTIVATED
from benson_execution.dispatch import Dispatch
from benson_execution.events import CheckpointName
from benson_execution.phases import GATES, ber_decision, schema_validation, wrap
from benson_execution.phases import verdict as verdicts

Verdict = TypeVar("Verdict")
_ACTIVATION: Final = CheckpointName.CP_01.checkpoint_id


def walk(dispatch: Dispatch) -> None:
    """Judge a dispatch phase by phase, and record every verdict in its trail.

    A refusal stops no phase, so that one walk tells everything. Raises what recording raises.
    """
    document, policy = dispatch.document, dispatch.policy
    dispatch.begin()
    errors: list[str | None] = []
    # None of these depends on what another one recorded: one commit does for all of them.
    with dispatch.one_transaction():
        dispatch.begin_execution()
        for checkpoint_id, gate in GATES:
            verdict = guarded(
                partial(gate, document, policy), partial(verdicts.not_judged, checkpoint_id)
            )
            dispatch.record_checkpoint(verdict)
            errors.append(verdict.error)
            if checkpoint_id == _ACTIVATION and document.runner is not None and not verdict.passed:
                # Whoever could run the agent would not: so the trail is the same without them.
                document = dispatch.document = document.answered(NOT_ACTIVATED)
        validation = guarded(
            partial(schema_validation.judge, document), schema_validation.not_judged
        )
        dispatch.record_validation(validation)
    # From here on it counts what the trail says when it is read back, not what was judged above:
    # what is not in it has not happened, whoever else may have thought so.
    decision = guarded(
        partial(
            ber_decision.judge, dispatch.events(), dispatch.prior_wrap_id(), policy.human_review
        ),
        ber_decision.not_judged,
    )
    dispatch.record_decision(decision)
    # What could not be judged is no refusal. The trail has a FAIL for either, so the WRAP's phase
    # is told which of them it was.
    errors += [validation.error, decision.error]
    dispatch.close(
        guarded(partial(wrap.judge, dispatch.events(), [e for e in errors if e]), wrap.not_judged)
    )


def guarded(judge: Callable[[], Verdict], not_judged: Callable[[Exception], Verdict]) -> Verdict:
    """A phase that raises says so in its verdict, and the remaining ones are still judged."""
    try:
        return judge()
    except Exception as error:
        return not_judged(error)
