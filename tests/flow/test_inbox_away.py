"""Files that are away for a while, as on a folder that is not mounted, and come back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from benson_execution import Settings, Trail
from benson_execution.inbox import open_inbox
from benson_execution.inbox.folder import claimed_path
from flows import sweep
from tests.flow.documents import document
from tests.flow.inboxes import Judged, inbox, judged, lying_in, swept, swept_alone
from tests.flow.working import runs_of, work_off

__all__ = ["inbox", "judged"]

DONE = ["done/a.json", "done/a.json.artifact.json"]


@pytest.fixture(autouse=True)
def given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is waited for that is away."""
    monkeypatch.setattr(sweep, "_GONE", timedelta(0))


@pytest.mark.parametrize("ended", [False, True], ids=["at work", "ended meanwhile"])
async def test_a_file_that_was_away_gets_the_verdict_of_its_run(
    ended: bool, judged: Judged, inbox: Path, trail: Trail
) -> None:
    """It is noted gone only when nothing is at work for it, with its run; it is judged once."""
    text = document()
    (inbox / "a.json").write_text(text)
    assert await swept_alone() == "Completed: 1 waiting for a verdict"
    (claim,) = trail.open_claims()
    (inbox / "a.json").rename(inbox.parent / "away.json")
    if ended:
        await work_off(*judged)
    assert await swept_alone() == "Completed: nothing arrived"
    move = trail.move_of(claim.claim_id)
    (run,) = await runs_of(*judged)
    assert (move and (move.run_id, move.target)) == ((str(run.id), None) if ended else None)
    (inbox.parent / "away.json").rename(inbox / "a.json")
    assert await swept(judged) == "Completed: 1 done"
    assert lying_in(inbox) == DONE
    assert len(await runs_of(*judged)) == 1
    assert len({s.dispatch for s in trail.events()}) == 1


async def test_a_file_that_was_noted_gone_before_it_was_submitted_is_judged(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """Its sweep was killed in between; coming back, it is no repetition of anything."""
    text = document()
    (inbox / "a.json").write_text(text)
    opened = open_inbox(Settings.load())
    digest = opened.read("a.json", 10**6).sha256
    claim = trail.claim_file(claimed_path(opened, "a.json"), digest).claim
    (inbox / "a.json").unlink()
    assert await swept_alone() == "Completed: nothing arrived"
    assert trail.move_of(claim.claim_id) is not None
    (inbox / "a.json").write_text(text)
    assert await swept(judged) == "Completed: 1 done"
    assert lying_in(inbox) == DONE
