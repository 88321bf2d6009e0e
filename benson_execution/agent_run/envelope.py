"""What an agent is given, and what of its answer is taken.

The nonce is new for each run: an answer without it was not made for this request, whether it is
left from another run or was meant for another agent.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Final

import orjson

from benson_execution.errors import AgentFailed, UnreadableDocument
from benson_execution.reading import member_bytes, read_value
from benson_execution.reading.beginning import looks_like_json, require_text
from benson_execution.text import enumerate_some, quote

ENVELOPE_BYTES: Final = 1024
"""How many bytes an answer may have beside those that a document may have."""

_MEMBERS: Final = ("nonce", "execution_result")


def new_nonce() -> str:
    """32 random bytes in lower-case hexadecimal."""
    return secrets.token_hex(32)


def request(nonce: str, pac: Mapping[str, Any]) -> bytes:
    """What an agent is given: one line of JSON with the nonce, and the PAC as it was received."""
    return orjson.dumps({"nonce": nonce, "pac": pac}) + b"\n"


def answer_limit(max_document_bytes: int) -> int:
    """How many bytes an answer may have, where a document may have so many."""
    return max_document_bytes + ENVELOPE_BYTES


def read_answer(answer: bytes, nonce: str, *, limit: int) -> bytes:
    """The bytes of the result in an answer, to the letter; `limit` is the answer's largest size.

    An answer is one JSON object with the nonce of its request and a result, and nothing else.
    Anything else raises `AgentFailed`. What the result says, the phases judge: it may be of any
    type here, and for any PAC.
    """
    value = _read(answer, limit)
    if type(value) is not dict:
        raise AgentFailed(f"the agent answered {quote(value)}, where an object is expected")
    if "nonce" not in value:
        raise AgentFailed("the agent's answer has no nonce: it answers no request")
    found = value["nonce"]
    if type(found) is not str or not hmac.compare_digest(found.encode(), nonce.encode()):
        raise AgentFailed(f"the agent's answer is to another request: its nonce is {quote(found)}")
    if extra := [key for key in value if key not in _MEMBERS]:
        names = enumerate_some(map(quote, extra))
        raise AgentFailed(f"the agent's answer has more than a nonce and a result: {names}")
    if "execution_result" not in value:
        raise AgentFailed("the agent's answer has no execution_result")
    return member_bytes(answer)["execution_result"]


def _read(answer: bytes, limit: int) -> Any:
    try:
        if len(answer) <= limit:
            require_text(answer)
            # What is no JSON would be taken for YAML, and a line of a log is a text in YAML.
            if not looks_like_json(answer):
                raise UnreadableDocument("the document is not JSON: no object begins", line=1)
        return read_value(answer, limit=limit)
    except UnreadableDocument as error:
        where = "" if error.line is None else f" (line {error.line})"
        cause = error.message.replace("the document", "it", 1)
        raise AgentFailed(f"the agent's answer can't be read: {cause}{where}") from None
