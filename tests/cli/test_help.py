"""What the command says of itself."""

from __future__ import annotations

import re

import pytest

from benson_execution import __version__

from .command import Benson

COMMANDS = [
    "run",
    "judge",
    "validate",
    "schema",
    "events",
    "show",
    "report",
    "rejudge",
    "submit",
    "up",
    "attest",
    "export",
]


def test_the_version_is_that_of_the_package(benson: Benson) -> None:
    """On one line, and nothing is made for it."""
    assert benson("--version") == (0, f"benson {__version__}\n", "")
    assert not benson.home.exists()


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_names_every_command_and_every_exit_code(benson: Benson, option: str) -> None:
    """What there is to know before the first attempt."""
    answer = benson(option)
    assert (answer.code, answer.err) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^│? *{command} +\w", answer.out, re.MULTILINE)
    said = " ".join(answer.out.split())
    for words in ("0 completed", "1 blocked", "2 bad usage", "3 failed", "5 trail unavailable"):
        assert words in said
    assert "BENSON_HOME" in said


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run", ["FILE", "--pac", "--json"]),
        ("judge", ["FILE", "--lines", "--json"]),
        ("submit", ["FILE", "--wait", "--timeout", "--json"]),
        ("up", ["--port", "--limit"]),
        ("validate", ["FILE", "--as", "--lines", "--json"]),
        ("schema", ["NAME", "--all"]),
        ("events", ["--pac", "--dispatch", "--type", "--json"]),
        ("show", ["PAC_ID"]),
        ("report", ["PAC_ID", "--since", "--until", "--output", "--force", "--json"]),
        ("rejudge", ["PAC_ID", "--dispatch", "--json"]),
        ("attest", ["PAC_ID", "--dispatch", "--files", "--output", "--verify", "--key"]),
        ("export", ["--format", "--since", "--until", "--closed", "--output"]),
    ],
)
def test_each_command_has_its_help(benson: Benson, command: str, options: list[str]) -> None:
    """Its usage, its options, and an example that begins with `benson`; nothing is started."""
    answer = benson(command, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"Usage: benson {command}" in answer.out
    for option in options:
        assert option in answer.out
    assert re.search(rf"^ *benson {command} ", answer.out, re.MULTILINE)
    assert "[dim]" not in answer.out
    assert not benson.home.exists()


def test_without_a_command_there_is_the_help(benson: Benson) -> None:
    """As for any other bad usage, the exit code is 2."""
    answer = benson()
    assert answer.code == 2
    assert "Usage: benson" in answer.out + answer.err
