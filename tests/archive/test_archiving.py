"""What was archived is read and proved as before, and nothing that is counted begins anew."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benson_execution.again import latest_dispatch, why_not_again
from benson_execution.archive import archiving
from benson_execution.archive.archiving import require_old_enough
from benson_execution.errors import BadInput, DispatchClosed, NotVerified
from benson_execution.insight.summary import summaries
from benson_execution.metrics.tally import Tally
from benson_execution.metrics.trail_figures import TrailFigures
from benson_execution.rejudgement import rejudge
from benson_execution.trail import MemoryTrail, open_dispatch
from benson_execution.trail.port import DispatchRef
from tests.insight.generated import fill
from tests.trail.stores import append, note, sqlite_url
from tests.verification.honest import tampering

from .made import Made, documents_of, everything, make


def test_everything_is_read_and_proved_as_before(made: Made) -> None:
    """Events, documents, proofs, WRAPs, summaries: only the rows are gone from the database."""
    documents = documents_of(made.trail)
    with made.reading() as reading:
        before = everything(reading, documents)
    (batch,) = made.archive()
    assert len(batch.content.dispatches) == 5
    assert {s.dispatch.dispatch_id for s in made.trail.events()} == {
        "00000000-0000-4000-8000-000000000001-1"
    }
    with made.reading() as reading:
        assert everything(reading, documents) == before
        for pac_id in ("PAC-DAN-P44", "PAC-ALEX-P36"):
            whole = next(s.dispatch.pac_id for s in reading.events() if pac_id in s.dispatch.pac_id)
            assert all(judged.holds for judged in rejudge(reading, whole))
    assert made.findings() == []
    assert made.archive() == []


def test_the_log_and_its_head_stay_the_same(made: Made) -> None:
    """Nothing is appended to it, and nothing taken out."""
    with made.trail.rows() as rows:
        before = [list(rows.leaves()), list(rows.heads()), list(rows.wraps())]
    made.archive()
    with made.trail.rows() as rows:
        assert [list(rows.leaves()), list(rows.heads()), list(rows.wraps())] == before


def test_positions_are_never_given_again(in_sqlite: Made) -> None:
    """Also when the newest events of all were moved."""
    made = in_sqlite
    last = made.trail.last_position()
    newest = made.finished()[-1]
    assert next(made.trail.events(dispatch_id=newest)).position < last
    assert list(made.trail.events(dispatch_id=newest))[-1].position == last
    made.archive([newest])
    assert made.trail.last_position() == last
    made.judge("refused/CP-03-quality-below-threshold")
    first = next(made.trail.events(after=last))
    assert first.position == last + 1
    assert made.findings() == []


def test_a_run_goes_on_counting_and_an_archived_dispatch_stays_closed(made: Made) -> None:
    """Its next dispatch gets the next number; what was archived takes no event."""
    (archived, *_) = made.finished()
    run_id = archived.rpartition("-")[0]
    made.archive([archived])
    assert open_dispatch(made.trail, run_id) == (None, 2)
    ref = DispatchRef(run_id, 1, "PAC-DAN-P44")
    with pytest.raises(DispatchClosed):
        append(made.trail, ref, note("more"))
    latest = latest_dispatch(made.trail, run_id)
    assert latest is not None
    assert latest.status == "COMPLETED"
    assert not latest.was_killed
    assert why_not_again(made.trail, latest) == "it was judged to its end"


def test_a_pac_that_is_closed_stays_closed(made: Made) -> None:
    """One PAC, one WRAP, wherever the WRAP's events are."""
    made.archive()
    (again,) = made.judge("PAC-DAN-P44")
    said = {s.event.event_type: s.event.data for s in made.trail.events(dispatch_id=again)}
    assert said["WRAP_GENERATION"].blocked
    assert made.findings() == []


def test_a_document_stays_for_whom_it_is_needed(made: Made) -> None:
    """Two dispatches judged one document: it goes with the second; policies stay."""
    first, *_, last, _ = made.finished()
    (sha256,) = {
        s.dispatch.document_sha256
        for one in (first, last)
        for s in made.trail.events(dispatch_id=one)
    }
    assert sha256 is not None
    made.archive([first])
    assert made.trail.document(sha256) is not None
    made.archive([last])
    assert made.trail.document(sha256) is None
    with made.reading() as reading:
        assert reading.document(sha256) is not None
    kept = documents_of(made.trail)
    assert kept
    assert made.findings() == []
    made.judge("PAC-DAN-P44")  # handed in again: it is kept again, and moved again
    assert made.trail.document(sha256) is not None
    made.archive()
    assert made.trail.document(sha256) is None
    assert made.findings() == []


def test_what_is_not_finished_stays(made: Made) -> None:
    """A dispatch that is closed, and whose artifact nobody wrote yet, has its lease."""
    fill(made.trail, 2)
    assert len(made.trail.leases()) == 3
    (batch,) = made.archive()
    assert not any(one.row.run_id.startswith("generated") for one in batch.content.dispatches)
    for lease in made.trail.leases():
        made.trail.release(lease.dispatch.dispatch_id)
    (batch,) = made.archive()
    assert len(batch.content.dispatches) == 2


def test_the_keys_before_and_after_a_rotation_sign(made: Made) -> None:
    """Whoever trusts the first key trusts the notes of both, and no note of a foreign one."""
    first, second, *_ = made.finished()
    made.archive([first])
    made.trail.rotate(made.ring.keys[1])
    made.archive([second])
    made.judge("refused/CP-04-task-not-completed")
    assert made.findings() == []
    with made.trail.rows() as rows:
        assert len({note.split(b"key ")[1][:64] for *_, note in rows.archives()}) == 2


@pytest.mark.parametrize("kind", ["BLOB", "TEXT"])
def test_a_dispatch_that_was_changed_is_not_moved(in_sqlite: Made, kind: str) -> None:
    """It is evidence: nothing is written, and nothing deleted."""
    with tampering(in_sqlite.home / "trail.db") as connection:
        connection.execute(
            f"UPDATE events SET event = CAST(replace(event, 'CP-02', 'CP-03') AS {kind}) "
            "WHERE sequence = 4"
        )
    with in_sqlite.trail.rows() as rows:
        before = list(rows.events())
    with pytest.raises(NotVerified, match="benson verify"):
        in_sqlite.archive()
    with in_sqlite.trail.rows() as rows:
        assert list(rows.events()) == before
    assert not list((in_sqlite.home / "archive").glob("*.gz"))


@pytest.mark.parametrize(
    "column",
    ["run_id = 'x'", "number = 7", "pac_id = 'PAC-X'", "position = 99", "document_sha256 = NULL"],
)
def test_a_dispatch_that_is_stored_as_another_is_not_moved(in_sqlite: Made, column: str) -> None:
    """No signed file says of it what its header does not."""
    (first, *_) = in_sqlite.finished()
    with tampering(in_sqlite.home / "trail.db") as connection:
        connection.execute(f"UPDATE dispatches SET {column} WHERE dispatch_id = ?", (first,))
    with pytest.raises(NotVerified, match="what it was opened with"):
        in_sqlite.archive()
    assert not list((in_sqlite.home / "archive").glob("*.gz"))


def test_a_trail_is_archived_in_files_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own dispatches; all together are what there was; the count stays the same."""
    monkeypatch.setattr(archiving, "MAX_DISPATCHES", 40)
    monkeypatch.setattr(archiving, "MAX_BATCH_BYTES", 150_000)
    with make(sqlite_url(tmp_path), tmp_path) as made:
        fill(made.trail, 120, open_ones=4)
        for lease in made.trail.leases():
            made.trail.release(lease.dispatch.dispatch_id)
        counted = [summary.to_dict() for summary in summaries(made.trail)]
        documents = documents_of(made.trail)
        with made.reading() as reading:
            before = everything(reading, documents)
        moved = made.archive()
        assert len(moved) > 3
        assert max(len(batch.content.dispatches) for batch in moved) <= 40
        assert max(batch.unpacked_size for batch in moved) <= 150_000
        assert [summary.to_dict() for summary in summaries(made.trail)] == counted
        with made.reading() as reading:
            assert everything(reading, documents) == before
        assert made.findings() == []


def test_the_file_is_plain_text_for_everybody(in_sqlite: Made) -> None:
    """gzip, and a JSON object in each line; the same bytes whenever they are written."""
    (batch,) = in_sqlite.archive()
    with gzip.open(in_sqlite.home / "archive" / batch.file) as file:
        lines: list[dict[str, Any]] = [json.loads(line) for line in file]
    assert lines[0]["dispatches"] == 5
    events = [e for line in lines if "dispatch" in line for e in line["events"]]
    assert all(json.loads(event["event"])["telemetry_version"] for event in events)
    assert batch.content.to_bytes() == batch.packed


@settings(
    max_examples=8,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_dispatches_may_be_archived_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever is archived, and whatever is judged in between: all is read and verified."""
    home = tmp_path_factory.mktemp("any")
    with make(sqlite_url(home), home) as made:
        finished = made.finished()
        parts = data.draw(
            st.lists(st.lists(st.sampled_from(finished), min_size=1, unique=True), max_size=3)
        )
        moved: set[str] = set()
        for part in parts:
            if some := set(part) - moved:
                documents = documents_of(made.trail)
                with made.reading() as reading:
                    before = everything(reading, documents)
                made.archive(some)
                moved |= some
                with made.reading() as reading:
                    assert everything(reading, documents) == before
                assert made.findings() == []
            if data.draw(st.booleans()):
                made.judge("refused/CP-04-task-not-completed")


@pytest.mark.parametrize(
    ("now", "oldest"),
    [
        ("2026-11-26T10:00", "2026-05-26T10:00"),
        ("2026-08-31T00:00", "2026-02-28T00:00"),
        ("2024-08-30T12:00", "2024-02-29T12:00"),
        ("2026-06-15T00:00", "2025-12-15T00:00"),
        ("2026-12-31T23:59", "2026-06-30T23:59"),
    ],
)
def test_six_months_are_counted_by_the_calendar(now: str, oldest: str) -> None:
    """To the moment, and where the month six before is shorter."""
    at, limit = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, oldest))
    require_old_enough(limit, at)
    with pytest.raises(BadInput, match="younger than 6 months"):
        require_old_enough(limit.replace(microsecond=1), at)


def test_metrics_do_not_fall_when_dispatches_are_archived(in_sqlite: Made) -> None:
    """Counted anew, gone on with, or archived before the next look: each dispatch counts once."""
    going, beside = TrailFigures(Tally(["GID-07"], 0.7)), TrailFigures(Tally(["GID-07"], 0.7))
    going.read(in_sqlite.trail)
    in_sqlite.judge("refused/CP-04-task-not-completed")
    beside.read(in_sqlite.trail)
    in_sqlite.archive()
    anew = TrailFigures(Tally(["GID-07"], 0.7))
    for _ in range(2):
        for figures in (going, anew, beside):
            figures.read(in_sqlite.trail)
    assert vars(going.tally) == vars(beside.tally) == vars(anew.tally)
    assert going.open_ones() == beside.open_ones() == anew.open_ones()
    assert going.position == beside.position == anew.position


def test_a_trail_in_memory_archives_nothing() -> None:
    """It has no archives, and nothing is moved out of it."""
    trail = MemoryTrail()
    append(trail, DispatchRef("run", 1, "PAC-A"), note("a"))
    assert trail.archived(run_id="run") == []
    with trail.rows() as rows:
        assert [*rows.archives(), *rows.receipts(), *rows.archived_documents()] == []
