"""`benson show`: one PAC's story."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path

import pytest

from benson_execution.events import Event
from benson_execution.trail import Batch, DispatchRef, NewEvent

from .command import Benson
from .conftest import new_benson
from .documents import document, line

GOOD, TWIN = "PAC-DAN-P53-SHOW-GOOD", "PAC-DAN-P53-SHOW-GOOD-TWIN"
BAD = "PAC-DAN-P53-SHOW-BAD"


@pytest.fixture(scope="module")
def benson(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """A trail with a PAC that was completed and then blocked, its twin, and a refused one."""
    benson = new_benson(tmp_path_factory.mktemp("show"))
    bad = document(BAD, result={"quality_score": 0.2, "wrap_id": "W", "files_created": ["../x"]})
    documents = [document(GOOD), document(GOOD), document(TWIN), bad]
    benson("judge", "--json", "--lines", "-", stdin=b"".join(map(line, documents)))
    return benson


def test_a_pac_is_told_with_all_its_dispatches(benson: Benson) -> None:
    """Each with its timeline of eleven events, and the verdict at its end."""
    answer = benson("show", "--all", GOOD)
    assert (answer.code, answer.err) == (0, "")
    titles = re.findall(r"^dispatch \d of \d: (\S+)$", answer.out, re.MULTILINE)
    mine = [s for s in benson.recorded() if s.dispatch.pac_id == GOOD]
    assert titles == list(dict.fromkeys(s.dispatch.dispatch_id for s in mine))
    told = re.findall(r"^ +\d+\.\d ms +\+\d+\.\d  (\w+)", answer.out, re.MULTILINE)
    assert told == [s.event.event_type for s in mine]
    assert re.findall(rf"^(\w+)  {GOOD}$", answer.out, re.MULTILINE) == ["COMPLETED", "BLOCKED"]
    assert TWIN not in answer.out


def test_the_latest_dispatch_is_told_and_the_earlier_ones_are_listed(benson: Benson) -> None:
    """On one screen: one line for each of those that were told before."""
    answer = benson("show", GOOD)
    first, second = dict.fromkeys(
        s.dispatch.dispatch_id for s in benson.recorded() if s.dispatch.pac_id == GOOD
    )
    line, title, *rest = answer.out.splitlines()
    assert re.fullmatch(rf"dispatch 1 of 2: {first}  \S+\+00:00  COMPLETED", line)
    assert title == f"dispatch 2 of 2: {second}"
    assert f"BLOCKED  {GOOD}" in rest
    assert "  cause  ALREADY_WRAPPED  the PAC is closed by WRAP-DAN-P53-" in answer.out
    assert f"`benson show {GOOD} --all` tells the dispatch that closed it" in answer.out
    assert f"COMPLETED  {GOOD}" in benson("show", GOOD, "--dispatch", first).out


def test_a_dispatch_of_another_pac_is_refused(benson: Benson) -> None:
    other = next(s.dispatch.dispatch_id for s in benson.recorded() if s.dispatch.pac_id == TWIN)
    for how in ([], ["--follow"]):
        answer = benson("show", GOOD, "--dispatch", other, *how)
        assert (answer.code, answer.out) == (2, "")
        assert f"{GOOD} has no dispatch '{other}'" in answer.err


@pytest.mark.parametrize(
    "options",
    [["--all", "--follow"], ["--all", "--dispatch", "x"], ["--timeout", "1"], ["--timeout", "-1"]],
)
def test_options_that_mean_nothing_together_are_refused(benson: Benson, options: list[str]) -> None:
    answer = benson("show", GOOD, *options)
    assert (answer.code, answer.out) == (2, "")
    assert "--" in answer.err


def test_a_refusal_is_one_screen(benson: Benson) -> None:
    """At a hundred columns, with what was expected and found, and what would make it pass."""
    out = benson("show", BAD).out
    rows = sum(-(-len(line) // 100) for line in out.splitlines())
    assert rows <= 42, out
    fix = (
        "  fix    CP-03  raise quality_score from 0.20 to at least 0.70 by improving the work, or "
        "lower BENSON_QUALITY_THRESHOLD [/execution_result/quality_score]"
    )
    assert {
        "               expected at least 0.70; found 0.20",
        fix,
        "  fix    GS_131  delete /execution_result/wrap_id: only Benson closes a work order",
    } <= set(out.splitlines())


def test_long_lists_have_an_end(benson: Benson) -> None:
    """A thousand violations are no screen; the artifact has all."""
    fields = {f"unknown_{n}": n for n in range(500)} | {"test_results": {"passed": "x"}}
    pac_id = "PAC-DAN-P53-SHOW-LONG"
    many = document(pac_id, result=fields | {"files_modified": [f"../{n}" for n in range(500)]})
    benson("judge", "--json", "--lines", "-", stdin=line(many))
    out = benson("show", pac_id).out
    assert len(out.splitlines()) <= 55
    assert re.search(r"^         and \d+ more; the artifact has all$", out, re.MULTILINE)
    assert "'../0', '../1', '../2' and 497 more by a path relative to the repository" in out


def test_json_has_all_of_it(benson: Benson) -> None:
    """For machines: one object, with the members that the screen shows."""
    told = benson("show", BAD, "--json").object
    assert (told["pac_id"], told["status"], told["error_code"]) == (BAD, "BLOCKED", "GS_131")
    assert [one["event_type"] for one in told["timeline"]] == [
        s.event.event_type for s in benson.recorded() if s.dispatch.pac_id == BAD
    ]
    checks = {one["checkpoint_id"]: one for one in told["checks"]}
    assert list(checks) == ["CP-01", "CP-02", "CP-03", "CP-04", "SCHEMA_VALIDATION"]
    assert (checks["CP-03"]["expected"], checks["CP-03"]["actual"]) == ("at least 0.70", "0.20")
    assert told["violations"] == [
        {
            "path": "/execution_result/wrap_id",
            "message": "the field 'wrap_id' is forbidden",
        }
    ]
    found = {one["cause"]: one for one in told["findings"]}
    assert list(found) == ["CP-02", "CP-03", "GS_131"]
    assert found["CP-02"]["where"] == ["/execution_result/files_created/0"]
    assert Path(told["artifact_path"]).exists()
    assert len(benson("show", GOOD, "--all", "--json").objects) == 2


def test_a_refusal_is_told_with_its_reasons(benson: Benson) -> None:
    """Long after the judging: the gates, the code, and the paths of what is wrong."""
    answer = benson("show", BAD)
    for reason in (
        "Quality score 0.20 is below the threshold 0.70",
        "'../x'",
        "GS_131",
        "/execution_result/wrap_id: the field 'wrap_id' is forbidden",
    ):
        assert reason in answer.out
    assert answer.code == 0


def test_the_beginning_of_an_id_will_do(benson: Benson) -> None:
    """Where it begins only one."""
    assert benson("show", "PAC-DAN-P53-SHOW-B").out == benson("show", BAD).out
    assert benson("show", TWIN[:-2]).out == benson("show", TWIN).out


def test_a_full_id_is_meant_though_it_begins_another(benson: Benson) -> None:
    """An exact match leaves nothing to guess."""
    answer = benson("show", GOOD)
    assert answer.code == 0
    assert "dispatch 2 of 2" in answer.out


def test_an_ambiguous_beginning_is_refused_with_what_it_begins(benson: Benson) -> None:
    """So that the next attempt can be the right one."""
    answer = benson("show", "PAC-DAN-P53-SHOW-GOO")
    assert (answer.code, answer.out) == (2, "")
    (sentence,) = answer.err.splitlines()
    assert GOOD in sentence
    assert TWIN in sentence
    assert BAD not in sentence


@pytest.mark.parametrize("unknown", ["SHOW", "pac-dan-p53-show-bad", f"{BAD}X"])
def test_an_unknown_pac_is_refused(benson: Benson, unknown: str) -> None:
    """A part of an id that is not its beginning is unknown, too."""
    answer = benson("show", unknown)
    assert (answer.code, answer.out) == (2, "")
    (sentence,) = answer.err.splitlines()
    assert unknown in sentence
    assert "benson events" in sentence


def test_the_artifact_that_is_shown_is_there(benson: Benson) -> None:
    """By the path that is printed, for whoever opens it."""
    (printed,) = re.findall(r"^ +artifact (.+)$", benson("show", TWIN).out, re.MULTILINE)
    path = benson.cwd / Path(printed.replace("~", str(benson.cwd), 1))
    assert json.loads(path.read_text())["dispatch"]["pac_id"] == TWIN


def test_an_open_dispatch_is_called_open(benson: Benson) -> None:
    """A killed process leaves one; it has not passed, and it is not called failed either."""
    pac_id = "PAC-DAN-P53-SHOW-OPEN"
    trail = benson.writable_trail()
    data = {"pac_id": pac_id, "agent_gid": "GID-07", "agent_name": "Dan", "phase": "DISPATCH"}
    started = NewEvent("PAC_DISPATCH_START", Event.create("PAC_DISPATCH_START", data))
    trail.append(Batch(DispatchRef(str(uuid.uuid4()), 1, pac_id), (started,)))
    trail.close()
    answer = benson("show", pac_id)
    assert answer.code == 0
    assert "open" in answer.out
    assert not re.search("COMPLETED|BLOCKED|FAILED", answer.out)
