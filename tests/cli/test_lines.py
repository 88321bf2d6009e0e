"""JSON Lines: one document per line, from a file or from standard input."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from .command import TIMEOUT, Benson
from .documents import document, line, save

GOOD, BAD = "PAC-DAN-P53-CLI-GOOD", "PAC-DAN-P53-CLI-BAD"


def mixed() -> bytes:
    """Good, torn, blank, no PAC, blocked, not UTF-8, good again: lines 1 to 7."""
    return b"".join(
        [
            line(document(f"{GOOD}-1")),
            line('{"pac": '),
            b"   \n",
            line({"execution_result": {}}),
            line(document(f"{BAD}-5", result={"quality_score": 0.1})),
            b'{"pac": "\xff"}\n',
            line(document(f"{GOOD}-7")),
        ]
    )


@pytest.mark.parametrize("way", ["file.jsonl", "file.ndjson", "--lines FILE", "--lines -"])
def test_bad_lines_are_reported_by_number_and_the_rest_goes_on(
    benson: Benson, tmp_path: Path, way: str
) -> None:
    """Whichever way the lines come in; the exit code is the worst of all lines."""
    name = way if way.startswith("file") else "lines.txt"
    file = save(tmp_path, name, mixed())
    if way == "--lines -":
        answer = benson("judge", "--json", "--lines", "-", stdin=mixed())
        source = "standard input"
    elif way == "--lines FILE":
        answer, source = benson("judge", "--json", "--lines", file), name
    else:
        answer, source = benson("judge", "--json", file), name

    assert answer.code == 2
    assert [o["pac_id"] for o in answer.objects] == [
        f"{GOOD}-1",
        None,
        None,
        f"{BAD}-5",
        None,
        f"{GOOD}-7",
    ]
    reports = answer.err.splitlines()
    assert len(reports) == 3
    for report, number, word in zip(
        reports, (2, 4, 6), ("not JSON", "'pac'", "not UTF-8"), strict=True
    ):
        assert f"{source}, line {number}: " in report
        assert word in report


def test_lines_that_are_all_readable_are_all_judged(benson: Benson) -> None:
    """Exit code 0 when all are completed, and one object per line in the order of the lines."""
    documents = [document() for _ in range(25)]
    answer = benson("judge", "--json", "--lines", "-", stdin=b"".join(map(line, documents)))
    assert answer.code == 0
    assert answer.err == ""
    assert [o["pac_id"] for o in answer.objects] == [d["pac"]["pac_id"] for d in documents]
    assert len({o["wrap_id"] for o in answer.objects}) == 25


def test_line_ends_may_be_those_of_windows_and_the_last_may_be_missing(benson: Benson) -> None:
    """And a blank line is none."""
    lines = line(document()).rstrip() + b"\r\n\r\n" + line(document()).rstrip()
    answer = benson("judge", "--json", "--lines", "-", stdin=lines)
    assert answer.code == 0
    assert [o["status"] for o in answer.objects] == ["COMPLETED"] * 2


def test_a_line_beyond_the_limit_is_refused_alone(benson: Benson) -> None:
    """Its remains are not taken for further lines, and the numbers stay right."""
    limit = 2000
    long = document(result={"notes": "x" * 3 * limit})
    torn = line('{"torn"')
    lines = line(document()) + line(long) + torn + line(document())
    env = {"BENSON_MAX_DOCUMENT_BYTES": str(limit)}
    answer = benson("judge", "--json", "--lines", "-", stdin=lines, env=env)
    assert answer.code == 2
    assert [o["status"] for o in answer.objects] == ["COMPLETED", None, None, "COMPLETED"]
    first, second = answer.err.splitlines()
    assert "line 2: " in first
    assert f"at most {limit}" in first
    assert "line 3: " in second


def test_an_empty_stream_of_lines_is_nothing_to_judge(benson: Benson) -> None:
    """No document, no complaint."""
    answer = benson("judge", "--json", "--lines", "-")
    assert (answer.code, answer.out, answer.err) == (0, "", "")


def test_a_line_is_judged_when_it_comes(benson: Benson) -> None:
    """A pipe that stays open gets each answer before it hands in the next line."""
    with benson.started("judge", "--json", "--lines", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(3):
            asked = document()
            process.stdin.write(line(asked))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["pac_id"] == asked["pac"]["pac_id"]
        process.stdin.close()
        assert process.wait(TIMEOUT) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_judging(benson: Benson, number: signal.Signals) -> None:
    """By the signal's exit code, without a traceback; what was answered is recorded."""
    with benson.started("judge", "--json", "--lines", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(line(document()))
        process.stdin.flush()
        answered = json.loads(process.stdout.readline())
        process.send_signal(number)
        assert process.wait(TIMEOUT) in (128 + number, -number)
        assert b"Traceback" not in process.stderr.read()
    recorded = benson.recorded()
    assert {s.dispatch.dispatch_id for s in recorded} == {answered["dispatch_id"]}
    assert recorded[-1].key == "PAC_DISPATCH_END"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_loses_no_count_of_what_was_not_exported(
    benson: Benson, number: signal.Signals
) -> None:
    """Each dispatch that no receiver took is in `faults.jsonl`, once."""
    nowhere = {"BENSON_OTEL": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with benson.started("judge", "--json", "--lines", "-", env=nowhere) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(5):
            process.stdin.write(line(document()))
            process.stdin.flush()
            assert process.stdout.readline()
        process.send_signal(number)
        assert process.wait(TIMEOUT) in (128 + number, -number)
    told = [json.loads(one)["message"] for one in (benson.home / "faults.jsonl").open()]
    assert sum(int(one.split()[0]) for one in told) == 5, told
