"""Refusals in the log: in order, durable, signed, and beside dispatches without disturbing them."""

from __future__ import annotations

from functools import partial

import pytest

from benson_execution.errors import TrailUnavailable
from benson_execution.proof import merkle
from benson_execution.proof.heads import Head
from benson_execution.proof.keys import SigningKey
from benson_execution.proof.refusal import Refusal, RefusalEntry
from benson_execution.trail import MemoryTrail, SqlTrail, Trail

from .said import assert_proved, key_of
from .stores import THREADS, answers, append, at_once, dispatch, end, note, open_sql


def refusal(number: int = 1) -> Refusal:
    """One that can be told from others."""
    return Refusal(
        timestamp="2026-01-02T03:04:05.000006+00:00",
        kind="unreadable",
        sha256=f"{number:064x}",
        size=number,
        complete=True,
        cause="the document is empty",
        source="a.json",
    )


def test_a_refusal_is_kept_with_a_signed_head(trail: Trail) -> None:
    """It opens no dispatch, and the log is longer by one entry, which says all of it."""
    head = trail.refuse(refusal())
    assert trail.head() == head
    assert head.size == 1
    assert head.is_signed_by(key_of(trail))
    assert list(trail.refusals()) == [refusal()]
    assert list(trail.events()) == []
    assert trail.leases() == []
    with trail.rows() as rows:
        (row,) = rows.leaves()
        assert list(rows.dispatches()) == []
    entry = RefusalEntry.from_bytes(row.entry)
    assert (row.dispatch_id, entry.trail_id) == (None, head.trail_id)
    assert head.root == merkle.leaf_hash(row.entry)


def test_refusals_stand_between_dispatches(trail: Trail) -> None:
    """Each in its place in one log; a dispatch's proof leads past those before it."""
    trail.refuse(refusal(1))
    append(trail, dispatch("a"), note(), end())
    trail.refuse(refusal(2))
    trail.refuse(refusal(3))
    append(trail, dispatch("b"), note(), end("BLOCKED"))
    trail.refuse(refusal(4))
    assert [r.size for r in trail.refusals()] == [1, 2, 3, 4]
    for name, index in (("a-1", 1), ("b-1", 4)):
        proof = trail.proof(name)
        assert proof is not None
        assert proof.leaf_index == index
        assert_proved(proof, key_of(trail))
    with trail.rows() as rows:
        heads = [Head.parse(row.note).size for row in rows.heads()]
        assert [row.dispatch_id for row in rows.leaves()] == [None, "a-1", None, None, "b-1", None]
    assert heads == list(range(7))


def test_the_same_refusal_is_recorded_as_often_as_it_happens(trail: Trail) -> None:
    """Somebody who tries again was refused again."""
    for _ in range(3):
        trail.refuse(refusal())
    assert list(trail.refusals()) == [refusal()] * 3


def test_many_refuse_at_once(trail: Trail) -> None:
    """None is lost, and the log has no gap."""
    calls = [partial(trail.refuse, refusal(n)) for n in range(THREADS)]
    heads = answers(at_once(calls))
    assert sorted(head.size for head in heads) == list(range(1, THREADS + 1))
    assert sorted(r.size for r in trail.refusals()) == list(range(THREADS))


def test_a_page_of_refusals_is_not_the_end(trail: Trail) -> None:
    """There may be more than one read takes."""
    count = 1003 if isinstance(trail, SqlTrail) else 10
    for number in range(count):
        trail.refuse(refusal(number))
    assert [r.size for r in trail.refusals()] == list(range(count))


def test_a_refusal_is_signed_by_the_key_in_force() -> None:
    """After a rotation by the new one."""
    trail = MemoryTrail()
    trail.refuse(refusal(1))
    key = SigningKey.generate()
    trail.rotate(key)
    assert trail.refuse(refusal(2)).is_signed_by(key.public)


def test_who_only_reads_refuses_nothing(database_url: str) -> None:
    """There is no key to sign it with."""
    open_sql(database_url).close()
    reader = SqlTrail(database_url, None)
    with pytest.raises(TrailUnavailable, match="read only"):
        reader.refuse(refusal())
    assert list(reader.refusals()) == []
    reader.close()
