"""What goes wrong while a dispatch is judged: nothing that was not judged or recorded passes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings
from benson_execution.errors import ArtifactNotWritten, TrailUnavailable
from benson_execution.phases import GATES as JUDGES
from benson_execution.phases import ber_decision, schema_validation, wrap
from benson_execution.trail import Batch, StoredEvent
from benson_execution.trail.port import Recorder

from .helpers import CANONICAL, GATES, engine, labels, recorded, result, text


def boom(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("boom")


def break_gate(patch: pytest.MonkeyPatch, broken: str, error: BaseException) -> None:
    def judge(*_: Any) -> NoReturn:
        raise error

    gates = tuple((g, judge if g == broken else of_it) for g, of_it in JUDGES)
    patch.setattr("benson_execution.walk.GATES", gates)


class FailingTrail(MemoryTrail):
    """A trail whose n-th append fails, and every later one too where it is gone for good."""

    def __init__(self, fails_at: int, *, for_good: bool = False) -> None:
        super().__init__()
        self.appends = 0
        self._fails_at, self._for_good = fails_at, for_good

    def append(self, batch: Batch, *, before_commit: Recorder | None = None) -> list[StoredEvent]:
        self.appends += 1
        late = self._for_good and self.appends > self._fails_at
        if self.appends == self._fails_at or late:
            raise TrailUnavailable("the disk is gone")
        return super().append(batch, before_commit=before_commit)

    def heal(self) -> None:
        """From now on every append succeeds."""
        self._fails_at, self._for_good = 0, False


@pytest.mark.parametrize("broken", GATES)
def test_a_gate_that_raises_fails_and_the_others_are_still_judged(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reports FAIL "not judged", the dispatch is FAILED, and no WRAP is generated."""
    break_gate(monkeypatch, broken, RuntimeError("boom"))
    trail = MemoryTrail()
    outcome = engine(trail).execute_pac(text())
    found = {c["checkpoint_id"]: c for c in outcome.checkpoints}
    assert found[broken]["status"] == "FAIL"
    assert found[broken]["details"] == "not judged: RuntimeError: boom"
    assert [gate for gate, c in found.items() if c["status"] == "PASS"] == [
        gate for gate in GATES if gate != broken
    ]
    assert (outcome.status, outcome.exit_code, outcome.wrap_id) == ("FAILED", 3, None)
    assert outcome.reason is not None
    assert f"{broken} {GATES[broken]}: not judged" in outcome.reason
    assert labels(recorded(trail)) == CANONICAL


def test_a_gate_that_raises_outranks_one_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """FAILED, not BLOCKED, and both are told."""
    break_gate(monkeypatch, "CP-01", RuntimeError("boom"))
    outcome = engine().execute_pac(text(execution_result=result(quality_score=0.1)))
    assert outcome.status == "FAILED"
    assert outcome.reason is not None
    assert "CP-01" in outcome.reason
    assert "CP-03" in outcome.reason


def test_a_validation_that_raises_reports_gs_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatch is FAILED and closed, and whoever asked for it gets its outcome."""
    monkeypatch.setattr(schema_validation, "judge", boom)
    trail = MemoryTrail()
    outcome = engine(trail).execute_pac(text())
    assert (outcome.status, outcome.error_code, outcome.wrap_id) == ("FAILED", "GS_130", None)
    assert labels(recorded(trail)) == CANONICAL
    end = next(e.data for e in recorded(trail) if e.event_type == "AGENT_EXECUTION_END")
    assert end.status == "FAILED"


@pytest.mark.parametrize("module", [ber_decision, wrap])
def test_a_decision_that_raises_generates_no_wrap(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The BER decision and the WRAP alike: FAILED, and all eleven events are there."""
    monkeypatch.setattr(module, "judge", boom)
    trail = MemoryTrail()
    outcome = engine(trail).execute_pac(text())
    assert (outcome.status, outcome.wrap_id) == ("FAILED", None)
    assert labels(recorded(trail)) == CANONICAL


def appends_of_a_dispatch() -> int:
    trail = FailingTrail(0)
    assert engine(trail).execute_pac(text()).status == "COMPLETED"
    return trail.appends


@pytest.mark.parametrize("for_good", [False, True])
def test_a_trail_that_fails_at_any_append_completes_nothing(for_good: bool) -> None:
    """`TrailUnavailable` comes out, no WRAP exists, and what can be closed is FAILED."""
    known = -1
    for number in range(1, appends_of_a_dispatch() + 1):
        trail = FailingTrail(number, for_good=for_good)
        with pytest.raises(TrailUnavailable, match="the disk is gone"):
            engine(trail).execute_pac(text())
        found = labels(recorded(trail))
        ends = [e.data.status for e in recorded(trail) if e.event_type == "PAC_DISPATCH_END"]
        assert ends == ([] if for_good else ["FAILED"])
        before = found if for_good else found[:-1]
        assert before == CANONICAL[: len(before)]
        assert "WRAP_GENERATION" not in before
        assert len(before) > known, "each append adds something"
        known = len(before)
        trail.heal()
        assert engine(trail).execute_pac(text()).status == "COMPLETED"
    assert known == CANONICAL.index("WRAP_GENERATION")


def test_a_trail_that_can_not_be_opened_stops_a_dispatch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder that is a file: `TrailUnavailable`, and exit code 5."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BENSON_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(TrailUnavailable) as refused:
        BensonExecutionEngine(False).execute_pac(text())
    assert refused.value.exit_code == 5


def test_a_log_file_that_is_full_stops_a_dispatch() -> None:
    """A log file is a record too: nothing counts as emitted that it does not hold."""
    trail = MemoryTrail()
    with pytest.raises(TrailUnavailable, match="/dev/full"):
        engine(trail, log_file="/dev/full").execute_pac(text())
    assert recorded(trail) == []


@pytest.mark.parametrize("interrupted", GATES)
def test_an_interrupted_dispatch_is_closed_as_failed(
    interrupted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before stays, in order, then PAC_DISPATCH_END; the interrupt goes on.

    The engine records its gates together, so it may be that none of them was written before.
    """
    break_gate(monkeypatch, interrupted, KeyboardInterrupt())
    trail = MemoryTrail()
    with pytest.raises(KeyboardInterrupt):
        engine(trail).execute_pac(text())
    found = recorded(trail)
    *before, end = labels(found)
    assert end == "PAC_DISPATCH_END"
    assert before == CANONICAL[: len(before)]
    assert 1 <= len(before) <= CANONICAL.index(f"CHECKPOINT {interrupted}")
    assert found[-1].data.status == "FAILED"


def test_an_interrupted_pac_can_be_dispatched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no WRAP, so it is not closed."""
    trail = MemoryTrail()
    judge = engine(trail)
    with monkeypatch.context() as patch:
        break_gate(patch, "CP-02", KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            judge.execute_pac(text())
    assert judge.execute_pac(text()).status == "COMPLETED"


def test_an_artifact_that_can_not_be_written_is_an_error_of_its_own(tmp_path: Path) -> None:
    """The trail is complete: the dispatch stays as it was decided."""
    (tmp_path / "file").write_text("")
    trail = MemoryTrail()
    with pytest.raises(ArtifactNotWritten):
        engine(trail, artifacts=tmp_path / "file").execute_pac(text())
    assert labels(recorded(trail)) == CANONICAL


class _Gone:
    def write(self, _text: str) -> NoReturn:
        raise BrokenPipeError(32, "Broken pipe")

    flush = write


def test_a_standard_output_that_is_gone_fails_no_dispatch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Printing is a projection: what is decided and recorded does not depend on its reader."""
    trail = MemoryTrail()
    judge = BensonExecutionEngine(True, trail=trail, settings=Settings.load())
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", _Gone())
        outcome = judge.execute_pac(text())
    assert outcome.status == "COMPLETED"
    assert labels(recorded(trail)) == CANONICAL
