"""For each thing that a gate or the schema refuses: the answer names the cause and the fix."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings
from benson_execution.insight.explanation import explain_recorded
from tests.cli.documents import MISSING, document

from .explaining import judged, of, only

THRESHOLD: Final = "BENSON_QUALITY_THRESHOLD"


@pytest.mark.parametrize(
    ("pac", "what", "fix"),
    [
        (
            {"agent_gid": "GID-00", "agent_name": "Benson"},
            "the PAC is addressed to GID-00, which judges and never executes",
            "address the PAC to the agent that executes it: CODY (GID-01), ",
        ),
        (
            {"agent_gid": "GID-98", "agent_name": "Nobody"},
            "the registry has no agent GID-98",
            "or add GID-98 to the registry (BENSON_REGISTRY)",
        ),
        (
            {"agent_name": "ALEX"},
            "the registry binds GID-07 to 'DAN', the PAC says 'ALEX'",
            "set /pac/agent_name to 'DAN', or /pac/agent_gid to GID-08, whose agent is 'ALEX'",
        ),
        (
            {"agent_name": "Zoe"},
            "the registry binds GID-07 to 'DAN', the PAC says 'Zoe'",
            "set /pac/agent_name to 'DAN', or bind them in the registry (BENSON_REGISTRY)",
        ),
    ],
)
def test_an_agent_that_is_not_activated(pac: dict[str, Any], what: str, fix: str) -> None:
    """CP-01, by each of its reasons."""
    explained = of(pac=pac, result=pac)
    finding = next(one for one in explained.findings if one.cause == "CP-01")
    assert finding.what == what
    assert fix in finding.fix
    check = explained.checks[0]
    assert (check.checkpoint_id, check.status) == ("CP-01", "FAIL")
    assert check.actual is not None
    assert f"{pac.get('agent_name')} ({pac.get('agent_gid', 'GID-07')})" in check.actual


def test_an_agent_that_may_not_execute(tmp_path: Any) -> None:
    """CP-01: who is in the registry to advise only."""
    agent = {"gid": "GID-07", "name": "Dan", "role": "r", "execution_lane": "l", "executes": False}
    other = {**agent, "gid": "GID-08", "name": "Alex", "executes": True}
    registry = tmp_path / "registry.json"
    registry.write_text(json.dumps({"agents": [agent, other]}))
    trail = MemoryTrail()
    own = BensonExecutionEngine(False, trail=trail, settings=Settings(registry=registry))
    own.execute_pac(json.dumps(document()))
    explained = explain_recorded(trail, list(trail.events()))
    finding = only(explained)
    assert finding.what == "Dan (GID-07) may not execute"
    assert "an agent that executes (Alex (GID-08))" in finding.fix
    assert '"executes": true' in finding.fix
    assert explained.checks[0].actual == "Dan (GID-07), which may not execute"


@pytest.mark.parametrize(
    ("result", "what", "fix", "where"),
    [
        (
            {"scope_compliance": False},
            "scope_compliance must be true, found false",
            (
                "the agent itself says that it left its scope: undo what is out of scope, or widen "
                "the PAC's allowed_paths, and have the PAC executed again"
            ),
            "/execution_result/scope_compliance",
        ),
        (
            {"files_created": ["../x"]},
            "'../x' has the segment '..'",
            "name '../x' by a path relative to the repository",
            "/execution_result/files_created/0",
        ),
        (
            {"files_modified": ["src/a.py", "src/secret/key"]},
            "'src/secret/key' is within the forbidden 'src/secret/'",
            (
                "undo the change to 'src/secret/key', or take 'src/secret/' out of the PAC's "
                "forbidden_paths"
            ),
            "/execution_result/files_modified/1",
        ),
        (
            {"files_modified": ["docs/a.md"]},
            "'docs/a.md' is outside the allowed 'src/', 'README.md'",
            "undo the change to 'docs/a.md', or add it to the PAC's allowed_paths",
            "/execution_result/files_modified/0",
        ),
    ],
)
def test_a_scope_that_was_left(result: dict[str, Any], what: str, fix: str, where: str) -> None:
    """CP-02: no advice has the agent say that it did otherwise."""
    explained = of(result=result)
    finding = only(explained)
    assert (finding.cause, finding.what, finding.where) == ("CP-02", what, (where,))
    assert fix in finding.fix
    check = explained.checks[1]
    assert check.expected == (
        "scope_compliance true, relative paths within 'src/', 'README.md', not within 'src/secret/'"
    )


@pytest.mark.parametrize(
    ("result", "fix"),
    [
        ({"scope_compliance": "yes"}, "whether it kept to its scope, true or false"),
        ({"scope_compliance": MISSING}, "whether it kept to its scope, true or false"),
        ({"files_modified": "src"}, "a list of paths, each a string, at /execution_result/files_m"),
        ({"files_created": [7]}, "each a string, at /execution_result/files_created/0"),
    ],
)
def test_a_scope_that_can_not_be_told(result: dict[str, Any], fix: str) -> None:
    """CP-02, of what has the wrong form; the schema says so as well."""
    explained = of(result=result)
    assert {one.cause for one in explained.findings} == {"CP-02", "GS_130"}
    assert fix in next(one.fix for one in explained.findings if one.cause == "CP-02")


def test_many_paths_out_of_scope_are_one_finding() -> None:
    """It names the first ones, and how many more; so do its places."""
    explained = of(result={"files_modified": [f"docs/{n}" for n in range(2000)]})
    finding = only(explained)
    assert "undo the change to 'docs/0', 'docs/1', 'docs/2' and 997 more" in finding.fix
    assert "or add them to the PAC's allowed_paths" in finding.fix
    assert (len(finding.where), finding.more) == (50, 950)


@pytest.mark.parametrize(
    ("score", "what", "fix", "actual"),
    [
        (
            0.42,
            "quality_score 0.42 is below 0.70",
            (
                "raise quality_score from 0.42 to at least 0.70 by improving the work, "
                "or lower BENSON_QUALITY_THRESHOLD"
            ),
            "0.42",
        ),
        (0.699, "quality_score 0.699 is below 0.70", THRESHOLD, "0.699"),
        (0, "quality_score 0.00 is below 0.70", THRESHOLD, "0.00"),
        (7, "a number in [0, 1], and is 7", "a number from 0 to 1; at least 0.70 passes", "7"),
        ("0.9", "and is '0.9'", "have the agent score its work at /execution_result/q", "'0.9'"),
        (True, "and is true", "have the agent score its work", "true"),
        (MISSING, "and is nothing", "have the agent score its work", "no quality_score"),
    ],
)
def test_a_score_that_does_not_do(score: Any, what: str, fix: str, actual: str) -> None:
    """CP-03: the work is to be better, and not its score another one."""
    explained = of(result={"quality_score": score})
    finding = next(one for one in explained.findings if one.cause == "CP-03")
    assert what in finding.what
    assert fix in finding.fix
    assert finding.where == ("/execution_result/quality_score",)
    check = explained.checks[2]
    assert (check.expected, check.actual) == ("at least 0.70", actual)


@pytest.mark.parametrize(
    ("result", "what", "fix"),
    [
        ({"tasks_completed": []}, "no task is completed", "complete the PAC's tasks, and list"),
        ({"tasks_completed": ["T1"]}, "not completed: 'T2'", "complete 'T2', or take what is not"),
        (
            {"tasks_completed": ["T1", "T2", "T2"], "tasks_total": 3},
            "completed twice: 'T2'",
            "list 'T2' once at tasks_completed",
        ),
        (
            {"tasks_completed": ["T1", "T2", "T9"], "tasks_total": 3},
            "not in the PAC: 'T9'",
            "report the PAC's tasks only, or add 'T9' to the PAC's tasks",
        ),
        (
            {"tasks_total": 1},
            "2 tasks are completed, but tasks_total is 1",
            "how many tasks the PAC has: an integer, at least 2",
        ),
        ({"tasks_total": "2"}, "tasks_total must be an integer", "an integer, at least 2"),
        (
            {"tasks_completed": "T1"},
            "is to be a list, and is 'T1'",
            "list the ids of the completed",
        ),
        ({"tasks_completed": MISSING}, "a list, and is nothing", "list the ids of the completed"),
        (
            {"tasks_completed": ["T1", ""]},
            "a task's id is to be a text that is not empty, and is ''",
            "by the id that the PAC gives it, at /execution_result/tasks_completed/1",
        ),
    ],
)
def test_tasks_that_were_not_done(result: dict[str, Any], what: str, fix: str) -> None:
    """CP-04, by each of its reasons."""
    explained = of(result=result)
    found = [one for one in explained.findings if one.cause == "CP-04"]
    assert any(what in one.what and fix in one.fix for one in found), found
    assert explained.checks[3].expected == "each once: 'T1', 'T2'"


def test_what_is_no_result_at_all_is_told_once() -> None:
    """Four gates and the schema say the same; one thing would make all of them pass."""
    explained = judged(json.dumps(document() | {"execution_result": None}).encode())
    finding = only(explained)
    assert finding.cause == "NO_RESULT"
    assert finding.what == "the execution result is to be an object, and is null"
    assert "hand over the result as one object at /execution_result" in finding.fix
    assert explained.checks[2].actual == "null in place of a result"


def test_what_passed_has_nothing_to_mend() -> None:
    """Though its expectations are told all the same."""
    explained = of()
    assert (explained.status, explained.findings, explained.notes) == ("COMPLETED", [], [])
    assert [(check.status, check.actual) for check in explained.checks] == [
        ("PASS", "Dan (GID-07)"),
        ("PASS", "scope_compliance true, 2 paths"),
        ("PASS", "0.90"),
        ("PASS", "2 of 2: 'T1', 'T2'"),
        ("PASS", "no violations"),
    ]
