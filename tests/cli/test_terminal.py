"""What reaches a terminal: colour and progress where there is one, and foreign text as text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from .command import MEMBERS, Benson, on_terminal, screen
from .conftest import new_benson
from .documents import document, line, save

COLOUR: Final = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-9]|4[0-9]|9[0-7]|10[0-7])(?:;\d+)*m")
"""An escape sequence that sets a colour, not one that only moves the cursor or makes bold."""

HOSTILE: Final = (
    "Dan\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\nCOMPLETED  FORGED\r\x08\u2028[bold red]x[/] [/nope]"
)
"""Clears the screen, renames the window, rings, turns the writing around, and begins lines."""

PRINTED: Final = "[bold red]x[/] [/nope]"
"""The part of it that is nothing but text."""


def assert_harmless(shown: bytes | str) -> None:
    """None of what the hostile text would do to a terminal, or to whoever reads line by line."""
    text = shown if isinstance(shown, str) else shown.decode()
    for raw in ("\x1b[2J", "\x1b]0;", "\x07", "\x9b", "\u202e", "\u2028", "\x08"):
        assert raw not in text, ascii(text)
    assert not re.search(r"^\s*COMPLETED  FORGED", text, re.MULTILINE), ascii(text)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """A trail with a document that passed, and one whose every text is hostile."""
    benson = new_benson(tmp_path_factory.mktemp("terminal"))
    assert (
        benson("judge", save(benson.cwd, "good.json", document("PAC-DAN-P53-CLI-GOOD"))).code == 0
    )
    bad = document(
        "PAC-DAN-P53-CLI-HOSTILE",
        pac={"agent_name": HOSTILE, "execution_lane": HOSTILE},
        result={
            "agent_name": HOSTILE + "x",
            "files_modified": [f"src/{HOSTILE}", HOSTILE],
            "tasks_completed": ["T1", HOSTILE],
            "quality_score": HOSTILE,
            HOSTILE: 1,
            "artifacts": {HOSTILE: {"wrap_id": HOSTILE}},
        },
    )
    save(benson.cwd, "hostile.json", bad)
    return benson


def test_there_are_colours_on_a_terminal(judged: Benson) -> None:
    """The status and each verdict, in the answer of a person at a screen."""
    code, shown, _ = on_terminal(
        judged, "judge", "good.json", env={"BENSON_TRAIL_URL": "memory://"}
    )
    assert code == 0
    for word in (b"COMPLETED", b"PASS"):
        assert re.search(COLOUR.pattern + word, shown)


def test_a_refusal_has_another_colour_than_a_pass(judged: Benson) -> None:
    """Red is not green."""
    bad = save(judged.cwd, "bad.json", document(result={"quality_score": 0.1}))
    _, shown, _ = on_terminal(judged, "judge", bad, env={"BENSON_TRAIL_URL": "memory://"})
    colours = {word: re.findall(rb"(\x1b\[[0-9;]*m)" + word, shown) for word in (b"PASS", b"FAIL")}
    assert set(colours[b"PASS"]).isdisjoint(colours[b"FAIL"])
    assert colours[b"PASS"]
    assert colours[b"FAIL"]


@pytest.mark.parametrize("command", [["show", "PAC-DAN-P53-CLI-GOOD"], ["--help"]], ids=str)
def test_other_commands_have_colours_too(judged: Benson, command: list[str]) -> None:
    """Wherever a person looks."""
    code, shown, _ = on_terminal(judged, *command)
    assert code == 0
    assert b"\x1b[" in shown


def test_progress_is_shown_while_documents_are_judged(judged: Benson) -> None:
    """On the terminal, and gone at the end: the cursor is shown again."""
    lines = b"".join(line(document()) for _ in range(20))
    file = save(judged.cwd, "many.jsonl", lines)
    env = {"BENSON_TRAIL_URL": "memory://"}
    code, shown, _ = on_terminal(judged, "judge", file, env=env)
    assert code == 0
    assert b"judging" in shown
    assert re.search(rb"\d+/\?", shown)
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l")


def test_progress_leaves_the_verdict_as_it_is(judged: Benson) -> None:
    """When it is gone, the screen has the lines that a file would have, and nothing else."""
    env = {"BENSON_TRAIL_URL": "memory://"}
    _, shown, _ = on_terminal(judged, "judge", "good.json", env=env)
    in_a_file = judged("judge", "good.json", env=env).out.splitlines()
    on_screen = [row for row in screen(shown) if row]
    assert on_screen[:-1] == in_a_file[:-1]  # the last names the dispatch, which is another
    assert on_screen[-1].startswith("  artifact ")


def test_json_goes_to_standard_output_though_progress_goes_to_a_terminal(judged: Benson) -> None:
    """As in `benson judge --json FILE > answers`, typed at a terminal: nothing of it is lost."""
    env = {"BENSON_TRAIL_URL": "memory://"}
    code, shown, left = on_terminal(
        judged, "judge", "--json", "good.json", env=env, streams=("stderr",)
    )
    assert code == 0
    assert list(json.loads(left)) == MEMBERS
    assert b"dispatch_id" not in shown


def test_json_on_a_terminal_is_whole_lines(judged: Benson) -> None:
    """Neither wrapped at the terminal's width nor mixed with the progress."""
    env = {"BENSON_TRAIL_URL": "memory://", "COLUMNS": "60"}
    code, shown, _ = on_terminal(
        judged, "judge", "--json", "good.json", env=env, streams=("stdout",)
    )
    assert code == 0
    assert list(json.loads(shown)) == MEMBERS


def test_a_verdict_in_a_file_has_no_escapes_though_progress_is_on_a_terminal(
    judged: Benson,
) -> None:
    """Each stream is asked for itself whether it is a terminal."""
    env = {"BENSON_TRAIL_URL": "memory://"}
    _, _, left = on_terminal(judged, "judge", "good.json", env=env, streams=("stderr",))
    assert left.startswith(b"COMPLETED  PAC-DAN-P53-CLI-GOOD\n")
    assert b"\x1b" not in left


@pytest.mark.parametrize(
    "command",
    [
        ["judge", "good.json"],
        ["judge", "nowhere.json"],
        ["events"],
        ["show", "PAC-DAN-P53-CLI-GOOD"],
        ["judge", "--help"],
        ["no-such-command"],
    ],
    ids=" ".join,
)
def test_there_are_no_escapes_where_there_is_no_terminal(
    judged: Benson, command: list[str]
) -> None:
    """Whatever the environment says of the terminal that the command is not writing to."""
    answer = judged(*command, env={"TERM": "xterm-256color", "COLORTERM": "truecolor"})
    assert "\x1b" not in answer.out + answer.err
    assert answer.out or answer.err


@pytest.mark.parametrize("command", [["judge", "good.json"], ["judge", "--help"]], ids=" ".join)
def test_no_color_is_respected(judged: Benson, command: list[str]) -> None:
    """No colour in any output, as https://no-color.org asks; bold and the cursor are none."""
    env = {"BENSON_TRAIL_URL": "memory://", "NO_COLOR": "1"}
    code, shown, _ = on_terminal(judged, *command, env=env)
    assert code == 0
    assert not COLOUR.search(shown)


def test_a_terminal_that_can_do_nothing_gets_no_escapes(judged: Benson) -> None:
    """TERM=dumb, as inside an editor."""
    env = {"BENSON_TRAIL_URL": "memory://", "TERM": "dumb"}
    code, shown, _ = on_terminal(judged, "judge", "good.json", env=env)
    assert code == 0
    assert b"COMPLETED" in shown
    assert not re.search(rb"\x1b\[[0-9;]*m", shown)


def test_foreign_text_reaches_a_terminal_as_text(judged: Benson) -> None:
    """In verdict, story and events: escapes are spelt out, and markup is not obeyed."""
    code, shown, _ = on_terminal(judged, "judge", "hostile.json")
    assert code == 1
    assert_harmless(shown)
    assert b"\\u001b" in shown
    for command in (["show", "PAC-DAN-P53-CLI-HOSTILE"], ["events"]):
        code, shown, _ = on_terminal(judged, *command)
        assert code == 0
        assert_harmless(shown)
        assert PRINTED.encode() in shown


def test_foreign_text_is_as_harmless_in_a_file(judged: Benson) -> None:
    """Which somebody will look at on a terminal."""
    for command in (["judge", "hostile.json"], ["show", "PAC-DAN-P53-CLI-HOSTILE"], ["events"]):
        answer = judged(*command)
        assert_harmless(answer.out + answer.err)


def test_json_escapes_what_is_hostile(judged: Benson) -> None:
    """One line per object, whatever stands in it."""
    for command in (["judge", "--json", "hostile.json"], ["events", "--json"]):
        answer = judged(*command)
        assert all(isinstance(one, dict) for one in answer.objects)
        for raw in ("\x1b", "\x07", "\x08", "\r"):
            assert raw not in answer.out


def test_a_hostile_pac_is_refused_harmlessly(judged: Benson, tmp_path: Path) -> None:
    """Unknown fields, ids and rules of a PAC are quoted in the refusal."""
    changes: list[dict[str, Any]] = [
        {HOSTILE: 1},
        {"pac_id": HOSTILE},
        {"allowed_paths": [HOSTILE, "../" + HOSTILE]},
    ]
    files = [save(tmp_path, f"{n}.json", document(pac=change)) for n, change in enumerate(changes)]
    code, shown, _ = on_terminal(judged, "judge", *files)
    assert code == 2
    assert shown.count(b"the PAC is invalid") == 3
    assert_harmless(shown)


@pytest.mark.parametrize("there", [True, False], ids=["judged", "missing"])
def test_a_hostile_file_name_reaches_a_terminal_as_text(
    judged: Benson, tmp_path: Path, there: bool
) -> None:
    """In the progress as well as in an error."""
    name = HOSTILE.replace("/", "|") + ".json"
    if there:
        save(tmp_path, name, document())
    env = {"BENSON_TRAIL_URL": "memory://"}
    code, shown, _ = on_terminal(judged, "judge", tmp_path / name, env=env)
    assert code == (0 if there else 2)
    assert b"Traceback" not in shown
    assert_harmless(shown)


def test_a_file_name_with_brackets_is_printed_as_it_is(judged: Benson, tmp_path: Path) -> None:
    """Brackets are no markup of ours, in the progress neither: web frameworks name files so."""
    folder = tmp_path / "app" / "["
    folder.mkdir(parents=True)
    file = save(folder, "slug].json", document())
    env = {"BENSON_TRAIL_URL": "memory://"}
    code, shown, _ = on_terminal(judged, "judge", file, env=env)
    assert code == 0
    assert b"Traceback" not in shown
    assert b"[/slug].json" in shown


def test_what_is_asked_for_is_quoted_harmlessly(judged: Benson) -> None:
    """An id on the command line may have come from anywhere."""
    code, shown, _ = on_terminal(judged, "show", HOSTILE)
    assert code == 2
    assert_harmless(shown)
    code, shown, _ = on_terminal(judged, "judge", "good.json", env={"BENSON_TRAIL_URL": HOSTILE})
    assert code == 2
    assert_harmless(shown)
