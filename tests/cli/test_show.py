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
    answer = benson("show", GOOD)
    assert (answer.code, answer.err) == (0, "")
    titles = re.findall(r"^dispatch \d of \d: (\S+)$", answer.out, re.MULTILINE)
    mine = [s for s in benson.recorded() if s.dispatch.pac_id == GOOD]
    assert titles == list(dict.fromkeys(s.dispatch.dispatch_id for s in mine))
    told = re.findall(r"^ +\d+\.\d ms  (\w+)", answer.out, re.MULTILINE)
    assert told == [s.event.event_type for s in mine]
    assert re.findall(rf"^(\w+)  {GOOD}$", answer.out, re.MULTILINE) == ["COMPLETED", "BLOCKED"]
    assert TWIN not in answer.out


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
    assert "dispatch 1 of 2" in answer.out


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
