"""The BER telemetry artifact: what every judged dispatch leaves, all of it or nothing."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import types
from pathlib import Path
from typing import Any, NoReturn

import pytest

from benson_execution import MemoryTrail, Outcome, __version__
from benson_execution.artifact import artifact_path, write_artifact
from benson_execution.errors import ArtifactNotWritten

from .helpers import DAN, GATES, READABLE, dan, engine, pac, policy, recorded, result, text

SELF_REPORTED = {
    "execution_timestamp",
    "execution_time_ms",
    "tasks_completed",
    "tasks_total",
    "files_modified",
    "files_created",
    "quality_score",
    "scope_compliance",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


def left(folder: Path, content: Any) -> tuple[Outcome, dict[str, Any]]:
    """What became of a document, and the artifact that it left."""
    outcome = engine(artifacts=folder).execute_pac(content)
    assert outcome.artifact_path is not None
    artifact: dict[str, Any] = json.loads(outcome.artifact_path.read_bytes())
    return outcome, artifact


@pytest.mark.parametrize("path", READABLE, ids=lambda p: p.stem)
def test_every_judged_dispatch_leaves_an_artifact_of_four_members(path: Path, folder: Path) -> None:
    """`dispatch`, `report`, `telemetry` and `proof`, in this order, for the refused ones too."""
    outcome, artifact = left(folder, path.read_bytes())
    assert list(artifact) == ["dispatch", "report", "telemetry", "proof"]
    assert artifact["dispatch"]["status"] == outcome.status
    assert (artifact["report"] is None) is (outcome.status != "COMPLETED")


def test_the_telemetry_is_exactly_the_contracts_block(folder: Path) -> None:
    """Version, summary and the events as they stand in the trail."""
    trail = MemoryTrail()
    judge = engine(trail, artifacts=folder)
    outcome = judge.execute_pac(text())
    assert outcome.artifact_path is not None
    artifact = json.loads(outcome.artifact_path.read_bytes())
    assert artifact["telemetry"] == judge.get_telemetry_for_ber()
    assert list(artifact["telemetry"]) == ["telemetry_version", "summary", "events"]
    assert artifact["telemetry"]["events"] == recorded(trail)
    fields = ["telemetry_version", "timestamp", "event_type", "authority", "data"]
    assert all(list(event) == fields for event in artifact["telemetry"]["events"])


def test_the_dispatch_says_who_what_when_and_by_which_policy(folder: Path) -> None:
    """Everything that is needed to judge it again."""
    content = text()
    outcome, artifact = left(folder, content)
    dispatch, events = artifact["dispatch"], artifact["telemetry"]["events"]
    assert dispatch["dispatch_id"] == outcome.dispatch_id
    assert f"{dispatch['run_id']}-{dispatch['number']}" == outcome.dispatch_id
    assert dispatch["pac_id"] == DAN["pac"]["pac_id"]
    assert (dispatch["agent_gid"], dispatch["agent_name"]) == ("GID-07", "Dan")
    assert dispatch["started_at"] == events[0]["timestamp"]
    assert dispatch["ended_at"] == events[-1]["timestamp"]
    assert dispatch["duration_ms"] == events[-1]["data"]["duration_ms"]
    assert dispatch["duration_estimated"] is False
    assert dispatch["document_bytes"] == len(content)
    assert dispatch["pac"] == DAN["pac"]
    assert dispatch["execution_result"] == DAN["execution_result"]
    assert dispatch["violations"] == []
    assert dispatch["no_report_because"] is None
    assert dispatch["document_sha256"] == hashlib.sha256(content).hexdigest()
    for member in ("pac", "execution_result"):
        written = json.dumps(DAN[member]).encode()  # as `text` wrote it
        name = f"{member}_sha256"
        assert dispatch[name] == hashlib.sha256(written).hexdigest()
    assert dispatch["policy"] == {
        "quality_threshold": 0.7,
        "policy_sha256": policy().sha256,
        "agent_registry_sha256": policy().registry.sha256,
        "benson_version": __version__,
        "human_review": {"mode": "never", "score": None, "agents": []},
    }


def test_the_report_repeats_the_judgements(folder: Path) -> None:
    """Four checkpoints, the schema, the decision and the WRAP, as the events tell them."""
    outcome, artifact = left(folder, text())
    report = artifact["report"]
    assert [c["checkpoint_id"] for c in report["checkpoints"]] == list(GATES)
    assert [c["checkpoint_name"] for c in report["checkpoints"]] == list(GATES.values())
    assert [
        {k: v for k, v in c.items() if k != "checkpoint_name"} for c in report["checkpoints"]
    ] == [dict(c) for c in outcome.checkpoints]
    assert report["schema_validation"] == {
        "schema_type": "AgentExecutionResult",
        "valid": True,
        "error_code": None,
    }
    assert report["decision"] == {
        "eligible": True,
        "reason": "All checkpoints passed",
        "human_review_required": False,
    }
    assert report["wrap"] == {
        "wrap_id": outcome.wrap_id,
        "status": "WRAP_GENERATED",
        "blocked": False,
        "document_sha256": artifact["dispatch"]["document_sha256"],
    }
    assert (report["pac_id"], report["agent_gid"]) == (outcome.pac_id, "GID-07")


def test_the_agents_own_word_is_marked_as_such(folder: Path) -> None:
    """What it reported stands in `self_reported`, apart from what was judged, and as it was."""
    _, artifact = left(folder, text())
    told = artifact["report"]["self_reported"]
    assert set(told) == SELF_REPORTED
    assert told == {key: DAN["execution_result"][key] for key in told}
    more = {"notes": "n", "artifacts": {"a": [1]}, "warnings": ["w"]}
    _, artifact = left(folder, text(execution_result=result(**more)))
    assert {key: artifact["report"]["self_reported"][key] for key in more} == more


def test_without_a_report_the_reason_is_given(folder: Path) -> None:
    """The very reason of the BER decision, and each violation with its place."""
    data = result(quality_score=0.1, extra=1)
    outcome, artifact = left(folder, text(execution_result=data))
    assert artifact["report"] is None
    assert artifact["dispatch"]["no_report_because"] == outcome.reason
    assert "CP-03" in artifact["dispatch"]["no_report_because"]
    assert "GS_130" in artifact["dispatch"]["no_report_because"]
    (violation,) = artifact["dispatch"]["violations"]
    assert violation["path"] == "/execution_result/extra"


def test_a_result_that_is_absent_is_null(folder: Path) -> None:
    """And the dispatch FAILED."""
    _, artifact = left(folder, {"pac": pac()})
    assert artifact["dispatch"]["execution_result"] is None
    assert artifact["dispatch"]["status"] == "FAILED"
    assert artifact["report"] is None
    assert artifact["dispatch"]["no_report_because"]


def test_a_closed_pacs_second_artifact_has_no_report(folder: Path) -> None:
    """Its reason names the WRAP; the first artifact stays as it is."""
    judge = engine(artifacts=folder)
    first, second = judge.execute_pac(text()), judge.execute_pac(text())
    assert first.artifact_path != second.artifact_path
    assert second.artifact_path is not None
    artifact = json.loads(second.artifact_path.read_bytes())
    assert artifact["report"] is None
    assert first.wrap_id is not None
    assert first.wrap_id in artifact["dispatch"]["no_report_because"]


def test_an_artifact_lies_under_its_pac_and_dispatch(folder: Path) -> None:
    """`FOLDER/PAC_ID/DISPATCH_ID.json`, with the signed heads beside them all."""
    outcome, _ = left(folder, text())
    path = artifact_path(folder, outcome.pac_id, outcome.dispatch_id)
    assert path == folder / outcome.pac_id / f"{outcome.dispatch_id}.json"
    assert outcome.artifact_path == path
    assert {p for p in folder.rglob("*") if p.is_file()} == {path, folder / "heads.jsonl"}


def test_an_engine_with_a_trail_of_its_own_writes_nowhere_unasked(home: Path) -> None:
    """No folder, no artifact; the home stays untouched."""
    assert engine().execute_pac(text()).artifact_path is None
    assert not home.exists()


def test_any_mapping_can_be_judged_and_written(folder: Path) -> None:
    """A result that is a read-only mapping ends in the same artifact."""
    outcome, artifact = left(
        folder, {"pac": pac(), "execution_result": types.MappingProxyType(result())}
    )
    assert outcome.status == "COMPLETED"
    assert artifact["dispatch"]["execution_result"] == DAN["execution_result"]


ARTIFACT = {"dispatch": {"pac_id": "PAC-TEST-01", "dispatch_id": "run-1"}, "report": None}


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_writing_twice_replaces_the_file(folder: Path) -> None:
    """Whoever finds it finds one of the two, whole."""
    path = write_artifact(ARTIFACT, folder)
    write_artifact({**ARTIFACT, "report": {"new": True}}, folder)
    assert json.loads(path.read_bytes())["report"] == {"new": True}
    assert path.read_bytes().endswith(b"}\n")
    assert files(folder) == ["run-1.json"]


@pytest.mark.parametrize("step", ["fsync", "replace", "fdopen"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    step: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ArtifactNotWritten` at whichever step, the old content, and no temporary file."""
    path = write_artifact(ARTIFACT, folder)
    before = path.read_bytes()

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(f"os.{step}", fail)
        with pytest.raises(ArtifactNotWritten, match="No space left") as refused:
            write_artifact({**ARTIFACT, "report": {"new": True}}, folder)
    assert str(path) in str(refused.value)
    assert refused.value.exit_code == 3
    assert path.read_bytes() == before
    assert files(folder) == ["run-1.json"]


@pytest.mark.parametrize("there", [True, False], ids=["folder", "nothing"])
def test_a_link_in_the_place_of_a_pacs_folder_is_not_followed(
    there: bool, folder: Path, tmp_path: Path
) -> None:
    """The PAC's id chose the name; where somebody made it lead, nothing is written."""
    elsewhere = tmp_path / "elsewhere"
    if there:
        elsewhere.mkdir()
    folder.mkdir(parents=True)
    (folder / "PAC-TEST-01").symlink_to(elsewhere)
    with pytest.raises(ArtifactNotWritten):
        write_artifact(ARTIFACT, folder)
    assert not there or list(elsewhere.iterdir()) == []


def test_a_link_in_the_place_of_an_artifact_is_replaced(folder: Path, tmp_path: Path) -> None:
    """And what it led to stays as it is."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    path = write_artifact(ARTIFACT, folder)
    path.unlink()
    path.symlink_to(victim)
    assert write_artifact(ARTIFACT, folder) == path
    assert not path.is_symlink()
    assert victim.read_bytes() == b"untouched"


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The hint says that the trail has the whole record, and which variable names the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactNotWritten) as refused:
        write_artifact(ARTIFACT, tmp_path / "file")
    assert "BENSON_ARTIFACTS" in str(refused.value.hint)


def test_hostile_text_stays_inside_its_strings(folder: Path) -> None:
    """What an agent wrote comes back as it was, and names no file."""
    nasty = "../../\x1b[31m\u202e</script>\n| `x` |"
    data = dan()
    data["execution_result"]["notes"] = nasty
    outcome, artifact = left(folder, json.dumps(data))
    assert artifact["report"]["self_reported"]["notes"] == nasty
    assert files(folder) == [f"{outcome.dispatch_id}.json", "heads.jsonl"]
