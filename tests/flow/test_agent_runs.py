"""Documents that bring no result: the agent is run, once, between the events of its execution."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from benson_execution import Document, Settings, Trail
from benson_execution.agent_run.recorded import run_end, was_started
from benson_execution.dispatch import Dispatch
from benson_execution.document import NoResult
from benson_execution.phases import activation
from benson_execution.policy import Policy
from benson_execution.proof.heads import TrustedKeys
from benson_execution.rejudgement import rejudge
from benson_execution.trail.opening import trusted_keys
from benson_execution.verification.artifact import verify_artifact
from flows.pac_execution import pac_execution
from flows.run import outcome_of_run
from tests.flow.documents import document
from tests.flow.running import wait_for_deployment, walk
from tests.hostile.in_process import benson
from tests.library.walks import ran
from tests.prefect_server import stopped_afterwards

RUNS = ["PAC_DISPATCH_START", "AGENT_EXECUTION_START", "CP-01", "AGENT_RUN_START", "AGENT_RUN_END"]
JUDGED = [
    "CP-02", "CP-03", "CP-04", "SCHEMA_VALIDATION", "AGENT_EXECUTION_END",
    "BER_GENERATION_DECISION", "WRAP_GENERATION", "PAC_DISPATCH_END",
]  # fmt: skip
ANSWER = """
import json, sys
from pathlib import Path
asked = json.load(sys.stdin)
with open({marks!r}, "a") as marks:
    marks.write("ran\\n")
result = json.loads(Path({result!r}).read_text())
result["pac_id"] = asked["pac"]["pac_id"]
{change}
print(json.dumps({{"nonce": asked["nonce"], "execution_result": result}}))
"""


@pytest.fixture
def agent(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes the command `dan` a program that does this, and a document that is run by it."""

    def make(change: str = "", timeout: float = 30, **more: Any) -> str:
        made = json.loads(document())
        (home / "result.json").write_text(json.dumps(made.pop("execution_result")))
        program = ANSWER.format(
            marks=str(home / "marks"), result=str(home / "result.json"), change=change
        )
        (home / "dan.py").write_text(program)
        command = {"argv": [sys.executable, str(home / "dan.py")], "timeout_seconds": timeout}
        (home / "runners.json").write_text(json.dumps({"commands": {"dan": command}}))
        monkeypatch.setenv("BENSON_RUNNERS", str(home / "runners.json"))
        made["pac"] |= more.pop("pac", {})
        return json.dumps({**made, "agent": {"command": "dan"}, **more})

    return make


def times_run(home: Path) -> int:
    marks = home / "marks"
    return len(marks.read_text().splitlines()) if marks.exists() else 0


def types(trail: Trail) -> list[str]:
    return [
        s.event.data.checkpoint_id if s.event.event_type == "CHECKPOINT" else s.event.event_type
        for s in trail.events()
    ]


def payloads(trail: Trail) -> dict[str, Any]:
    return {s.event.event_type: s.event.data for s in trail.events()}


async def test_an_agent_is_run_and_its_result_is_judged(
    prefect: str, home: Path, trail: Trail, agent: Callable[..., str]
) -> None:
    state = await pac_execution(agent(), return_state=True)
    assert state.is_completed(), state
    assert types(trail) == RUNS + JUDGED
    assert times_run(home) == 1
    (path,) = (home / "artifacts").glob("*/*.json")
    artifact = json.loads(path.read_text())
    assert artifact["dispatch"]["agent_run"]["answered"] is True
    assert artifact["dispatch"]["execution_result"]["quality_score"] == 1.0
    (again,) = rejudge(trail, artifact["dispatch"]["pac_id"])
    assert again.holds, again.to_dict()
    assert verified(artifact) == []
    artifact["proof"]["agent_result"] += " "
    assert any("agent's result" in message for message in verified(artifact))


def verified(artifact: Any) -> list[str]:
    """What is wrong with an artifact, by its own trail's key."""
    keys = TrustedKeys(trusted_keys(Settings.load()))
    return [finding.message for finding in verify_artifact(artifact, keys).findings]


async def test_a_refused_result_blocks(
    prefect: str, trail: Trail, agent: Callable[..., str]
) -> None:
    state = await pac_execution(agent("result['quality_score'] = 0.2"), return_state=True)
    assert state.name == "BLOCKED"
    assert types(trail) == RUNS + JUDGED


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ("sys.exit(3)", "exit"),
        ("asked['nonce'] = 'x'", "another request"),
        ("del asked['nonce']; asked['nonce'] = None", "another request"),
        ("print('hello'); sys.exit(0)", "answer"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    ],
)
async def test_what_is_no_answer_is_told_and_fails(
    prefect: str, home: Path, trail: Trail, agent: Callable[..., str], change: str, cause: str
) -> None:
    state = await pac_execution(agent(change), return_state=True)
    assert state.name == "FAILED"
    assert cause in payloads(trail)["AGENT_RUN_END"].cause
    assert types(trail) == RUNS + JUDGED
    assert payloads(trail)["AGENT_EXECUTION_END"].status == "FAILED"
    assert payloads(trail)["WRAP_GENERATION"].blocked is True


async def test_a_time_out_is_told(prefect: str, trail: Trail, agent: Callable[..., str]) -> None:
    state = await pac_execution(
        agent("import time; time.sleep(60)", timeout=0.5), return_state=True
    )
    assert state.name == "FAILED"
    assert "0.5 s" in payloads(trail)["AGENT_RUN_END"].cause


async def test_a_result_for_another_pac_is_refused_by_its_schema(
    prefect: str, trail: Trail, agent: Callable[..., str]
) -> None:
    state = await pac_execution(agent("result['pac_id'] = 'PAC-OTHER-01'"), return_state=True)
    assert state.name == "BLOCKED"
    assert payloads(trail)["SCHEMA_VALIDATION"].error_code == "GS_130"


async def test_an_agent_that_is_not_activated_never_starts(
    prefect: str, home: Path, trail: Trail, agent: Callable[..., str]
) -> None:
    state = await pac_execution(agent(pac={"agent_name": "Eve"}), return_state=True)
    assert state.name == "BLOCKED"
    assert times_run(home) == 0
    gates = [s.event.data for s in trail.events() if s.event.event_type == "CHECKPOINT"]
    assert [g.status for g in gates] == ["FAIL"] * 4
    assert {g.details for g in gates[1:]} == {"not judged: the agent was not activated"}
    assert payloads(trail)["AGENT_EXECUTION_END"].status == "BLOCKED"
    assert "AGENT_RUN_START" not in types(trail)
    (again,) = rejudge(trail, next(iter(trail.events())).dispatch.pac_id)
    assert again.holds, again.to_dict()


async def test_a_runner_that_the_operator_does_not_know_never_starts(
    prefect: str, home: Path, trail: Trail, agent: Callable[..., str]
) -> None:
    given = json.loads(agent()) | {"agent": {"command": "eve"}}
    state = await pac_execution(json.dumps(given), return_state=True)
    assert state.name == "FAILED"
    assert times_run(home) == 0
    assert not was_started(s.event for s in trail.events())
    assert "not started" in payloads(trail)["AGENT_RUN_END"].cause


async def test_where_the_trail_can_t_be_written_the_agent_is_not_run(
    prefect: str, home: Path, trail: Trail, agent: Callable[..., str]
) -> None:
    """What was not recorded has not happened, so it must not happen."""
    import sqlite3

    given = agent()
    with sqlite3.connect(home / "trail.db") as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.event_type = 'AGENT_RUN_START' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    state = await pac_execution(given, return_state=True)
    assert state.name == "Failed"
    assert times_run(home) == 0
    assert run_end(s.event for s in trail.events()) is None
    assert payloads(trail)["PAC_DISPATCH_END"].status == "FAILED"


@pytest.mark.parametrize("answered", [False, True])
async def test_a_run_that_starts_again_never_runs_the_agent_twice(
    prefect: str, home: Path, trail: Trail, agent: Callable[..., str], answered: bool
) -> None:
    """With its result recorded it is judged by that; without one, nobody knows what it did."""
    given = Document.read(agent())
    async with get_client() as client:
        run = await client.create_flow_run(pac_execution, parameters={"document": given.text})
        dispatch = Dispatch.of(str(run.id), given, Policy.of(Settings.load()), trail)
        dispatch.begin()
        dispatch.begin_execution()
        dispatch.record_checkpoint(activation.judge(given, dispatch.policy))
        dispatch.begin_run("a nonce")
        if answered:
            result = json.loads((home / "result.json").read_text())
            result["pac_id"] = given.pac.pac_id
            dispatch.end_run(json.dumps(result).encode())
        run = await walk(client, run.id)
    assert run.state_name == ("Completed" if answered else "FAILED")
    assert times_run(home) == 0
    assert types(trail) == RUNS + JUDGED
    if not answered:
        assert "runs only once" in payloads(trail)["AGENT_RUN_END"].cause


def _serving(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.flow.agents"]
    return subprocess.Popen(command, env=environment, start_new_session=True)


async def test_another_deployment_runs_the_agent(
    prefect: str, home: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its flow gets the request as text, and returns its answer as text."""
    given = json.loads(document())
    (home / "result.json").write_text(json.dumps(given.pop("execution_result")))
    names = ("dan", "silent", "crashing", "slow")
    runners = {
        name: {"deployment": f"{name}-agent/tests", "timeout_seconds": 40 if name != "slow" else 5}
        for name in names
    }
    runners["nobody"] = {"deployment": "nobody/tests"}
    (home / "runners.json").write_text(json.dumps({"deployments": runners}))
    monkeypatch.setenv("BENSON_RUNNERS", str(home / "runners.json"))
    environment = {**os.environ, "PREFECT_API_URL": prefect, "BENSON_TEST_RESULT": str(home)}
    with stopped_afterwards(_serving(environment)):
        async with get_client() as client:
            for name in names:
                await wait_for_deployment(client, f"{name}-agent/tests")
        causes = {}
        for name in (*names, "nobody"):
            pac = given["pac"] | {"pac_id": f"PAC-AGENT-{name.upper()}-01"}
            text = json.dumps({"pac": pac, "agent": {"deployment": name}})
            state = await pac_execution(text, return_state=True)
            end = run_end(s.event for s in trail.events(pac_id=pac["pac_id"]))
            assert end is not None
            causes[name] = (state.name, end.cause)
    assert causes["dan"] == ("Completed", None)
    assert causes["silent"][0] == "FAILED"
    assert "where a text is expected" in causes["silent"][1]
    assert "boom" in causes["crashing"][1]
    assert "did not end within 5" in causes["slow"][1]
    assert "no deployment 'nobody/tests'" in causes["nobody"][1]


@pytest.mark.parametrize(
    ("handed_over", "told"),
    [
        (b'{"a": 1}', "/execution_result/a: the field is unknown"),
        (NoResult("it exited with 3"), "no execution result was handed over: it exited with 3"),
    ],
)
def test_what_is_wrong_is_told_of_what_the_agent_handed_over(
    trail: Trail, handed_over: bytes | NoResult, told: str
) -> None:
    """Long after the judging, when the document has to be read again."""
    dispatch = ran(trail, handed_over)
    shown = benson("show", dispatch.ref.pac_id)
    assert told in shown.out
    assert "is run by the flow only" not in shown.out
    document = Document.read(dispatch.document.content)
    outcome = outcome_of_run(trail, dispatch.ref.run_id, document, Settings.load())
    assert outcome is not None
    assert any(told in str(violation) for violation in outcome.violations)
