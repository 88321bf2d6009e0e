"""The document: a PAC and its agent's result as one JSON or YAML text, read once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from benson_execution.agent_run.runners import Runner
from benson_execution.errors import BadInput, InvalidPac, Received, UnreadableDocument
from benson_execution.jsonable import PlainCopy
from benson_execution.limits import MAX_DOCUMENT_BYTES
from benson_execution.pac import Pac
from benson_execution.reading import line_of, member_bytes, read_value
from benson_execution.schema import pointer
from benson_execution.text import did_you_mean, quote

MAX_INLINE_BYTES: Final = 350_000
"""The largest document that crosses Prefect as a parameter; its API refuses some 512 KB."""

_MEMBERS: Final = ("pac", "execution_result")


@dataclass(frozen=True, slots=True)
class NoResult:
    """There is no result at all, which is not the same as a result that is null.

    `because` is what every gate says of it. `not_activated` is true where the agent was never
    run because CP-01 refused it: then nothing failed, and nothing was judged.
    """

    because: str = "no execution result was handed over"
    not_activated: bool = False


NO_RESULT: Final = NoResult()
"""The agent handed nothing over, and nobody knows why."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Document:
    """What was submitted, frozen to its bytes.

    `sha256` is of `content`, the exact bytes as received, in lower-case hexadecimal.
    `result` is the agent's result as read (any JSON value), or a `NoResult`.
    `runner` is how the agent is to be run, of a document that brings no result for that reason.
    `stray` are the top-level fields that belong to no document, and what is wrong with each.
    """

    content: bytes
    sha256: str
    pac: Pac
    pac_as_received: Mapping[str, Any]
    result: Any
    runner: Runner | None
    stray: Mapping[str, Any]
    runner_problem: str | None = None
    """What is wrong with the member `agent`, where it is stray."""

    @property
    def text(self) -> str:
        """The content as text: it is UTF-8."""
        return self.content.decode()

    @property
    def has_result(self) -> bool:
        """Whether the agent handed anything over."""
        return not isinstance(self.result, NoResult)

    def answered(self, result: bytes | NoResult) -> Document:
        """The document as it is judged once its agent was run: with the result's bytes, or why not.

        Its own bytes, and their digest, stay those that were submitted. Raises
        `UnreadableDocument`.
        """
        if isinstance(result, NoResult):
            return replace(self, result=result)
        return replace(self, result=read_value(result, limit=len(result)))

    def member_digests(self) -> dict[str, str]:
        """The SHA-256 of the bytes that the document has for each of its members."""
        found = member_bytes(self.content)
        return {name: hashlib.sha256(part).hexdigest() for name, part in found.items()}

    @classmethod
    def read(cls, content: str | bytes, *, limit: int = MAX_DOCUMENT_BYTES) -> Document:
        """Read a document; `limit` is its largest size in bytes.

        Raises `UnreadableDocument` when the bytes are not one safely readable object, and
        `InvalidPac` when they hold no PAC to judge by; both with the line where it is known, and
        with what was received.
        """
        try:
            raw = _encode(content) if isinstance(content, str) else content
            return cls._of(read_value(raw, limit=limit), raw)
        except BadInput as error:
            if isinstance(content, str):
                content = content.encode("utf-8", "surrogatepass")
            error.received = Received.of(content)
            raise

    @classmethod
    def of(cls, data: Mapping[str, Any], *, limit: int = MAX_DOCUMENT_BYTES) -> Document:
        """The document of a PAC and a result that are Python objects already.

        They are written down once, and read back like any other document: it shares nothing
        with its caller, and holds nothing that a text could not. Raises as `read` does.
        """
        plain = PlainCopy(data)
        for path, problem in plain.problems:
            raise UnreadableDocument(f"the document is not JSON: {pointer(path) or '/'}: {problem}")
        return cls.read(orjson.dumps(plain.copy), limit=limit)

    @classmethod
    def _of(cls, data: Any, raw: bytes) -> Document:
        if not isinstance(data, Mapping):
            raise UnreadableDocument(
                f"the document holds {quote(data)}, where an object is expected",
                "a document is an object with the members pac and execution_result",
                line=1,
            )
        if "pac" not in data:
            misspelt = next((k for k in data if did_you_mean(str(k), ["pac"])), None)
            found = "" if misspelt is None else f"; is {quote(misspelt)} meant to be it?"
            raise InvalidPac(
                f"the document has no member 'pac'{found}",
                "a result is judged by its PAC: put both into one object as pac and "
                "execution_result, or name the PAC's file with --pac",
                line=1,
            )
        try:
            pac = Pac.parse(data["pac"])
        except InvalidPac as error:
            path = "/pac" + (error.violations[0][0] if error.violations else "")
            error.line = line_of(raw, path)
            raise
        runner, problem = named_runner(data)
        known = _MEMBERS if runner is None else (*_MEMBERS, "agent")
        return cls(
            content=raw,
            sha256=hashlib.sha256(raw).hexdigest(),
            pac=pac,
            pac_as_received=data["pac"],
            result=data.get("execution_result", NO_RESULT if runner is None else _NOT_RUN),
            runner=runner,
            stray={key: value for key, value in data.items() if key not in known},
            runner_problem=problem,
        )


_NOT_RUN: Final = NoResult(
    f"{NO_RESULT.because}: the agent is run by the flow only, as in `benson run`"
)


def named_runner(data: Mapping[str, Any]) -> tuple[Runner | None, str | None]:
    """How the agent is to be run, or what is wrong with a member `agent` that does not say it."""
    if "agent" not in data:
        return None, None
    if "execution_result" in data:
        return None, "the document brings its result: there is no agent to be run"
    try:
        return Runner.parse(data["agent"]), None
    except ValueError as error:
        return None, str(error)


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise UnreadableDocument(
            f"the document is not Unicode text: a lone surrogate at character {error.start}"
        ) from None


def join_document(pac: bytes, result: bytes, *, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """One document of a PAC and a result that came separately, each JSON or YAML.

    The PAC may also stand in the member `pac` of an object of its own. Members that are JSON
    already go in as they are, byte for byte.
    """
    parts = []
    for name, raw in (("pac", pac), ("execution_result", result)):
        value = read_value(raw, limit=limit)
        if name == "execution_result" and isinstance(value, Mapping) and "pac" in value:
            raise UnreadableDocument("the document brings its own PAC", "leave out --pac", line=1)
        wrapped = isinstance(value, Mapping) and set(value) == {name}
        is_json = raw.lstrip()[:1] in (b"{", b"[")
        inner = value[name] if wrapped else value
        parts.append(raw if is_json and not wrapped else orjson.dumps(inner))
    return b'{"pac": ' + parts[0] + b', "execution_result": ' + parts[1] + b"}"
