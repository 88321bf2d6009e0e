"""`benson events`: the trail, event by event."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from benson_execution.trail import StoredEvent

from .command import TIMEOUT, Benson
from .conftest import new_benson
from .documents import document, line

FIELDS = ["telemetry_version", "timestamp", "event_type", "authority", "data"]
A, B = "PAC-DAN-P53-CLI-A", "PAC-DAN-P53-CLI-B"
DISPATCHES = 300


@pytest.fixture(scope="module")
def benson(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """A trail with hundreds of dispatches: one of B, and all others of A."""
    benson = new_benson(tmp_path_factory.mktemp("events"))
    lines = line(document(A)) + line(document(B, result={"notes": "ü🟩"}))
    lines += line(document(A)) * (DISPATCHES - 2)
    assert benson("judge", "--json", "--lines", "-", stdin=lines).code == 1
    return benson


@pytest.fixture(scope="module")
def recorded(benson: Benson) -> list[StoredEvent]:
    """The same trail, read without the command."""
    return benson.recorded()


def test_json_prints_exactly_the_recorded_bytes(
    benson: Benson, recorded: list[StoredEvent]
) -> None:
    """One event per line, each with exactly the contract's five fields, in the order of record."""
    answer = benson("events", "--json")
    assert answer.code == 0
    assert answer.out.encode() == b"".join(s.event.json + b"\n" for s in recorded)
    assert len(answer.objects) == DISPATCHES * 11
    assert all(list(event) == FIELDS for event in answer.objects)
    assert {event["authority"] for event in answer.objects} == {"BENSON (GID-00)"}


@pytest.mark.parametrize(
    ("options", "matches"),
    [
        (["--pac", B], lambda s: s.dispatch.pac_id == B),
        (["--type", "CHECKPOINT"], lambda s: s.event.event_type == "CHECKPOINT"),
        (["--dispatch", "SECOND"], lambda s: s.dispatch.pac_id == B),
        (
            ["--pac", B, "--type", "CHECKPOINT"],
            lambda s: s.dispatch.pac_id == B and s.event.event_type == "CHECKPOINT",
        ),
        (["--pac", A, "--dispatch", "SECOND"], lambda _: False),
        (
            ["--dispatch", "SECOND", "--type", "WRAP_GENERATION", "--pac", B],
            lambda s: s.dispatch.pac_id == B and s.event.event_type == "WRAP_GENERATION",
        ),
        (["--pac", "PAC-UNKNOWN"], lambda _: False),
        (["--pac", B[:-1]], lambda _: False),
        (["--type", "checkpoint"], lambda _: False),
        (["--dispatch", ""], lambda _: False),
    ],
    ids=str,
)
def test_a_filter_prints_what_matches_it(
    benson: Benson,
    recorded: list[StoredEvent],
    options: list[str],
    matches: Callable[[Any], bool],
) -> None:
    """Alone and combined; where nothing matches, nothing is printed and nothing is wrong."""
    (second,) = {s.dispatch.dispatch_id for s in recorded if s.dispatch.pac_id == B}
    asked = [second if option == "SECOND" else option for option in options]
    answer = benson("events", "--json", *asked)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.encode() == b"".join(s.event.json + b"\n" for s in recorded if matches(s))


def test_without_json_each_event_is_one_line_in_words(
    benson: Benson, recorded: list[StoredEvent]
) -> None:
    """When, which dispatch, which place in it, what, and what it says."""
    answer = benson("events", "--pac", B)
    lines = answer.out.splitlines()
    mine = [s for s in recorded if s.dispatch.pac_id == B]
    assert len(lines) == len(mine) == 11
    for printed, stored in zip(lines, mine, strict=True):
        assert printed.split()[:4] == [
            stored.event.timestamp,
            stored.dispatch.dispatch_id,
            str(stored.sequence),
            stored.event.event_type,
        ]
    assert "CP-03 PASS: Quality score 0.90 meets the threshold 0.70" in answer.out


def test_an_empty_trail_has_nothing_to_print(tmp_path_factory: pytest.TempPathFactory) -> None:
    """And that is no error."""
    benson = new_benson(tmp_path_factory.mktemp("empty"))
    assert benson("events", "--json") == (0, "", "")
    assert benson("events") == (0, "", "")


@pytest.mark.parametrize("options", [["--json"], []], ids=["json", "words"])
def test_a_reader_that_leaves_is_no_error(benson: Benson, options: list[str]) -> None:
    """As `head -1` does: no traceback, not a word, and no exit code that means "blocked"."""
    with benson.started("events", *options, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        assert process.wait(TIMEOUT) in (0, 141, -13)
        assert process.stderr.read() == b""
    assert b"PAC_DISPATCH_START" in first


def test_a_reader_that_never_came_is_no_error(benson: Benson) -> None:
    """Also where all that is said fits into one write, which only the end hands on."""
    with benson.started("events", "--pac", B, "--json", stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(TIMEOUT) in (0, 141, -13)
        assert process.stderr.read() == b""


def test_events_never_change_the_trail(benson: Benson, recorded: list[StoredEvent]) -> None:
    """Reading leaves no mark."""
    benson("events")
    benson("show", B)
    assert benson.recorded() == recorded
    assert json.loads(recorded[0].event.json)["event_type"] == "PAC_DISPATCH_START"
