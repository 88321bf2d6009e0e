"""What a closed dispatch leaves: its head in the heads file, its artifact, and no lease."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings, Trail, open_trail
from benson_execution.artifact import leave_artifact
from benson_execution.dispatch import Dispatch
from benson_execution.errors import ArtifactNotWritten, TrailIncomplete, TrailUnavailable
from benson_execution.phases.wrap import WrapVerdict
from benson_execution.proof.heads import Head
from benson_execution.proof.heads_file import read_line
from benson_execution.telemetry import TelemetryLogger
from benson_execution.trail import DispatchRef
from benson_execution.trail.lease import this_process

from .helpers import CANONICAL, P53, engine, labels, pac, recorded, result, text


def heads_of(file: Path) -> list[Head]:
    """The heads of a heads file, in which there is nothing else."""
    noted = [read_line(line) for line in file.read_bytes().splitlines()]
    heads = [one.said for one in noted if one is not None and isinstance(one.said, Head)]
    assert len(heads) == len(noted)
    return heads


def faults(home: Path) -> list[dict[str, str]]:
    """What was noted, without when."""
    file = home / "faults.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    noted: list[dict[str, str]] = [json.loads(line) for line in lines]
    for fault in noted:
        assert fault.pop("timestamp")
    return noted


def begun(trail: Trail, run: str = "run") -> str:
    """A dispatch of this process that is open."""
    ref = DispatchRef(run, 1, P53)
    with TelemetryLogger(False).bind(trail, ref).transaction(lease=this_process()) as together:
        together.pac_dispatch_start(P53, "GID-07", "Dan")
    return ref.dispatch_id


def closed(trail: Trail, run: str = "run") -> str:
    """A dispatch of this process that is closed, and has left nothing yet."""
    begun(trail, run)
    TelemetryLogger(False).bind(trail, DispatchRef(run, 1, P53)).pac_dispatch_end(P53, "FAILED", 1)
    return f"{run}-1"


def leave(trail: Trail, dispatch_id: str) -> Path:
    _, path = leave_artifact(trail, dispatch_id, Settings.load(), duration_estimated=False)
    return path


def test_a_closed_dispatch_leaves_head_and_artifact_and_no_lease(home: Path) -> None:
    """The head is that of its own proof; what somebody else still works on keeps its lease."""
    trail = MemoryTrail()
    other = begun(trail, "other")
    dispatch_id = closed(trail)
    (first, mine) = trail.leases()
    assert (first.dispatch.dispatch_id, mine.dispatch.dispatch_id) == (other, dispatch_id)
    assert mine.closed
    assert mine.holder == this_process()
    evidence, path = leave_artifact(trail, dispatch_id, Settings.load(), duration_estimated=True)
    assert [lease.dispatch.dispatch_id for lease in trail.leases()] == [other]
    assert heads_of(home / "heads.jsonl") == [evidence.proof.head] == [trail.head()]
    artifact = json.loads(path.read_bytes())
    assert artifact["proof"] == evidence.to_dict()
    assert artifact["dispatch"]["duration_estimated"] is True


def test_leaving_it_twice_does_no_harm(home: Path) -> None:
    """The same artifact, and its head once more."""
    trail = MemoryTrail()
    dispatch_id = closed(trail)
    path = leave(trail, dispatch_id)
    before = path.read_bytes()
    closed(trail, "later")
    assert leave(trail, dispatch_id) == path
    assert path.read_bytes() == before
    one, again = heads_of(home / "heads.jsonl")
    assert one == again
    assert one.size == 1


def test_an_open_dispatch_leaves_nothing(home: Path) -> None:
    """`TrailIncomplete`, and neither file is touched."""
    trail = MemoryTrail()
    dispatch_id = begun(trail)
    with pytest.raises(TrailIncomplete):
        leave(trail, dispatch_id)
    assert not home.exists()
    assert len(trail.leases()) == 1


@pytest.mark.parametrize("variable", ["BENSON_HEADS", "BENSON_ARTIFACTS"])
def test_the_lease_is_kept_until_everything_is_written(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What could not be written is written later by whoever finds the lease."""
    (tmp_path / "file").write_text("")
    trail = MemoryTrail()
    dispatch_id = closed(trail)
    with monkeypatch.context() as patch:
        patch.setenv(variable, str(tmp_path / "file" / "below"))
        with pytest.raises(ArtifactNotWritten, match="file") as refused:
            leave(trail, dispatch_id)
        assert variable in str(refused.value.hint)
        assert refused.value.exit_code == 3
    assert [lease.dispatch.dispatch_id for lease in trail.leases()] == [dispatch_id]
    assert leave(trail, dispatch_id).exists()
    assert trail.leases() == []


def test_no_artifact_is_written_before_its_head(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who finds an artifact finds its head in the heads file."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BENSON_HEADS", str(tmp_path / "file" / "heads.jsonl"))
    trail = MemoryTrail()
    with pytest.raises(ArtifactNotWritten):
        leave(trail, closed(trail))
    assert not Settings.load().artifacts_folder.exists()


def test_every_judged_dispatch_leaves_its_head(home: Path) -> None:
    """Completed, blocked and failed alike, one line each, after that of the empty trail."""
    judge = BensonExecutionEngine(False)
    statuses = [
        judge.execute_pac(document).status
        for document in (text(), text(execution_result=result(quality_score=0)), {"pac": pac()})
    ]
    assert statuses == ["COMPLETED", "BLOCKED", "FAILED"]
    trail = open_trail(Settings.load())
    heads = heads_of(home / "heads.jsonl")
    assert [head.size for head in heads] == [0, 1, 2, 3]
    assert heads[-1] == trail.head()
    assert trail.leases() == []
    assert faults(home) == []
    trail.close()


def test_with_a_folder_of_its_own_an_engine_leaves_the_heads_there(
    home: Path, tmp_path: Path
) -> None:
    """A trail of its own, a folder of its own: the home stays untouched."""
    trail = MemoryTrail()
    engine(trail, artifacts=tmp_path / "own").execute_pac(text())
    assert heads_of(tmp_path / "own" / "heads.jsonl") == [trail.head()]
    assert trail.leases() == []
    assert not home.exists()


def test_an_engine_that_leaves_no_artifacts_leaves_no_leases() -> None:
    """With a trail of its own there is nothing to wait for."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text())
    assert trail.leases() == []


class RefusingTrail(MemoryTrail):
    """A trail in which one method fails."""

    def __init__(self, broken: str) -> None:
        super().__init__()

        def fail(*_: object, **__: object) -> NoReturn:
            raise TrailUnavailable("the disk is gone", "get another")

        setattr(self, broken, fail)


def test_what_the_trail_refused_is_noted(home: Path) -> None:
    """Where the trail is not: the error, its message, and the PAC that it was about."""
    with pytest.raises(TrailUnavailable):
        engine(RefusingTrail("append")).execute_pac(text())
    noted = faults(home)
    assert noted[0] == {
        "kind": "trail",
        "about": pac()["pac_id"],
        "error": "TrailUnavailable",
        "message": "the disk is gone (get another)",
    }
    assert {fault["kind"] for fault in noted} == {"trail"}
    assert len(noted) == 2, "the first write, and the dispatch's end that was tried after it"


def test_a_lease_that_could_not_be_released_costs_a_note(home: Path, tmp_path: Path) -> None:
    """All is recorded and written by then; a recovery releases it."""
    trail = RefusingTrail("release")
    outcome = engine(trail, artifacts=tmp_path / "own").execute_pac(text())
    assert outcome.exit_code == 0
    assert {fault["kind"] for fault in faults(home)} == {"lease"}
    assert len(trail.leases()) == 1


@pytest.mark.parametrize("broken", ["events", "proof"])
def test_a_trail_that_fails_after_the_verdict_is_noted_too(
    broken: str, home: Path, tmp_path: Path
) -> None:
    """Reading back, proving: whatever it was that the trail refused."""
    with pytest.raises(TrailUnavailable):
        engine(RefusingTrail(broken), artifacts=tmp_path / "own").execute_pac(text())
    assert {fault["kind"] for fault in faults(home)} == {"trail"}


def test_an_artifact_that_was_not_written_is_noted(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By its dispatch's id: the trail has it, and it is closed."""
    (tmp_path / "file").write_text("")
    trail = MemoryTrail()
    with pytest.raises(ArtifactNotWritten):
        engine(trail, artifacts=tmp_path / "file").execute_pac(text())
    (stored, *_) = trail.events()
    (fault,) = faults(home)
    assert (fault["kind"], fault["error"]) == ("artifact", "ArtifactNotWritten")
    assert fault["about"] == stored.dispatch.dispatch_id
    assert len(trail.leases()) == 1


def test_what_the_caller_did_wrong_is_no_fault(home: Path) -> None:
    """A document that can't be read was refused, but not by the trail."""
    for bad in (b"{", b"{}"):
        with pytest.raises(Exception, match=r"."):
            engine().execute_pac(bad)
    assert faults(home) == []


def test_an_interrupt_after_the_end_leaves_the_artifact_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The dispatch is closed as it was decided; its WRAP stands, and nothing is missing.

    That it was to fail as well is refused, and noted.
    """
    close = Dispatch.close

    def close_and_interrupt(dispatch: Dispatch, verdict: WrapVerdict) -> NoReturn:
        close(dispatch, verdict)
        raise KeyboardInterrupt

    monkeypatch.setattr(Dispatch, "close", close_and_interrupt)
    trail = MemoryTrail()
    with pytest.raises(KeyboardInterrupt):
        engine(trail, artifacts=tmp_path / "own").execute_pac(text())
    assert labels(recorded(trail)) == CANONICAL
    (path,) = (tmp_path / "own").rglob("*-1.json")
    assert json.loads(path.read_bytes())["dispatch"]["status"] == "COMPLETED"
    assert trail.leases() == []
    assert [fault["error"] for fault in faults(home)] == ["StatusConflict"]
