"""Files of documents and of JSON Lines: what is told of them, in which line, at which cost."""

from __future__ import annotations

import io
import itertools
import json
import tracemalloc
from typing import Any

import pytest

from benson_execution.conformance import KINDS, Tally, check_file, check_lines, kind_of
from benson_execution.conformance import files as module

from .samples import DOCUMENT, PAC, PAYLOADS, RESULT, artifact, event, gate, lines, telemetry, trail


def of_lines(text: str | bytes, **more: Any) -> tuple[list[tuple[Any, ...]], Tally]:
    """Line and pointer of all that is found, and the tally."""
    tally = Tally()
    content = text.encode() if isinstance(text, str) else text
    found = list(check_lines(io.BytesIO(content), tally, **more))
    return [(f.line, f.pointer) for f in found if not f.is_note], tally


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (event("CHECKPOINT"), "event"),
        ({"event_type": "X", "data": {}}, "event"),
        (DOCUMENT, "document"),
        ({"pac": None}, "document"),
        (PAC, "pac"),
        ({**PAC, "tasks_total": 1}, "pac"),
        (RESULT, "agent-execution-result"),
        ({**RESULT, "tasks": []}, "agent-execution-result"),
        (telemetry(), "telemetry"),
        (artifact(), "ber-telemetry-artifact"),
        ({}, "agent-execution-result"),
        ([], "agent-execution-result"),
        (None, "agent-execution-result"),
    ],
)
def test_a_document_is_told_by_what_is_in_it(value: Any, kind: str) -> None:
    assert kind_of(value) == kind


def test_a_payload_is_recognised_by_nobody_and_can_be_named() -> None:
    """Its fields are no signature: whoever checks one alone says what it is."""
    for name, payload in PAYLOADS.items():
        tally = Tally()
        kind = name.lower().replace("_", "-")
        assert list(check_file(json.dumps(payload).encode(), tally, kind=kind)) == []
        assert tally.kinds == {kind: 1}


def test_a_violation_of_a_document_has_the_line_of_its_place() -> None:
    text = json.dumps({**DOCUMENT, "pac": {**PAC, "agent_gid": "7"}, "more": 1}, indent=2)
    found = list(check_file(text.encode(), Tally()))
    rows = text.split("\n")
    assert [f.pointer for f in found] == [
        "/pac/agent_gid",
        "/more",
    ]
    for finding, word in zip(found, ('"agent_gid"', '"more"'), strict=True):
        assert finding.line is not None
        assert word in rows[finding.line - 1]


def test_lines_of_several_kinds_are_each_what_they_are() -> None:
    """Documents in between do not disturb the trail that the events make."""
    made: list[Any] = [RESULT, *trail()[:5], PAC, *trail()[5:], {**RESULT, "mood": 1}]
    found, tally = of_lines(lines(made))
    assert found == [(14, "/mood")]
    assert tally.kinds == {"event": 11, "agent-execution-result": 2, "pac": 1}


def test_a_forced_kind_is_that_of_every_line() -> None:
    found, tally = of_lines(lines([RESULT, PAC]), kind="pac")
    assert {line for line, _ in found} == {1}
    assert tally.kinds == {"pac": 2}


def test_events_that_stand_for_themselves_make_no_trail() -> None:
    """`event` looks at each; `trail` and nothing look at all."""
    text = lines([*trail()[3:], gate(1)])
    assert of_lines(text, kind="event")[0] == []
    assert of_lines(text, kind="trail")[0] == of_lines(text)[0] != []


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_and_blank_lines(end: bytes) -> None:
    """Blank lines count, and are nothing; the last line needs no end."""
    made = [json.dumps(e).encode() for e in trail()]
    text = end.join([b"", *made[:4], b"  ", *made[4:], b'{"torn'])
    assert of_lines(text)[0] == [(14, None)]


def test_lines_are_json_alone() -> None:
    """YAML has documents of one line, which no other reader of JSON Lines could read."""
    assert of_lines("pac: {}\nnull\n7\n")[0] == [(1, ""), (2, ""), (3, "")]


def test_a_line_beyond_the_limit_is_refused_alone() -> None:
    """What is left of it is no further line."""
    long = json.dumps({**RESULT, "notes": "x" * 5000})
    text = lines([RESULT, long, RESULT])
    assert of_lines(text, limit=1000)[0] == [(2, None)]
    assert of_lines(lines([RESULT, long]).rstrip(), limit=1000)[0] == [(2, None)]


@pytest.mark.parametrize("length", range(-3, 4))
def test_a_line_at_the_limit(length: int) -> None:
    """Its end is not counted twice, wherever the limit falls."""
    text = json.dumps(RESULT).encode()
    made = text + b"\n" + json.dumps({**RESULT, "mood": 1})[:60].encode() + b"\n"
    found, _ = of_lines(made, limit=len(text) + length)
    assert found[-1] == (2, None)
    assert {line for line, _ in found} <= {1, 2}


def test_progress_is_told_in_bytes() -> None:
    text = lines([event("X")] * 2500).encode()
    told: list[int] = []
    of_lines(text, progress=told.append)
    assert told == sorted(told)
    assert len(told) == 3
    assert told[-1] == len(text)


def test_endless_lines_take_no_more_memory() -> None:
    """Valid events, broken ones, and violations that nobody keeps."""
    broken = [json.dumps(event("CHECKPOINT", status="MAYBE")), '{"torn', json.dumps(gate(1))]
    text = (lines(trail()) + lines(broken)).encode()

    class Endless:
        """The same lines again and again."""

        def __init__(self, times: int) -> None:
            self._lines = itertools.chain.from_iterable(
                itertools.repeat(text.splitlines(keepends=True), times)
            )

        def readline(self, limit: int = -1, /) -> bytes:
            return next(self._lines, b"")

    def used(times: int) -> int:
        tracemalloc.start()
        try:
            for _ in check_lines(Endless(times), Tally()):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    used(10)
    assert used(1000) - used(100) < 50_000


def test_every_kind_can_be_named() -> None:
    assert set(module.CHOICES) == {*KINDS, "trail"}


def test_nothing_raises_whatever_a_line_holds() -> None:
    """Every JSON value, as every kind."""
    values: list[Any] = [None, True, 0, "", [], {}, [{}], {"data": []}, {"event_type": []}]
    values += [{**event("CHECKPOINT"), name: value} for name in event("X") for value in values]
    values += [{**telemetry(), "events": [value]} for value in values[:9]]
    values += [{**telemetry(), "summary": value} for value in values[:9]]
    values += [{**artifact(), name: value} for name in artifact() for value in values[:9]]
    values += [{**DOCUMENT, name: value} for name in DOCUMENT for value in values[:9]]
    for kind in module.CHOICES:
        _, tally = of_lines(lines([json.dumps(v) for v in values]), kind=kind)
        assert tally.documents == len(values)
        for value in values:
            list(check_file(json.dumps(value).encode(), Tally(), kind=kind))
