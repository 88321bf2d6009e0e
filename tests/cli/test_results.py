"""Results of every kind that the contract lists: each is judged, and gets the verdict it earned.

All of them go through one command, one per line, and each test looks at its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from .command import MEMBERS, Answer, Benson
from .conftest import new_benson
from .documents import document, line
from .kinds import FORBIDDEN, KINDS, WITHOUT

JINJA: Final = {"__prefect_kind": "jinja", "template": "{{ 7*7 }}"}


@pytest.fixture(scope="module")
def benson(tmp_path_factory: pytest.TempPathFactory) -> Benson:
    """One home for all of them."""
    return new_benson(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def answer(benson: Benson) -> Answer:
    """What the command says of all of them."""
    documents = [kind.document for kind in KINDS.values()] + list(WITHOUT.values())
    return benson("judge", "--json", "--lines", "-", stdin=b"".join(map(line, documents)))


@pytest.fixture(scope="module")
def said(answer: Answer) -> dict[str, dict[str, Any]]:
    """What the command says of each, by its PAC."""
    return {one["pac_id"]: one for one in answer.objects}


def pac_id_of(judged: dict[str, Any]) -> str:
    pac_id: str = judged["pac"]["pac_id"]
    return pac_id


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_gets_the_verdict_of_the_contract(
    said: dict[str, dict[str, Any]], kind: str
) -> None:
    """Its status, the code of its schema validation, and exactly the gates that it failed."""
    found = said[pac_id_of(KINDS[kind].document)]
    failed = [c["checkpoint_id"] for c in found["checkpoints"] if c["status"] == "FAIL"]
    assert (found["status"], found["error_code"], failed) == KINDS[kind].expected


@pytest.mark.parametrize("field", WITHOUT)
def test_a_result_without_a_required_field_is_refused(
    said: dict[str, dict[str, Any]], benson: Benson, field: str
) -> None:
    """GS_130, and the artifact names the field."""
    found = said[pac_id_of(WITHOUT[field])]
    assert (found["status"], found["error_code"]) == ("BLOCKED", "GS_130")
    artifact = json.loads(Path(found["artifact_path"]).read_text())
    paths = [violation["path"] for violation in artifact["dispatch"]["violations"]]
    assert f"/execution_result/{field}" in paths


def test_every_readable_document_is_a_dispatch_that_is_closed(
    answer: Answer, benson: Benson
) -> None:
    """All gates are judged, a WRAP exists exactly where it was earned, and each has its end."""
    assert answer.code == 3  # the one without a result failed
    assert answer.err == ""
    recorded = benson.recorded()
    ends = {s.dispatch.dispatch_id: s.event.data["status"] for s in recorded if s.sequence == 11}
    assert len(answer.objects) == len(KINDS) + len(WITHOUT) == len(ends)
    for found in answer.objects:
        assert list(found) == MEMBERS
        assert [c["checkpoint_id"] for c in found["checkpoints"]] == [
            f"CP-0{n}" for n in range(1, 5)
        ]
        assert (found["wrap_id"] is not None) == (found["status"] == "COMPLETED")
        assert ends[found["dispatch_id"]] == found["status"]
        assert Path(found["artifact_path"]).is_file()


def test_no_two_dispatches_share_a_wrap(answer: Answer) -> None:
    """Though all of these PACs have one agent and one number."""
    wraps = [found["wrap_id"] for found in answer.objects if found["wrap_id"] is not None]
    assert len(wraps) == len(set(wraps)) > 10


def test_every_forbidden_field_of_a_result_is_named(benson: Benson, tmp_path: Path) -> None:
    """At the top and deep inside, each with its path."""
    deep: dict[str, Any] = {"deep": [{"er": dict.fromkeys(FORBIDDEN, 1)}]}
    asked = document(result={**dict.fromkeys(FORBIDDEN, 1), "artifacts": deep})
    text = benson("judge", "-", stdin=json.dumps(asked)).out
    for field in FORBIDDEN:
        assert f"/execution_result/{field}: the field '{field}' is forbidden" in text
        assert f"/execution_result/artifacts/deep/0/er/{field}: " in text


def test_a_template_in_a_result_is_judged_and_quoted_as_it_is(benson: Benson) -> None:
    """Nothing evaluates it: not the judging, not the artifact, not the trail."""
    asked = document(result={"artifacts": {"page": JINJA, "list": [JINJA]}, "warnings": [JINJA]})
    answer = benson("judge", "--json", "-", stdin=json.dumps(asked))
    assert answer.code == 0
    path = Path(answer.object["artifact_path"])
    artifact = json.loads(path.read_text())
    for quoted in (artifact["dispatch"]["execution_result"], artifact["report"]["self_reported"]):
        assert quoted["artifacts"] == {"page": JINJA, "list": [JINJA]}
        assert quoted["warnings"] == [JINJA]
    assert "49" not in str(artifact["dispatch"]["execution_result"])


def test_a_template_in_the_place_of_a_value_is_refused(benson: Benson) -> None:
    """It is an object where another type belongs, whatever it would evaluate to."""
    fields = ["notes", "quality_score", "agent_name", "files_modified", "tasks_total"]
    lines = b"".join(line(document(result={field: JINJA})) for field in fields)
    answer = benson("judge", "--json", "--lines", "-", stdin=lines)
    assert answer.code == 1
    for field, found in zip(fields, answer.objects, strict=True):
        assert (found["status"], found["error_code"]) == ("BLOCKED", "GS_130")
        artifact = json.loads(Path(found["artifact_path"]).read_text())
        assert artifact["dispatch"]["execution_result"][field] == JINJA


def test_a_template_in_the_text_of_a_pac_stays_text(benson: Benson) -> None:
    """A path or a description with braces is a path or a description."""
    braces = "src/{{ 7*7 }}.py"
    asked = document(pac={"execution_lane": "{{ 7*7 }}"}, result={"files_modified": [braces]})
    answer = benson("judge", "--json", "-", stdin=json.dumps(asked))
    assert answer.code == 0
    artifact = json.loads(Path(answer.object["artifact_path"]).read_text())
    assert artifact["dispatch"]["execution_result"]["files_modified"] == [braces]
    assert artifact["dispatch"]["pac"]["execution_lane"] == "{{ 7*7 }}"
