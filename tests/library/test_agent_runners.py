"""The operator's file of runners, and a document's choice of one."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benson_execution.agent_run import Command, Deployment, Runner, Runners
from benson_execution.errors import AgentNotStarted, InvalidSettings

DAN = {"argv": ["/opt/agents/dan", "--once"]}


def runners(**kinds: Any) -> Runners:
    return Runners(json.dumps(kinds).encode(), "own.json")


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidSettings, match=r"the file of runners own\.json") as refused:
        Runners(content, "own.json")
    assert refused.value.exit_code == 2
    return refused.value.message


def refused_command(**fields: Any) -> str:
    return refusal(json.dumps({"commands": {"dan": {**DAN, **fields}}}).encode())


def test_a_file_names_commands_and_deployments(tmp_path: Path) -> None:
    """With what is left out filled in; the digest is that of the file's bytes."""
    file = tmp_path / "runners.json"
    file.write_text(
        json.dumps(
            {
                "commands": {
                    "dan": DAN,
                    "slow.model_2-b": {
                        "argv": ["/bin/sh", "-c", ""],
                        "timeout_seconds": 0.5,
                        "environment": ["LANG", "MODEL_KEY"],
                    },
                },
                "deployments": {"dan": {"deployment": "agent/on demand", "timeout_seconds": 60}},
            }
        )
    )
    own = Runners.load(file)
    dan = own.find(Runner("command", "dan"))
    assert isinstance(dan, Command)
    assert (dan.argv, dan.timeout_seconds, dan.environment) == (
        ("/opt/agents/dan", "--once"),
        600,
        (),
    )
    slow = own.find(Runner.parse({"command": "slow.model_2-b"}))
    assert isinstance(slow, Command)
    assert (slow.argv, slow.timeout_seconds, slow.environment) == (
        ("/bin/sh", "-c", ""),
        0.5,
        ("LANG", "MODEL_KEY"),
    )
    deployment = own.find(Runner.parse({"deployment": "dan"}))
    assert isinstance(deployment, Deployment)
    assert (deployment.deployment, deployment.timeout_seconds) == ("agent/on demand", 60)
    assert own.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert own.source == str(file)


def test_a_program_without_a_folder_is_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is run is what was found when the file was read."""
    program = tmp_path / "agent"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = runners(commands={"dan": {"argv": ["agent", "-x"]}}).commands["dan"]
    assert found.argv == (str(program), "-x")


@pytest.mark.parametrize("program", ["no-such-program", "./agent", "bin/agent", "", "agent", "~/a"])
def test_a_program_that_depends_on_the_current_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """Also one that is only found by a relative entry of PATH."""
    for name in ("agent", "bin/agent"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".:/usr/bin")
    assert refused_command(argv=[program]).endswith(
        f"/commands/dan/argv: '{program}' is no absolute path, and not found on PATH"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"argv": []}, "/commands/dan/argv: it names no program"),
        ({"argv": "ls -l"}, "/commands/dan/argv: expected a list, found 'ls -l'"),
        ({"argv": ["/bin/ls", 5]}, "/commands/dan/argv/1: "),
        ({"argv": None}, "/commands/dan/argv: "),
        ({"timeout_seconds": 0}, "/commands/dan/timeout_seconds: "),
        ({"timeout_seconds": -1}, "/commands/dan/timeout_seconds: "),
        ({"timeout_seconds": 604801}, "/commands/dan/timeout_seconds: "),
        ({"timeout_seconds": "600"}, "/commands/dan/timeout_seconds: "),
        ({"timeout_seconds": True}, "/commands/dan/timeout_seconds: "),
        ({"timeout_seconds": None}, "/commands/dan/timeout_seconds: "),
        ({"environment": "LANG"}, "/commands/dan/environment: expected a list"),
        ({"environment": [5]}, "/commands/dan/environment/0: "),
        ({"environment": ["A=B"]}, "'A=B' is no name of an environment variable"),
        ({"environment": [""]}, "'' is no name of an environment variable"),
        ({"environment": ["BENSON_TRAIL_URL"]}, "not told settings of Benson or Prefect"),
        ({"environment": ["LANG", "Prefect_Api_Key"]}, "Prefect: Prefect_Api_Key"),
        ({"shell": True}, "/commands/dan/shell: the field is unknown"),
    ],
    ids=str,
)
def test_a_command_that_is_wrong_is_refused_by_its_place(fields: dict[str, Any], said: str) -> None:
    """The file is refused as a whole: nothing of it is guessed."""
    assert said in refused_command(**fields)


def test_an_argument_is_a_text_that_a_program_can_be_given() -> None:
    """One with a NUL would end there; no file can hold one, and no caller may."""
    assert "the character NUL" in refused_command(argv=["/bin/ls", "a\0b"])
    with pytest.raises(ValidationError, match="NUL"):
        Command(argv=("/bin/ls", "a\0b"))


@pytest.mark.parametrize(
    "name", ["agent", "/agent", "agent/", "a/b/c", "", "a%/b", "a/<b>", "a&/b", "a/b\n"]
)
def test_a_deployment_is_a_flows_name_and_its_own(name: str) -> None:
    """With the characters that Prefect lets them have."""
    content = json.dumps({"deployments": {"dan": {"deployment": name}}}).encode()
    assert "/deployments/dan/deployment: a deployment is named FLOW/DEPLOYMENT" in refusal(content)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "x" * 65, "a\n"])
@pytest.mark.parametrize("kind", ["commands", "deployments"])
def test_a_runners_name_has_few_kinds_of_characters(kind: str, name: str) -> None:
    """It stands in documents, events and messages."""
    runner: dict[str, Any] = DAN if kind == "commands" else {"deployment": "a/b"}
    said = refusal(json.dumps({kind: {name: runner}}).encode())
    assert f"/{kind}: a runner's name has 1 to 64 letters" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "can't be read: it is empty"),
        (b"{", "can't be read: it is not JSON"),
        (b"\xff", "can't be read: it is not UTF-8"),
        (b"[]", "is invalid: /: expected an object, found a list of 0"),
        (b"null", "is invalid: /: expected an object, found null"),
        (b'{"commands": []}', "is invalid: /commands: "),
        (b'{"commands": {"dan": []}}', "/commands/dan: expected an object"),
        (b'{"commands": {"dan": {}}}', "/commands/dan/argv: the required field is missing"),
        (b'{"deployments": {"dan": {}}}', "/dan/deployment: the required field is missing"),
        (b'{"command": {}}', "/command: the field is unknown (did you mean 'commands'?)"),
        (b'{"commands": {}, "commands": {}}', "the key 'commands' stands twice"),
    ],
    ids=lambda part: repr(part[:30]),
)
def test_a_broken_file_is_refused_by_name(content: bytes, said: str) -> None:
    """No JSON, a key twice, no object, a word misspelt."""
    assert said in refusal(content)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    """Missing, or a folder: that a file was named and is gone is not that there is none."""
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(InvalidSettings, match=str(path)) as refused:
            Runners.load(path)
        assert "BENSON_RUNNERS" in str(refused.value.hint)


def test_without_a_file_no_agent_can_be_run() -> None:
    """Nobody said by what."""
    for runner in (Runner("command", "dan"), Runner("deployment", "dan")):
        with pytest.raises(AgentNotStarted) as refused:
            Runners.load(None).find(runner)
        assert refused.value.message == f"no agent can be run by {runner}: there are no runners"
        assert "BENSON_RUNNERS" in str(refused.value.hint)


def test_a_name_that_is_not_in_the_file_runs_nothing() -> None:
    """A command is no deployment, and nothing is found by resemblance."""
    own = runners(commands={"dan": DAN}, deployments={"pax": {"deployment": "a/b"}})
    for runner, said in (
        (Runner("command", "DAN"), "no agent can be run by command DAN: own.json has no such com"),
        (Runner("command", "dans"), "no such command (did you mean 'dan'?)"),
        (Runner("command", "pax"), "no agent can be run by command pax: own.json has no such"),
        (Runner("deployment", "dan"), "own.json has no such deployment"),
    ):
        with pytest.raises(AgentNotStarted) as refused:
            own.find(runner)
        assert said in refused.value.message


@pytest.mark.parametrize("kind", ["command", "deployment"])
def test_a_document_names_a_runner(kind: str) -> None:
    """By its kind and its name; it is told in both ways, and can't be changed."""
    runner = Runner.parse({kind: "Dan_2.b-c"})
    assert (runner.kind, runner.name) == (kind, "Dan_2.b-c")
    assert runner.to_dict() == {kind: "Dan_2.b-c"}
    assert str(runner) == f"{kind} Dan_2.b-c"
    anything: Any = runner
    with pytest.raises(AttributeError):
        anything.name = "other"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "expected an object, found null"),
        ("dan", "expected an object, found 'dan'"),
        (["dan"], "expected an object, found a list of 1"),
        ({}, "name one"),
        ({"command": "dan", "deployment": "dan"}, "name one"),
        ({"argv": ["/bin/sh"]}, "the field 'argv' is unknown"),
        ({"command": "dan", "argv": ["x"]}, "the field 'argv' is unknown"),
        ({"comand": "dan"}, "the field 'comand' is unknown (did you mean 'command'?)"),
        ({"command": ["/bin/sh", "-c", "x"]}, "/command: expected a name, found a list of 3"),
        ({"command": None}, "/command: expected a name, found null"),
        ({"command": ""}, "/command: a runner's name has 1 to 64 letters"),
        ({"command": "x" * 65}, "/command: a runner's name has"),
        ({"command": "dan\n"}, "and is not 'dan\\u000a'"),
        ({"deployment": "flow/deployment"}, "/deployment: a runner's name has"),
        ({"deployment": "dän"}, "/deployment: a runner's name has"),
    ],
    ids=str,
)
def test_a_document_brings_nothing_but_a_name(value: Any, said: str) -> None:
    """No program, no argument, nothing beside it."""
    with pytest.raises(ValueError, match=r".") as refused:
        Runner.parse(value)
    assert said in str(refused.value)


def test_a_runner_can_not_be_changed() -> None:
    """What was read is what runs."""
    command: Any = runners(commands={"dan": DAN}).commands["dan"]
    with pytest.raises(ValidationError):
        command.argv = ("/bin/sh",)
