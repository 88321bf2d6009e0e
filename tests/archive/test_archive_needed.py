"""Which documents stay for whom, and what is read of the trail to know it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benson_execution.archive import archiving
from benson_execution.archive.archiving import Needed, batches, store
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.archive.whole import whole_rows
from benson_execution.errors import ArchiveNotWritten
from benson_execution.events import Event
from benson_execution.insight.period import Period
from benson_execution.interchange.attestation import attest, proved
from benson_execution.interchange.cloud_events import cloud_events
from benson_execution.interchange.envelope import sign, verify
from benson_execution.interchange.json_lines import json_lines_with_dispatch
from benson_execution.interchange.open_lineage import OpenLineage
from benson_execution.interchange.records import records
from benson_execution.trail import Batch, NewEvent, sql_archive
from benson_execution.trail.port import DispatchRef
from tests.insight.generated import fill
from tests.insight.test_cloud_events import read as read_cloud_event
from tests.insight.test_open_lineage import run_event
from tests.trail.stores import end

from .made import Made, documents_of

RESULT = b'{"what": "the result that two agents handed over"}'
RESULT_SHA256 = hashlib.sha256(RESULT).hexdigest()


def record_run(made: Made, run_id: str) -> str:
    """A closed dispatch whose agent handed over that result; its id."""
    said = {
        "pac_id": "PAC-SHARED",
        "agent_gid": "GID-07",
        "answered": True,
        "cause": None,
        "result_sha256": RESULT_SHA256,
        "phase": "EXECUTION",
    }
    content = run_id.encode()
    document = hashlib.sha256(content).hexdigest()
    ref = DispatchRef(run_id, 1, "PAC-SHARED", document)
    events = [NewEvent("AGENT_RUN_END", Event.create("AGENT_RUN_END", said))]
    documents = [(document, content), (RESULT_SHA256, RESULT)]
    made.trail.append(Batch(ref, [*events, end(pac_id="PAC-SHARED")], documents))
    made.trail.release(ref.dispatch_id)
    return ref.dispatch_id


def test_a_result_that_two_agents_handed_over(made: Made) -> None:
    """It stays while one of their dispatches does, and is read from the archive afterwards."""
    first, second = record_run(made, "first"), record_run(made, "second")
    made.archive([first])
    assert made.trail.document(RESULT_SHA256) == RESULT
    assert made.findings() == []
    made.archive([second])
    assert made.trail.document(RESULT_SHA256) is None
    with made.reading() as reading:
        assert reading.document(RESULT_SHA256) == RESULT
    assert made.findings() == []


def test_a_trail_is_searched_once_for_all_files(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch reads only what was recorded since; what goes and stays is the same."""
    record_run(made, "first")
    record_run(made, "second")
    searched: list[int] = []

    def policies(session: Any, after: int = 0) -> Iterator[str]:
        searched.append(after)
        yield from sql_archive.policies(session, after)

    monkeypatch.setattr(archiving, "policies", policies)
    monkeypatch.setattr(archiving, "MAX_DISPATCHES", 1)
    keys, needed = [key.public for key in made.ring.keys], Needed()
    last = made.trail.last_position()
    moved = 0
    with made.folder.locked():
        for batch in batches(made.trail, datetime.now(UTC), keys):
            store(made.trail, made.folder, batch, keys, needed)
            moved += 1
            if moved == 1:
                third = record_run(made, "third")
    assert searched == [0, last] + [last + 2] * 5
    # The last one that names it was recorded while files were written, and stays.
    assert made.finished() == [third]
    assert made.trail.document(RESULT_SHA256) == RESULT
    made.archive()
    assert made.trail.document(RESULT_SHA256) is None
    assert made.findings() == []


def test_what_another_archiver_moved_meanwhile_is_passed_over(made: Made, tmp_path: Path) -> None:
    """It has a folder of its own, and was faster: nothing was changed, and no one is told so."""
    keys = [key.public for key in made.ring.keys]
    second = ArchiveFolder(tmp_path / "second")
    moved = made.finished()[1:]
    with pytest.MonkeyPatch.context() as patch, second.locked():
        patch.setattr(archiving, "MAX_DISPATCHES", 1)
        slow = batches(made.trail, datetime.now(UTC), keys)
        store(made.trail, second, next(slow), keys)
        made.archive()
        # The second was read before it was moved; the others were not.
        assert [b.content.dispatches[0].row.dispatch_id for b in slow] == moved[:1]
    shutil.copytree(second.path, made.home / "archive", dirs_exist_ok=True)
    assert made.findings() == []


def test_a_folder_that_has_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file system here is without: what one of them answers is put in its place."""

    def refused(_handle: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with (
        pytest.raises(ArchiveNotWritten, match=r"can't be locked: No locks .*BENSON_ARCHIVE"),
        ArchiveFolder(tmp_path).locked(),
    ):
        pass


def exported(made: Made) -> list[list[bytes]]:
    """All that is exported, in each format, each read by its library."""
    encoders = (json_lines_with_dispatch, cloud_events, OpenLineage())
    found: list[list[bytes]] = []
    with made.reading() as reading, whole_rows(reading) as rows:
        for encode in encoders:
            said = records(rows, Period.of(None, None))
            found.append([line for record in said for line in encode(record)])
        assert rows.count_events() == len(found[0])
    for line in found[1]:
        read_cloud_event(line)
    for line in found[2]:
        run_event(json.loads(line))
    return found


def test_all_is_attested_and_exported_as_before(made: Made) -> None:
    """In either database, and wherever its events are; also how many there are to export."""
    keys = [key.public for key in made.ring.keys]

    def attested() -> list[bytes]:
        with made.reading() as reading:
            pacs = {s.dispatch.dispatch_id: s.dispatch.pac_id for s in reading.events()}
            proofs = [proved(reading, one, pacs[one], keys[:1]) for one in finished]
        return [sign(attest(one, None).statement, made.ring.keys[0]) for one in proofs]

    finished = made.finished()
    before = exported(made), attested()
    made.archive(finished[:3])
    assert (exported(made), attested()) == before
    assert {verify(one, keys)[1] for one in before[1]} == {made.ring.keys[0].key_id}


def test_nobody_waits_for_a_reader_that_stalls(made: Made) -> None:
    """One at whose pipe nobody reads, say: others record and archive, and it reads its moment."""
    count = len(list(made.trail.events()))
    with made.reading() as reading, whole_rows(reading) as rows:
        events = rows.events()
        next(events)
        made.judge("refused/CP-04-task-not-completed")
        fill(made.trail, 1)
        made.archive()
        assert len(list(events)) == count - 1
    assert documents_of(made.trail)
    assert made.findings() == []
