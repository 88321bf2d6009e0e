"""`benson validate`: every violation with its file, its line and its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.samples import event, gate, lines, trail
from tests.library.helpers import READABLE

from .command import TIMEOUT, Benson, on_terminal, screen
from .documents import document, save


def test_valid_documents_of_several_kinds(benson: Benson, tmp_path: Path) -> None:
    """Exit code 0, a line each, and one for all; nothing is judged or recorded."""
    good = document()
    files = [
        save(tmp_path, "document.json", good),
        save(tmp_path, "result.json", good["execution_result"]),
        save(tmp_path, "pac.yaml", good["pac"]),
        save(tmp_path, "events.jsonl", lines(trail())),
    ]
    answer = benson("validate", *files)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        f"{files[0]}: 1 document, valid",
        f"{files[1]}: 1 agent-execution-result, valid",
        f"{files[2]}: 1 pac, valid",
        f"{files[3]}: 11 events, valid",
        "4 files: 1 document, 1 agent-execution-result, 1 pac, 11 events, valid",
    ]
    assert not benson.home.exists()


def test_every_violation_has_its_line_and_its_pointer(benson: Benson, tmp_path: Path) -> None:
    file = save(tmp_path, "bad.json", document("PAC-X", result={"quality_score": 2, "a/b": 1}))
    answer = benson("validate", file)
    assert answer.code == 2
    rows = file.read_text().split("\n")
    score = next(n for n, row in enumerate(rows, 1) if "quality_score" in row)
    extra = next(n for n, row in enumerate(rows, 1) if "a/b" in row)
    told = answer.out.splitlines()
    assert told[0].startswith(f"{file}, line {score}: /execution_result/quality_score: ")
    assert told[1].startswith(f"{file}, line {extra}: /execution_result/a~1b: ")
    assert told[2] == f"{file}: 1 document, 2 violations"


def test_lines_that_make_no_trail(benson: Benson) -> None:
    """An END without a START, and a checkpoint twice: each event is valid, and the trail is not."""
    made = [*trail()[:3], gate(1), *trail()[3:], event("PAC_DISPATCH_END", pac_id="PAC-Y")]
    answer = benson("validate", "--lines", "-", stdin=lines(made))
    assert answer.code == 2
    assert answer.out.splitlines() == [
        (
            "standard input, line 4: /data/checkpoint_id: CP-01 stands twice in the dispatch that "
            "begins at line 1"
        ),
        (
            "standard input, line 13: /event_type: PAC_DISPATCH_END of PAC-Y, but no "
            "PAC_DISPATCH_START before it"
        ),
        "standard input: 13 events, 2 violations",
    ]
    assert benson("validate", "--lines", "--as", "event", "-", stdin=lines(made)).code == 0


def test_an_open_dispatch_is_noted_and_is_no_violation(benson: Benson) -> None:
    answer = benson("validate", "--lines", "-", stdin=lines(trail()[:4]))
    assert answer.code == 0
    assert answer.out.splitlines() == [
        (
            "note: standard input, line 1: the dispatch of PAC-DAN-P53-VECTOR-01 that begins here "
            "has no end yet"
        ),
        "standard input: 4 events, valid, 1 note",
    ]


def test_the_trail_of_the_command_itself_is_valid(benson: Benson) -> None:
    """Of every example, completed and refused; and so are the artifacts that they left."""
    examples = READABLE
    assert benson("judge", *examples).code == 1
    answer = benson("validate", "--lines", "-", stdin=benson("events", "--json").out)
    assert (answer.code, answer.out) == (0, f"standard input: {11 * len(examples)} events, valid\n")
    artifacts = sorted((benson.home / "artifacts").rglob("*.json"))
    answer = benson("validate", "--as", "ber-telemetry-artifact", *artifacts)
    assert answer.code == 0
    assert answer.out.endswith(f"{len(examples)} ber-telemetry-artifacts, valid\n")


def test_json_has_an_object_per_finding_and_a_summary(benson: Benson, tmp_path: Path) -> None:
    file = save(tmp_path, "x.jsonl", lines([gate(1, status="NO"), '{"torn', trail()[0]]))
    answer = benson("validate", "--json", file, tmp_path / "none.json")
    assert answer.code == 2
    *found, last = answer.objects
    assert [list(f) for f in found] == [["file", "line", "level", "kind", "pointer", "message"]] * 4
    assert [(f["line"], f["level"], f["kind"], f["pointer"]) for f in found] == [
        (1, "violation", "event", "/data/status"),
        (2, "violation", None, None),
        (3, "note", "event", None),
        (None, "violation", None, None),
    ]
    assert found[3]["message"] == "No such file or directory"
    assert last == {
        "summary": {
            "files": 2,
            "kinds": {"event": 2},
            "unreadable": 2,
            "violations": 3,
            "notes": 1,
            "valid": False,
        }
    }


def test_a_file_that_is_not_there_does_not_keep_the_rest_from_being_checked(
    benson: Benson, tmp_path: Path
) -> None:
    good = save(tmp_path, "good.json", document())
    answer = benson("validate", tmp_path / "none.jsonl", tmp_path, good)
    assert answer.code == 2
    assert "none.jsonl: No such file or directory\n" in answer.out
    assert f"{tmp_path}: Is a directory\n" in answer.out
    assert f"{good}: 1 document, valid\n" in answer.out


@pytest.mark.parametrize("text", ["", "[", '{"a": 1, "a": 2}', "\ufeff{}", "a: *x"])
def test_what_can_not_be_read_is_a_violation(benson: Benson, tmp_path: Path, text: str) -> None:
    answer = benson("validate", save(tmp_path, "x.json", text.encode()))
    assert answer.code == 2
    assert answer.out.endswith("x.json: 1 unreadable, 1 violation\n")


def test_an_unknown_kind_is_refused_and_a_close_one_is_guessed(benson: Benson) -> None:
    answer = benson("validate", "--as", "evnt", "-")
    assert (answer.code, answer.out) == (2, "")
    assert "there is no kind 'evnt' (did you mean 'event'?)" in answer.err


def test_of_too_many_violations_the_rest_is_counted(benson: Benson) -> None:
    answer = benson("validate", "--lines", "-", stdin=lines([gate(1)] * 2500))
    told = answer.out.splitlines()
    assert answer.code == 2
    assert len(told) == 1002
    assert told[-2:] == [
        "standard input: and 1,500 more",
        "standard input: 2,500 events, 2,500 violations",
    ]


def test_foreign_text_stays_on_its_line(benson: Benson) -> None:
    """No control character of a document reaches the terminal."""
    hostile = {**event("X"), "\x1b[2J\r\nfake, line 9: /": 1}
    answer = benson("validate", "--as", "event", "-", stdin=json.dumps(hostile))
    assert answer.code == 2
    assert len(answer.out.splitlines()) == 2


def test_a_line_is_checked_when_it_comes(benson: Benson) -> None:
    """A pipe that stays open gets each answer before it hands in the next line."""
    with benson.started("validate", "--lines", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(1, 4):
            process.stdin.write(json.dumps(gate(1)).encode() + b"\n")
            process.stdin.flush()
            assert f"line {number}: ".encode() in process.stdout.readline()
        process.stdin.close()
        assert process.wait(TIMEOUT) == 2


def test_a_reader_who_leaves_does_not_make_it_valid(benson: Benson, tmp_path: Path) -> None:
    """The exit code is that of the whole file."""
    file = save(tmp_path, "x.jsonl", lines([gate(1)] * 3000))
    with benson.started("validate", file) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(TIMEOUT) == 2


def test_a_large_file_shows_how_far_it_is(benson: Benson, tmp_path: Path) -> None:
    """On a terminal, after a moment; at the end only the answer is left."""
    file = save(tmp_path, "x.jsonl", lines(trail()) * 20_000)
    code, shown, _ = on_terminal(benson, "validate", file)
    assert code == 0
    assert b"validating" in shown
    assert [row for row in screen(shown) if row] == [f"{file}: 220,000 events, valid"]


def test_colours_and_bars_are_for_terminals(benson: Benson, tmp_path: Path) -> None:
    """A short file shows no bar there either."""
    code, shown, _ = on_terminal(benson, "validate", save(tmp_path, "x.jsonl", lines(trail())))
    assert code == 0
    assert b"\x1b" not in shown
    assert b"validating" not in shown
