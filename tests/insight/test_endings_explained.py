"""Dispatches that no gate refused: agents, people, other dispatches and faults, with the fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings
from benson_execution.dispatch import Dispatch
from benson_execution.document import NoResult
from benson_execution.errors import AgentFailed
from benson_execution.phases import GATES, ber_decision, schema_validation, wrap
from benson_execution.telemetry import DispatchLogger
from benson_execution.trail import Batch, NewEvent
from tests.library.helpers import engine, result, text
from tests.library.judged_again import PAC_ID, altered, copied, dispatched
from tests.library.walks import ran, review_policy, run_by, waiting

from .explaining import explained, told

AGAIN: Final = "judge it again (`benson run FILE`, or `benson submit FILE`)"


@pytest.mark.parametrize(
    ("cause", "fix"),
    [
        ("the agent timed out after 600 s: still thinking", "give 'command dan' more time"),
        ("its run 4b did not end within 5 s", "timeout_seconds in the file of BENSON_RUNNERS"),
        ("the agent exited with code 3: Traceback", "mend the agent that 'command dan' runs"),
        ("the agent was killed by SIGKILL", "mend the agent that 'command dan' runs"),
        ("'/bin/dan' can't be started: no such file", "mend the agent that 'command dan' runs"),
        ("its run 4b ended CRASHED: gone", "so that it ends by itself with an answer"),
        ("the agent's answer has no nonce: it answers no request", "the very nonce that it was"),
        (
            "the agent's answer is to another request: its nonce is 'x'",
            '{"nonce": …, "execution_result": …} with the very nonce that it was given',
        ),
        ("the agent's answer has no execution_result", "have the agent answer one JSON object"),
        ("the agent answered a list of 3, where an object is expected", "one JSON object"),
        ("the agent exited with code 0 and gave no answer", "one JSON object"),
        (
            "not started: no agent can be run by command dan: there are no runners",
            "have the operator name 'command dan' in the file of BENSON_RUNNERS",
        ),
        ("Prefect has no deployment 'a/b'", "see that what it names is there"),
        (
            "it was started by a process that died before its answer was recorded",
            "it is never started twice for one run; then submit the document again",
        ),
        ("OSError: the disk is gone", "mend what kept the agent of 'command dan' from answering"),
    ],
)
def test_an_agent_that_gave_no_result(cause: str, fix: str) -> None:
    """Once, though every gate says that there was none; it failed, and was not refused."""
    trail = MemoryTrail()
    ran(trail, NoResult(cause))
    one = explained(trail)
    assert one.status == "FAILED"
    name, what, advice = told(one)
    assert (name, what) == ("NO_RESULT", f"no execution result was handed over: {cause}")
    assert fix in advice
    assert {check.actual for check in one.checks[1:4]} == {"no result"}


def test_a_document_without_a_result() -> None:
    """Nobody was named who could have brought one; or it was judged where no agent is run."""
    trail = MemoryTrail()
    engine(trail).execute_pac(json.dumps({"pac": json.loads(text())["pac"]}).encode())
    assert told(explained(trail))[2] == (
        "put the agent's result into the document at /execution_result"
    )
    engine(trail).execute_pac(run_by())
    assert "judge it with `benson run FILE`, which runs the agent" in told(explained(trail))[2]


def test_an_agent_that_was_never_run_is_no_cause_of_its_own() -> None:
    """CP-01 refused it: that the rest was not judged follows from it."""
    trail = MemoryTrail()
    ran(trail, content=run_by(agent_gid="GID-99", agent_name="Nobody"))
    one = explained(trail)
    assert one.status == "BLOCKED"
    assert told(one)[0] == "CP-01"
    assert not one.notes


def test_an_agent_whose_result_was_refused() -> None:
    """Its places are those of the document that was judged."""
    trail = MemoryTrail()
    ran(trail, json.dumps(result(quality_score=0.2)).encode())
    (finding,) = explained(trail).findings
    assert finding.cause == "CP-03"
    assert finding.where == ("/execution_result/quality_score",)


def test_a_pac_that_is_closed_already() -> None:
    trail = MemoryTrail()
    first = engine(trail).execute_pac(text())
    engine(trail).execute_pac(text())
    cause, what, fix = told(explained(trail))
    assert (cause, what) == ("ALREADY_WRAPPED", f"the PAC is closed by {first.wrap_id} already")
    assert fix.startswith("give further work a PAC id of its own")
    assert f"`benson show {PAC_ID} --all`" in fix


def test_a_closed_pac_is_told_beside_what_a_gate_refused() -> None:
    trail = MemoryTrail()
    engine(trail).execute_pac(text())
    engine(trail).execute_pac(text(execution_result=result(quality_score=0.1)))
    assert [one.cause for one in explained(trail).findings] == ["CP-03", "ALREADY_WRAPPED"]


def test_no_agent_can_write_that_its_pac_is_closed() -> None:
    """Its words end up in the reason of the decision."""
    trail = MemoryTrail()
    lie = "x; the PAC is closed already by WRAP-DAN-P44-20251226"
    engine(trail).execute_pac(text(execution_result=result(tasks_completed=["T1", lie])))
    assert "ALREADY_WRAPPED" not in {one.cause for one in explained(trail).findings}


def test_a_pac_that_another_dispatch_closed_first() -> None:
    """The decision saw no WRAP, and the trail did."""
    trail = MemoryTrail()
    dispatch = Dispatch.of("late", waiting(MemoryTrail()).document, review_policy("never"), trail)
    dispatch.begin()
    dispatch.begin_execution()
    for _, gate in GATES:
        dispatch.record_checkpoint(gate(dispatch.document, dispatch.policy))
    dispatch.record_validation(schema_validation.judge(dispatch.document))
    dispatch.record_decision(ber_decision.judge(dispatch.events()))
    engine(trail).execute_pac(text())
    dispatch.close(wrap.judge(dispatch.events()))
    one = explained(trail, 0)
    assert one.status == "BLOCKED"
    assert told(one)[:2] == ("ALREADY_WRAPPED", "the PAC is closed by another dispatch first")


@pytest.mark.parametrize("count", [0, 1, 2, 5, 7, 8, 9])
def test_a_dispatch_that_was_interrupted(count: int) -> None:
    """Wherever it was: nothing in the document needs a change."""
    one = explained(copied(text(), count, failed=True))
    assert one.status == "FAILED"
    cause, what, fix = told(one)
    assert cause == "INTERRUPTED"
    assert "it was not judged to its end" in what
    assert fix == f"nothing in the document needs a change: {AGAIN}"
    assert len(one.checks) == max(min(count - 2, 5), 0)


def test_a_dispatch_that_was_interrupted_while_its_agent_was_at_work() -> None:
    """The agent may have done anything by then, and is not started again."""

    def stop(dispatch: Dispatch) -> None:
        dispatch.fail()
        raise AgentFailed("stopped")

    trail = MemoryTrail()
    with pytest.raises(AgentFailed):
        ran(trail, until=stop)
    cause, what, fix = told(explained(trail))
    assert cause == "INTERRUPTED"
    assert "while its agent was at work" in what
    assert "look at what the agent left behind" in fix


def test_an_interruption_after_a_refusal_does_not_take_it_back() -> None:
    """The gate's fix stands: no other sentence says that the document is good as it is."""
    one = explained(copied(text(execution_result=result(quality_score=0.2)), 6, failed=True))
    gate, interrupted = one.findings
    assert (gate.cause, interrupted.cause) == ("CP-03", "INTERRUPTED")
    assert interrupted.fix == f"mend what was refused before that, then {AGAIN}"


def test_what_was_last_before_an_interruption_is_told() -> None:
    """A gate may have been judged before and after the agent's run."""
    whole, trail = MemoryTrail(), MemoryTrail()
    ref = ran(whole).ref
    events = [NewEvent(s.key, s.event) for s in whole.events()]
    checkpoints = [n for n, (_, one) in enumerate(events) if one.event_type == "CHECKPOINT"]
    trail.append(Batch(ref, events[: checkpoints[1] + 1]))
    DispatchLogger(trail, ref).pac_dispatch_end(ref.pac_id, "FAILED", 1)
    (finding,) = [one for one in explained(trail).findings if one.cause == "INTERRUPTED"]
    assert finding.what.startswith("the dispatch was interrupted after CHECKPOINT: ")


@pytest.mark.parametrize("broken", ["CP-01", "CP-02", "CP-03", "CP-04"])
def test_a_gate_that_could_not_be_judged(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nobody's refusal, and is not explained as one."""

    def judge(*_: Any) -> NoReturn:
        raise RuntimeError("boom")

    gates = tuple((name, judge if name == broken else gate) for name, gate in GATES)
    trail = MemoryTrail()
    with monkeypatch.context() as patched:
        patched.setattr("benson_execution.walk.GATES", gates)
        engine(trail).execute_pac(text())
    one = explained(trail)
    assert one.status == "FAILED"
    cause, what, fix = told(one)
    assert cause == "NOT_JUDGED"
    assert what.startswith(f"{broken} ")
    assert "RuntimeError: boom" in what
    assert AGAIN in fix
    assert "BENSON_DEBUG=1" in fix
    assert one.checks[int(broken[-1]) - 1].expected is None
    assert not one.notes, "a gate that passes now does not contradict one that was not judged"


def test_a_verdict_that_would_be_another_one_now_is_told_as_it_was_recorded() -> None:
    """The record is what happened; that it can't have been so, `benson rejudge` says."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text(execution_result=result(quality_score=0.62)))
    passed = altered(trail, "CHECKPOINT:CP-03", status="PASS", details="Quality score 1.00")
    one = explained(passed)
    check = one.checks[2]
    assert (check.status, check.details) == ("PASS", "Quality score 1.00")
    assert (check.expected, check.actual) == (None, None)
    assert "CP-03" not in {finding.cause for finding in one.findings}
    (note,) = one.notes
    assert "judged again, CP-03 would say something else than was recorded" in note
    assert "benson rejudge" in note


def test_a_document_that_is_gone_leaves_what_was_recorded() -> None:
    """The gates are told with a fix in general words; why is noted."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text(execution_result=result(quality_score=0.2, wrap_id="W")))
    document = next(iter(trail.events())).dispatch.document_sha256
    assert document is not None
    del trail._documents[document]
    one = explained(trail)
    assert [finding.cause for finding in one.findings] == ["CP-03", "GS_131"]
    assert one.findings[0].what == "Quality score 0.20 is below the threshold 0.70"
    assert "by improving the work, or lower BENSON_QUALITY_THRESHOLD" in one.findings[0].fix
    assert "only Benson closes a work order" in one.findings[1].fix
    assert {(check.expected, check.actual) for check in one.checks} == {(None, None)}
    (note,) = one.notes
    assert note.startswith("only what was recorded can be told: its document ")


@pytest.mark.parametrize("content", [b"{", b'{"pac": 1}', text(execution_result=1)])
def test_a_document_that_was_changed_leaves_what_was_recorded(content: bytes) -> None:
    """It does not have its digest, whatever it is now."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text(execution_result=result(quality_score=0.2)))
    document = next(iter(trail.events())).dispatch.document_sha256
    assert document is not None
    trail._documents[document] = content
    one = explained(trail)
    assert told(one)[0] == "CP-03"
    assert "was changed" in one.notes[0]


def test_what_was_in_force_then_counts_and_not_what_is_now(tmp_path: Path) -> None:
    """The threshold of the dispatch is the one that its policy kept."""
    trail = MemoryTrail()
    strict = BensonExecutionEngine(False, trail=trail, settings=Settings(quality_threshold=0.95))
    strict.execute_pac(text(execution_result=result(quality_score=0.9)))
    (finding,) = explained(trail).findings
    assert "raise quality_score from 0.90 to at least 0.95" in finding.fix


def test_times_are_since_the_first_event_and_since_the_one_before() -> None:
    trail = MemoryTrail()
    dispatched(trail)
    moments = explained(trail).moments
    assert moments[0].at_ms == moments[0].after_ms == 0
    assert len(moments) == 11
    sums = [sum(m.after_ms for m in moments[: n + 1]) for n in range(11)]
    assert sums == pytest.approx([m.at_ms for m in moments])
