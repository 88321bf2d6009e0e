"""`benson judge`: documents without Prefect."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .command import MEMBERS, Benson
from .documents import EXAMPLES, document, save

PASSING = sorted(EXAMPLES.glob("*.json"))
REFUSED = sorted((EXAMPLES / "refused").glob("*.json"))


def name_of(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("example", PASSING, ids=name_of)
def test_an_example_that_earned_it_is_completed(benson: Benson, example: Path) -> None:
    """Exit code 0, all four checkpoints, a WRAP and an artifact."""
    answer = benson("judge", "--json", example)
    assert answer.code == 0
    said = answer.object
    assert list(said) == MEMBERS
    pac = json.loads(example.read_text())["pac"]
    assert (said["pac_id"], said["status"], said["error_code"]) == (
        pac["pac_id"],
        "COMPLETED",
        None,
    )
    assert re.fullmatch(rf"WRAP-{pac['agent_name'].upper()}-P\d+-\d{{8}}", said["wrap_id"])
    assert [(c["checkpoint_id"], c["status"]) for c in said["checkpoints"]] == [
        (f"CP-0{n}", "PASS") for n in range(1, 5)
    ]
    assert Path(said["artifact_path"]).is_relative_to(benson.home / "artifacts")


@pytest.mark.parametrize("example", REFUSED, ids=name_of)
def test_a_refused_example_is_blocked_for_what_its_name_says(benson: Benson, example: Path) -> None:
    """Exit code 1, no WRAP, the same members, and an artifact all the same."""
    answer = benson("judge", "--json", example)
    assert answer.code == 1
    said = answer.object
    assert list(said) == MEMBERS
    assert said["status"] == "BLOCKED"
    assert said["wrap_id"] is None
    assert Path(said["artifact_path"]).is_file()
    failed = [c["checkpoint_id"] for c in said["checkpoints"] if c["status"] == "FAIL"]
    if (reason := example.name[:6]).startswith("GS_"):
        assert said["error_code"] == reason
    else:
        assert failed == [example.name[:5]]


def test_there_are_examples_of_both_kinds() -> None:
    """Or the two tests above would have tested nothing."""
    assert len(PASSING) >= 3
    assert len(REFUSED) >= 8


def test_the_artifact_is_the_dispatch_as_it_was_recorded(benson: Benson) -> None:
    """It lies where the answer says, and its telemetry is the trail's."""
    said = benson("judge", "--json", PASSING[0]).object
    artifact = json.loads(Path(said["artifact_path"]).read_text())
    assert list(artifact) == ["dispatch", "report", "telemetry", "proof"]
    assert artifact["dispatch"]["dispatch_id"] == said["dispatch_id"]
    assert artifact["dispatch"]["status"] == said["status"]
    recorded = [json.loads(s.event.json) for s in benson.recorded()]
    assert artifact["telemetry"]["events"] == recorded
    assert [e["event_type"] for e in recorded] == [
        "PAC_DISPATCH_START",
        "AGENT_EXECUTION_START",
        *["CHECKPOINT"] * 4,
        "SCHEMA_VALIDATION",
        "AGENT_EXECUTION_END",
        "BER_GENERATION_DECISION",
        "WRAP_GENERATION",
        "PAC_DISPATCH_END",
    ]


def test_the_verdict_tells_every_gate_and_the_wrap(benson: Benson, tmp_path: Path) -> None:
    """Without --json: the status and the PAC, each gate with its details, WRAP, artifact."""
    file = save(tmp_path, "good.json", document("PAC-DAN-P53-CLI-GOOD"))
    answer = benson("judge", file)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].split() == ["COMPLETED", "PAC-DAN-P53-CLI-GOOD"]
    assert [line.split()[:2] for line in lines[1:5]] == [[f"CP-0{n}", "PASS"] for n in range(1, 5)]
    assert "Quality score 0.90 meets the threshold 0.70" in answer.out
    assert re.search(r"WRAP +WRAP-DAN-P53-\d{8}\n", answer.out)
    assert re.search(r"artifact .+\.json\n", answer.out)


def test_a_refusal_tells_why(benson: Benson, tmp_path: Path) -> None:
    """Every reason is named, with what was expected and what was found."""
    bad = document(result={"quality_score": 0.62, "files_modified": ["../x"], "wrapId": "W"})
    answer = benson("judge", save(tmp_path, "bad.json", bad))
    assert answer.code == 1
    assert answer.out.startswith("BLOCKED  ")
    for reason in (
        "Quality score 0.62 is below the threshold 0.70",
        "'../x'",
        "GS_131",
        "/execution_result/wrapId",
    ):
        assert reason in answer.out
    assert re.search(r"WRAP +none\n", answer.out)


def test_several_files_are_judged_in_their_order(benson: Benson, tmp_path: Path) -> None:
    """One object per file; the exit code is the worst of them."""
    good = save(tmp_path, "good.json", document("PAC-DAN-P53-CLI-A"))
    bad = save(tmp_path, "bad.json", document("PAC-DAN-P53-CLI-B", result={"quality_score": 0}))
    more = save(tmp_path, "more.json", document("PAC-DAN-P53-CLI-C"))
    answer = benson("judge", "--json", good, bad, more)
    assert [o["pac_id"][-1] for o in answer.objects] == ["A", "B", "C"]
    assert [o["status"] for o in answer.objects] == ["COMPLETED", "BLOCKED", "COMPLETED"]
    assert answer.code == 1


def test_a_file_that_cannot_be_read_does_not_keep_the_rest_from_being_judged(
    benson: Benson, tmp_path: Path
) -> None:
    """It is reported by its name, the others are judged, and the exit code is the worst."""
    torn = save(tmp_path, "torn.json", '{"pac": ')
    bad = save(tmp_path, "bad.json", document(result={"quality_score": 0}))
    good = save(tmp_path, "good.json", document())
    answer = benson("judge", "--json", torn, bad, tmp_path / "none.json", good)
    assert answer.code == 2
    assert [o["status"] for o in answer.objects] == [None, "BLOCKED", None, "COMPLETED"]
    unread = answer.objects[0]
    assert list(unread)[: len(MEMBERS)] == MEMBERS
    assert {unread[m] for m in MEMBERS[:-1]} == {None}
    assert unread["checkpoints"] == []
    assert "torn.json" in answer.err
    assert "none.json" in answer.err


def test_a_pac_that_is_closed_is_not_closed_again(benson: Benson, tmp_path: Path) -> None:
    """A second dispatch of a wrapped PAC is blocked, and told by which WRAP."""
    file = save(tmp_path, "good.json", document())
    first, second = benson("judge", "--json", file, file).objects
    assert (first["status"], second["status"]) == ("COMPLETED", "BLOCKED")
    assert second["wrap_id"] is None
    assert [c["status"] for c in second["checkpoints"]] == ["PASS"] * 4
    again = benson("judge", file)
    assert again.code == 1
    assert first["wrap_id"] in again.out


def test_two_pacs_of_one_agent_and_number_have_two_wraps(benson: Benson, tmp_path: Path) -> None:
    """The second of the day gets `-02`, also from another process; a refused one consumes none."""
    bad = document(result={"quality_score": 0})
    files = [save(tmp_path, f"{n}.json", d) for n, d in enumerate([document(), bad, document()])]
    first, blocked, second = benson("judge", "--json", *files).objects
    third = benson("judge", "--json", save(tmp_path, "3.json", document())).object
    assert blocked["wrap_id"] is None
    assert second["wrap_id"] == f"{first['wrap_id']}-02"
    assert third["wrap_id"] == f"{first['wrap_id']}-03"


def test_standard_input_is_a_document(benson: Benson) -> None:
    """`-` names it."""
    answer = benson("judge", "--json", "-", stdin=json.dumps(document("PAC-DAN-P53-CLI-STDIN")))
    assert answer.code == 0
    assert answer.object["pac_id"] == "PAC-DAN-P53-CLI-STDIN"


def test_yaml_is_read_as_well_as_json(benson: Benson, tmp_path: Path) -> None:
    """The same document, the same verdict, and its digest is of the bytes as received."""
    text = """\
# comments are YAML's privilege
pac:
  pac_id: PAC-DAN-P53-CLI-YAML
  agent_gid: GID-07
  agent_name: Dan
  tasks: []
execution_result:
  pac_id: PAC-DAN-P53-CLI-YAML
  agent_gid: GID-07
  agent_name: Dan
  execution_timestamp: 2025-12-24T20:12:00Z
  tasks_completed: [T1]
  tasks_total: 1
  files_modified: []
  quality_score: 0.7
  scope_compliance: true
  execution_time_ms: 0
"""
    answer = benson("judge", "--json", save(tmp_path, "good.yaml", text))
    assert answer.code == 0
    assert answer.object["pac_id"] == "PAC-DAN-P53-CLI-YAML"


def test_a_trail_in_memory_leaves_no_file(benson: Benson, tmp_path: Path) -> None:
    """The dispatch is judged all the same."""
    file = save(tmp_path, "good.json", document())
    answer = benson("judge", "--json", file, env={"BENSON_TRAIL_URL": "memory://"})
    assert answer.code == 0
    assert not (benson.home / "trail.db").exists()


def test_settings_move_the_trail_the_artifacts_and_the_threshold(
    benson: Benson, tmp_path: Path
) -> None:
    """Each by its own variable."""
    file = save(tmp_path, "good.json", document(result={"quality_score": 0.9}))
    env = {
        "BENSON_TRAIL_URL": f"sqlite:///{tmp_path}/other.db",
        "BENSON_ARTIFACTS": str(tmp_path / "shelf"),
        "BENSON_QUALITY_THRESHOLD": "0.95",
    }
    answer = benson("judge", "--json", file, env=env)
    assert answer.code == 1
    assert answer.object["checkpoints"][2]["details"] == (
        "Quality score 0.90 is below the threshold 0.95"
    )
    assert Path(answer.object["artifact_path"]).is_relative_to(tmp_path / "shelf")
    assert (tmp_path / "other.db").is_file()
    assert not (benson.home / "trail.db").exists()
