"""What is fuzzed, and what must hold whatever bytes come: a target raises when it doesn't."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Final, NoReturn

import orjson

from benson_execution import BensonExecutionEngine, Document, MemoryTrail, Settings
from benson_execution.errors import BadInput, UnreadableDocument
from benson_execution.events import DispatchStatus
from benson_execution.limits import MAX_DEPTH, MAX_INTEGER, MAX_KEY, MAX_MEMBERS, MAX_VALUES
from benson_execution.proof.heads import TrustedKeys
from benson_execution.reading import lines_of, member_bytes, read_value
from benson_execution.result import validate_execution_result
from benson_execution.verification.artifact import verify_artifact

_BLANKS: Final = b" \t\n\r"


def reader(content: bytes) -> None:
    """A value or a refusal; and what is read as JSON is what another strict reader reads."""
    refused, value = _read(content)
    is_json = content.lstrip(_BLANKS)[:1] in (b"{", b"[")
    if refused is not None:
        assert refused.message.isprintable(), refused.message
        if is_json:
            _require_reason(content, refused)
        return
    if is_json:
        assert _same(value, _strictly(content)), "two readers disagree"
    assert orjson.loads(orjson.dumps(value)) == value
    assert lines_of(content, ["", "/pac", "/0/a", "/pac/tasks/0"])[0] is not None
    if isinstance(value, dict):
        assert list(member_bytes(content)) == list(value)


def document(content: bytes) -> None:
    """A closed dispatch, or a refusal on record, and never both; an invalid result is blocked."""
    trail = MemoryTrail()
    engine = BensonExecutionEngine(False, trail=trail, settings=_SETTINGS)
    try:
        outcome = engine.execute_pac(content)
    except BadInput:
        assert len(list(trail.refusals())) == 1
        assert list(trail.events()) == []
        return
    assert list(trail.refusals()) == []
    assert [e.key for e in trail.events()][-1] == "PAC_DISPATCH_END"
    read = Document.read(content)
    if not read.has_result:
        # An agent that is to be run, and may not: nothing failed, and nothing was judged.
        refused = read.runner is not None and outcome.checkpoints[0]["status"] == "FAIL"
        assert outcome.status is (DispatchStatus.BLOCKED if refused else DispatchStatus.FAILED)
        return
    assert outcome.status in (DispatchStatus.COMPLETED, DispatchStatus.BLOCKED), outcome.reason
    if not validate_execution_result(read.result).valid:
        assert outcome.status is DispatchStatus.BLOCKED


def artifact(content: bytes) -> None:
    """Whatever claims to be an artifact: findings, and no WRAP is believed without a signature."""
    try:
        value = read_value(content)
    except UnreadableDocument:
        return
    assert verify_artifact(value, TrustedKeys([])).findings, "an artifact that nobody signed"


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "reader": reader,
    "document": document,
    "artifact": artifact,
}
_SETTINGS: Final = Settings(trail_url="memory://")


def _read(content: bytes) -> tuple[UnreadableDocument | None, Any]:
    try:
        return None, read_value(content)
    except UnreadableDocument as refused:
        return refused, None


def _require_reason(content: bytes, refused: UnreadableDocument) -> None:
    """What another strict reader takes is refused only for what that one doesn't look at."""
    try:
        value = _strictly(content)
    except (ValueError, RecursionError):
        return
    assert _is_beyond(value, content), f"refused without need: {refused.message}"


def _strictly(content: bytes) -> Any:
    """The standard library's reading, made strict."""
    return json.loads(
        content.decode(), object_pairs_hook=_once, parse_constant=_no, parse_int=_integer
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > MAX_INTEGER:
        raise ValueError("beyond 2^53")
    return int(digits)


def _no(name: str) -> NoReturn:
    raise ValueError(name)


def _is_beyond(value: Any, content: bytes) -> bool:
    """Whether a value has what JSON may have and a record can't: asked naively."""
    everything: list[tuple[Any, int]] = [(value, 0)]
    for member, depth in everything:
        inside = list(member.values()) if isinstance(member, dict) else member
        keys = list(member) if isinstance(member, dict) else []
        texts = [*keys, *([member] if isinstance(member, str) else [])]
        if (
            depth > MAX_DEPTH
            or len(keys) > MAX_MEMBERS
            or any(len(key) > MAX_KEY for key in keys)
            or any("\0" in text or not _is_text(text) for text in texts)
            or (isinstance(member, float) and not math.isfinite(member))
        ):
            return True
        if isinstance(member, dict | list):
            everything += [(one, depth + 1) for one in inside]
    return len(everything) > MAX_VALUES or content.startswith(b"\xef\xbb\xbf")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _same(one: Any, other: Any) -> bool:
    """Equal, with the same types: 1 and 1.0 and true are three things."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
