"""What would make a result fit its schema: for each violation, a sentence that names its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from benson_execution.document import Document
from benson_execution.events import ErrorCode
from benson_execution.insight.finding import Finding, found_at, some_places
from benson_execution.registry import BENSON_GID
from benson_execution.result import ResultValidation
from benson_execution.schema import Violation
from benson_execution.text import plain, quote

_WHY: Final = {
    ErrorCode.GS_131: "only Benson closes a work order",
    ErrorCode.GS_132: "no agent closes its own work order",
    ErrorCode.GS_133: "the authority over a WRAP is Benson's alone",
}
_ORDER: Final = (ErrorCode.GS_131, ErrorCode.GS_132, ErrorCode.GS_133, ErrorCode.GS_130)
_MISSING: Final = "the required field is missing"
_UNKNOWN: Final = "the field is unknown"
_GUESS: Final = re.compile(r" \(did you mean '([a-z_]+)'\?\)$")
_MOST: Final = 20
"""How many violations get a sentence of their own."""


def schema(document: Document, validation: ResultValidation) -> Iterator[Finding]:
    """What would make the result valid, the gravest first."""
    found = list(zip(validation.codes, validation.violations, strict=True))
    for code in _ORDER:
        of_code = [violation for one, violation in found if one is code]
        if code is ErrorCode.GS_130:
            yield from _mistakes(of_code, document)
            continue
        forbidden = [one for one in of_code if _is_forbidden(one)]
        yield from _together(code, forbidden, "delete", f": {_WHY[code]}")
        for one in of_code:
            if not _is_forbidden(one):
                yield found_at(code.value, str(one), _identity(document), [one.path])


def _is_forbidden(violation: Violation) -> bool:
    return violation.message.endswith(" is forbidden")


def _identity(document: Document) -> str:
    pac = document.pac
    agent = "" if pac.agent_gid == BENSON_GID else f", {pac.agent_gid} ({plain(pac.agent_name)})"
    return f"name the agent that executed the PAC{agent}: Benson judges and never executes"


def _mistakes(found: Sequence[Violation], document: Document) -> Iterator[Finding]:
    missing = [one for one in found if one.message == _MISSING]
    yield from _together(ErrorCode.GS_130, missing, "add", ", as the schema demands")
    unknown = [one for one in found if one.message == _UNKNOWN]
    yield from _together(
        ErrorCode.GS_130, unknown, "delete", ": what is unknown may be put into artifacts"
    )
    rest = [one for one in found if one.message not in (_MISSING, _UNKNOWN)]
    for one in rest[:_MOST]:
        yield found_at(ErrorCode.GS_130.value, str(one), _correction(one, document), [one.path])
    yield from _together(ErrorCode.GS_130, rest[_MOST:], "correct", ": `benson validate` says how")


def _together(
    code: ErrorCode, found: Sequence[Violation], what_to_do: str, why: str
) -> Iterator[Finding]:
    """One finding for violations that are mended in one way."""
    if not found:
        return
    places = [one.path for one in found]
    what = str(found[0]) if len(found) == 1 else f"{found[0]} (and {len(found) - 1} more like it)"
    yield found_at(code.value, what, f"{what_to_do} {some_places(places)}{why}", places)


def _correction(violation: Violation, document: Document) -> str:
    path, message = violation
    if guess := _GUESS.search(message):
        return f"rename {path} to {quote(guess[1])}, or delete it"
    if " as dispatched, found " in message and message.startswith("expected "):
        return f"hand over the result of {document.pac.pac_id} by its own agent: {path} {message}"
    if message.startswith("the field is unknown beside "):
        return f"delete {path}: a document has pac and execution_result, and nothing beside them"
    return f"correct {path or '/'}: {message}"
