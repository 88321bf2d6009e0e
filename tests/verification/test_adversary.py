"""Whoever can write to the database, and has no signing key, changes no history unseen."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benson_execution.errors import BensonError
from benson_execution.events import Event
from benson_execution.proof.chain import next_link
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.heads_file import append_head
from benson_execution.proof.keys import SigningKey
from benson_execution.trail import Batch, DispatchRef, NewEvent, SqlTrail, WrapClaim
from benson_execution.verification.findings import Kind

from .forging import events_of, rebuild_log, rewrite
from .honest import OPEN, Honest, findings, judge, kinds, tampering, url

BLOCKED_NEXT = "refused/CP-04-task-not-completed"
GENERATED = {"status": "WRAP_GENERATED", "phase": "WRAP"}


def first_dispatch(connection: sqlite3.Connection) -> str:
    """The id of the dispatch that the trail begins with."""
    ((found,),) = connection.execute("SELECT dispatch_id FROM events WHERE position = 1").fetchall()
    return str(found)


def forge_history(honest: Honest) -> None:
    """Rewrite the oldest dispatch, and all that can be made to fit it without a key."""
    with tampering(honest.path) as connection:
        oldest = first_dispatch(connection)
        rebuild_log(connection, oldest, rewrite(connection, oldest, b"activation", b"activashun"))


def rotate(honest: Honest) -> None:
    """Hand the trail over to a new key, and close one more dispatch with it."""
    new = SigningKey.generate()
    with honest.opened() as trail:
        trail.rotate(new)
        honest.ring.keys.append(new)
        judge(trail, honest.path, BLOCKED_NEXT)


@pytest.fixture
def rotated(honest: Honest) -> Honest:
    """A trail that was handed over to a second key."""
    apart = Honest(honest.path, type(honest.ring)())
    apart.ring.keys = list(honest.ring.keys)
    rotate(apart)
    assert not findings(apart.path, apart.ring.public)
    return apart


def test_an_honest_trail_has_no_findings(honest: Honest) -> None:
    """Without this one the others would prove nothing."""
    assert not findings(honest.path, honest.ring.public)


def test_history_that_nobody_signed_is_found(honest: Honest) -> None:
    """A dispatch, its leaf and all roots made anew: the heads lack their signatures."""
    forge_history(honest)
    assert kinds(honest.path, honest.ring.public) == {Kind.HEAD_ALTERED}


def test_the_next_honest_head_does_not_vouch_for_forged_history(honest: Honest) -> None:
    """Forge, and wait until Benson closes its next dispatch: it either refuses, or it is found."""
    forge_history(honest)
    try:
        with honest.opened() as trail:
            judge(trail, honest.path, BLOCKED_NEXT)
    except BensonError:
        pass  # to refuse is as good
    assert Kind.HEAD_ALTERED in kinds(honest.path, honest.ring.public)


def test_the_first_head_after_a_rotation_does_not_vouch_for_forged_history(honest: Honest) -> None:
    """The last head of the old key is as firm as any other one."""
    apart = Honest(honest.path, type(honest.ring)())
    apart.ring.keys = [*honest.ring.keys, SigningKey.generate()]
    with apart.opened() as trail:
        trail.rotate(apart.ring.keys[1])
    forge_history(apart)
    try:
        with apart.opened() as trail:
            judge(trail, apart.path, BLOCKED_NEXT)
    except BensonError:
        pass  # to refuse is as good
    assert Kind.HEAD_ALTERED in kinds(apart.path, apart.ring.public)


def test_a_forged_rotation_does_not_excuse_a_head_that_nobody_signed(honest: Honest) -> None:
    """Claim that the key was only just handed over, wait for the next head, and unclaim it.

    A first head after a rotation follows one of another key: whoever signs must not take a row of
    the database for that.
    """
    forge_history(honest)
    key, stranger = honest.ring.keys[0], SigningKey.generate()
    with tampering(honest.path) as connection:
        (note,) = connection.execute("SELECT note FROM heads WHERE size = 3").fetchone()
        forged = Rotation.sign(stranger, stranger, Head.parse(note)).note
        forged = forged.replace(stranger.key_id.encode(), key.key_id.encode())
        forged = forged.replace(stranger.public.text.encode(), key.public.text.encode())
        connection.execute("INSERT INTO rotations VALUES (1, ?)", (forged,))
    try:
        with honest.opened() as trail:
            judge(trail, honest.path, BLOCKED_NEXT)
    except BensonError:
        pass  # to refuse is as good
    with tampering(honest.path) as connection:
        connection.execute("DELETE FROM rotations")
    assert Kind.HEAD_ALTERED in kinds(honest.path, honest.ring.public)


@pytest.mark.parametrize("trusted", ["the first key", "both keys"])
def test_a_removed_rotation_is_found(rotated: Honest, trusted: str) -> None:
    """A key signs where it was in force only, whoever else trusts it.

    Else who steals a key that was handed over, for just this reason, signs for ever.
    """
    with tampering(rotated.path) as connection:
        connection.execute("DELETE FROM rotations")
    assert findings(rotated.path, rotated.ring.public[: 1 if trusted == "the first key" else 2])


def test_the_newest_rotation_is_missed_before_its_key_has_signed(
    honest: Honest, tmp_path: Path
) -> None:
    """Handed over, nothing closed since, and the rotation removed: the heads file has it."""
    new, heads_file = SigningKey.generate(), tmp_path / "heads.jsonl"
    with honest.opened() as trail:
        append_head(heads_file, trail.rotate(new), trail.where)
    trusted = [*honest.ring.public, new.public]
    assert findings(honest.path, trusted, heads_file) == []
    with tampering(honest.path) as connection:
        connection.execute("DELETE FROM rotations")
    (found,) = findings(honest.path, trusted, heads_file)
    assert found.kind is Kind.HEAD_MISSING
    assert new.key_id in found.message


def test_a_key_that_was_handed_over_signs_no_later_head(rotated: Honest, tmp_path: Path) -> None:
    """The old key, stolen, re-signs the newest head; the rotation that stands in the way goes.

    Whoever has a key that once signed all can sign another past; only what lies elsewhere tells.
    """
    old, heads_file = rotated.ring.keys[0], tmp_path / "heads.jsonl"
    with SqlTrail(url(rotated.path), None).rows() as rows:
        for row in rows.rotations():
            append_head(heads_file, Rotation.parse(row.note), "here")
    with tampering(rotated.path) as connection:
        size, note = connection.execute(
            "SELECT size, note FROM heads ORDER BY size DESC LIMIT 1"
        ).fetchone()
        head = Head.parse(note)
        forged = Head.sign(old, head.trail_id, size, head.root)
        connection.execute("UPDATE heads SET note = ? WHERE size = ?", (forged.note, size))
        connection.execute("DELETE FROM rotations")
    found = {finding.kind for finding in findings(rotated.path, rotated.ring.public, heads_file)}
    assert Kind.HEAD_MISSING in found


def test_a_rotation_that_stands_twice_is_found(rotated: Honest) -> None:
    """The copy is signed as well as the original."""
    with tampering(rotated.path) as connection:
        connection.execute("INSERT INTO rotations SELECT 2, note FROM rotations")
    assert findings(rotated.path, rotated.ring.public[:1])


def test_a_rotation_row_that_names_no_key_of_the_trail_is_found(honest: Honest) -> None:
    """Signed by somebody else."""
    with tampering(honest.path) as connection:
        (note,) = connection.execute("SELECT note FROM heads WHERE size = 0").fetchone()
        own = SigningKey.generate()
        forged = Rotation.sign(own, own, Head.parse(note))
        connection.execute("INSERT INTO rotations VALUES (1, ?)", (forged.note,))
    assert kinds(honest.path, honest.ring.public) == {Kind.HEAD_UNTRUSTED}


@pytest.mark.parametrize("position", [0, -5])
def test_a_dispatch_that_is_moved_to_the_front_is_found(honest: Honest, position: int) -> None:
    """Its `position` says that it began before the dispatches which it came after."""
    with tampering(honest.path) as connection:
        connection.execute("UPDATE dispatches SET position = ? WHERE position = 12", (position,))
    assert kinds(honest.path, honest.ring.public) == {Kind.DISPATCH_ALTERED}


def test_a_head_of_a_size_below_zero_is_found(honest: Honest) -> None:
    """No row is passed over because it sorts before those that are looked for."""
    with tampering(honest.path) as connection:
        connection.execute("INSERT INTO heads SELECT -1, note FROM heads WHERE size = 1")
    assert findings(honest.path, honest.ring.public)


def test_a_claim_that_is_split_elsewhere_is_found(honest: Honest) -> None:
    """Family and number still make the id, and the next WRAP of the family would be another."""
    with honest.opened() as trail:
        ref = DispatchRef("x", 1, "PAC-DAN-P44-SECOND")
        wrap_id = "WRAP-DAN-P44-20200101-02"
        data = {"pac_id": ref.pac_id, "wrap_id": wrap_id, "blocked": False}
        claim = WrapClaim(ref.pac_id, wrap_id, "WRAP-DAN-P44-20200101", 2)
        event = NewEvent("WRAP_GENERATION", Event.create("WRAP_GENERATION", {**data, **GENERATED}))
        trail.append(Batch(ref, [event, end(ref.pac_id)], claim=claim))
    assert not findings(honest.path, honest.ring.public)
    with tampering(honest.path) as connection:
        connection.execute("UPDATE wraps SET family = wrap_id, number = 1 WHERE number = 2")
    assert kinds(honest.path, honest.ring.public) == {Kind.WRAP_ALTERED}


def end(pac_id: str) -> NewEvent:
    """The event that closes a dispatch."""
    data = {"pac_id": pac_id, "status": "COMPLETED", "duration_ms": 1, "phase": "DISPATCH_COMPLETE"}
    return NewEvent("PAC_DISPATCH_END", Event.create("PAC_DISPATCH_END", data))


def test_a_wrap_of_a_dispatch_that_is_not_closed_is_found(honest: Honest) -> None:
    """A WRAP and the end of its dispatch are one transaction: none stands without the other.

    What is open is signed by nobody, so anybody could close a PAC with it.
    """
    with tampering(honest.path) as connection:
        last = events_of(connection, OPEN)[-1]
        (pac_id,) = connection.execute(
            "SELECT pac_id FROM dispatches WHERE dispatch_id = ?", (OPEN,)
        ).fetchone()
        data = {"pac_id": pac_id, "wrap_id": "WRAP-ATLAS-P41-20200101", "blocked": False}
        event = Event.create("WRAP_GENERATION", {**data, **GENERATED})
        (position,) = connection.execute("SELECT max(position) + 1 FROM events").fetchone()
        sequence, kind = last.sequence + 1, event.event_type
        link = next_link(last.chain, position, sequence, kind, kind, event.json)
        connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
            (position, OPEN, sequence, kind, kind, event.json, link),
        )
        connection.execute(
            "INSERT INTO wraps VALUES (?, ?, ?, 1, ?)",
            (pac_id, data["wrap_id"], data["wrap_id"], OPEN),
        )
    assert findings(honest.path, honest.ring.public)


def test_a_trigger_that_is_not_ours_is_found(honest: Honest) -> None:
    """This one swallows what is to be recorded."""
    with tampering(honest.path) as connection:
        connection.execute(
            "CREATE TRIGGER helpful BEFORE INSERT ON events WHEN NEW.event_type = 'CHECKPOINT' "
            "BEGIN SELECT RAISE(IGNORE); END"
        )
    assert findings(honest.path, honest.ring.public)


def test_no_row_hides_behind_a_table_that_lost_its_keys(honest: Honest) -> None:
    """An event at the position of another one, in a table that allows it, where a page ends.

    Who reads the dispatch sees it; who reads page by page, by position, does not.
    """
    with honest.opened() as trail:
        before = trail.last_position()
        ref = DispatchRef("long", 1, "PAC-DAN-P44-LONG")
        notes = [NewEvent(None, Event.create("NOTE", {"n": n})) for n in range(1999 - before)]
        trail.append(Batch(ref, [*notes, end(ref.pac_id)]))
        assert trail.last_position() == 2000
    assert not findings(honest.path, honest.ring.public)
    with tampering(honest.path) as connection:
        (made,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'events'"
        ).fetchone()
        lines = [line for line in made.split("\n") if "PRIMARY KEY" not in line]
        assert len(lines) < len(made.split("\n"))
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("ALTER TABLE events RENAME TO kept")
        connection.execute("\n".join(lines))
        connection.execute("INSERT INTO events SELECT * FROM kept ORDER BY position")
        forged = Event.create("NOTE", {"content": "the client agreed"}).json
        first = first_dispatch(connection)
        connection.execute(
            "INSERT INTO events VALUES (2000, ?, 12, NULL, 'NOTE', ?, ?)",
            (first, forged, bytes(32)),
        )
        connection.execute("DROP TABLE kept")
    with honest.opened() as trail:
        shown = [stored.event.json for stored in trail.events(dispatch_id=first)]
    assert forged in shown, "the forged event is to be read by whoever reads the dispatch"
    assert findings(honest.path, honest.ring.public)
