"""Documents whose agent Benson runs: what they may say, and the result that they are judged by."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from benson_execution import Document, MemoryTrail
from benson_execution.agent_run import Runner
from benson_execution.agent_run.recorded import (
    NOT_ACTIVATED,
    as_judged,
    is_activated,
    no_result,
    run_end,
    was_started,
)
from benson_execution.document import NO_RESULT, NoResult
from benson_execution.errors import TrailUnavailable, UnreadableDocument
from benson_execution.phases import schema_validation
from benson_execution.rejudgement import rejudge

from .helpers import CANONICAL, engine, labels, recorded, result, text
from .walks import AGENT, RESULT, agent_document, ran, run_by

UNKNOWN_AGENT = {"agent_gid": "GID-99", "agent_name": "Nobody"}


def read(agent: Any = AGENT, **members: Any) -> Document:
    return Document.read(json.dumps(agent_document(agent, **members)))


@pytest.mark.parametrize(
    ("agent", "runner"),
    [
        ({"command": "dan"}, Runner("command", "dan")),
        ({"deployment": "dan"}, Runner("deployment", "dan")),
        ({"command": "a.B-c_9" * 9}, Runner("command", "a.B-c_9" * 9)),
    ],
)
def test_a_document_names_how_its_agent_is_run(agent: Any, runner: Runner) -> None:
    """By a name in the operator's file; there is no result yet, and it says why."""
    document = read(agent)
    assert document.runner == runner
    assert document.runner.to_dict() == agent
    assert (document.stray, document.runner_problem, document.has_result) == ({}, None, False)
    assert document.result.because.startswith("no execution result was handed over: the agent is")


def test_a_document_with_its_result_names_no_runner() -> None:
    document = Document.read(text())
    assert (document.runner, document.runner_problem, document.has_result) == (None, None, True)


@pytest.mark.parametrize(
    ("agent", "problem"),
    [
        (None, "expected an object, found null"),
        ("dan", "expected an object, found 'dan'"),
        (["dan"], "expected an object, found a list of 1"),
        ({}, "an agent is run by either a command or a deployment: name one"),
        ({"command": "dan", "deployment": "dan"}, "an agent is run by either a command or a"),
        ({"comand": "dan"}, "the field 'comand' is unknown (did you mean 'command'?)"),
        ({"command": "dan", "argv": ["/bin/sh"]}, "the field 'argv' is unknown"),
        ({"argv": ["/bin/sh", "-c", "id"]}, "the field 'argv' is unknown"),
        ({"command": ["/bin/sh"]}, "/command: expected a name, found a list of 1"),
        ({"command": None}, "/command: expected a name, found null"),
        ({"command": ""}, "/command: a runner's name has 1 to 64 letters"),
        ({"command": "x" * 65}, "/command: a runner's name has 1 to 64 letters"),
        ({"command": "../dan"}, "/command: a runner's name has 1 to 64 letters"),
        ({"command": "dan\n"}, "/command: a runner's name has 1 to 64 letters"),
        ({"deployment": "flow/dan"}, "/deployment: a runner's name has 1 to 64 letters"),
    ],
)
def test_a_member_agent_that_says_something_else_is_refused(agent: Any, problem: str) -> None:
    """With what is wrong with it; nothing is run, and there is no result."""
    document = read(agent)
    assert document.runner is None
    assert document.result is NO_RESULT
    assert document.runner_problem is not None
    assert document.runner_problem.startswith(problem)
    validation = schema_validation.judge(document)
    assert (validation.valid, validation.error_code) == (False, "GS_130")
    assert [v.path for v in validation.violations] == ["/execution_result", "/agent"]
    assert validation.violations[1].message == document.runner_problem


def test_a_document_brings_a_result_or_names_a_runner_and_not_both() -> None:
    """The result is judged all the same, and the document is refused for what stands beside it."""
    document = Document.read(text(agent=AGENT))
    assert (document.runner, document.has_result) == (None, True)
    validation = schema_validation.judge(document)
    assert [str(v) for v in validation.violations] == [
        "/agent: the document brings its result: there is no agent to be run"
    ]
    assert validation.error_code == "GS_130"


def test_a_result_that_is_null_is_a_result() -> None:
    """So there is no agent to be run either."""
    document = Document.read(text(agent=AGENT, execution_result=None))
    assert (document.runner, document.has_result) == (None, True)


@pytest.mark.parametrize(
    ("agent", "code", "path"),
    [
        ({"command": "dan", "wrap_id": "W"}, "GS_131", "/agent/wrap_id"),
        ({"command": {"Wrap-Status": 1}}, "GS_131", "/agent/command/Wrap-Status"),
        ({"x": [{"positive_closure": True}]}, "GS_132", "/agent/x/0/positive_closure"),
        ([{"wrap_authority": "me"}], "GS_133", "/agent/0/wrap_authority"),
    ],
)
def test_what_is_forbidden_is_forbidden_in_there_too(agent: Any, code: str, path: str) -> None:
    """At every depth, with its own code, which outranks the others."""
    validation = schema_validation.judge(read(agent))
    assert validation.error_code == code
    assert path in [v.path for v in validation.violations]
    assert path in validation.message


def test_a_runner_may_be_called_as_a_forbidden_field() -> None:
    """A name is a value, and no field."""
    assert read({"command": "wrap_id"}).runner == Runner("command", "wrap_id")


def test_other_strays_are_told_beside_a_runner() -> None:
    """It is no member that is left over."""
    document = read(comment="", wrap_id="W")
    assert document.runner is not None
    assert set(document.stray) == {"comment", "wrap_id"}
    assert schema_validation.judge(document).error_code == "GS_131"


def test_an_answer_changes_the_result_and_nothing_else() -> None:
    """The document's bytes, and so its digest, stay those that were submitted."""
    document = read()
    answered = document.answered(RESULT)
    assert answered.result == result()
    assert answered.has_result
    assert (answered.content, answered.sha256) == (document.content, document.sha256)
    assert (answered.runner, document.has_result) == (document.runner, False)
    assert schema_validation.judge(answered).valid
    assert not schema_validation.judge(document).valid, "the phase remembers another document"


@pytest.mark.parametrize("answer", [b"", b"{", b'{"a": 1, "a": 2}', b"\xff", b"[NaN]"])
def test_an_answer_that_can_not_be_read_is_none(answer: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        read().answered(answer)


def test_the_reason_why_there_is_no_result_is_what_each_gate_says() -> None:
    """In place of a result."""
    document = read().answered(no_result("it exited with 3"))
    assert document.result == NoResult("no execution result was handed over: it exited with 3")
    (told,) = schema_validation.judge(document).violations
    assert str(told) == "/execution_result: no execution result was handed over: it exited with 3"
    assert no_result(document.result.because) == document.result, "it would be said twice"


def events_of(trail: MemoryTrail) -> list[Any]:
    return [stored.event for stored in trail.events()]


def test_a_document_that_brought_its_result_is_judged_as_it_is() -> None:
    """Whatever the trail says of runs."""
    trail = MemoryTrail()
    ran(trail)
    document = Document.read(text())
    assert as_judged(document, events_of(trail), trail.document) is document


def test_before_anything_is_recorded_there_is_no_result() -> None:
    """Begun, activated, started: nothing came of it yet."""
    trail = MemoryTrail()
    ran(trail)
    document, events = read(), events_of(trail)
    for count in range(5):
        assert as_judged(document, events[:count], trail.document) is document
        assert run_end(events[:count]) is None
        assert was_started(events[:count]) is (count == 4)
        assert is_activated(events[:count]) is (None if count < 3 else True)


def test_what_the_agent_handed_over_is_judged() -> None:
    trail = MemoryTrail()
    ran(trail)
    judged = as_judged(read(), iter(events_of(trail)), trail.document)
    assert judged.result == result()


def test_an_agent_that_handed_nothing_over_has_no_result() -> None:
    """The recorded cause is the reason."""
    trail = MemoryTrail()
    ran(trail, NoResult("it exited with 3"))
    judged = as_judged(read(), events_of(trail), trail.document)
    assert judged.result == no_result("it exited with 3")
    assert judged.result.not_activated is False


def test_an_agent_that_was_refused_was_never_run() -> None:
    """So nothing failed, and nothing was judged."""
    trail = MemoryTrail()
    ran(trail, content=run_by(**UNKNOWN_AGENT))
    events = events_of(trail)
    assert (is_activated(events), was_started(events), run_end(events)) == (False, False, None)
    assert as_judged(read(), events, trail.document).result == NOT_ACTIVATED


def test_a_result_that_is_gone_is_not_passed_over() -> None:
    """Nobody may judge as if there had been none."""
    trail = MemoryTrail()
    ran(trail)
    with pytest.raises(TrailUnavailable, match=hashlib.sha256(RESULT).hexdigest()):
        as_judged(read(), events_of(trail), lambda _: None)
    with pytest.raises(UnreadableDocument):
        as_judged(read(), events_of(trail), lambda _: b"{")


def test_a_run_that_handed_nothing_over_failed_and_one_that_never_was_is_blocked() -> None:
    """FAILED is an execution that broke; a gate that refused is BLOCKED."""
    failed, blocked = MemoryTrail(), MemoryTrail()
    ran(failed, NoResult("it exited with 3"))
    ran(blocked, content=run_by(**UNKNOWN_AGENT))
    assert recorded(failed)[-1].data.status == "FAILED"
    assert recorded(blocked)[-1].data.status == "BLOCKED"
    assert labels(recorded(blocked)) == CANONICAL


@pytest.mark.parametrize(
    ("order", "status", "told"),
    [
        ({}, "FAILED", "the agent is run by the flow only, as in `benson run`"),
        (UNKNOWN_AGENT, "BLOCKED", "not judged: the agent was not activated"),
    ],
)
def test_the_engine_runs_no_agent(order: dict[str, Any], status: str, told: str) -> None:
    """It says who would; and where nobody would, it leaves the trail that the flow leaves."""
    trail = MemoryTrail()
    outcome = engine(trail).execute_pac(run_by(**order))
    assert (outcome.status, outcome.error_code, outcome.wrap_id) == (status, "GS_130", None)
    assert all(told in c["details"] for c in outcome.checkpoints[1:])
    assert [told in v.message for v in outcome.violations] == [True]
    assert labels(recorded(trail)) == CANONICAL
    (again,) = rejudge(trail, outcome.pac_id)
    assert again.holds, again.to_dict()
