"""Whatever is handed in, `benson judge` ends with 0, 1 or 2, and the trail says what became of it.

One exception is the contract's own: where a PAC comes without any result there was no execution,
which is a failure of it (3) and no verdict on anything.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from benson_execution import Settings, open_trail
from tests.library.helpers import json_values, law

from .answers import EXPECTATIONS, content_of, raw_in, sha256_of
from .documents import documents
from .in_process import Told, benson
from .oracle import decide
from .recorded import assert_closed_events, assert_refused

pytestmark = pytest.mark.timeout(400)

STATUSES: Final = {0: "COMPLETED", 1: "BLOCKED", 3: "FAILED"}
_trails: Final = itertools.count(1)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The bytes of a document, or of one of the files, after a few changes at any place."""
    names = st.sampled_from(sorted(EXPECTATIONS)).map(content_of)
    content = draw(documents().map(lambda d: json.dumps(d).encode()) | names)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 6))
        put = draw(st.binary(max_size=4) | st.sampled_from(TOKENS))
        content = content[:start] + put + content[end:]
    return content


TOKENS: Final = [
    token.encode()
    for token in ('"', "{", "}", "[", "]", ",", ":", "\\", "\\u0000", "\\ud800", "NaN", "1e999")
] + [b"\n", b"\0", b"\xff", b"&a ", b"*a", b"!!x ", b"- ", b"? ", b"# ", b"---\n", b"%YAML 1.2\n"]
YAML: Final = st.lists(st.sampled_from([*TOKENS, b"pac", b"a", b"1", b"  ", b"\t"]), max_size=12)


def judge(monkeypatch: pytest.MonkeyPatch, content: bytes) -> Told:
    """Judge these bytes with a trail in memory that nothing else is in, and look at that trail."""
    url = f"memory://input-{next(_trails)}"
    monkeypatch.setenv("BENSON_TRAIL_URL", url)
    told = benson("judge", "--json", "-", stdin=content)
    assert "Traceback" not in told.out + told.err
    assert raw_in(told.out + told.err) == []
    said = json.loads(told.out)
    event(f"exit code {told.code}")
    trail = open_trail(Settings.load())
    if told.code == 2:
        assert (said["status"], said["wrap_id"]) == (None, None)
        (refusal,) = trail.refusals()
        assert_refused(trail, content, refusal.kind)
        assert refusal.kind in {"unreadable", "invalid_pac"}
    else:
        assert said["status"] == STATUSES[told.code]
        assert_closed_events(list(trail.events()), said["status"], sha256_of(content))
        assert list(trail.refusals()) == []
    return told


@settings(law, max_examples=300)
@example(b"")
@example(b"\xff\xfe{\0}\0")
@example(b"{" * 70_000)
@example(b"\xc2\xa0\0")
@given(st.binary(max_size=200) | st.text(max_size=60).map(str.encode) | YAML.map(b"".join))
def test_any_bytes_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Nothing that short is a document with a PAC."""
    assert judge(monkeypatch, content).code == 2


@settings(law, max_examples=300)
@given(damaged())
def test_any_damaged_document_is_answered(
    home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """Refused, or judged to its end."""
    told = judge(monkeypatch, content)
    assert told.code in {0, 1, 2} or is_without_result(told)


@settings(law, max_examples=200)
@given(json_values, documents(), st.booleans())
def test_any_json_is_answered(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: Any, document: Any, is_result: bool
) -> None:
    """Any value alone, and any value in the place of a result."""
    if is_result and isinstance(document, dict):
        value = {**document, "execution_result": value}
    told = judge(monkeypatch, json.dumps(value).encode())
    assert told.code in {0, 1, 2}


@settings(law, max_examples=200)
@given(documents())
def test_the_exit_code_is_the_oracles(
    home: Path, monkeypatch: pytest.MonkeyPatch, document: dict[str, Any]
) -> None:
    """0 exactly where all has passed."""
    assert judge(monkeypatch, json.dumps(document).encode()).code == decide(document).exit_code


def is_without_result(told: Told) -> bool:
    """Whether the execution failed for the one reason that lies in a document."""
    checkpoints = json.loads(told.out)["checkpoints"]
    return told.code == 3 and all(
        checkpoint["details"] == "no execution result was handed over"
        for checkpoint in checkpoints[1:]
    )
