"""Trails that are spoilt in one place: all that is found and counted, in full.

`test_told.py` does so for the files in `tests/assets/tampered`; here are the changes that those
lack.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from benson_execution import Event
from benson_execution.errors import BadInput
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.leaf import Header
from benson_execution.proof.refusal import RefusalEntry
from benson_execution.trail import Batch, DispatchRef, NewEvent, SqlTrail
from benson_execution.verification.findings import Finding, Kind
from benson_execution.verification.trail import Counts, TrailVerifier

from .by_hand import judge_bytes
from .honest import OPEN, Honest, judge, tampering, url
from .test_adversary import end


def verified(path: Path, keys: list[Any]) -> tuple[TrailVerifier, list[Finding], list[int]]:
    """The verifier when it is done, what it found, and what it said on the way."""
    said: list[int] = []
    trail = SqlTrail(url(path), None)
    try:
        with trail.rows() as rows:
            verifier = TrailVerifier(rows, TrustedKeys(keys))
            return verifier, list(verifier.run(said.append)), said
    finally:
        trail.close()


def found_after(honest: Honest, *statements: str) -> list[tuple[Kind, str, str | None, int | None]]:
    with tampering(honest.path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            connection.execute(statement)
    _, found, _ = verified(honest.path, honest.ring.public)
    return [(f.kind, f.message, f.dispatch_id, f.sequence) for f in found]


def ids(honest: Honest) -> list[str]:
    """The dispatches' ids, in order."""
    with tampering(honest.path) as connection:
        rows = connection.execute("SELECT dispatch_id FROM dispatches ORDER BY position")
        return [row[0] for row in rows.fetchall()]


def test_what_there_is_is_counted(honest: Honest) -> None:
    verifier, found, said = verified(honest.path, honest.ring.public)
    assert not found
    assert verifier.counts == Counts(
        events=35, dispatches=4, closed=3, open=1, documents=verifier.counts.documents, refusals=0
    )
    assert verifier.counts.documents == _documents(honest.path)
    assert said == [35]


def refuse_two(honest: Honest) -> None:
    """Two documents that nobody could read, as entries 3 and 4 of the log."""
    for document in (b"{", b"["):
        with honest.opened() as trail, suppress(BadInput):
            judge_bytes(trail, honest.path, document)


def test_refusals_are_counted(honest: Honest) -> None:
    """Behind the last end, and between two."""
    refuse_two(honest)
    verifier, found, _ = verified(honest.path, honest.ring.public)
    assert not found
    assert (verifier.counts.refusals, verifier.counts.closed) == (2, 3)
    with honest.opened() as trail:
        judge(trail, honest.path, "PAC-ATLAS-P41")
    verifier, found, _ = verified(honest.path, honest.ring.public)
    assert not found
    assert (verifier.counts.refusals, verifier.counts.closed) == (2, 4)


def test_a_refusal_of_another_trail_is_foreign(honest: Honest) -> None:
    refuse_two(honest)
    with tampering(honest.path) as connection:
        (entry,) = connection.execute("SELECT entry FROM leaves WHERE leaf_index = 3").fetchone()
        foreign = RefusalEntry.from_bytes(entry)._replace(trail_id="f" * 32).to_bytes()
        connection.execute("UPDATE leaves SET entry = ? WHERE leaf_index = 3", (foreign,))
    found = found_after(honest)
    told = f"entry 3 of the log, a refusal, is of {'f' * 32}"
    assert (Kind.FOREIGN_DISPATCH, told, None, None) in found


def _documents(path: Path) -> int:
    with tampering(path) as connection:
        return int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])


def test_progress_is_said_now_and_then(honest: Honest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benson_execution.verification.trail._PROGRESS_EVERY", 10)
    assert verified(honest.path, honest.ring.public)[2] == [10, 20, 30, 35]


def without_keys(honest: Honest) -> list[str]:
    """What makes the table of events anew, so that it takes what its keys refuse."""
    with tampering(honest.path) as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'events'"
        ).fetchone()
    lines = [one for one in sql.split("\n") if "PRIMARY KEY" not in one and "UNIQUE" not in one]
    return [
        "ALTER TABLE events RENAME TO kept",
        "\n".join(lines).rstrip().rstrip(")").rstrip().rstrip(",") + ")",
        "INSERT INTO events SELECT * FROM kept ORDER BY position",
    ]


def test_two_events_at_one_position_are_one_too_many(honest: Honest) -> None:
    """In a table that lost its keys; the second one stands where the next is due."""
    found = found_after(
        honest,
        *without_keys(honest),
        "INSERT INTO events SELECT * FROM kept WHERE position = 3",
    )
    told = "an event stands at position 3, where 4 is due"
    assert (Kind.EVENT_ALTERED, told, None, None) in found


def test_a_dispatch_that_is_not_text_is_still_named(honest: Honest) -> None:
    found = found_after(
        honest, "UPDATE events SET dispatch_id = x'ff41' WHERE position BETWEEN 1 AND 11"
    )
    told = "the events from position 1 on belong to a dispatch that is gone"
    assert (Kind.DISPATCH_MISSING, told, repr(b"\xffA"), None) in found


def test_an_open_dispatch_has_no_wrap(honest: Honest) -> None:
    """Its event alone is enough to tell: the claim may have been removed, or never made."""
    data = {
        "pac_id": "PAC-X",
        "wrap_id": "WRAP-X-P1-20200101",
        "blocked": False,
        "status": "WRAP_GENERATED",
        "phase": "WRAP",
    }
    content = Event.create("WRAP_GENERATION", data).json.decode().replace("'", "''")
    found = found_after(
        honest,
        "UPDATE events SET key = 'WRAP_GENERATION', event_type = 'WRAP_GENERATION', "
        f"event = CAST('{content}' AS BLOB) WHERE dispatch_id = '{OPEN}' AND sequence = 2",
    )
    told = "it has a WRAP and no end, which are recorded in one transaction"
    assert (Kind.EVENT_INSERTED, told, OPEN, 2) in found


def test_where_a_dispatch_began_is_stored_as_it_was(honest: Honest) -> None:
    second = ids(honest)[1]
    found = found_after(honest, "UPDATE dispatches SET position = 5 WHERE position = 12")
    told = "it is stored as beginning at position 5, and begins at 12"
    assert found == [(Kind.DISPATCH_ALTERED, told, second, None)]


def test_what_a_dispatch_was_opened_with_is_stored_as_it_was(honest: Honest) -> None:
    first = ids(honest)[0]
    ((stored,), (header,)) = _columns(honest, first)
    found = found_after(honest, "UPDATE dispatches SET number = 7 WHERE position = 1")
    changed = (first, stored[1], 7, stored[3], stored[4])
    said = Header.from_bytes(header)
    opened = (said.dispatch_id, said.run_id, said.number, said.pac_id, said.document_sha256)
    told = f"it is stored as {changed}, and was opened as {opened}"
    assert found == [(Kind.DISPATCH_ALTERED, told, first, None)]


def _columns(honest: Honest, dispatch_id: str) -> tuple[list[Any], list[Any]]:
    with tampering(honest.path) as connection:
        row = connection.execute(
            "SELECT dispatch_id, run_id, number, pac_id, document_sha256, header FROM dispatches "
            "WHERE dispatch_id = ?",
            (dispatch_id,),
        ).fetchone()
    return [row[:5]], [row[5]]


def test_a_header_that_is_none_is_told(honest: Honest) -> None:
    first = ids(honest)[0]
    found = found_after(honest, "UPDATE dispatches SET header = x'00' WHERE position = 1")
    assert found[0][0] is Kind.DISPATCH_ALTERED
    assert found[0][1].startswith("what it was opened with was changed: a header that is not JSON")
    assert found[0][2] == first


def test_a_dispatch_without_events_is_gone(honest: Honest) -> None:
    """Its row and its entry in the log are there."""
    first = ids(honest)[0]
    found = found_after(honest, "DELETE FROM events WHERE position <= 11")
    told = "entry 0 of the log is of a dispatch whose events are gone"
    assert (Kind.DISPATCH_MISSING, told, first, None) in found


def test_an_entry_stored_with_another_dispatch_is_told_with_its_own(honest: Honest) -> None:
    first, second, *_ = ids(honest)
    found = found_after(
        honest,
        "UPDATE leaves SET dispatch_id = 'x' WHERE leaf_index = 0",
        f"UPDATE leaves SET dispatch_id = '{first}' WHERE leaf_index = 1",
        f"UPDATE leaves SET dispatch_id = '{second}' WHERE leaf_index = 0",
    )
    told = "entry {} of the log is stored as another dispatch's: {!r}"
    assert found == [
        (Kind.LEAF_ALTERED, told.format(0, second), first, None),
        (Kind.LEAF_ALTERED, told.format(1, first), second, None),
    ]


def test_an_entry_and_an_event_that_were_changed_are_both_told(honest: Honest) -> None:
    """The entry can't be read, so what was done to the events is told by their hashes."""
    first = ids(honest)[0]
    found = found_after(
        honest,
        "UPDATE leaves SET entry = x'00' WHERE leaf_index = 0",
        "UPDATE events SET event = x'00' WHERE position = 5",
    )
    assert found[0][0] is Kind.LEAF_ALTERED
    assert found[0][2] == first
    told = "event 5 ('CHECKPOINT', at position 5) was changed: it does not have its hash"
    assert [one for one in found if one[3] is not None] == [(Kind.EVENT_ALTERED, told, first, 5)]


def test_a_claim_without_a_wrap_and_a_wrap_without_a_claim_are_told(honest: Honest) -> None:
    found = found_after(
        honest, "UPDATE wraps SET pac_id = 'PAC-X', number = 2 WHERE pac_id LIKE 'PAC-DAN-P44-GOV%'"
    )
    assert [kind for kind, *_ in found] == [Kind.WRAP_ALTERED] * 3
    first, messages = ids(honest)[0], [message for _, message, *_ in found]
    assert {dispatch for _, _, dispatch, _ in found} == {first}
    assert messages[0].startswith("the claim of PAC-X to WRAP-DAN-P44-")
    assert messages[0].endswith(" was changed")
    assert messages[1].endswith("is in the trail, and is not claimed like that")
    assert messages[2].startswith("PAC-X has a claim to WRAP-DAN-P44-")


def test_an_agents_note_that_looks_like_a_wrap_is_none(honest: Honest) -> None:
    """Only Benson's own event claims one, also where the claims are looked at again."""
    data = {"pac_id": "PAC-NOTE", "wrap_id": "WRAP-NOTE-P1-20200101", "blocked": False}
    with honest.opened() as trail:
        note = NewEvent(None, Event.create("NOTE", data))
        ref = DispatchRef("noted", 1, "PAC-DAN-P44-NOTED")
        trail.append(Batch(ref, [note, end(ref.pac_id)]))
    assert found_after(honest) == []
    found = found_after(honest, "UPDATE wraps SET pac_id = 'PAC-X' WHERE wrap_id LIKE '%ALEX%'")
    assert [kind for kind, *_ in found] == [Kind.WRAP_ALTERED] * 2
    assert not [message for _, message, *_ in found if "WRAP-NOTE" in message]
