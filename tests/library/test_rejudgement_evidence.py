"""Judged again: by what was in force then, and by nothing that is not what it was."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from benson_execution import Document, MemoryTrail
from benson_execution import dispatch as dispatches
from benson_execution.dispatch import Dispatch
from benson_execution.policy import Policy
from benson_execution.rejudgement import rejudge
from benson_execution.trail import Batch, DispatchRef
from benson_execution.walk import walk

from .helpers import (
    engine,
    policy,
    result,
    text,
)
from .judged_again import BAD, PAC_ID, again, copied, sha256


def test_what_is_in_force_today_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the threshold nor the agents: those of then are judged by, and told."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text(execution_result=result(quality_score=0.75)))
    registry = tmp_path / "agents.json"
    registry.write_text('{"agents": []}')
    monkeypatch.setenv("BENSON_REGISTRY", str(registry))
    monkeypatch.setenv("BENSON_QUALITY_THRESHOLD", "0.9")
    engine(trail).execute_pac(text())
    first, second = again(trail)
    assert first.holds
    assert second.holds
    assert first.policy is not None
    assert second.policy is not None
    assert (first.policy.quality_threshold, second.policy.quality_threshold) == (0.7, 0.9)
    assert second.policy.registry.agents == ()


def _document_of(trail: MemoryTrail, what: str) -> str:
    dispatch_id = next(trail.events()).dispatch.dispatch_id
    header = trail.header(dispatch_id)
    assert header is not None
    digest = {
        "document": header.document_sha256,
        "policy": header.provenance.policy_sha256,
        "registry": header.provenance.registry_sha256,
    }[what]
    assert digest is not None
    return digest


@pytest.mark.parametrize("what", ["document", "policy", "registry"])
def test_what_is_missing_is_no_pass(what: str) -> None:
    """It is said what, and by which digest; there are no verdicts."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text())
    digest = _document_of(trail, what)
    del trail._documents[digest]
    (judged,) = again(trail)
    assert judged.obstacle == f"its {what} {digest} is missing from the trail"
    assert (judged.holds, judged.verdicts, judged.policy) == (False, (), None)
    assert judged.to_dict()["obstacle"] == judged.obstacle


@pytest.mark.parametrize("what", ["document", "policy", "registry"])
def test_what_was_changed_is_no_pass(what: str) -> None:
    """Though it might come to the same verdicts: one blank more is other bytes."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text())
    digest = _document_of(trail, what)
    trail._documents[digest] += b" "
    (judged,) = again(trail)
    assert judged.obstacle == f"its {what} {digest} was changed: it does not have its digest"
    assert not judged.holds


def test_others_are_judged_again_all_the_same() -> None:
    """One document that is missing keeps no other dispatch from it."""
    trail = MemoryTrail()
    engine(trail).execute_pac(BAD)
    engine(trail).execute_pac(text())
    del trail._documents[sha256(BAD)]
    assert [one.holds for one in again(trail)] == [False, True]


def named(content: bytes = text(), **changes: Any) -> tuple[MemoryTrail, DispatchRef]:
    """A trail with a dispatch whose header names something else."""
    trail = MemoryTrail()
    dispatch = Dispatch.of("run", Document.read(content), policy(), trail)
    ref = dispatch.ref
    assert ref.provenance is not None
    names = {f.name for f in dataclasses.fields(ref.provenance)}
    inner = {name: value for name, value in changes.items() if name in names}
    outer = {name: value for name, value in changes.items() if name not in names}
    provenance = dataclasses.replace(ref.provenance, **inner)
    ref = DispatchRef(
        **{
            "run_id": "run",
            "number": 1,
            "pac_id": PAC_ID,
            "document_sha256": ref.document_sha256,
            "provenance": provenance,
            **outer,
        }
    )
    walk(Dispatch(ref, dispatch.document, dispatch.policy, trail))
    return trail, ref


MORE = json.dumps({**json.loads(policy().content), "minimum_tasks": 3}).encode()
OTHER = Policy(0.7, type(policy().registry)(policy().registry.content + b"\n", "other")).content
NO_DIGEST = "0" * 64


@pytest.mark.parametrize(
    ("changes", "kept", "obstacle"),
    [
        ({"document_sha256": None}, b"", "its header names no document"),
        ({"policy_sha256": None}, b"", "its header names no policy"),
        ({"registry_sha256": None}, b"", "its header names no registry"),
        ({"pac_sha256": NO_DIGEST}, b"", "the pac of its document does not have the digest 000"),
        ({"result_sha256": None}, b"", "the execution_result of its document does not have"),
        ({"pac_id": "PAC-DAN-P45-01"}, b"", f"its document is of {PAC_ID}"),
        ({"document_sha256": sha256(b"{")}, b"{", "its document can't be read any more: "),
        ({"document_sha256": sha256(b"{}")}, b"{}", "its document can't be read any more: "),
        ({"policy_sha256": sha256(b"{")}, b"{", "its policy can't be read any more: "),
        ({"policy_sha256": sha256(b"[]")}, b"[]", "its policy can't be read any more: "),
        ({"policy_sha256": sha256(b"{}")}, b"{}", "its policy can't be read any more: "),
        ({"registry_sha256": sha256(b"[]")}, b"[]", "its policy can't be read any more: "),
        ({"policy_sha256": sha256(MORE)}, MORE, f"its policy {sha256(MORE)} is not what"),
        ({"policy_sha256": sha256(OTHER)}, OTHER, f"its policy {sha256(OTHER)} is not what"),
    ],
)
def test_what_does_not_fit_together_is_no_pass(
    changes: dict[str, Any], kept: bytes, obstacle: str
) -> None:
    """A header that names nothing, or something that this program can't judge by."""
    trail, ref = named(**changes)
    trail.append(Batch(documents=[(sha256(kept), kept)]))
    (judged,) = again(trail, ref.pac_id)
    assert judged.obstacle is not None
    assert judged.obstacle.startswith(obstacle)
    assert not judged.holds


def test_a_dispatch_without_a_header_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row is gone, its events are there."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text())
    monkeypatch.setattr(trail, "header", lambda _: None)
    (judged,) = again(trail)
    assert (judged.obstacle, judged.judged_by) == ("the trail has no header of it", None)


def test_another_version_of_the_program_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be why something differs; by itself it is no difference."""
    trail = MemoryTrail()
    with monkeypatch.context() as patch:
        patch.setattr(dispatches, "__version__", "0.0.1")
        engine(trail).execute_pac(text())
    (judged,) = again(trail)
    assert judged.holds
    assert judged.judged_by == "0.0.1"
    versions = judged.to_dict()["benson_version"]
    assert versions["recorded"] == "0.0.1" != versions["now"]


def test_one_dispatch_can_be_picked() -> None:
    """It still meets the WRAP of the other; one that there is not yields nothing."""
    trail = MemoryTrail()
    judge = engine(trail)
    outcomes = [judge.execute_pac(text()) for _ in range(3)]
    (judged,) = rejudge(trail, PAC_ID, outcomes[1].dispatch_id)
    assert judged.dispatch_id == outcomes[1].dispatch_id
    assert judged.holds
    assert list(rejudge(trail, PAC_ID, "nothing-1")) == []
    assert [one.dispatch_id for one in again(trail)] == [o.dispatch_id for o in outcomes]


def test_nothing_is_written_and_nothing_is_taken_up() -> None:
    """Not into the trail, not a lease, and no clock is started for what nobody works on."""
    trail = copied(text(), 8, failed=False)
    engine(trail).execute_pac(text())

    def kept() -> list[object]:
        with trail.rows() as rows:
            tables = [rows.events(), rows.documents(), rows.wraps(), rows.leaves(), rows.heads()]
            stored: list[object] = [list(table) for table in tables]
        return [*stored, trail.leases(), dict(dispatches._begun)]

    before = kept()
    assert len(again(trail)) == 2
    assert kept() == before
