"""By what an agent may be run: the operator's file of commands and deployments.

A document is nobody's but its sender's, so it brings no command: it names one of this file.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator

from benson_execution.errors import AgentNotStarted, InvalidSettings, UnreadableDocument
from benson_execution.reading import read_json
from benson_execution.schema import JsonArray, Strict, violations
from benson_execution.text import did_you_mean, enumerate_some, quote

MAX_SECONDS: Final = 7 * 24 * 3600
"""The longest that an agent may be given: a week."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEPLOYMENT: Final = re.compile(r"[^/%&<>]+/[^/%&<>]+")
_OURS: Final = ("BENSON_", "PREFECT_")
_KINDS: Final = ("command", "deployment")
_HINT: Final = "the operator's file of runners is named by BENSON_RUNNERS"

_Seconds = Annotated[float, Field(gt=0, le=MAX_SECONDS)]


class Command(Strict):
    """A program that runs an agent, once for each dispatch, and is killed when its time is over.

    `argv` is the program and its arguments, with no shell in between; as read, the program is an
    absolute path. `environment` names the variables that are passed through to it.
    """

    argv: Annotated[tuple[str, ...], JsonArray]
    timeout_seconds: _Seconds = 600
    environment: Annotated[tuple[str, ...], JsonArray] = ()

    @field_validator("argv")
    @classmethod
    def _find(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if not argv:
            raise ValueError("it names no program")
        program, *arguments = argv
        if any("\0" in part for part in argv):
            raise ValueError("the character NUL can't stand in an argument")
        if program.startswith("/"):
            return argv
        # A path with a folder would depend on where Benson was started, and so would an odd PATH.
        found = None if "/" in program else shutil.which(program)
        if found is None or not found.startswith("/"):
            raise ValueError(f"{quote(program)} is no absolute path, and not found on PATH")
        return (found, *arguments)

    @field_validator("environment")
    @classmethod
    def _foreign(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _VARIABLE.fullmatch(name):
                raise ValueError(f"{quote(name)} is no name of an environment variable")
            if name.upper().startswith(_OURS):
                raise ValueError(f"an agent is not told settings of Benson or Prefect: {name}")
        return names


class Deployment(Strict):
    """A deployment of Prefect that runs an agent: `FLOW/DEPLOYMENT`, and how long it may take."""

    deployment: str
    timeout_seconds: _Seconds = 600

    @field_validator("deployment")
    @classmethod
    def _named(cls, name: str) -> str:
        if not _DEPLOYMENT.fullmatch(name) or not name.isprintable():
            raise ValueError(f"a deployment is named FLOW/DEPLOYMENT, not {quote(name)}")
        return name


class _RunnersFile(Strict):
    commands: dict[str, Command] = Field(default_factory=dict)
    deployments: dict[str, Deployment] = Field(default_factory=dict)

    @field_validator("commands", "deployments")
    @classmethod
    def _names(cls, named: dict[str, Any]) -> dict[str, Any]:
        for name in named:
            _require_name(name)
        return named


@dataclass(frozen=True, slots=True)
class Runner:
    """A document's choice: the kind of the runner and its name in the operator's file."""

    kind: Literal["command", "deployment"]
    name: str

    @classmethod
    def parse(cls, value: Any) -> Self:
        """The choice that the document's member `agent` states; `ValueError` says what is wrong.

        It is `{"command": NAME}` or `{"deployment": NAME}`, and nothing beside it.
        """
        if type(value) is not dict:
            raise ValueError(f"expected an object, found {quote(value)}")
        for key in value:
            if key not in _KINDS:
                guess = did_you_mean(key, _KINDS)
                raise ValueError(f"the field {quote(key)} is unknown{guess}")
        if len(value) != 1:
            raise ValueError("an agent is run by either a command or a deployment: name one")
        ((kind, name),) = value.items()
        if type(name) is not str:
            raise ValueError(f"/{kind}: expected a name, found {quote(name)}")
        try:
            _require_name(name)
        except ValueError as error:
            raise ValueError(f"/{kind}: {error}") from None
        return cls(kind, name)

    def to_dict(self) -> dict[str, str]:
        """The choice as a document states it."""
        return {self.kind: self.name}

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Runners:
    """The runners of one file; `sha256` is the digest of `content`, the file's bytes.

    Without a file there are none.
    """

    def __init__(self, content: bytes, source: str) -> None:
        self.source = source
        self.content = content
        self.sha256 = hashlib.sha256(content).hexdigest()
        try:
            file = _RunnersFile.model_validate(read_json(content))
        except UnreadableDocument as error:
            cause = error.message.replace("the document", "it", 1)
            raise InvalidSettings(
                f"the file of runners {source} can't be read: {cause}", line=error.line
            ) from None
        except ValidationError as error:
            found = enumerate_some(map(str, violations(error, _RunnersFile)))
            raise InvalidSettings(f"the file of runners {source} is invalid: {found}") from None
        self.commands = file.commands
        self.deployments = file.deployments

    @classmethod
    def load(cls, path: Path | None) -> Runners:
        """The runners in a file; none where no file is named. Raises `InvalidSettings`."""
        if path is None:
            return cls(b"{}", "")
        try:
            return cls(path.read_bytes(), str(path))
        except OSError as error:
            raise InvalidSettings(
                f"the file of runners {path} can't be read: {error.strerror}", _HINT
            ) from None

    def find(self, runner: Runner) -> Command | Deployment:
        """What a document's choice stands for; `AgentNotStarted` where the operator has no such."""
        known: Mapping[str, Command | Deployment] = (
            self.commands if runner.kind == "command" else self.deployments
        )
        if not self.source:
            raise AgentNotStarted(f"no agent can be run by {runner}: there are no runners", _HINT)
        if runner.name not in known:
            guess = did_you_mean(runner.name, known)
            raise AgentNotStarted(
                f"no agent can be run by {runner}: {self.source} has no such {runner.kind}{guess}"
            )
        return known[runner.name]


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"a runner's name has 1 to 64 letters, digits, dots, hyphens or underscores, "
            f"and is not {quote(name)}"
        )
